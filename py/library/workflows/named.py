"""A model file that a workflow names: what it is called, and what it can be recognised by."""

from __future__ import annotations

import re
from dataclasses import dataclass, field

from ...civitai.targets import FileTarget, HashTarget, VersionTarget, parse_target
from ...errors import UsageError
from ..walk import EXTENSIONS

_MAX_NAME = 500
_MAX_URL = 2000
_DRIVE = re.compile("[A-Za-z]:")
_UNSHOWN = re.compile("[\x00-\x1f\x7f-\x9f\u2028\u2029\ud800-\udfff]")
# By number of digits, strongest first. 64 are a SHA256 unless they are said to be a BLAKE3.
_RANKS = {64: 0, 12: 1, 10: 2, 8: 3}
_BLAKE3 = 4
_HASH_OF_NOTHING = "E3B0C44298FC"
_NOTHING = frozenset(("", "none", "[none]", "null", "undefined", "disabled", "baked vae", "automatic"))
_KINDS = {
    "checkpoint": "checkpoints",
    "model": "checkpoints",
    "lora": "loras",
    "locon": "loras",
    "lycoris": "loras",
    "lyco": "loras",
    "dora": "loras",
    "embed": "embeddings",
    "embedding": "embeddings",
    "ti": "embeddings",
    "textualinversion": "embeddings",
    "vae": "vae",
    "controlnet": "controlnet",
    "upscaler": "upscale_models",
    "hypernet": "hypernetworks",
    "hypernetwork": "hypernetworks",
    "unet": "diffusion_models",
    "diffusionmodel": "diffusion_models",
    "textencoder": "text_encoders",
    "clip": "text_encoders",
    "clipvision": "clip_vision",
    "motionmodule": "animatediff_models",
}


@dataclass(frozen=True)
class NamedModel:
    """A model file that a workflow names.

    ``name`` is as the workflow writes it, with forward slashes; ``kind`` ComfyUI's name of the folder, None where that
    isn't known. ``hashes`` are in upper case, the strongest first: SHA256, AutoV3 (12 digits), AutoV2 (10), AutoV1 and
    CRC32 (8), BLAKE3. ``targets`` are texts for :func:`civitai.targets.parse_target`, the most exact first; ``url`` is
    an address elsewhere, for showing only; ``where`` says at which place of the workflow it stands.
    """

    name: str
    kind: str | None = None
    hashes: tuple[str, ...] = ()
    targets: tuple[str, ...] = ()
    url: str | None = None
    where: str = ""

    @property
    def can_be_found(self) -> bool:
        """Whether anything but its name is known to look for it by."""
        return bool(self.hashes or self.targets)


@dataclass
class Mention:
    """One place that names a model; then all that is known of it. ``hashes`` are by how strong each is."""

    name: str
    kind: str | None = None
    where: str = ""
    url: str | None = None
    targets: list[str] = field(default_factory=list)
    hashes: dict[str, int] = field(default_factory=dict)

    def add_hash(self, value: object, kind: str = "") -> None:
        """Takes a hash that is one; anything else is nothing."""
        text = value.strip().upper().removeprefix("0X") if isinstance(value, str) and len(value) < 100 else ""
        if re.fullmatch("[0-9A-F]+", text) and len(text) in _RANKS and text != _HASH_OF_NOTHING:
            rank = _BLAKE3 if kind.casefold() == "blake3" and len(text) == 64 else _RANKS[len(text)]
            self.hashes[text] = min(rank, self.hashes.get(text, rank))

    def add_address(self, text: object) -> bool:
        """Takes a link or an AIR: a target where it is one of Civitai's, else for showing. Whether it was taken."""
        if not isinstance(text, str) or not 0 < len(text) <= _MAX_URL or _UNSHOWN.search(text):
            return False
        text = text.strip()
        is_link = text.lower().startswith(("http://", "https://"))
        if not is_link and not is_air(text):
            return False
        try:
            target = parse_target(text, files=False)
        except (UsageError, ValueError):  # a link to somewhere else
            if is_link:
                self.url = self.url or text
            return is_link
        if isinstance(target, HashTarget):
            self.add_hash(target.hash, target.kind)
        elif not isinstance(target, FileTarget):
            self.add_target(str(target))
            self.kind = self.kind or kind_of_air(text)
        return True

    def add_target(self, text: str) -> None:
        if text not in self.targets:
            self.targets.append(text)


# -- Names -------------------------------------------------------------------------------------------------------------


def clean_name(text: str) -> str:
    """A name with forward slashes that stays inside a folder: of one that leads elsewhere, only the file's; "" for what
    is none."""
    name = text.strip().replace("\\", "/")
    if name.casefold() in _NOTHING or len(name) > _MAX_NAME or _UNSHOWN.search(name):
        return ""
    parts = [part for part in name.split("/") if part not in ("", ".")]
    if not parts:
        return ""
    if name.startswith("/") or (name.startswith("~") and len(parts) > 1) or ".." in parts or _DRIVE.match(name):
        parts = parts[-1:]
    name = _DRIVE.sub("", "/".join(parts))
    return "" if name in ("..", "~") else name


def is_file_name(text: str) -> bool:
    """Whether ``text`` looks like a model file: one line with an extension of one."""
    text = text.strip()
    if len(text) > _MAX_NAME or text[text.rfind(".") :].casefold() not in EXTENSIONS or _UNSHOWN.search(text):
        return False
    return not re.split(r"[\\/]", text)[-1].startswith(".")


def is_air(text: str) -> bool:
    return re.fullmatch(r"(?i:(?:urn:)?(?:air:)?[\w.-]+:[\w.-]+:civitai:[0-9]+[\w@+:.-]*)", text.strip()) is not None


def kind_of_type(text: object) -> str | None:
    """The folder for one of Civitai's or A1111's words for a type."""
    return _KINDS.get(re.sub(r"[\s_-]", "", text).casefold()) if isinstance(text, str) else None


def kind_of_air(text: str) -> str | None:
    parts = re.sub("(?i:^(?:urn:)?(?:air:)?)", "", text.strip()).split(":")
    return kind_of_type(parts[1]) if len(parts) > 2 and is_air(text) else None


def version_target(version: object, model: object = None) -> str:
    """The target of a version's number; "" for what is no such number."""
    number, of = _number(version), _number(model)
    return str(VersionTarget(number, of or None)) if number else ""


def shown(text: object, longest: int = 60) -> str:
    """A text of a stranger's as a part of a sentence: one short line."""
    return " ".join(_UNSHOWN.sub(" ", text[: longest * 2]).split())[:longest] if isinstance(text, str) else ""


def _number(value: object) -> int:
    if isinstance(value, str) and re.fullmatch("[0-9]{1,17}", value):
        value = int(value)
    return value if isinstance(value, int) and not isinstance(value, bool) and 0 < value < 10**17 else 0
