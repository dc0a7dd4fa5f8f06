"""The scanner against shapes of malicious and of harmless files, whatever they are called."""

from __future__ import annotations

import io
import json
import lzma
import pickle
import struct
import sys
import tarfile
import zipfile
from collections import OrderedDict
from pathlib import Path

import numpy as np
import pytest

from lorakeeper.py.errors import ScanError
from lorakeeper.py.security import ModelScanner, Verdict
from lorakeeper.testing import samples

SYSTEM = b"cos\nsystem\n"
ARGUMENT = b"X\x04\x00\x00\x00echo\x85"
CALL = SYSTEM + ARGUMENT + b"R"
PROTO = b"\x80\x02"
TORCH_MAGIC = b"\x80\x02\x8a\x0al\xfc\x9cF\xf9 j\xa8P\x19."


def short(text: str) -> bytes:
    return b"\x8c" + bytes([len(text)]) + text.encode()


def torch_zip(entries: dict[str, bytes], compression: int = zipfile.ZIP_STORED) -> bytes:
    out = io.BytesIO()
    with zipfile.ZipFile(out, "w", compression) as archive:
        for name, content in entries.items():
            archive.writestr(name, content)
    return out.getvalue()


def duplicated_entry() -> bytes:
    out = io.BytesIO()
    with zipfile.ZipFile(out, "w") as archive:
        archive.writestr("archive/data.pkl", b"\x80\x02}.")
        archive.writestr("archive/DATA.PKL", PROTO + CALL + b".")
    return out.getvalue()


def patched(data: bytes, at: int, signature: bytes, value: bytes) -> bytes:
    """``data`` with ``value`` written ``at`` bytes behind every ``signature``."""
    out, position = bytearray(data), -1
    while (position := data.find(signature, position + 1)) >= 0:
        out[position + at : position + at + len(value)] = value
    return bytes(out)


def tar(*names: str) -> bytes:
    out = io.BytesIO()
    with tarfile.open(fileobj=out, mode="w") as archive:
        for name in names:
            info = tarfile.TarInfo(name)
            info.size = len(PROTO + CALL + b".")
            archive.addfile(info, io.BytesIO(PROTO + CALL + b"."))
    return out.getvalue()


def numpy_file(array: np.ndarray) -> bytes:
    out = io.BytesIO()
    np.save(out, array, allow_pickle=True)
    return out.getvalue()


class Reduces:
    def __init__(self, function: object, *arguments: object) -> None:
        self.reduced = (function, arguments)

    def __reduce__(self) -> tuple[object, tuple[object, ...]]:
        return self.reduced


def dumped(function: object, *arguments: object, protocol: int = 4) -> bytes:
    return pickle.dumps(Reduces(function, *arguments), protocol)


def safetensors_pickle() -> bytes:
    """A file that a safetensors loader reads without complaint, and an unpickler too: to it the header's length is a
    short string, which swallows the header's beginning, and a text inside the header is the attack."""
    before = b'{"__metadata__":{"a":"'
    attack = b"U(" + b"module." * 5 + b"names" + b"U(" + b"function" * 5 + b"q\xc2\x93)R."
    length = ord("U") + ((8 + len(before) - 2) << 8)
    return struct.pack("<Q", length) + (before + attack + b'"}}').ljust(length)


EVIL_ZIP = torch_zip({"archive/data.pkl": PROTO + CALL + b".", "archive/data/0": bytes(64)})
CENTRAL = b"PK\x01\x02"

MALICIOUS: dict[str, bytes] = {
    "reduce": PROTO + CALL + b".",
    "reduce in protocol 0": b"cos\nsystem\n(S'echo'\ntR.",
    "reduce in protocol 0, without an end": b"cos\nsystem\n(S'echo'\ntR",
    "protocol 0 that only imports": b"cantigravity\nfly\n.",
    "protocol 0 behind a long text": b"V" + b"a" * 3_000_000 + b"\n0cos\nsystem\n(S'echo'\ntR.",
    "inst": PROTO + b"(X\x04\x00\x00\x00echoios\nsystem\n.",
    "inst in protocol 0": b"(S'echo'\nios\nsystem\n.",
    "obj": PROTO + b"(" + SYSTEM + b"X\x04\x00\x00\x00echoo.",
    "obj in protocol 1": b"(" + SYSTEM + b"U\x04echoo.",
    "newobj": PROTO + b"csubprocess\nPopen\n" + ARGUMENT + b"\x81.",
    "newobj_ex": b"\x80\x04" + short("subprocess") + short("Popen") + b"\x93" + short("echo") + b"\x85}\x92.",
    "build": PROTO + b"csite\n_Printer\n)\x81}X\x04\x00\x00\x00__ccU\x00sb.",
    "stack global": b"\x80\x04" + short("os") + short("system") + b"\x93" + short("echo") + b"\x85R.",
    "stack global by memo": b"\x80\x04" + short("os") + b"\x94" + short("system") + b"\x94h\x00h\x01\x93)R.",
    "stack global by overwritten memo": b"\x80\x04"
    + (short("collections") + b"q\x000" + short("OrderedDict") + b"q\x010")
    + (short("os") + b"q\x000" + short("system") + b"q\x010h\x00h\x01\x93)R."),
    "stack global by duplicate": b"\x80\x04" + short("system") + b"2\x93)R.",
    "stack global of popped words": b"\x80\x04"
    + (short("os") + short("system") + short("collections") + b"0" + short("OrderedDict") + b"0\x93)R."),
    "stack global by long names": b"\x80\x04X\x02\x00\x00\x00osX\x06\x00\x00\x00system\x93)R.",
    "stack global by bytes strings": b"\x80\x04U\x02osU\x06system\x93)R.",
    "dotted name": b"\x80\x04" + short("collections") + short("OrderedDict.__init__.__globals__") + b"\x93)R.",
    "getattr": PROTO
    + b"c__builtin__\ngetattr\n(c__builtin__\n__import__\n(X\x02\x00\x00\x00ostRX\x06\x00\x00\x00systemtR.",
    "eval": PROTO + b"cbuiltins\neval\nX\x01\x00\x00\x001\x85R.",
    "partial": PROTO + b"cfunctools\npartial\n(" + SYSTEM + b"X\x04\x00\x00\x00echotR)R.",
    "unknown to lists of bad names": PROTO + b"cnumexpr\nevaluate\nX\x01\x00\x00\x001\x85R.",
    "torch's own loader": PROTO + b"ctorch\nload\nX\x01\x00\x00\x00x\x85R.",
    "torch's loader of bytes": PROTO + b"ctorch.storage\n_load_from_bytes\nX\x01\x00\x00\x00x\x85R.",
    "extension registry": PROTO + b"\x82\x01)R.",
    "dumped by python": dumped(print, "x"),
    "dumped by python, protocol 0": dumped(print, "x", protocol=0),
    "dumped by python, protocol 5": dumped(eval, "1", protocol=5),
    "second pickle": b"\x80\x02}." + PROTO + CALL + b".",
    "third pickle": b"\x80\x02}.\x80\x02]." + PROTO + CALL + b".",
    "truncated": PROTO + CALL,
    "garbage at the end": PROTO + CALL + b".\xff\xff",
    "garbage behind a harmless pickle": b"\x80\x02}.\xff\xff",
    "bad opcode behind the call": PROTO + CALL + b"\xff.",
    "empty": PROTO,
    "zip": EVIL_ZIP,
    "zip, deflated": torch_zip({"archive/data.pkl": PROTO + CALL + b"."}, zipfile.ZIP_DEFLATED),
    "zip, other entry name": torch_zip({"archive/data.pkl": b"\x80\x02}.", "archive/other": PROTO + CALL + b"."}),
    "zip, no ending": torch_zip({"a/weights": PROTO + CALL + b"."}),
    "zip, picture's ending": torch_zip({"a/picture.png": PROTO + CALL + b"."}),
    "zip, no protocol mark": torch_zip({"archive/data.pkl": b"cos\nsystem\n(S'echo'\ntR."}),
    "zip, no protocol mark and no ending": torch_zip({"archive/x": b"cos\nsystem\n(S'echo'\ntR."}),
    "zip, broken pickle": torch_zip({"archive/data.pkl": PROTO + CALL}),
    "zip, storage that is a pickle": torch_zip({"archive/data/0": PROTO + CALL + b"."}),
    "zip, wrong checksum": patched(EVIL_ZIP, 16, CENTRAL, b"\1\2\3\4"),
    "zip, encryption flag": patched(patched(EVIL_ZIP, 8, CENTRAL, b"\1\0"), 6, b"PK\x03\x04", b"\1\0"),
    "zip, other name in the local header": EVIL_ZIP.replace(b"archive/data.pkl", b"archive/data.txt", 1),
    "zip, doubled name": duplicated_entry(),
    "zip, unknown compression": patched(EVIL_ZIP, 10, CENTRAL, b"\x63\0"),
    "zip, without its directory": EVIL_ZIP[: EVIL_ZIP.find(CENTRAL)],
    "zip, with objects in an array": torch_zip({"a.npy": numpy_file(np.array([Reduces(print, 1)], dtype=object))}),
    "torch before 1.6": TORCH_MAGIC + b"\x80\x02M\xe9\x03.\x80\x02}." + PROTO + CALL + b".\x80\x02].",
    "torch before 1.6, in its magic": PROTO + CALL + b"0" + TORCH_MAGIC[2:] + b"\x80\x02}.",
    "torch before 1.6, in its last pickle": TORCH_MAGIC + b"\x80\x02}." * 3 + PROTO + CALL + b".",
    "torch before 1.6, cut short": TORCH_MAGIC + b"\x80\x02}.",
    "torch's tar": tar("sys_info", "pickle", "tensors", "storages"),
    "torch's tar with storages only": tar("storages"),
    "array of objects": numpy_file(np.array([Reduces(print, 1)], dtype=object)),
    "array of records with objects": numpy_file(np.array([(1, Reduces(print, 1))], dtype=[("a", "i4"), ("b", "O")])),
    "array with an odd header": b"\x93NUMPY\x01\x00\x10\x00" + b"{'descr': 'O8'}\n" + PROTO + CALL + b".",
    "program": b"\x7fELF" + bytes(64),
    "pickle in a gguf": b"GGUF\x01\x00\x00\x00" + b"\x00cos\nsystem\n(S'echo'\ntR.",
    "pickle in a safetensors": safetensors_pickle(),
}

SAFETENSORS = samples.lora("a").content()

HARMLESS_ZIP = torch_zip({"a/data.pkl": b"\x80\x02}.", "a/data/0": bytes(64)})

HARMLESS: dict[str, tuple[str, bytes]] = {
    "torch": ("torch", samples.torch_zip()),
    "torch, storage that begins like a pickle": (
        "torch",
        torch_zip({"a/data.pkl": b"\x80\x02}.", "a/data/0": b"\x80\x02\xff\xfe" * 9, "a/data/1": b"\x80\x04cx" * 9}),
    ),
    "torch, written without checksums": ("torch", patched(HARMLESS_ZIP, 16, CENTRAL, b"\0\0\0\0")),
    "torch before 1.6": (
        "torch",
        TORCH_MAGIC + b"\x80\x02M\xe9\x03.\x80\x02}.\x80\x02}q\x00.\x80\x02]." + b"\xff" * 64,
    ),
    "plain values": ("pickle", pickle.dumps({"a": [1, 2.5, "x", b"y", {3}], "b": None}, 2)),
    "ordered dict": ("pickle", pickle.dumps(OrderedDict(a=1), 4)),
    "numpy scalar": ("pickle", pickle.dumps(np.float64(0.5), 2)),
    "numpy array, pickled": ("pickle", pickle.dumps(np.arange(8, dtype=np.float32), 4)),
    "first checkpoints' callback": (
        "pickle",
        PROTO + b"}cpytorch_lightning.callbacks.model_checkpoint\nModelCheckpoint\n}s.",
    ),
    "array": ("numpy", numpy_file(np.arange(6, dtype=np.float32).reshape(2, 3))),
    "array of records": ("numpy", numpy_file(np.zeros(2, dtype=[("a", "<i4"), ("b", "<f8", (2,))]))),
    "arrays in a zip": ("numpy", torch_zip({"a.npy": numpy_file(np.arange(3)), "b.npy": numpy_file(np.arange(4.0))})),
    "safetensors": ("safetensors", SAFETENSORS),
    "gguf": ("gguf", samples.gguf()),
}

UNVERIFIABLE: dict[str, tuple[str, bytes]] = {
    "7z": ("7z", b"7z\xbc\xaf\x27\x1c\x00\x04" + PROTO + CALL + b"."),
    "rar": ("rar", b"Rar!\x1a\x07\x01\x00" + bytes(64)),
    "gzip": ("gzip", b"\x1f\x8b\x08" + bytes(64)),
    "xz": ("xz", lzma.compress(PROTO + CALL + b".")),
    "zip of pictures": ("zip", torch_zip({"1.png": samples.preview(), "1.txt": b"1girl, solo"})),
    "zip in a zip": ("zip", torch_zip({"inner.zip": EVIL_ZIP})),
    "tar of texts": ("tar", tar("a.txt")),
    "words": ("unknown", b"cat\ndog\nRed panda\ntiger\n"),
    "yaml": ("unknown", b"colour:\n  - red\n  - blue\nRrR: (tR.\n"),
    "json": ("unknown", json.dumps({"nodes": [1, 2], "links": []}).encode()),
    "picture": ("unknown", samples.preview()),
    "nothing": ("unknown", b""),
    "zeros": ("unknown", bytes(2048)),
}


def scan(path: Path, content: bytes) -> Verdict:
    path.write_bytes(content)
    return ModelScanner().scan(path)


@pytest.mark.parametrize("shape", MALICIOUS)
def test_malicious_shape_is_dangerous_and_says_why(shape: str, tmp_path: Path) -> None:
    verdict = scan(tmp_path / "model.pt", MALICIOUS[shape])

    assert verdict.verdict == "dangerous", verdict
    assert verdict.findings


@pytest.mark.parametrize("shape", HARMLESS)
def test_harmless_file_is_safe(shape: str, tmp_path: Path) -> None:
    form, content = HARMLESS[shape]

    assert scan(tmp_path / "model.bin", content) == Verdict(form, "safe")


@pytest.mark.parametrize("shape", UNVERIFIABLE)
def test_what_cannot_be_judged_is_neither_safe_nor_dangerous(shape: str, tmp_path: Path) -> None:
    form, content = UNVERIFIABLE[shape]
    verdict = scan(tmp_path / "model.pt", content)

    assert (verdict.format, verdict.verdict) == (form, "unverifiable")
    assert verdict.findings


@pytest.mark.parametrize("name", ["a.safetensors", "a.gguf", "a.txt", "a", "a.png", "a.npy", "a.7z"])
def test_extension_hides_nothing(name: str, tmp_path: Path) -> None:
    assert scan(tmp_path / name, EVIL_ZIP).verdict == "dangerous"
    assert scan(tmp_path / name, MALICIOUS["reduce"]).verdict == "dangerous"


def test_finding_names_the_import(tmp_path: Path) -> None:
    assert scan(tmp_path / "a.pt", samples.bad_pickle().content()).findings == ("It imports os.system.",)


def test_nothing_is_ever_run(tmp_path: Path) -> None:
    trap = tmp_path / "ran"
    scan(tmp_path / "a.pt", dumped(Path.touch, trap))
    scan(tmp_path / "b.pt", torch_zip({"a/data.pkl": dumped(Path.touch, trap)}))

    assert not trap.exists()


def test_missing_file_is_a_scan_error(tmp_path: Path) -> None:
    with pytest.raises(ScanError):
        ModelScanner().scan(tmp_path / "none.pt")


def test_parser_that_fails_clears_nothing(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    def broken(*_: object, **__: object) -> None:
        raise RuntimeError("no parser is perfect")

    monkeypatch.setattr("picklescan.scanner.scan_pickle_bytes", broken)

    assert scan(tmp_path / "a.pt", pickle.dumps({"a": 1})).verdict == "dangerous"


def test_picklescan_is_not_loaded_before_it_is_needed(tmp_path: Path) -> None:
    import subprocess

    (tmp_path / "a.safetensors").write_bytes(SAFETENSORS)
    program = (
        "import sys; from pathlib import Path; from lorakeeper.py.security import ModelScanner;"
        "ModelScanner().scan(Path('a.safetensors')); sys.exit('picklescan' in sys.modules)"
    )

    assert subprocess.run([sys.executable, "-c", program], cwd=tmp_path, check=False).returncode == 0  # noqa: S603


def safetensors(header: object, data: int = 16) -> bytes:
    text = header if isinstance(header, bytes) else json.dumps(header).encode()
    return struct.pack("<Q", len(text)) + text + bytes(data)


def entry(begin: int, end: int, shape: list[int], dtype: str = "U8") -> dict[str, object]:
    return {"dtype": dtype, "shape": shape, "data_offsets": [begin, end]}


@pytest.mark.parametrize(
    ("content", "finding"),
    [
        (safetensors({"a": entry(0, 16, [16]), "b": entry(8, 16, [8])}), "overlap"),
        (safetensors({"a": entry(0, 32, [32])}), "beyond"),
        (safetensors({"a": entry(0, 16, [16])}, data=4096), "no tensor"),
        (safetensors({"a": entry(2048, 2064, [16])}, data=2064), "no tensor"),
        (safetensors({"a": entry(0, 16, [3])}), "shape"),
        (safetensors({"a": entry(0, 16, [-16])}), "impossible"),
        (safetensors({"a": entry(16, 0, [16])}), "impossible"),
        (safetensors({"a": {"dtype": "U8", "shape": [16]}}), "header"),
        (safetensors(b'{"a": [1, 2]'), "header"),
        (safetensors(b'{"a": "b"}'), "header"),
        (safetensors(b'{"\xff": {}}'), "header"),
        (safetensors(b'{"a": {"dtype": "U8", "dtype": "U8", "shape": [16], "data_offsets": [0, 16]}}'), "twice"),
        (safetensors(b"{" + b"[" * 200_000), "header"),
        (b"GGUF\x09" + bytes(40), "GGUF"),
        (b"GGUF\x03\0\0\0" + b"\xff" * 16, "GGUF"),
        (b"GGUF", "GGUF"),
    ],
)
def test_wrong_structure_is_found(content: bytes, finding: str, tmp_path: Path) -> None:
    verdict = scan(tmp_path / "a.safetensors", content)

    assert verdict.verdict == "dangerous"
    assert finding in verdict.findings[0]


def test_header_over_the_limit_is_refused_unread(tmp_path: Path) -> None:
    path = tmp_path / "a.safetensors"
    with path.open("wb") as file:
        file.write(struct.pack("<Q", 200 << 20) + b"{")
        file.truncate(300 << 20)

    assert ModelScanner().scan(path).findings == ("Its header is longer than the format allows.",)


def test_allow_list_holds_what_torch_itself_accepts() -> None:
    unpickler = pytest.importorskip("torch._weights_only_unpickler")
    from lorakeeper.py.security.safe_globals import SAFE_GLOBALS

    ours = {f"{module}.{name}" for module, name in SAFE_GLOBALS}

    assert not set(unpickler._get_allowed_globals()) - ours
