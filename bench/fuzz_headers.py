"""Broken headers by the thousand: ``python bench/fuzz_headers.py [--seconds 60] [--seed N]``.

Valid safetensors and GGUF files are damaged in one to four places, and each must come out as a Header or as a
BrokenFileError, within 2 seconds and 300 MB. Prints the runs and outcomes; exit code 1 where one didn't, with the seed
that shows it again (``--seed N --seconds 0.1``).
"""

from __future__ import annotations

import argparse
import collections
import json
import random
import re
import struct
import sys
import tempfile
import time
import tracemalloc
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field
from pathlib import Path

from lorakeeper.py.errors import BrokenFileError
from lorakeeper.py.headers import Header, read_header
from lorakeeper.testing import samples

SECONDS = 2.0
MEGABYTES = 300

Mutation = Callable[[random.Random, bytes], bytes]

NUMBERS = (
    b"-1",
    b"0",
    b"1e9",
    b"0.5",
    b"true",
    b"null",
    b"NaN",
    b"01",
    b"9" * 18,
    b"9" * 19,
    b"9" * 4500,
    b"1" + b"0" * 30,
)
PIECES = (
    b"{", b"}", b"[", b"]", b",", b":", b'"', b"\\", b"\\ud800", b"\xff", b"\x00", b'"a":', b"[" * 2000, b'{"a":' * 500,
    b" " * 5000, b'"__metadata__":{},', b'"data_offsets":[0,8]', b'"shape":[9223372036854775807,9223372036854775807]',
    b'"dtype":"F64"', b'"dtype":"NEW"', b"[]," * 3000, b'"a":"b",' * 300,
)  # fmt: skip
LONGS = (
    0,
    1,
    7,
    8,
    2**16,
    2**31 - 1,
    2**31,
    2**32 - 1,
    2**32,
    2**40,
    2**63 - 1,
    2**63,
    2**64 - 1,
    100_000_000,
    99_999_999,
)


def somewhere(chance: random.Random, data: bytes) -> int:
    """A place in ``data``, mostly in the header."""
    head = max(9, min(len(data), data.rfind(b"}") + 1 or 400))
    return chance.randrange(min(len(data), head) if chance.random() < 0.9 else len(data))


def flip(chance: random.Random, data: bytes) -> bytes:
    """A few other bytes, of which most are still text."""
    out = bytearray(data)
    for _ in range(chance.randint(1, 4)):
        out[somewhere(chance, data)] = chance.randrange(32, 127) if chance.random() < 0.8 else chance.randrange(256)
    return bytes(out)


def truncate(chance: random.Random, data: bytes) -> bytes:
    return data[: somewhere(chance, data)]


def number(chance: random.Random, data: bytes) -> bytes:
    places = [match.span() for match in re.finditer(rb"\d+", data[: 64 * 1024])]
    if not places:
        return data
    begin, end = chance.choice(places)
    return data[:begin] + chance.choice(NUMBERS) + data[end:]


def splice(chance: random.Random, data: bytes) -> bytes:
    at = somewhere(chance, data)
    return data[:at] + chance.choice(PIECES) + data[at + chance.choice((0, 0, 1, 8)) :]


def move(chance: random.Random, data: bytes) -> bytes:
    begin, end = sorted(somewhere(chance, data) for _ in range(2))
    at = somewhere(chance, data)
    return data[:at] + data[begin : min(end, begin + 4096)] + data[at:]


def double(chance: random.Random, data: bytes) -> bytes:
    """One of a tensor's descriptions, or one of a text's, once more."""
    places = [match.span() for match in re.finditer(rb'"[^"]{1,200}":(?:\{[^{}]{1,200}\}|"[^"]{0,200}"),', data)]
    if not places:
        return data
    begin, end = chance.choice(places)
    return data[:end] + data[begin:end] + data[end:]


def length(chance: random.Random, data: bytes) -> bytes:
    """A wrong number in 8 or 4 bytes: the header's length, or any count in a GGUF file."""
    form, width = chance.choice((("<Q", 8), ("<I", 4)))
    at = chance.choice((0, 8, 16, chance.randrange(max(1, len(data) - width))))
    value = chance.choice(LONGS) + chance.randint(-2, 2)
    return data[:at] + struct.pack(form, value % 256**width) + data[at + width :]


def refit(data: bytes) -> bytes:
    """The header's length made to fit again, so that damage inside it is reached."""
    end = data.rfind(b"}") + 1
    return data if data[:4] == b"GGUF" or end < 9 else struct.pack("<Q", end - 8) + data[8:]


MUTATIONS: tuple[Mutation, ...] = (flip, truncate, number, number, number, splice, splice, move, double, length)


def seeds() -> list[bytes]:
    metadata = {
        "ss_tag_frequency": json.dumps({"10_ohwx": {f"tag {each}": each for each in range(40)}}),
        "ss_datasets": json.dumps(
            [{"subsets": [{"class_tokens": "ohwx man", "img_count": 5}], "resolution": [512, 512]}]
        ),
        "ss_network_dim": "4",
        "ss_base_model_version": "sd_v1",
        "modelspec.title": "żółć \\u017c",
    }
    layers = {
        f"lora_unet_down_blocks_0_attentions_0_transformer_blocks_0_attn{n}_to_k.lora_down.weight": samples.tensor(
            (4, 320)
        )
        for n in (1, 2)
    }
    whole = [
        samples.safetensors(layers, metadata),
        samples.lora("ohwx", size=None, trigger_words=["red hair"]).content(),
        samples.safetensors({}, metadata),
        samples.checkpoint(size=4096).content(),
    ]
    # Without what is in the tensors the header's end is found again, however damaged it is.
    ends = [8 + int.from_bytes(each[:8], "little") for each in whole]
    hollow = [each[:end] + bytes(len(each) - end) for each, end in zip(whole, ends, strict=True)]
    return [*hollow, samples.gguf(size=512), _vocabulary()]


def _vocabulary() -> bytes:
    def text(value: str) -> bytes:
        return struct.pack("<Q", len(value)) + value.encode()

    words = b"".join(text(f"word {each}") for each in range(50))
    pairs = text("general.architecture") + struct.pack("<I", 8) + text("llama")
    pairs += text("tokens") + struct.pack("<IIQ", 9, 8, 50) + words
    pairs += text("scores") + struct.pack("<IIQ", 9, 6, 50) + bytes(200)
    pairs += text("nested") + struct.pack("<IIQIQ", 9, 9, 1, 4, 2) + bytes(8)
    head = struct.pack("<4sIQQ", b"GGUF", 3, 1, 4) + pairs
    head += text("blk.0.attn_q.weight") + struct.pack("<IQQIQ", 2, 256, 2, 12, 0)
    return head + bytes(-len(head) % 32 + 288)


@dataclass
class Findings:
    """``violations`` are sentences, with what shows each of them again."""

    outcomes: collections.Counter[str] = field(default_factory=collections.Counter)
    slowest: float = 0.0
    largest: int = 0
    violations: list[str] = field(default_factory=list)

    @property
    def runs(self) -> int:
        return self.outcomes.total()


def mutants(seed: int) -> Iterator[tuple[int, bytes, str]]:
    """Damaged files without end: a number that makes the same one again, the content, and an ending."""
    originals = seeds()
    for run in range(seed, sys.maxsize):
        chance = random.Random(run)
        data = chance.choice(originals)
        for _ in range(chance.choice((1, 1, 2, 4))):
            data = chance.choice(MUTATIONS)(chance, data) or b"\0"
        if chance.random() < 0.7:
            data = refit(data)
        own = ".gguf" if data[:4] == b"GGUF" else ".safetensors"
        yield run, data, chance.choice((own, own, own, ".safetensors", ".gguf", ".bin"))


def fuzz(
    folder: Path, seed: int, *, runs: int = sys.maxsize, seconds: float = float("inf"), watch: bool = True
) -> Findings:
    """Reads damaged files until there were so many, or the time is over. Memory is measured if ``watch``."""
    found = Findings()
    began = time.monotonic()
    if watch:
        tracemalloc.start()
    for run, data, ending in mutants(seed):
        if found.runs >= runs or time.monotonic() - began >= seconds:
            break
        # A new file each time: a disk takes longer over one that is overwritten.
        path = folder / f"{run}{ending}"
        path.write_bytes(data)
        if watch:
            tracemalloc.reset_peak()
        started = time.perf_counter()
        try:
            header = read_header(path)
            outcome = str(header.format)
            Header.model_validate_json(header.model_dump_json())
        except BrokenFileError as error:
            outcome = re.sub(r"\d+", "N", str(error).partition(" is broken: ")[2])
        except Exception as error:  # noqa: BLE001 - whatever it is, it is what is looked for
            outcome = f"{type(error).__name__}: {error}"
            found.violations.append(f"run {run}: {outcome}")
        took = time.perf_counter() - started
        path.unlink()
        peak = tracemalloc.get_traced_memory()[1] if watch else 0
        found.outcomes[outcome] += 1
        found.slowest, found.largest = max(found.slowest, took), max(found.largest, peak)
        if took > SECONDS:
            found.violations.append(f"run {run}: it took {took:.1f} seconds")
        if peak > MEGABYTES << 20:
            found.violations.append(f"run {run}: it took {peak >> 20} MB")
    if watch:
        tracemalloc.stop()
    return found


def main() -> int:
    parser = argparse.ArgumentParser(description=(__doc__ or "").partition("\n")[0])
    parser.add_argument("--seconds", type=float, default=60)
    parser.add_argument("--seed", type=int, default=0, help="the first run's number; a violation names its own")
    arguments = parser.parse_args()
    with tempfile.TemporaryDirectory() as folder:
        found = fuzz(Path(folder), arguments.seed, seconds=arguments.seconds)
    for outcome, count in found.outcomes.most_common():
        print(f"{count:>8}  {outcome}")
    print(f"{found.runs} runs, the slowest {found.slowest * 1000:.0f} ms, the largest {found.largest / 1e6:.1f} MB")
    for violation in found.violations:
        print(f"VIOLATION: {violation}")
    return 1 if found.violations else 0


if __name__ == "__main__":
    sys.exit(main())
