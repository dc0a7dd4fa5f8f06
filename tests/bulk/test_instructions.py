"""Instructions: looked through, approved, carried out, in that order and no other; as files for friends."""

from __future__ import annotations

import json
from datetime import timedelta
from pathlib import Path
from typing import Any

import pytest

from lorakeeper.py.app import App
from lorakeeper.py.bulk import BulkStatus
from lorakeeper.py.bulk.instructions import Instruction, InstructionKind, InstructionStatus, NewInstruction
from lorakeeper.py.bulk.instructions.documents import Line
from lorakeeper.py.errors import (
    BatchProcessingError,
    InstructionNotFoundError,
    InvalidOperationError,
    SpaceError,
    UsageError,
)
from lorakeeper.py.events import Event
from lorakeeper.testing import samples
from lorakeeper.testing.fake_civitai import FakeCivitai

STATES = InstructionStatus


def targets(civitai: FakeCivitai, count: int, name: str = "m") -> list[str]:
    added = [civitai.add(samples.lora(f"{name}{n}", size=60_000)) for n in range(count)]
    return [f"{ids.model_id}@{ids.version_id}" for ids in added]


async def made(app: App, wanted: list[Any], **options: Any) -> Instruction:
    listed = [each if isinstance(each, dict) else {"target": each} for each in wanted]
    return await app.instructions.create(NewInstruction(payload={"targets": listed, **options}, title="Some"))


async def lines(app: App, instruction: Instruction) -> list[Line]:
    validated = await app.instructions.validate(instruction.id)
    assert validated.validation
    return validated.validation.lines


def kinds(line: Line) -> set[str]:
    return {remark.kind for remark in line.remarks}


# -- The life of one -------------------------------------------------------------------------------------------------


async def test_from_draft_to_files(app: App, civitai: FakeCivitai) -> None:
    instruction = await made(app, targets(civitai, 3))
    assert instruction.status is STATES.DRAFT
    assert not civitai.site.requests

    validated = await app.instructions.validate(instruction.id)
    assert not civitai.storage.requests
    approved = await app.instructions.approve(instruction.id)
    executed = await app.instructions.execute(instruction.id)
    job = await app.jobs.wait(str((executed.result or {})["job"]))

    assert [each.status for each in (validated, approved, executed)] == [
        STATES.VALIDATED,
        STATES.APPROVED,
        STATES.EXECUTED,
    ]
    assert validated.validation
    assert (validated.validation.files, validated.validation.bytes) == (3, 180_000)
    assert (job.state, job.downloaded_files) == (BulkStatus.COMPLETED, 3)
    [first, *_] = validated.validation.lines
    assert Path(first.path or "").is_file()
    times = [executed.created_at, executed.validated_at, executed.approved_at, executed.executed_at]
    assert times == sorted(time for time in times if time)
    assert await app.instructions.get(instruction.id) == executed


async def test_approval_needs_a_validation_of_what_it_is_now(app: App, civitai: FakeCivitai) -> None:
    one, two = targets(civitai, 2)
    instruction = await made(app, [one])
    with pytest.raises(InvalidOperationError, match="draft: validate it"):
        await app.instructions.approve(instruction.id)
    await app.instructions.validate(instruction.id)

    changed = await app.instructions.change(instruction.id, payload={"targets": [{"target": two}]})

    assert (changed.status, changed.validation) == (STATES.DRAFT, None)
    with pytest.raises(InvalidOperationError):
        await app.instructions.approve(instruction.id)
    await app.instructions.validate(instruction.id)
    await app.instructions.change(instruction.id, title="Another title is no other plan")
    assert (await app.instructions.approve(instruction.id)).status is STATES.APPROVED


async def test_only_what_is_approved_is_carried_out_and_only_once(app: App, civitai: FakeCivitai) -> None:
    instruction = await made(app, targets(civitai, 1))
    for step in (None, app.instructions.validate):
        if step:
            await step(instruction.id)
        with pytest.raises(InvalidOperationError, match="approve it first"):
            await app.instructions.execute(instruction.id)
    await app.instructions.approve(instruction.id)
    await app.instructions.execute(instruction.id)

    for act in (app.instructions.execute, app.instructions.approve, app.instructions.validate, app.instructions.reject):
        with pytest.raises(InvalidOperationError):
            await act(instruction.id)
    assert len((await app.jobs.page()).items) == 1


async def test_what_is_rejected_is_over(app: App, civitai: FakeCivitai) -> None:
    instruction = await made(app, targets(civitai, 1))
    await app.instructions.validate(instruction.id)
    assert (await app.instructions.reject(instruction.id)).status is STATES.REJECTED

    for act in (app.instructions.validate, app.instructions.approve, app.instructions.execute):
        with pytest.raises(InvalidOperationError):
            await act(instruction.id)


async def test_carried_out_again_after_a_crash_it_is_the_same_job(app: App, civitai: FakeCivitai) -> None:
    instruction = await made(app, targets(civitai, 1))
    await app.instructions.validate(instruction.id)
    approved = await app.instructions.approve(instruction.id)
    executed = await app.instructions.execute(instruction.id)

    # As if the process had died between making the job and saying so.
    from lorakeeper.py.bulk.instructions import store

    await app.database.write(lambda c: store.save(c, approved, executed))
    again = await app.instructions.execute(instruction.id)

    assert again.result == executed.result
    assert len((await app.jobs.page()).items) == 1


async def test_a_change_during_the_validation_is_not_overwritten(app: App, civitai: FakeCivitai) -> None:
    import asyncio

    from lorakeeper.testing.fake_civitai import Delay

    one, two = targets(civitai, 2)
    instruction = await made(app, [one])
    civitai.faults.site.append(Delay(0.3))
    validating = asyncio.create_task(app.instructions.validate(instruction.id))
    await asyncio.sleep(0.1)

    await app.instructions.change(instruction.id, payload={"targets": [{"target": two}]})

    with pytest.raises(InvalidOperationError, match="changed meanwhile"):
        await validating
    kept = await app.instructions.get(instruction.id)
    assert (kept.status, kept.payload["targets"]) == (STATES.DRAFT, [{"target": two}])


async def test_where_nothing_can_be_done_nothing_is_approved(app: App, civitai: FakeCivitai) -> None:
    instruction = await made(app, ["999999"])
    await app.instructions.validate(instruction.id)

    with pytest.raises(InvalidOperationError, match="nothing in it to do"):
        await app.instructions.approve(instruction.id)


async def test_without_room_nothing_is_approved(app: App, civitai: FakeCivitai) -> None:
    instruction = await made(app, targets(civitai, 2))
    app.space.free = lambda folder: 100_000

    validated = await app.instructions.validate(instruction.id)

    assert validated.validation
    [room] = validated.validation.rooms
    assert (room.free, room.needed, room.after) == (100_000, 120_000, -20_000)
    with pytest.raises(InvalidOperationError, match=r"lacks 0\.0 GB"):
        await app.instructions.approve(instruction.id)


# -- What a validation says ------------------------------------------------------------------------------------------


async def test_a_list_with_every_kind_of_fault_is_reported_line_by_line(app: App, civitai: FakeCivitai) -> None:
    def add(sample: samples.Sample) -> str:
        ids = civitai.add(sample)
        return f"{ids.model_id}@{ids.version_id}"

    lora = samples.lora
    [owned] = targets(civitai, 1, "owned")
    await app.jobs.wait((await app.jobs.add(owned)).id)
    trap = add(samples.bad_pickle("trap"))
    await app.jobs.wait((await app.jobs.add(trap)).id)
    (app.roots.folders("loras")[0] / "taken.safetensors").write_bytes(b"another file of that name")
    good = targets(civitai, 83)
    soon = timedelta(days=9999)
    special = {
        "what is this?": ("refused", {"target"}),
        "https://huggingface.co/some/model": ("refused", {"target"}),
        "urn:air:sdxl:lora:huggingface:1@2": ("refused", {"target"}),
        "sha256:abc": ("refused", {"target"}),
        "999999": ("refused", {"gone"}),
        "1@999999": ("refused", {"gone"}),
        add(lora("locked", needs_key=True)): ("refused", {"key"}),
        add(lora("early", early_access=soon)): ("refused", {"early access"}),
        add(lora("archived", archived=True)): ("refused", {"gone"}),
        add(lora("pose").but(type="Poses")): ("refused", {"type"}),
        add(lora("taken")): ("do", {"name"}),
        add(lora("nameless", hashes={})): ("do", {"hash"}),
        add(samples.upscaler("scaler")): ("do", {"pickle"}),
        add(lora("explicit", nsfw_level=16)): ("do", {"nsfw"}),
        owned: ("owned", set()),
        trap: ("refused", {"pickle", "quarantined"}),
        good[0]: ("owned", {"twice"}),
    }
    text = "\n".join(["# A friend's collection", "", *good, *(f"{target}   # {n}" for n, target in enumerate(special))])

    [instruction] = await app.instructions.read(text, "A friend's")
    found = await lines(app, instruction)

    assert len(found) == 100
    assert [line.number for line in found] == [*range(3, 103)]
    assert {line.outcome for line in found[:83]} == {"do"}
    assert not any(line.remarks for line in found[:83])
    for line, (target, (outcome, remarks)) in zip(found[83:], special.items(), strict=True):
        assert (target, line.outcome, kinds(line)) == (target, outcome, remarks), line
        assert all(remark.text.endswith(".") or ":" in remark.text for remark in line.remarks)
    [archived] = [line for line in found if any("Archived" in remark.text for remark in line.remarks)]
    assert archived.outcome == "refused"
    validated = await app.instructions.get(instruction.id)
    assert validated.validation
    report = validated.validation
    assert (report.files, report.owned, report.refused) == (87, 2, 11)
    assert report.bytes == sum(line.size or 0 for line in found if line.outcome == "do")
    assert report.rooms[0].after == report.rooms[0].free - report.bytes

    # And it is what happens.
    await app.instructions.approve(instruction.id)
    executed = await app.instructions.execute(instruction.id)
    job = await app.jobs.wait(str((executed.result or {})["job"]))
    assert (job.downloaded_files, job.total_files) == (87, 87)


async def test_the_time_is_told_by_the_speed_that_was_measured(app: App, civitai: FakeCivitai) -> None:
    instruction = await made(app, targets(civitai, 1))
    first = await app.instructions.validate(instruction.id)
    big = civitai.add(samples.lora("big", size=6_000_000))
    await app.jobs.wait((await app.jobs.add(str(big.model_id))).id)
    app.optimizer.judge()

    second = await app.instructions.validate(instruction.id)

    assert first.validation
    assert first.validation.seconds is None
    assert second.validation
    assert (second.validation.seconds or 0) > 0


async def test_a_key_in_a_link_is_in_no_document(app: App, civitai: FakeCivitai) -> None:
    instruction = await made(app, ["https://elsewhere.example/x?token=very-secret-key"])
    await app.instructions.validate(instruction.id)
    link = await made(app, [f"{civitai.url}/models/1?token=very-secret-key"])

    bare = await made(app, ["elsewhere.example/x?token=very-secret-key"])

    for each in (instruction, link, bare):
        assert "very-secret-key" not in (await app.instructions.get(each.id)).model_dump_json()


# -- Other kinds -----------------------------------------------------------------------------------------------------


async def test_scanning_and_finding_out_are_instructions_too(app: App, civitai: FakeCivitai) -> None:
    sample = samples.lora("Ada", trigger_words=["ada"])
    civitai.add(sample)
    folder = app.roots.folders("loras")[0]
    folder.mkdir(parents=True)
    (folder / "Ada.safetensors").write_bytes(sample.content())
    results = []
    for kind, payload in (
        (InstructionKind.SCAN, {"whole": True}),
        (InstructionKind.METADATA, {"paths": [str(folder)]}),
    ):
        instruction = await app.instructions.create(NewInstruction(kind=kind, payload=payload))
        validated = await app.instructions.validate(instruction.id)
        assert validated.validation
        assert validated.validation.files > 0
        await app.instructions.approve(instruction.id)
        results.append((await app.instructions.execute(instruction.id)).result)

    assert results[0] is not None
    assert results[0]["files"] == 1
    assert results[1] == {"files": 1, "failed": 0}
    path = folder / "Ada.safetensors"
    assert (await app.library.info(path, fetch=False)).model_id is not None


async def test_folders_outside_the_model_folders_are_refused(app: App, tmp_path: Path) -> None:
    (tmp_path / "elsewhere").mkdir()
    inside = app.roots.folders("loras")[0]
    inside.mkdir(parents=True)
    paths = [str(tmp_path / "elsewhere"), f"{inside}/../../../elsewhere", f"{inside}/nothing", str(inside)]
    instruction = await app.instructions.create(NewInstruction(kind=InstructionKind.SCAN, payload={"paths": paths}))

    found = await lines(app, instruction)

    assert [(line.outcome, kinds(line)) for line in found] == [
        ("refused", {"outside"}),
        ("refused", {"outside"}),
        ("refused", {"missing"}),
        ("do", set()),
    ]


async def test_what_fails_says_so(app: App, civitai: FakeCivitai, monkeypatch: pytest.MonkeyPatch) -> None:
    instruction = await made(app, targets(civitai, 1))
    await app.instructions.validate(instruction.id)
    await app.instructions.approve(instruction.id)

    async def full(*_: object, **__: object) -> None:
        raise SpaceError("The disk is full.")

    monkeypatch.setattr(app.jobs, "create_bulk_job", full)
    heard: list[Event] = []
    app.events.subscribe(heard.append)
    failed = await app.instructions.execute(instruction.id)

    assert (failed.status, failed.error) == (STATES.FAILED, "The disk is full.")
    (event,) = [event for event in heard if event.topic == "error"]
    assert event.data == {"where": "instruction", "at": "download", "cause": "SpaceError", "status": 507}
    assert (await app.instructions.validate(instruction.id)).status is STATES.VALIDATED


# -- Many at once ----------------------------------------------------------------------------------------------------


@pytest.mark.parametrize("mode", ["parallel", "sequential"])
async def test_one_bad_id_never_stops_the_others(app: App, civitai: FakeCivitai, mode: str) -> None:
    one, two = [await made(app, [target]) for target in targets(civitai, 2)]
    ids = [one.id, "nothing", two.id]

    results = [
        await app.instructions.process_instructions(ids, operation, mode)
        for operation in ("approve", "validate", "approve", "execute")
    ]

    assert [(result.success, result.failed) for result in results] == [(0, 3), (2, 1), (2, 1), (2, 1)]
    assert [detail.id for detail in results[0].details] == ids
    assert [(detail.error or {}).get("kind") for detail in results[0].details] == [
        "InvalidOperationError",
        "InstructionNotFoundError",
        "InvalidOperationError",
    ]
    assert all(result.total_time > 0 for result in results)
    assert [detail.status for detail in results[3].details] == [STATES.EXECUTED, None, STATES.EXECUTED]


async def test_a_batch_that_makes_no_sense_is_refused(app: App) -> None:
    for ids in ([], [str(n) for n in range(2000)]):
        with pytest.raises(BatchProcessingError, match="1 to 1,000"):
            await app.instructions.process_instructions(ids, "validate")
    with pytest.raises(BatchProcessingError, match="parallel or sequential"):
        await app.instructions.process_instructions(["x"], "validate", "sideways")
    with pytest.raises(InvalidOperationError, match="no operation 'delete'"):
        await app.instructions.process_instructions(["x"], "delete")
    with pytest.raises(InstructionNotFoundError):
        await app.instructions.get("x")


# -- Files -----------------------------------------------------------------------------------------------------------


async def test_what_is_written_is_read_again(app: App, civitai: FakeCivitai) -> None:
    wanted = targets(civitai, 2)
    one = await made(app, [{"target": wanted[0], "name": "First"}, wanted[1]], options={"strategy": "sequential"})
    two = await app.instructions.create(NewInstruction(title="Look", kind=InstructionKind.SCAN, payload={}))

    text = await app.instructions.write([one.id, two.id])
    again = await app.instructions.read(text)

    assert [(each.title, each.kind, each.payload) for each in again] == [
        (each.title, each.kind, each.payload) for each in (one, two)
    ]
    assert {each.status for each in again} == {STATES.DRAFT}
    assert one.id not in text


async def test_a_list_of_targets_is_written_and_read_again(app: App, civitai: FakeCivitai) -> None:
    wanted = targets(civitai, 2)
    one = await made(app, [{"target": wanted[0], "name": "First # one"}, wanted[1]])

    text = await app.instructions.write([one.id], as_list=True)
    [again] = await app.instructions.read(text)

    assert text == f"# Some\n{wanted[0]}  # First # one\n{wanted[1]}\n"
    assert again.payload["targets"] == [{"target": wanted[0], "line": 2}, {"target": wanted[1], "line": 3}]
    scan = await app.instructions.create(NewInstruction(kind=InstructionKind.SCAN, payload={}))
    with pytest.raises(UsageError, match="only downloads"):
        await app.instructions.write([scan.id], as_list=True)


async def test_a_mark_within_a_link_begins_no_comment(app: App) -> None:
    [instruction] = await app.instructions.read("\ufeffhttps://civitai.com/models/1#gallery # the first\r\n\r\n  2 \n")

    assert instruction.payload["targets"] == [
        {"target": "1", "line": 1},
        {"target": "2", "line": 3},
    ]


@pytest.mark.parametrize(
    "text",
    [
        "",
        "# nothing\n\n",
        "{",
        "[]",
        json.dumps({"lorakeeper": 99, "instructions": [{"payload": {}}]}),
        json.dumps({"lorakeeper": 1, "instructions": []}),
        json.dumps({"lorakeeper": 1, "instructions": [{"payload": {"targets": []}}]}),
        json.dumps({"lorakeeper": 1, "instructions": [{"kind": "dance", "payload": {}}]}),
        json.dumps({"lorakeeper": 1, "instructions": [{"kind": "variations", "payload": {}}]}),
        "1\n" * 30_000,
    ],
)
async def test_a_file_that_makes_no_sense_makes_nothing(app: App, text: str) -> None:
    with pytest.raises(UsageError):
        await app.instructions.read(text)
    assert (await app.instructions.page()).items == []


async def test_the_list_is_paged_newest_first(app: App) -> None:
    instructions = [await made(app, [str(n)]) for n in range(1, 6)]
    await app.instructions.reject(instructions[0].id)

    first = await app.instructions.page(limit=3)
    rest = await app.instructions.page(limit=3, cursor=first.next_cursor)
    drafts = await app.instructions.page(status=STATES.DRAFT)

    assert [each.id for each in (*first.items, *rest.items)] == [each.id for each in reversed(instructions)]
    assert rest.next_cursor is None
    assert len(drafts.items) == 4
    validated = await app.instructions.validate(instructions[1].id)
    assert validated.validation
    assert validated.validation.lines
    [listed] = (await app.instructions.page(status=STATES.VALIDATED)).items
    assert listed.validation
    assert (listed.validation.refused, listed.validation.lines) == (1, [])
    await app.instructions.remove(instructions[0].id)
    with pytest.raises(InstructionNotFoundError):
        await app.instructions.remove(instructions[0].id)
