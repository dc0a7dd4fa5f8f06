"""In which kind of network a LoRA keeps its changes, of which rank and alpha."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from pathlib import Path
from typing import Any

import pytest

from lorakeeper.py.headers import read_header

Model = Callable[..., Path]

DOWN, UP = "lora_unet_x.lora_down.weight", "lora_unet_x.lora_up.weight"
NETWORKS: dict[str, tuple[str, int | None, Mapping[str, tuple[int, ...]]]] = {
    "LoRA": ("LoRA", 16, {DOWN: (16, 320), UP: (320, 16)}),
    "LoRA with convolutions on points": ("LoRA", 16, {DOWN: (16, 320, 1, 1), UP: (320, 16, 1, 1)}),
    "LoCon": ("LoCon", 16, {DOWN: (16, 320, 3, 3), UP: (320, 16, 1, 1)}),
    "LoHa": ("LoHa", 4, {"lora_unet_x.hada_w1_a": (320, 4), "lora_unet_x.hada_w1_b": (4, 320)}),
    "LoKr": ("LoKr", None, {"lora_unet_x.lokr_w1": (8, 8), "lora_unet_x.lokr_w2": (40, 40)}),
    "LoKr, decomposed": ("LoKr", 2, {"lora_unet_x.lokr_w1": (8, 8), "lora_unet_x.lokr_w2_b": (2, 40)}),
    "DoRA": ("DoRA", 16, {DOWN: (16, 320), UP: (320, 16), "lora_unet_x.dora_scale": (320, 1)}),
    "DoRA, peft": ("DoRA", 8, {"transformer.x.lora_A.weight": (8, 64), "transformer.x.lora_magnitude_vector": (64,)}),
    "OFT": ("OFT", None, {"lora_unet_x.oft_blocks": (4, 80, 80)}),
    "OFT, OneTrainer": ("OFT", None, {"lora_unet_x.oft_R.weight": (10, 496)}),
    "BOFT": ("BOFT", None, {"lora_unet_x.oft_blocks": (2, 4, 80, 80)}),
    "IA3": ("IA3", None, {"lora_unet_x.weight": (320,), "lora_unet_x.on_input": ()}),
    "GLoRA": (
        "GLoRA",
        None,
        {f"lora_unet_x.{each}.weight": (8, 320) for each in ("a1", "a2", "b1", "b2")},
    ),
    "Full": ("Full/diff", None, {"lora_unet_x.diff": (320, 320), "diffusion_model.y.diff_b": (320,)}),
}


@pytest.mark.parametrize("name", NETWORKS)
def test_a_loras_kind_and_rank_are_told_by_its_matrices(name: str, model: Model) -> None:
    kind, rank, shapes = NETWORKS[name]

    header = read_header(model(shapes))

    assert (header.component, header.network, header.rank) == ("lora", kind, rank)


def test_the_trainers_rank_and_alpha_come_first(model: Model) -> None:
    header = read_header(model({DOWN: (16, 320)}, {"ss_network_dim": "32", "ss_network_alpha": "0.5"}))

    assert (header.rank, header.alpha) == (32, 0.5)


@pytest.mark.parametrize("metadata", [{"ss_network_dim": "Dynamic", "ss_network_alpha": "nan"}, {}])
def test_without_the_trainers_words_alpha_is_read_from_the_first_layer(metadata: Any, model: Model) -> None:
    path = model({"a.alpha": (), "a.lora_down.weight": (16, 320)}, metadata, dtype="BF16")
    content = bytearray(path.read_bytes())
    start = 8 + int.from_bytes(content[:8], "little")
    content[start : start + 2] = b"\x00\x41"  # 8, in the upper half of a float
    path.write_bytes(content)

    header = read_header(path)

    assert (header.rank, header.alpha) == (16, 8.0)
