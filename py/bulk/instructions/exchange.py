"""Instructions as files: JSON with everything a friend needs, or a plain list of targets, one a line."""

from __future__ import annotations

import json
import re
from collections.abc import Iterable
from typing import Any

from pydantic import BaseModel, ConfigDict, Field, JsonValue, ValidationError

from ...errors import UsageError
from .documents import Every, Instruction, InstructionKind, NewInstruction

FORMAT = 1
_MOST_LINES = 20_000
_COMMENT = re.compile(r"(?:^|\s)#.*$")


class Exchanged(BaseModel):
    """The JSON file: no ids, states or results, because whoever imports it looks it through anew."""

    model_config = ConfigDict(extra="forbid")

    lorakeeper: int = Field(ge=1, le=FORMAT)
    instructions: list[NewInstruction] = Field(min_length=1, max_length=1000)


def to_json(instructions: Iterable[Instruction]) -> str:
    plain = [
        {
            **{"title": each.title, "kind": each.kind.value, "payload": each.payload, "notes": each.notes},
            **({"every": each.every.value, "at": each.at} if each.every is not Every.ONCE else {}),
        }
        for each in instructions
    ]
    return json.dumps({"lorakeeper": FORMAT, "instructions": plain}, indent=2, ensure_ascii=False) + "\n"


def to_list(instructions: Iterable[Instruction]) -> str:
    """The targets of download instructions. UsageError where there are others, which a list can't hold."""
    lines: list[str] = []
    for each in instructions:
        if each.kind is not InstructionKind.DOWNLOAD:
            raise UsageError(f"{each.title} is no download, and only downloads fit a list of targets: export JSON.")
        lines += [f"# {_on_one_line(each.title)}", *(f"# {_on_one_line(note)}" for note in each.notes)]
        for target in _targets(each.payload):
            name = f"  # {_on_one_line(str(target['name']))}" if target.get("name") else ""
            lines.append(f"{target['target']}{name}")
    return "\n".join(lines) + "\n"


def read(text: str, title: str = "") -> list[NewInstruction]:
    """What a file holds: JSON as :func:`to_json` writes it, else a list of targets, which becomes one instruction.

    In a list, a line is a target; what follows a ``#`` at its beginning or after a space is a comment. Targets are
    kept with the number of their line, good or bad: looking them through says what is wrong with which.
    """
    if text.lstrip("\ufeff \t\r\n").startswith(("{", "[")):
        return _read_json(text)
    targets: list[JsonValue] = [{"target": target, "line": line} for line, target in targets_of(text)]
    if not targets:
        raise UsageError("The list names nothing: it has one target a line, and comments behind #.")
    return [NewInstruction(title=title or f"{len(targets)} models", payload={"targets": targets})]


def targets_of(text: str) -> list[tuple[int, str]]:
    """``(number of the line, target)`` of a list. UsageError where it is too long."""
    lines = text.lstrip("\ufeff").splitlines()
    if len(lines) > _MOST_LINES:
        raise UsageError(f"The list has {len(lines):,} lines: at most {_MOST_LINES:,} are taken.")
    found = ((number, _COMMENT.sub("", line).strip()[:2000]) for number, line in enumerate(lines, 1))
    return [(number, target) for number, target in found if target]


def _read_json(text: str) -> list[NewInstruction]:
    try:
        return Exchanged.model_validate_json(text.lstrip("\ufeff")).instructions
    except ValidationError as error:
        first = error.errors(include_url=False, include_context=False, include_input=False)[0]
        field = ".".join(str(part) for part in first["loc"])
        what = f"{field}: {first['msg']}" if field else first["msg"]
        raise UsageError(f"The file holds no instructions that can be read: {what}.") from error


def _targets(payload: dict[str, Any]) -> list[dict[str, Any]]:
    found = payload.get("targets")
    return [each for each in found if isinstance(each, dict)] if isinstance(found, list) else []


def _on_one_line(text: str) -> str:
    return " ".join(text.split())
