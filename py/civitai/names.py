"""Names from strangers made into names of files and folders that every system takes."""

from __future__ import annotations

import re
import unicodedata
from collections.abc import Mapping

from ..errors import SettingsError

FILE_BYTES = 180
FOLDER_BYTES = 80
_FORBIDDEN = r'[/\\:*?"<>|]'
_RESERVED = re.compile(
    r"(?:con|prn|aux|nul|com[0-9¹²³]|lpt[0-9¹²³]|conin\$|conout\$|clock\$)\s*(?:\.|$)", re.IGNORECASE
)
_PLACEHOLDER = r"\{(\w*)\}"
_EXTENSIONS = {
    ".safetensors", ".sft", ".gguf", ".ckpt", ".pt", ".pt2", ".pth", ".bin", ".pkl", ".onnx", ".mlmodel", ".zip",
    ".yaml", ".yml", ".json", ".txt",
}  # fmt: skip
_BY_FORMAT = {"safetensor": ".safetensors", "pickletensor": ".pt", "gguf": ".gguf", "onnx": ".onnx"}


def safe_part(text: str, *, limit: int = FOLDER_BYTES) -> str:
    """One part of a path that Windows, macOS and Linux take alike, of at most ``limit`` bytes; "" if nothing is left.

    Separators and signs that a system forbids become ``_``; control and invisible signs go; dots and spaces at the ends
    go, so that no part hides a file or climbs; device names of Windows get a ``_`` in front. Always in NFC.
    """
    visible = "".join(" " if each.isspace() else each for each in text)
    visible = "".join(each for each in visible if unicodedata.category(each) not in ("Cc", "Cf", "Cs", "Cn"))
    part = re.sub(_FORBIDDEN, "_", unicodedata.normalize("NFC", visible))
    part = re.sub(r" {2,}", " ", part).strip(" .")
    if re.match(_RESERVED, part):
        part = f"_{part}"
    while len(part.encode()) > limit:
        part = part[:-1]
    return part.rstrip(" .")


def safe_file_name(name: str, *, otherwise: str, file_format: str = "") -> str:
    """A file name, with an extension that a model file can have: that of ``name``, else that of the site's format.

    ``otherwise`` is the stem where ``name`` leaves none.
    """
    name = safe_part(name, limit=10_000)
    stem, dot, extension = name.rpartition(".")
    extension = f".{extension.lower()}"
    if not dot and extension in _EXTENSIONS:
        stem = ""
    elif extension not in _EXTENSIONS:
        stem, extension = name, _BY_FORMAT.get(file_format.lower(), ".bin")
    room = FILE_BYTES - len(extension)
    return (safe_part(stem, limit=room) or safe_part(otherwise, limit=room) or "model") + extension


def render_folder(template: str, values: Mapping[str, str]) -> str:
    """The folder of a path template such as ``{base_model}/{creator}``, parts joined by ``/``, each one safe.

    What a value holds never makes a new part, and a part with nothing in it is left out. Raises SettingsError for a
    placeholder that ``values`` lacks.
    """
    check_template(template, values)
    parts = (re.sub(_PLACEHOLDER, lambda found: values[found[1]], part) for part in re.split(r"[/\\]", template))
    return "/".join(safe for part in parts if (safe := safe_part(part)))


def check_template(template: str, known: Mapping[str, str]) -> None:
    """Raises SettingsError, with the choices, for a placeholder that isn't known or a brace that lost its other."""
    for found in re.finditer(_PLACEHOLDER, template):
        if found[1] not in known:
            choices = ", ".join(f"{{{name}}}" for name in known)
            raise SettingsError(f"The path template can't use {found[0]}: it knows {choices}.")
    if set("{}") & set(re.sub(_PLACEHOLDER, "", template)):
        raise SettingsError("The path template has a brace without its other half.")
