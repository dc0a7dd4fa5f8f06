"""From what people and workflows call a file to the file, on a real database and a real disk."""

from __future__ import annotations

import hashlib
from collections.abc import AsyncIterator
from contextlib import suppress
from pathlib import Path
from typing import Any

import pytest
from sqlalchemy import Connection, Engine, event

from lorakeeper.py.civitai.http import Http
from lorakeeper.py.errors import MissingError, UsageError
from lorakeeper.py.library import rows
from lorakeeper.py.library.learned import Reading, settle
from lorakeeper.py.library.lookup import BASES, Lookup, Match
from lorakeeper.py.library.previews import Previews
from lorakeeper.py.library.roots import FolderRoots, folder_of
from lorakeeper.py.library.view import View
from lorakeeper.py.library.wishes import Wish, remembered, wish
from lorakeeper.py.storage.database import Database

A, B = "a" * 64, "b" * 64


class Library:
    """Files on the disk, and what is known of them."""

    def __init__(self, base: Path, database: Database) -> None:
        self.base = base
        self.database = database
        self.roots = FolderRoots({kind: [base / kind] for kind in ("loras", "checkpoints")})
        self.lookup = Lookup(database, self.roots)
        http = Http(base_url=lambda: "", key_for=lambda url: None, proxy=lambda: "")
        previews = Previews(base / "previews", http, nsfw_bits=lambda: 1, allowed=lambda url: False)
        self.view = View(previews, site_url=lambda: "https://civitai.com")

    async def put(
        self,
        name: str,
        content: bytes | None = None,
        *,
        kind: str = "loras",
        hashed: bool = True,
        site: dict[str, Any] | None = None,
        others: dict[str, str] | None = None,
        base_model: str | None = None,
    ) -> str:
        """A file as a scan finds it, read if ``hashed``; returns its SHA256."""
        path = self.base / kind / name
        path.parent.mkdir(parents=True, exist_ok=True)
        content = name.encode() if content is None else content
        path.write_bytes(content)
        sha256 = hashlib.sha256(content).hexdigest()
        place = rows.Place(str(path), kind, str(Path(name)), folder_of(str(Path(name))))
        facts = rows.stamp(path)
        header = {"format": "safetensors", "base_model": base_model} if base_model else None

        def write(connection: Connection) -> None:
            [file_id] = rows.add_files(connection, [(place, facts, None, None)])
            reading = Reading(facts, header=header, sha256=sha256 if hashed else None, others=others)
            [known] = settle(connection, self.view, file_id, reading)
            if site:
                rows.put_site(connection, known, site)
                self.view.refresh_contents(connection, [known])

        await self.database.write(write)
        return sha256

    def rename(self, name: str, new: str) -> None:
        (self.base / "loras" / name).rename(self.base / "loras" / new)

    async def find(self, name: str, **how: Any) -> str:
        return (await self.lookup.find(name, **how)).name.replace("\\", "/")

    async def refusal(self, name: str, **how: Any) -> str:
        with pytest.raises((MissingError, UsageError)) as raised:
            await self.lookup.find(name, **how)
        sentence = str(raised.value)
        assert "\n" not in sentence
        assert sentence.endswith(".")
        return sentence


@pytest.fixture
async def library(tmp_path: Path) -> AsyncIterator[Library]:
    database = Database(tmp_path / "library.db")
    await database.open()
    yield Library(tmp_path, database)
    await database.close()


def version(model: int, number: int, title: str, name: str) -> dict[str, Any]:
    return {"id": number, "modelId": model, "name": name, "model": {"name": title, "type": "LORA"}}


# -- Names -------------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    "name",
    [
        "sdxl/style/Ink v1.5.safetensors",
        "sdxl\\style\\Ink v1.5.safetensors",
        "sdxl/style/Ink v1.5",
        "style/Ink v1.5.safetensors",
        "Ink v1.5.safetensors",
        "Ink v1.5",
        "INK V1.5",
        "SDXL/Style/ink v1.5.SAFETENSORS",
        " Ink v1.5 ",
    ],
)
async def test_a_loaders_name_is_found_with_and_without_its_parts(library: Library, name: str) -> None:
    await library.put("sdxl/style/Ink v1.5.safetensors")
    await library.put("sdxl/style/Ink v1.5b.safetensors")
    await library.put("sdxl/Pen.safetensors")

    assert await library.find(name) == "sdxl/style/Ink v1.5.safetensors"


@pytest.mark.parametrize("name", ["水墨画", "Обводка", "pixel_art-v2", "!!", "a", "é"])
async def test_names_of_any_script_and_length_are_found(library: Library, name: str) -> None:
    for each in ("水墨画", "Обводка", "pixel_art-v2", "!!", "a", "é"):
        await library.put(f"sub/{each}.safetensors")

    assert await library.find(name.upper()) == f"sub/{name}.safetensors"


async def test_the_whole_name_goes_before_a_part_of_one(library: Library) -> None:
    await library.put("ink.safetensors")
    await library.put("sdxl/ink.safetensors")
    await library.put("sdxl/Ink.safetensors")

    assert await library.find("ink") == "ink.safetensors"
    assert await library.find("sdxl/ink") == "sdxl/ink.safetensors"
    assert await library.find("sdxl/Ink") == "sdxl/Ink.safetensors"


async def test_a_part_of_a_word_is_no_name(library: Library) -> None:
    await library.put("inkwell.safetensors")

    assert await library.refusal("ink") == (
        "There is no LoRA ink in your loras folders: choose another, or download it."
    )


async def test_several_files_are_named_up_to_five(library: Library) -> None:
    for number in range(7):
        await library.put(f"{number}/ink.safetensors")

    sentence = await library.refusal("ink")

    assert "0/ink.safetensors, 1/ink.safetensors" in sentence.replace("\\", "/")
    assert "4/ink.safetensors and 2 more: write the whole name of the LoRA." in sentence.replace("\\", "/")


async def test_copies_are_as_good_as_each_other(library: Library) -> None:
    for folder in ("b", "a"):
        await library.put(f"{folder}/ink.safetensors", b"the same")

    assert await library.find("ink") == "a/ink.safetensors"


async def test_a_file_that_is_not_in_the_library_yet_is_found_by_its_whole_name(library: Library) -> None:
    path = library.base / "loras" / "new" / "ink.safetensors"
    path.parent.mkdir(parents=True)
    path.write_bytes(b"new")

    match = await library.lookup.find("new\\ink.safetensors")

    assert match == Match(path, "loras", str(Path("new", "ink.safetensors")), None)


async def test_a_file_that_is_gone_is_not_found(library: Library) -> None:
    await library.put("sub/ink.safetensors")
    (library.base / "loras" / "sub" / "ink.safetensors").unlink()

    assert "There is no LoRA" in await library.refusal("ink")
    assert "There is no LoRA" in await library.refusal("sub/ink.safetensors")


async def test_only_the_kind_that_is_asked_for_is_found(library: Library) -> None:
    await library.put("ink.safetensors", kind="checkpoints")

    assert "There is no LoRA" in await library.refusal("ink")
    assert await library.find("ink", kind="checkpoints") == "ink.safetensors"


@pytest.mark.parametrize(
    "name", ["../secret.safetensors", "..\\secret.safetensors", "/etc/hostname", "a\0b", "x" * 5000, ""]
)
async def test_no_name_leads_out_of_the_folders(library: Library, name: str) -> None:
    (library.base / "secret.safetensors").write_bytes(b"")

    await library.refusal(name)


async def test_an_exact_name_is_no_guess(library: Library) -> None:
    await library.put("sub/ink.safetensors")

    assert "There is no LoRA ink" in await library.refusal("ink", exact=True)
    assert await library.find("sub/ink.safetensors", exact=True) == "sub/ink.safetensors"


# -- Civitai's names, hashes and numbers -------------------------------------------------------------------------------


async def test_civitais_names_are_found(library: Library) -> None:
    await library.put("file_a.safetensors", site=version(10, 1, "Ink - Wash", "v1.0"))
    await library.put("file_b.safetensors", site=version(20, 2, "Neon Rain", "Night edition"))
    await library.put("file_c.safetensors", site=version(20, 3, "Neon Rain", "Day"))

    assert await library.find("ink - wash") == "file_a.safetensors"
    assert await library.find("Ink - Wash - V1.0") == "file_a.safetensors"
    assert await library.find("neon rain - night edition") == "file_b.safetensors"
    assert await library.find("Night Edition") == "file_b.safetensors"
    assert "file_b.safetensors and file_c.safetensors" in await library.refusal("Neon Rain")
    assert "There is no LoRA" in await library.refusal("Neon")


async def test_a_hash_is_found_by_its_beginning(library: Library) -> None:
    sha256 = await library.put("ink.safetensors", others={"AutoV3": "0123456789AB", "CRC32": "FEDCBA98"})
    await library.put("pen.safetensors", others={"AutoV3": "0123456789AC"})

    for text in (sha256[:8], sha256[:10].upper(), sha256, "0123456789ab", "fedcba98"):
        assert await library.find(text) == "ink.safetensors"
    assert "ink.safetensors and pen.safetensors" in await library.refusal("0123456789")
    assert "There is no LoRA" in await library.refusal(sha256[:7])


async def test_a_name_goes_before_a_hash(library: Library) -> None:
    sha256 = await library.put("ink.safetensors")
    await library.put(f"{sha256[:8]}.safetensors")

    assert await library.find(sha256[:8]) == f"{sha256[:8]}.safetensors"


async def test_version_and_air_are_found(library: Library) -> None:
    await library.put("a.safetensors", site=version(10, 1, "Ink", "v1"))
    await library.put("b.safetensors", site=version(10, 2, "Ink", "v2"))

    assert await library.find("10@2") == "b.safetensors"
    assert await library.find("urn:air:sdxl:lora:civitai:10@1") == "a.safetensors"
    assert "may be any of" in await library.refusal("urn:air:sdxl:lora:civitai:10")
    assert "There is no LoRA" in await library.refusal("11@2")


# -- Contents ----------------------------------------------------------------------------------------------------------


async def test_a_renamed_file_is_found_by_its_content(library: Library) -> None:
    content = await library.put("new/name.safetensors")

    match = await library.lookup.find("old.safetensors", content=content.upper(), exact=True)

    assert match.name == str(Path("new", "name.safetensors"))
    assert match.sha256 == content
    assert match.note == f"old.safetensors was found by its content: it is {match.name} here."


async def test_the_content_goes_before_another_file_of_that_name(library: Library) -> None:
    await library.put("ink.safetensors", b"mine")
    theirs = await library.put("other.safetensors", b"theirs")

    match = await library.lookup.find("ink.safetensors", content=theirs)

    assert match.name == "other.safetensors"
    assert "ink.safetensors was found by its content" in match.note


async def test_another_content_under_the_name_is_used_and_said(library: Library) -> None:
    await library.put("ink.safetensors")

    match = await library.lookup.find("ink.safetensors", content=A)

    assert match.name == "ink.safetensors"
    assert match.note == ("ink.safetensors is not the file that this workflow was made with, so the result may differ.")


async def test_the_right_file_is_nothing_to_speak_of(library: Library) -> None:
    content = await library.put("ink.safetensors")
    await library.put("copy/ink.safetensors", b"ink.safetensors")
    await library.put("unread.safetensors", hashed=False)

    assert (await library.lookup.find("ink.safetensors", content=content)).note == ""
    assert (await library.lookup.find("copy/ink.safetensors", content=content)).name == str(
        Path("copy/ink.safetensors")
    )
    assert (await library.lookup.find("unread.safetensors", content=A)).note == ""


async def test_of_copies_the_one_of_nearly_the_same_name_is_used(library: Library) -> None:
    for name in ("a.safetensors", "sub/ink.safetensors"):
        content = await library.put(name, b"the same")

    assert await library.find("ink.safetensors", content=content) == "sub/ink.safetensors"


async def test_a_file_that_has_changed_since_is_not_its_old_content(library: Library) -> None:
    content = await library.put("ink.safetensors")
    (library.base / "loras" / "ink.safetensors").write_bytes(b"something else")

    assert await library.lookup.contents([("loras", "ink.safetensors")]) == [None]
    assert "hash" in await library.refusal("old.safetensors", content=content)


async def test_contents_and_families_of_names(library: Library) -> None:
    content = await library.put("sub/ink.safetensors", base_model="Pony")
    await library.put("flux.safetensors", kind="checkpoints", base_model="Flux.1 D")

    assert await library.lookup.contents([("loras", "sub\\ink.safetensors"), ("loras", "ink")]) == [content, None]
    asked = [(("loras",), "sub/ink.safetensors"), (BASES, "flux.safetensors"), (BASES, "none.safetensors")]
    assert await library.lookup.families(asked) == ["sdxl", "flux", None]


# -- In a large library ------------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    "name", ["ink", "sub/ink", "sub/ink.safetensors", "Wanted - v1", "v1", "0123456789", "10@1", "gone"]
)
async def test_no_question_reads_a_whole_table(library: Library, name: str) -> None:
    content = await library.put("sub/ink.safetensors", site=version(10, 1, "Wanted", "v1"))
    asked: list[tuple[str, Any]] = []

    def hear(connection: Any, cursor: Any, statement: str, parameters: Any, *_: Any) -> None:
        asked.append((statement, parameters))

    def explain(connection: Connection) -> list[str]:
        plans = [connection.exec_driver_sql(f"EXPLAIN QUERY PLAN {text}", values).all() for text, values in asked]
        return [row.detail for plan in plans for row in plan]

    event.listen(Engine, "after_cursor_execute", hear)
    try:
        with suppress(MissingError):
            await library.find(name)
        await library.find("other.safetensors", content=content)
    finally:
        event.remove(Engine, "after_cursor_execute", hear)
    asked = [(text, values) for text, values in asked if text.startswith("SELECT")]
    steps = await library.database.read(explain)

    tables = ("files", "contents", "hashes", "site", "items", "cards")
    assert len(steps) > 2
    assert [step for step in steps if step.startswith(tuple(f"SCAN {table}" for table in tables))] == []


# -- What a workflow remembers -----------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("text", "name", "content"),
    [
        (f'{{"sub/ink.safetensors": "{A}", "pen": "{B.upper()}"}}', "sub\\ink.safetensors", A),
        (f'{{"pen": "{B.upper()}"}}', "pen", B),
        (f'{{"pen": "{B}"}}', "ink", ""),
        (f" {A.upper()} ", "whatever", A),
        ("", "ink", ""),
        ("{", "ink", ""),
        ("[" * 100_000, "ink", ""),
        ('{"a":' * 100_000, "ink", ""),
        ('{"ink": 5}', "ink", ""),
        ('{"ink": "abc"}', "ink", ""),
    ],
)
def test_a_content_is_remembered_for_its_name(text: str, name: str, content: str) -> None:
    assert remembered(text, name) == content


def test_nothing_chosen_is_no_wish() -> None:
    assert [wish(name, A) for name in (None, "", " ", "None")] == [None] * 4
    assert wish("ink", A, 0.5, 0.0) == Wish("ink", 0.5, 0.0, A)
    assert not Wish("ink", 0.0, 0.0).counts
