"""The names of a model's tensors, in a form in which trainers' many spellings are one.

Dots become underscores, and what a program writes before the model's own names falls away:
``diffusion_model.blocks.0.attn``, ``lora_unet_blocks_0_attn`` and ``base_model.model.blocks.0.attn`` are all
``blocks_0_attn``.
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator, Mapping

from .layout import Tensor

_BEFORE = re.compile(
    r"(?m)^(?:model\.diffusion_model\.|diffusion_model\.|base_model\.model\.|transformer\.|unet\.|dit\.|net\."
    r"|control_model\.|lora_unet_|lora_transformer_|lycoris_|oft_unet_|boft_unet_)+"
)
# The matrix on a layer's input side, and the one on its output side, by how their names end.
_INNER = re.compile(
    r"(?:lora_down|lora_A|lora_A_default|lora_linear_layer_down|lora_down_default)(?:_weight)?|hada_w1_b"
)
_OUTER = re.compile(r"(?:lora_up|lora_B|lora_B_default|lora_linear_layer_up|lora_up_default)(?:_weight)?|hada_w1_a")
_LOOKS = 24
_MAX_NAMES = 20_000
_MAX_NAME = 200
_MAX_TEXT = 2_000_000


class Names:
    """The names of a file's tensors: ``raw`` as they are and ``text`` in one form, a line each, in the same order.

    They are cut where there are more, or longer ones, than in any model that could be told by them.
    """

    def __init__(self, tensors: Mapping[str, Tensor]) -> None:
        names: Iterable[str] = tensors if len(tensors) <= _MAX_NAMES else list(tensors)[:_MAX_NAMES]
        raw = "\n".join(names)
        if len(raw) > _MAX_TEXT or raw.count("\n") >= max(1, len(tensors)):
            raw = "\n".join(name[:_MAX_NAME].replace("\n", " ") for name in names)
        self.raw = f"\n{raw}\n"
        self.text = "\n" + _BEFORE.sub("", f"{raw}\n").replace(".", "_").replace("_processor_to_", "_to_")
        self._tensors = list(tensors.values())

    def __contains__(self, part: str) -> bool:
        return part in self.text

    def has(self, pattern: str) -> bool:
        """Whether the regular expression fits somewhere. ``\\n`` is a name's beginning, or its end."""
        return re.search(pattern, self.text) is not None

    def named(self, part: str) -> Iterator[tuple[str, Tensor]]:
        """The first tensors with ``part`` in their names, with what of the name comes behind it."""
        line = position = 0
        for _ in range(_LOOKS):
            found = self.text.find(part, position)
            if found < 0:
                return
            line += self.text.count("\n", position, found)
            position = found
            end = self.text.index("\n", found + len(part))
            # Where ``part`` begins with a line break, the line that it begins is the next one.
            yield self.text[found + len(part) : end], self._tensors[line if part[:1] == "\n" else line - 1]
            line += self.text.count("\n", position, end)
            position = end

    def width(self, *layers: str) -> int | None:
        """The numbers that go into the first of the layers that is found, whole or as any kind of LoRA."""
        return self._side(layers, 1, _INNER, "b")

    def height(self, *layers: str) -> int | None:
        """The numbers that come out of it."""
        return self._side(layers, 0, _OUTER, "a")

    def _side(self, layers: tuple[str, ...], side: int, ending: re.Pattern[str], letter: str) -> int | None:
        for layer in layers:
            product: dict[str, int] = {}
            for rest, tensor in self.named(layer):
                if len(tensor.shape) < 2:
                    continue
                kind = rest.lstrip("_")
                if kind in ("weight", "diff", "") or ending.fullmatch(kind):
                    return tensor.shape[side]
                for factor in ("lokr_w1", "lokr_w2"):
                    if kind in (factor, f"{factor}_{letter}"):
                        product[factor] = tensor.shape[side]
                if len(product) == 2:
                    return product["lokr_w1"] * product["lokr_w2"]
        return None
