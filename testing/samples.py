"""Small real model files, written by hand: safetensors, GGUF, torch's zip and bare pickles. No torch, no numpy.

A :class:`Sample` is a file together with what the site says of it. The same arguments give the same bytes.
"""

from __future__ import annotations

import colorsys
import io
import json
import math
import random
import struct
import tempfile
import zipfile
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field, replace
from datetime import datetime, timedelta, timezone
from pathlib import Path
from typing import Any

_BLOCK = 64 * 1024
_WIDTHS = {"F64": 8, "F32": 4, "F16": 2, "BF16": 2, "U8": 1}
_PACKED = {"F64": "d", "F32": "f", "F16": "e"}


@dataclass(frozen=True)
class Tensor:
    """``dtype`` is safetensors' name; ``data`` the little-endian bytes, row by row."""

    dtype: str
    shape: tuple[int, ...]
    data: bytes


def tensor(shape: Sequence[int], values: Sequence[float] | None = None, *, dtype: str = "F32", seed: int = 0) -> Tensor:
    """A tensor of the given values, row by row; without values, small random ones that depend on ``seed`` only."""
    count = math.prod(shape)
    if values is None:
        chance = random.Random(seed)
        values = [chance.uniform(-0.1, 0.1) for _ in range(count)]
    return Tensor(dtype, tuple(shape), struct.pack(f"<{count}{_PACKED[dtype]}", *values))


class Safetensors:
    """The bytes of a safetensors file. With ``size`` it is that long: a tensor ``filler``, made up anew whenever it is
    read, takes the rest, so that a file of any size needs no memory."""

    def __init__(
        self, tensors: Mapping[str, Tensor], metadata: Mapping[str, str] | None = None, *, size: int | None = None
    ) -> None:
        entries: dict[str, Any] = {"__metadata__": dict(metadata)} if metadata else {}
        offset = 0
        for name, each in tensors.items():
            if len(each.data) != math.prod(each.shape) * _WIDTHS[each.dtype]:
                raise ValueError(f"the data of {name} does not fit its shape")
            entries[name] = {
                "dtype": each.dtype,
                "shape": each.shape,
                "data_offsets": [offset, offset + len(each.data)],
            }
            offset += len(each.data)
        spare = None
        if size is not None:
            length = size - offset - len(_header(entries)) - 128
            entries["filler"] = {"dtype": "U8", "shape": [length], "data_offsets": [offset, offset + length]}
            # Spaces behind the JSON make the sum come out.
            spare = size - offset - length - len(_header(entries, 0))
            if length < 0:
                raise ValueError(f"a file with these tensors can't have as few as {size} bytes")
        self._head = _header(entries, spare) + b"".join(each.data for each in tensors.values())
        self._size = len(self._head) if size is None else size

    def __len__(self) -> int:
        return self._size

    def __getitem__(self, part: slice) -> bytes:
        start, stop, _ = part.indices(self._size)
        first = start // _BLOCK
        blocks = b"".join(self._block(number) for number in range(first, -(-stop // _BLOCK)))
        return blocks[start - first * _BLOCK : stop - first * _BLOCK]

    def _block(self, number: int) -> bytes:
        head = self._head[number * _BLOCK : (number + 1) * _BLOCK]
        rest = min(_BLOCK, self._size - number * _BLOCK) - len(head)
        return head + (_random_bytes(rest, self._size + number) if rest else b"")


def safetensors(
    tensors: Mapping[str, Tensor], metadata: Mapping[str, str] | None = None, *, size: int | None = None
) -> bytes:
    """A safetensors file, as :class:`Safetensors` makes it."""
    return Safetensors(tensors, metadata, size=size)[:]


def _header(entries: Mapping[str, Any], spaces: int | None = None) -> bytes:
    document = json.dumps(entries, separators=(",", ":")).encode()
    document += b" " * (-len(document) % 8 if spaces is None else spaces)
    return struct.pack("<Q", len(document)) + document


def gguf(*, architecture: str = "flux", size: int = 4096) -> bytes:
    """A GGUF file of about ``size`` bytes with one F32 tensor."""

    def text(value: str) -> bytes:
        return struct.pack("<Q", len(value.encode())) + value.encode()

    entries = [("general.architecture", architecture), ("general.name", "sample")]
    head = struct.pack("<4sIQQ", b"GGUF", 3, 1, len(entries))
    head += b"".join(text(key) + struct.pack("<I", 8) + text(value) for key, value in entries)
    count = max(8, (size - 160) // 4)
    head += text("weight") + struct.pack("<IQIQ", 1, count, 0, 0)
    head += b"\0" * (-len(head) % 32)
    return head + _random_bytes(count * 4, size)


def torch_zip(*, size: int = 4096, imports: Sequence[tuple[str, str, str]] = ()) -> bytes:
    """What ``torch.save`` writes: a zip with a pickle of one F32 tensor. ``imports`` are calls ``(module, name,
    argument)`` that unpickling would make: harmless as bytes, and what a scanner must find."""
    count = max(4, size // 4)
    pickle = b"\x80\x02}(" + _text("weight") + b"ctorch._utils\n_rebuild_tensor_v2\n("
    pickle += b"(" + _text("storage") + b"ctorch\nFloatStorage\n" + _text("0") + _text("cpu") + _int(count) + b"tQ"
    pickle += b"K\0" + _int(count) + b"\x85" + b"K\x01\x85" + b"\x89ccollections\nOrderedDict\n)RtR"
    for module, name, argument in imports:
        pickle += _text(name) + _call(module, name, argument)
    out = io.BytesIO()
    with zipfile.ZipFile(out, "w", zipfile.ZIP_STORED) as archive:
        for member, content in (
            ("data.pkl", pickle + b"u."),
            ("data/0", _random_bytes(count * 4, size)),
            ("version", b"3\n"),
        ):
            archive.writestr(zipfile.ZipInfo(f"archive/{member}", (1980, 1, 1, 0, 0, 0)), content)
    return out.getvalue()


def bare_pickle(module: str = "os", name: str = "system", argument: str = "echo lorakeeper") -> bytes:
    """A pickle that calls ``module.name(argument)`` when loaded. The default is the oldest of all attacks."""
    return b"\x80\x02" + _call(module, name, argument) + b"."


def _call(module: str, name: str, argument: str) -> bytes:
    return f"c{module}\n{name}\n".encode() + _text(argument) + b"\x85R"


def _text(value: str) -> bytes:
    return b"X" + struct.pack("<I", len(value.encode())) + value.encode()


def _int(value: int) -> bytes:
    return b"J" + struct.pack("<i", value)


def _random_bytes(count: int, seed: int) -> bytes:
    return random.Random(seed).randbytes(count)


# -- Files with what the site says of them ----------------------------------------------------------------------------


@dataclass(frozen=True)
class Sample:
    """A file, and the site's words about it. What is too large for memory has a path for ``body``, or is made as it is
    read.

    ``needs_key`` and ``early_access`` lock the download. ``hashes`` and ``*_fields`` go over what the fake would say by
    itself, so that any quirk can be played: a value of ``...`` takes the field out. ``files`` are more files of the
    same version, ``linked_vae`` is a version whose files are appended to this one's. ``ids`` are the
    model's and the version's, where they must not be just the next ones. ``previews`` are pictures, and videos as
    :func:`clip` makes them; ``preview_fields`` goes over what is said of each.
    """

    file_name: str
    body: bytes | Path | Safetensors
    name: str = "Sample"
    type: str = "LORA"
    version_name: str = "v1.0"
    base_model: str = "SDXL 1.0"
    trigger_words: Sequence[str] = ()
    tags: Sequence[str] = ("style",)
    creator: str = "alice"
    description: str = "<p>A sample.</p>"
    nsfw_level: int = 1
    downloads: int = 100
    published_at: datetime = datetime(2025, 8, 20, 4, 49, 12, 992000, timezone.utc)
    previews: Sequence[bytes] = ()
    preview_fields: Sequence[Mapping[str, Any]] = ()
    file_type: str = "Model"
    format: str = "SafeTensor"
    fp: str | None = "fp16"
    pruned: str | None = "full"
    primary: bool = True
    needs_key: bool = False
    early_access: timedelta | None = None
    archived: bool = False
    mirrors: Sequence[Mapping[str, Any]] = ()
    hashes: Mapping[str, str] | None = None
    model_fields: Mapping[str, Any] = field(default_factory=dict)
    version_fields: Mapping[str, Any] = field(default_factory=dict)
    file_fields: Mapping[str, Any] = field(default_factory=dict)
    files: Sequence[Sample] = ()
    linked_vae: int | None = None
    ids: tuple[int, int] | None = None

    @property
    def size(self) -> int:
        return self.body.stat().st_size if isinstance(self.body, Path) else len(self.body)

    def content(self) -> bytes:
        return self.read(0, self.size)

    def read(self, offset: int, length: int) -> bytes:
        if isinstance(self.body, Path):
            with self.body.open("rb") as file:
                file.seek(offset)
                return file.read(length)
        return self.body[offset : offset + length]

    def but(self, **changes: Any) -> Sample:
        """The same with some fields changed."""
        return replace(self, **changes)


def lora(
    stem: str = "sample",
    /,
    *,
    size: int | None = 65536,
    tensors: Mapping[str, Tensor] | None = None,
    trigger_words: Sequence[str] = (),
    base_model: str = "SDXL 1.0",
    metadata: Mapping[str, str] | None = None,
    **fields: Any,
) -> Sample:
    """A LoRA. Without ``tensors`` it fits one layer of SDXL; with them ``size`` should be None. Without
    ``metadata`` the header says what a trainer would have written, with tags for its trigger words."""
    if tensors is None:
        layer = "lora_unet_input_blocks_4_1_transformer_blocks_0_attn1_to_q"
        tensors = {
            f"{layer}.alpha": tensor((), [4.0], dtype="F16"),
            f"{layer}.lora_down.weight": tensor((4, 640), dtype="F16", seed=1),
            f"{layer}.lora_up.weight": tensor((640, 4), dtype="F16", seed=2),
        }
    if metadata is None:
        metadata = {
            "ss_base_model_version": "sdxl_base_v1-0",
            "ss_network_module": "networks.lora",
            "ss_network_dim": "4",
            "ss_network_alpha": "4.0",
            "ss_output_name": stem,
            "ss_tag_frequency": json.dumps({f"10_{stem}": dict.fromkeys(trigger_words, 20)}),
            "modelspec.architecture": "stable-diffusion-xl-v1-base/lora",
            "modelspec.title": stem,
        }
    sample = Sample(f"{stem}.safetensors", Safetensors(tensors, metadata, size=size), name=stem)
    return sample.but(**{"trigger_words": tuple(trigger_words), "base_model": base_model, **fields})


def checkpoint(
    stem: str = "checkpoint", /, *, size: int = 65536, base_model: str = "SDXL 1.0", **fields: Any
) -> Sample:
    tensors = {"model.diffusion_model.input_blocks.0.0.weight": tensor((4, 4, 3, 3), dtype="F16")}
    body = Safetensors(tensors, {"modelspec.architecture": "stable-diffusion-xl-v1-base"}, size=size)
    known = {"name": stem, "type": "Checkpoint", "base_model": base_model}
    return Sample(f"{stem}.safetensors", body).but(**{**known, **fields})


def diffusion_model(stem: str = "flux", /, *, size: int = 65536, base_model: str = "Flux.1 D", **fields: Any) -> Sample:
    """What the site calls a checkpoint, and holds no more than the diffusion model."""
    body = Safetensors({"double_blocks.0.img_attn.qkv.weight": tensor((8, 8), dtype="F16")}, size=size)
    known = {"name": stem, "type": "Checkpoint", "base_model": base_model}
    return Sample(f"{stem}.safetensors", body).but(**{**known, **fields})


def embedding(stem: str = "embedding", /, *, size: int = 8192, **fields: Any) -> Sample:
    body = Safetensors({"emb_params": tensor((2, 768), dtype="F16")}, size=size)
    known = {"name": stem, "type": "TextualInversion", "base_model": "SD 1.5"}
    return Sample(f"{stem}.safetensors", body).but(**{**known, **fields})


def vae(stem: str = "vae", /, *, size: int = 32768, **fields: Any) -> Sample:
    body = Safetensors({"decoder.conv_in.weight": tensor((8, 4, 3, 3), dtype="F16")}, size=size)
    return Sample(f"{stem}.safetensors", body).but(**{"name": stem, "type": "VAE", **fields})


def upscaler(stem: str = "upscaler", /, *, size: int = 16384, **fields: Any) -> Sample:
    """In torch's zip format, as most are: harmless, but it goes through the scanner."""
    known = {"name": stem, "type": "Upscaler", "base_model": "Other", "format": "PickleTensor"}
    return Sample(f"{stem}.pth", torch_zip(size=size)).but(**{**known, **fields})


def gguf_model(stem: str = "quantized", /, *, size: int = 16384, **fields: Any) -> Sample:
    known = {"name": stem, "type": "Checkpoint", "base_model": "Flux.1 D", "format": "GGUF", "fp": None}
    return Sample(f"{stem}.gguf", gguf(size=size)).but(**{**known, **fields})


def bad_pickle(stem: str = "trap", /, *, size: int = 16384, **fields: Any) -> Sample:
    """A file in torch's zip format that would run a command when loaded."""
    body = torch_zip(size=size, imports=[("os", "system", "echo lorakeeper")])
    known = {"name": stem, "type": "LORA", "format": "PickleTensor"}
    return Sample(f"{stem}.pt", body).but(**{**known, **fields})


def preview(seed: int = 0, *, width: int = 90, height: int = 120) -> bytes:
    """A PNG: hills before a low sun, in the colours of the seed."""
    from PIL import Image, ImageDraw, ImageFilter

    chance = random.Random(seed)
    hue = chance.random()
    wide, high = width * 2, height * 2

    def colour(shift: float, saturation: float, value: float) -> tuple[int, int, int]:
        red, green, blue = colorsys.hsv_to_rgb((hue + shift) % 1, saturation, value)
        return int(red * 255), int(green * 255), int(blue * 255)

    fade = Image.linear_gradient("L").resize((wide, high))
    sky = Image.new("RGB", (wide, high), colour(0.0, 0.65, 0.38))
    sky.paste(colour(0.12, 0.45, 0.98), mask=fade)
    x, y, radius = chance.uniform(0.25, 0.75) * wide, chance.uniform(0.3, 0.5) * high, wide * chance.uniform(0.1, 0.17)
    for size, light, soft in ((2.6, 90, 8), (1.0, 255, 1)):
        # Softened small, because blurring costs by the pixel.
        glow = Image.new("L", (wide // soft, high // soft))
        box = [(each + side * radius * size) / soft for side in (-1, 1) for each in (x, y)]
        ImageDraw.Draw(glow).ellipse(box, fill=light)
        glow = glow.filter(ImageFilter.GaussianBlur(wide / 9 / soft if soft > 1 else 0))
        sky.paste(colour(0.14, 0.12, 1.0), mask=glow.resize((wide, high)))
    draw = ImageDraw.Draw(sky)
    for layer in range(5):
        base, swing = high * (0.52 + layer * 0.11), high * (0.1 - layer * 0.012)
        phases = [(chance.uniform(2, 6) * (each + 1), chance.uniform(0, 7), swing / (each + 1)) for each in range(3)]
        ridge = [
            (at, base + sum(far * math.sin(fast * at / wide + off) for fast, off, far in phases))
            for at in range(0, wide + 8, 8)
        ]
        shade = colour(0.1 - layer * 0.05, 0.42 + layer * 0.09, 0.8 - layer * 0.16)
        draw.polygon([*ridge, (wide, high), (0, high)], fill=shade)
    out = io.BytesIO()
    sky.resize((width, height), Image.Resampling.LANCZOS).save(out, "PNG")
    return out.getvalue()


def clip(seed: int = 0, *, width: int = 96, height: int = 128) -> bytes:
    """A video of a second, which browsers play: a bar that grows over :func:`preview`'s hills."""
    import cv2
    import numpy as np
    from PIL import Image

    with Image.open(io.BytesIO(preview(seed, width=width, height=height))) as picture:
        scene = np.asarray(picture.convert("RGB"))[:, :, ::-1]
    with tempfile.TemporaryDirectory() as folder:
        path = Path(folder, "clip.mp4")
        writer = cv2.VideoWriter(str(path), cv2.CAP_FFMPEG, cv2.VideoWriter.fourcc(*"vp09"), 8, (width, height))
        for number in range(8):
            frame = scene.copy()
            frame[-height // 8 :, : width * number // 8] = (80, 200, 60)
            writer.write(frame)
        writer.release()
        return path.read_bytes()
