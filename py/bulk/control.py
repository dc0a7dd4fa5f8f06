"""What the user's word does to jobs and their files, each in one transaction. Who runs a job does what its rows say.

Each function takes a connection that writes, and raises MissingError for what isn't there, ConflictError for what
doesn't fit the state that it meets. ``runs`` says whether a living process has the job.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from sqlalchemy import Connection, Select, Table, bindparam, func, select, update

from ..errors import ConflictError, MissingError
from ..storage.tables import job_items, jobs
from . import rows
from .jobs import RUNNING, BulkStatus, Item, ItemState, Job, Priority, now

WAITING = (ItemState.QUEUED, ItemState.PAUSED)


def job_of(connection: Connection, job_id: str) -> Job:
    found = rows.load(connection, job_id)
    if found is None:
        raise MissingError("There is no such job.")
    return found[0]


def item_of(connection: Connection, job_id: str, item_id: str) -> Item:
    found = rows.load_item(connection, item_id)
    if found is None or found.job != job_id:
        raise MissingError("There is no such file in that job.")
    return found


# -- Jobs ------------------------------------------------------------------------------------------------------------


def pause(connection: Connection, job_id: str, runs: bool) -> list[Item]:
    """The files that a process which died was to cancel: parts of them may lie somewhere."""
    job = job_of(connection, job_id)
    if not job.state.active:
        raise ConflictError(f"Only a job that waits or runs can be paused; this one is {job.state.value}.")
    ended = _free(connection, job_id, runs)
    rows.change(connection, job_id, state=BulkStatus.PAUSED.value)
    return ended


def resume(connection: Connection, job_id: str, runs: bool, owner: str) -> list[Item]:
    """``owner`` is who shall run it from now on. Files that were paused by themselves go on, too. Returns those that a
    process which died was to cancel."""
    job = job_of(connection, job_id)
    if job.state is not BulkStatus.PAUSED:
        raise ConflictError(f"Only a paused job can be resumed; this one is {job.state.value}.")
    ended = _free(connection, job_id, runs)
    _put(connection, rows.items_of(connection, job_id, [ItemState.PAUSED]), ItemState.QUEUED)
    _reopen(connection, job_id, owner)
    return ended


def retry(connection: Connection, job_id: str, owner: str) -> None:
    """The files that failed, and those that were cancelled with their job, wait again."""
    job = job_of(connection, job_id)
    again = rows.items_of(connection, job_id, [ItemState.FAILED])
    if job.state is BulkStatus.CANCELLED:
        again += rows.items_of(connection, job_id, [ItemState.CANCELLED])
    if not again:
        said = "job failed" if job.item else "file of this job failed"
        raise ConflictError(f"There is nothing to try again: no {said}; it is {job.state.value}.")
    _put(connection, again, ItemState.QUEUED)
    if job.state is not BulkStatus.PAUSED:
        _reopen(connection, job_id, owner)


def left_by(connection: Connection, job_id: str, states: Sequence[ItemState], item_id: str | None = None) -> list[Item]:
    """Those files of a job, or that one, of which parts may lie somewhere and that nobody is at."""
    found = rows.items_of(connection, job_id, states)
    return [item for item in found if item.part and item_id in (None, item.id)]


def cancel(connection: Connection, job_id: str, runs: bool) -> list[Item]:
    """The files of which parts may lie somewhere, but for those that the owner is at."""
    job = job_of(connection, job_id)
    if job.state.over:
        raise ConflictError(f"This job is over already: {job.state.value}.")
    ended = _free(connection, job_id, runs)
    rows.wish(connection, job_id, "cancel")
    waiting = rows.items_of(connection, job_id, WAITING)
    rows.change(connection, job_id, state=BulkStatus.CANCELLED.value, finished_at=now().timestamp())
    _put(connection, waiting, ItemState.CANCELLED)
    return [*ended, *waiting]


def remove(connection: Connection, job_id: str) -> None:
    """Forgets a job that is over."""
    if not job_of(connection, job_id).state.over:
        raise ConflictError("Cancel the job before you remove it from the list.")
    rows.forget(connection, job_id)


def change(connection: Connection, job_id: str, name: str | None, priority: Priority | None) -> None:
    job_of(connection, job_id)
    values: dict[str, Any] = {"name": name} if name else {}
    if priority:
        values["priority"] = priority.rank
    rows.change(connection, job_id, **values)


def move(connection: Connection, job_id: str, before: str | None) -> None:
    """Puts a job before another one, or at the end. Priorities go before places."""
    job_of(connection, job_id)
    query = select(jobs.c.id, jobs.c.position).where((jobs.c.state.in_(rows.OPEN)) | (jobs.c.id == job_id))
    _place(connection, jobs, query.order_by(jobs.c.position, jobs.c.sequence), job_id, before)


# -- Files -----------------------------------------------------------------------------------------------------------


def pause_item(connection: Connection, job_id: str, item_id: str, runs: bool) -> None:
    item = item_of(connection, job_id, item_id)
    if item.state.over or item.state is ItemState.PAUSED:
        raise ConflictError(f"Only a file that waits or is fetched can be paused; this one is {item.state.value}.")
    _end_item(connection, item, "pause", ItemState.PAUSED, runs)


def resume_item(connection: Connection, job_id: str, item_id: str) -> None:
    item = item_of(connection, job_id, item_id)
    if item.state is not ItemState.PAUSED:
        raise ConflictError(f"Only a paused file can be resumed; this one is {item.state.value}.")
    _put(connection, [item], ItemState.QUEUED)


def retry_item(connection: Connection, job_id: str, item_id: str, owner: str) -> None:
    item = item_of(connection, job_id, item_id)
    if item.state not in (ItemState.FAILED, ItemState.CANCELLED):
        raise ConflictError(f"Only a file that failed or was cancelled can be tried again; it is {item.state.value}.")
    _put(connection, [item], ItemState.QUEUED)
    if job_of(connection, job_id).state.over:
        _reopen(connection, job_id, owner)


def cancel_item(connection: Connection, job_id: str, item_id: str, runs: bool) -> list[Item]:
    """The file, if a part of it may lie somewhere that nobody is at."""
    item = item_of(connection, job_id, item_id)
    if item.state.over:
        raise ConflictError(f"This file is over already: {item.state.value}.")
    return [item] if _end_item(connection, item, "cancel", ItemState.CANCELLED, runs) else []


def move_item(connection: Connection, job_id: str, item_id: str, before: str | None) -> None:
    """Puts a file before another one of its job, or at the end."""
    item_of(connection, job_id, item_id)
    query = select(job_items.c.id, job_items.c.position).where(job_items.c.job == job_id)
    _place(connection, job_items, query.order_by(job_items.c.position, job_items.c.id), item_id, before)


def count_wished(connection: Connection, job_id: str, item_id: str | None = None) -> int:
    """How many files of a job, or whether that one, their owner has still to stop: wished so, or of a paused job."""
    states = [state.value for state in RUNNING]
    query = select(func.count()).where(job_items.c.job == job_id, job_items.c.state.in_(states))
    if job_of(connection, job_id).state is not BulkStatus.PAUSED:
        query = query.where(job_items.c.wish != "")
    return connection.execute(query if item_id is None else query.where(job_items.c.id == item_id)).scalar() or 0


# -- Inside ----------------------------------------------------------------------------------------------------------


def _free(connection: Connection, job_id: str, runs: bool) -> list[Item]:
    """What a process that died was at is nobody's; the files that it was to cancel."""
    return [] if runs else rows.stand_back(connection, job_id)


def _end_item(connection: Connection, item: Item, wish: str, state: ItemState, runs: bool) -> bool:
    """Whether it could be ended here; else its owner is asked to."""
    if item.state in RUNNING and runs:
        rows.wish(connection, item.job, wish, [item.id])
        return False
    _put(connection, [item], state)
    return True


def _put(connection: Connection, items: Sequence[Item], state: ItemState) -> None:
    """Files of one job."""
    for item in items:
        if item.state is ItemState.CANCELLED:
            item.seconds, item.held = 0.0, {}  # nothing is left of what was fetched
        item.state, item.rate, item.eta = state, 0.0, None
        item.updated_at = max(item.updated_at, now())
        if state is ItemState.QUEUED:
            item.error = item.cause = None
        if state is ItemState.CANCELLED:
            item.received = 0
    rows.put(connection, items)
    if items:
        rows.end(connection, items[0].job)


def _reopen(connection: Connection, job_id: str, owner: str) -> None:
    rows.change(connection, job_id, state=BulkStatus.PENDING.value, owner=owner, finished_at=None)
    rows.end(connection, job_id)


def _place(connection: Connection, table: Table, ordered: Select[Any], which: str, before: str | None) -> None:
    """Puts one of the rows before another one, or at the end; the places are those that there were."""
    found = connection.execute(ordered).all()
    ids = [row.id for row in found]
    if before is not None and before not in ids:
        raise MissingError("There is nothing of that id to put it before.")
    rest = [each for each in ids if each != which]
    place = len(rest) if before is None else ids.index(before) if before == which else rest.index(before)
    moved = [*rest[:place], which, *rest[place:]]
    positions = [float(number) for number, _ in enumerate(found)]
    if len({row.position for row in found}) == len(found):
        positions = [row.position for row in found]
    changed = [{"b_id": each, "b_place": position} for each, position in zip(moved, positions, strict=True)]
    statement = update(table).where(table.c.id == bindparam("b_id")).values(position=bindparam("b_place"))
    connection.execute(statement, changed)
