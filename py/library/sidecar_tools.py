"""What each tool's sidecar means: which of it the user said, and which the site.

A tool that asked the site copies its answers to where the user's own words go, and the user may have changed them
since. So all sidecars are heard first (Said), and only then are the user's words told from the copies.
"""

from __future__ import annotations

import re
from collections.abc import Callable
from dataclasses import dataclass, field
from typing import Any

from pydantic import BaseModel

from ..civitai.schemas import ModelVersion
from .items import UserLayer
from .sidecar_values import (
    MAX_ENTRIES,
    MAX_TEXT,
    UnreadableError,
    as_id,
    as_number,
    as_object,
    as_sha256,
    as_text,
    as_texts,
    bare,
    folded,
    read_object,
    word_set,
    words_in,
)

_MAX_SET = 5_000
_MAX_TAG = 100

# Words that make a line of a text file prose, and no list of trigger words.
_PROSE = re.compile(r"(?i)\b(is|are|was|not|no|but|for|used?|using|works?|needs?|very|too|i|my|it|this|good|bad)\b")
_LIST = re.compile(r"[^\n.!?:;/]{1,500}")


class KeptAnswer(BaseModel):
    """The site's answer as a sidecar holds it: ``fetched_at`` is when that was written, in seconds of Unix time;
    ``sha256`` is the hash, in lower case, of the file that it says to be about."""

    version: ModelVersion
    fetched_at: float
    sha256: str | None = None

    def is_of(self, sha256: str) -> bool:
        """Whether it can be believed of a file with this hash: the version has it, or the sidecar names no other."""
        version = self.version
        hashes = {file.hashes.sha256 for file in version.files if file.hashes.sha256 and not version.is_linked(file)}
        return sha256.upper() in hashes if hashes else self.sha256 in (None, sha256.lower())


@dataclass
class Said:
    """What the sidecars of one model said so far, the first that was heard having the last word.

    ``answers`` are the site's, ``trained`` the lists of words that came from it or from the file's header. The rest is
    the user's, ``descriptions``, ``activations`` and ``lines`` only perhaps: texts and words that tools fill in from
    the site, and texts that look like lists of words.
    """

    answers: list[KeptAnswer] = field(default_factory=list)
    trained: list[list[str]] = field(default_factory=list)
    hashes: list[str] = field(default_factory=list)
    favourite: bool = False
    notes: list[str] = field(default_factory=list)
    descriptions: list[str] = field(default_factory=list)
    tags: list[str] = field(default_factory=list)
    words: list[str] = field(default_factory=list)
    activations: list[str] = field(default_factory=list)
    lines: list[str] = field(default_factory=list)
    strengths: list[float] = field(default_factory=list)

    def take_answer(
        self, document: dict[str, Any], written_at: float, sha256: str | None = None
    ) -> ModelVersion | None:
        """Keeps the site's answer, if this is one of a version, with its id."""
        model = as_object(document.get("model"))
        version_id = as_id(document.get("id"))
        model_id = as_id(document.get("modelId")) or as_id(model.get("id"))
        if version_id is None or document.get("skeleton_file") or "modelVersions" in document:
            return None
        creator = model.get("creator") or document.get("creator")
        version = ModelVersion.model_validate(
            {
                **document,
                "id": version_id,
                "modelId": model_id,
                "model": {**model, "id": model_id, "creator": creator} if model else None,
            }
        )
        # Whoever wrote the file could lead a download anywhere; the site's own links can be made from the ids.
        files = [file.model_copy(update={"download_url": None, "mirrors": []}) for file in version.files]
        version = version.model_copy(update={"files": files, "download_url": None})
        self.trained.append(version.trained_words[:MAX_ENTRIES])
        self.answers.append(KeptAnswer(version=version, fetched_at=written_at, sha256=sha256))
        return version

    def take_hash(self, value: Any) -> str | None:
        """Keeps a whole file's SHA256, if this is one."""
        if sha256 := as_sha256(value):
            self.hashes.append(sha256)
        return sha256

    def take_strength(self, value: Any) -> None:
        """Keeps a preferred strength, if this is one; 0 is what tools write for none."""
        if number := as_number(value):
            self.strengths.append(number)

    def take_note(self, value: Any, label: str = "") -> None:
        if text := as_text(value):
            self.notes.append(f"{label}: {text}" if label else text)

    def user_layer(self) -> UserLayer:
        tags: dict[str, str] = {}
        for tag in self.tags:
            tags.setdefault(folded(tag), tag)
        return UserLayer(
            favourite=self.favourite,
            tags=list(tags.values())[:MAX_ENTRIES],
            notes=self._own_notes(),
            trigger_words=self._own_words()[:MAX_ENTRIES],
            preferred_strength=self.strengths[0] if self.strengths else None,
        )

    def _own_notes(self) -> str:
        """The notes without what the site says, and without those that another one holds line by line."""
        site = [text for each in self.answers for text in _descriptions(each.version)]
        theirs = {bare(text[:MAX_TEXT]) for text in site} - {""}
        # A description that a tool fills in is the user's only where it can be seen to differ from the site's.
        notes = self.notes + (self.descriptions if theirs else [])
        kept: dict[frozenset[str], str] = {}
        for note in notes:
            lines = frozenset(line.strip() for line in note.splitlines() if line.strip())
            if bare(note) not in theirs and not any(lines <= others for others in kept):
                kept = {others: text for others, text in kept.items() if not others < lines} | {lines: note}
        return "\n\n".join(kept.values())[:MAX_TEXT].rstrip()

    def _own_words(self) -> list[str]:
        """The trigger words that the user wrote: none of the site's, and no whole list of them that a tool copied."""
        lists = [word_set(each) for each in self.trained]
        known = word_set(text for each in self.trained for text in each)
        own = [text for text in self.words if not word_set([text]) <= known]
        for text in self.activations:
            if word_set([text]) not in lists:
                own += text.split("||")
        # Words go into prompts by themselves. So a mere look of words counts only where nobody names any.
        if not own and not known:
            own = self.lines
        kept: list[str] = []
        seen: set[str] = set()
        for text in own:
            if not word_set([text]) <= seen:
                kept.append(", ".join(words_in(text)))
                seen |= word_set([text])
        return kept


# It gets the sidecar's JSON object (a text file's text), and when that was written.
Reader = Callable[[Any, Said, float], None]


def civitai_helper(document: dict[str, Any], said: Said, written_at: float) -> None:
    """The site's answer. For a model that the site doesn't know it is a skeleton, with words from the file's header."""
    if said.take_answer(document, written_at) is not None:
        return
    words = as_texts(document.get("trainedWords"), _MAX_SET)
    if document.get("skeleton_file"):
        said.trained.append(words)
        files = document.get("files")
        for file in files if isinstance(files, list) else []:
            said.take_hash(as_object(as_object(file).get("hashes")).get("SHA256"))
    else:
        said.words += words


def webui(document: dict[str, Any], said: Said, written_at: float) -> None:
    """A1111 and Forge. Extensions fill the same file in from the site, and some tools keep the site's answer there."""
    sha256 = said.take_hash(document.get("sha256"))
    if "modelId" in document and "files" in document:
        said.take_answer(document, written_at, sha256)
        return
    said.take_note(document.get("notes"))
    filled_in = any(key in document for key in ("extensions", "modelId", "modelVersionId"))
    if description := as_text(document.get("description")):
        (said.descriptions if filled_in else said.notes).append(description)
    said.take_note(document.get("negative text"), "Negative prompt")
    if activation := as_text(document.get("activation text"), _MAX_SET):
        said.activations.append(activation)
    said.take_strength(document.get("preferred weight"))


def lora_manager(document: dict[str, Any], said: Said, written_at: float) -> None:
    """LoRA Manager. Which trained words are the user's can't be told where the site's answer is, for it merges them."""
    said.take_note(document.get("notes"))
    said.favourite |= document.get("favorite") in (True, "true")
    _usage_tips(document.get("usage_tips"), said)
    answer = as_object(document.get("civitai"))
    model = as_object(answer.get("model"))
    tags = as_texts(document.get("tags"), _MAX_TAG)
    # It keeps a model's tags and description beside the answer, whose model often lacks them.
    filled_in = {
        **model,
        "name": model.get("name") or document.get("model_name"),
        "tags": tags if model.get("tags") is None else model["tags"],
        "description": model.get("description") or document.get("modelDescription"),
    }
    version = said.take_answer({**answer, "model": filled_in}, written_at, said.take_hash(document.get("sha256")))
    said.words += as_texts(document.get("trainedWords"), _MAX_SET)
    if version is None:
        said.words += as_texts(answer.get("trainedWords"), _MAX_SET)
        said.tags += tags
        return
    theirs = {folded(tag) for tag in version.model.tags} if version.model else set()
    said.tags += [tag for tag in tags if folded(tag) not in theirs]
    title = as_text(document.get("model_name"))
    if model.get("name") and title not in (as_text(model["name"]), as_text(document.get("file_name"))):
        said.take_note(title, "Title")


def _usage_tips(value: Any, said: Said) -> None:
    """LoRA Manager's presets, an object written as a text. Only the strength has a place here; the rest is a note."""
    try:
        tips = read_object(value) if isinstance(value, str) and value.strip() else as_object(value)
    except UnreadableError:
        said.take_note(value, "Usage tips")
        return
    said.take_strength(tips.get("strength"))
    shown = ("strength_range", "strength_min", "strength_max", "clip_strength", "clip_skip")
    parts = [f"{key.replace('_', ' ')} {text}" for key in shown if (text := as_text(tips.get(key), _MAX_TAG))]
    said.take_note(", ".join(parts), "Usage tips")


def stability_matrix(document: dict[str, Any], said: Said, written_at: float) -> None:
    said.take_note(document.get("UserTitle"), "Title")
    hashes = as_object(document.get("Hashes"))
    file = {
        "id": document.get("RemoteFileId"),
        "name": document.get("RemoteFileName"),
        "type": "Model",
        "metadata": document.get("FileMetadata"),
        "hashes": hashes,
        "primary": True,
    }
    model = {
        "name": document.get("ModelName"),
        "type": document.get("ModelType"),
        "description": document.get("ModelDescription"),
        "nsfw": document.get("Nsfw"),
        "tags": document.get("Tags"),
        "stats": document.get("Stats"),
        "creator": {"username": document.get("AuthorUsername")},
    }
    answer = {
        "id": document.get("VersionId"),
        "modelId": document.get("ModelId"),
        "name": document.get("VersionName"),
        "baseModel": document.get("BaseModel"),
        "description": document.get("VersionDescription"),
        "trainedWords": document.get("TrainedWords"),
        "model": model,
        "files": [file],
    }
    said.take_answer(answer, written_at, said.take_hash(hashes.get("SHA256")))


def rgthree(document: dict[str, Any], said: Said, written_at: float) -> None:
    """rgthree marks each word with who said it. Its strength is a range, so that it becomes a note."""
    answer = as_object(as_object(document.get("raw")).get("civitai"))
    said.take_answer(answer, written_at, said.take_hash(document.get("sha256")))
    words = document.get("trainedWords")
    marked = [as_object(word) for word in words] if isinstance(words, list) else []
    said.words += as_texts([word.get("word") for word in marked if word.get("user") is True], _MAX_SET)
    said.take_note(document.get("userNote"))
    ends = [as_number(document.get(key)) for key in ("strengthMin", "strengthMax")]
    said.take_note(" to ".join(f"{end:g}" for end in ends if end is not None), "Strength")


def text_file(text: str, said: Said, written_at: float) -> None:
    """A text is a note, whatever it says. One line that looks like a list of trigger words may be that too."""
    said.take_note(text)
    words = words_in(text)
    short = all(len(word) <= 60 and len(word.split()) <= 4 for word in words)
    if len(words) > 1 and short and _LIST.fullmatch(text.strip()) and not _PROSE.search(text):
        said.lines.append(text.strip())


def _descriptions(version: ModelVersion) -> list[str]:
    return [text for text in (version.description, version.model and version.model.description) if text]
