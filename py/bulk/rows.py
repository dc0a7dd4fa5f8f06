"""Jobs and their files as rows: reading and writing them, and what a job amounts to, counted from its files."""

from __future__ import annotations

from collections.abc import Collection, Iterable, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime, timezone
from typing import Any

from sqlalchemy import Connection, Row, and_, bindparam, delete, func, insert, or_, select, update

from ..errors import MissingError
from ..storage.tables import job_items, jobs
from .jobs import OVER, RUNNING, BulkOptions, BulkStatus, Item, ItemPage, ItemState, Job, JobPage, Priority, now

ACTIVE = tuple(state.value for state in BulkStatus if state.active)
OPEN = (*ACTIVE, BulkStatus.PAUSED.value)
_OVER = tuple(state.value for state in OVER)
_RUNNING = tuple(state.value for state in RUNNING)
ENDS = {"pause": ItemState.PAUSED, "cancel": ItemState.CANCELLED}  # what a wish makes of a file
_LOST = {ItemState.FAILED, ItemState.QUARANTINED, ItemState.CANCELLED}
_PLACE = (job_items.c.position, job_items.c.id)


@dataclass(frozen=True)
class OpenJob:
    """What the dispatcher wants to know of a job. ``waited`` is the seconds before its first file was begun."""

    id: str
    state: BulkStatus
    options: BulkOptions
    rank: int
    position: float
    waited: float
    files: int


# -- Reading ---------------------------------------------------------------------------------------------------------


def load(connection: Connection, job_id: str) -> tuple[Job, str] | None:
    """``(job, owner)``."""
    row = connection.execute(select(jobs).where(jobs.c.id == job_id)).first()
    return (_with_counts(connection, [row])[0], row.owner) if row else None


def page(connection: Connection, before: int | None, limit: int, states: Collection[BulkStatus] = ()) -> JobPage:
    """Newest first."""
    query = select(jobs).order_by(jobs.c.sequence.desc()).limit(limit + 1)
    if before is not None:
        query = query.where(jobs.c.sequence < before)
    if states:
        query = query.where(jobs.c.state.in_([state.value for state in states]))
    rows = connection.execute(query).all()
    # One more than asked for tells whether there is a next page.
    cursor = str(rows[limit - 1].sequence) if len(rows) > limit else None
    return JobPage(items=_with_counts(connection, rows[:limit]), next_cursor=cursor)


def items_page(
    connection: Connection, job_id: str, after: tuple[float, str] | None, limit: int, states: Collection[ItemState] = ()
) -> ItemPage:
    """A job's files in their order; ``after`` is the place and id of the last one of the page before."""
    query = select(*_PLACE, job_items.c.item).where(job_items.c.job == job_id).order_by(*_PLACE).limit(limit + 1)
    if after:
        later = and_(job_items.c.position == after[0], job_items.c.id > after[1])
        query = query.where((job_items.c.position > after[0]) | later)
    if states:
        query = query.where(job_items.c.state.in_([state.value for state in states]))
    rows = connection.execute(query).all()
    cursor = f"{rows[limit - 1].position!r} {rows[limit - 1].id}" if len(rows) > limit else None
    return ItemPage(items=[_item(row) for row in rows[:limit]], next_cursor=cursor)


def load_item(connection: Connection, item_id: str) -> Item | None:
    found = connection.execute(select(*_PLACE, job_items.c.item).where(job_items.c.id == item_id)).first()
    return _item(found) if found else None


def items_of(connection: Connection, job_id: str, states: Iterable[ItemState] = ItemState) -> list[Item]:
    """A job's files with one of these states, in their order."""
    wanted = job_items.c.state.in_([state.value for state in states])
    query = select(*_PLACE, job_items.c.item).where(job_items.c.job == job_id, wanted).order_by(*_PLACE)
    return [_item(row) for row in connection.execute(query).all()]


def alone(connection: Connection, target: str) -> list[Job]:
    """The jobs for this one target and nothing else, newest first."""
    of_target = select(job_items.c.job).where(job_items.c.target == target)
    found = connection.execute(select(jobs).where(jobs.c.id.in_(of_target)).order_by(jobs.c.sequence.desc())).all()
    return [job for job in _with_counts(connection, found) if job.item]


def open_jobs(connection: Connection, owner: str) -> list[OpenJob]:
    """What ``owner`` has to do, paused jobs among it, but none of which every file is over or paused by itself."""
    files = select(func.count()).where(job_items.c.job == jobs.c.id).scalar_subquery()
    states = [ItemState.QUEUED.value, *_RUNNING]
    todo = select(job_items.c.id).where(job_items.c.job == jobs.c.id, job_items.c.state.in_(states)).exists()
    query = select(jobs, files.label("files")).where(jobs.c.owner == owner, jobs.c.state.in_(OPEN), todo)
    return [
        OpenJob(
            id=row.id,
            state=BulkStatus(row.state),
            options=BulkOptions.model_validate(row.options),
            rank=row.priority,
            position=row.position,
            waited=max(0.0, (row.started_at or now().timestamp()) - row.created_at),
            files=row.files,
        )
        for row in connection.execute(query).all()
    ]


def others(connection: Connection, owner: str) -> list[tuple[str, str]]:
    """``(job, owner)`` of every job of somebody else that waits or runs, or of which a file does."""
    at = select(job_items.c.job).where(job_items.c.state.in_(_RUNNING))
    wanted = jobs.c.state.in_(ACTIVE) | jobs.c.id.in_(at)
    found = connection.execute(select(jobs.c.id, jobs.c.owner).where(jobs.c.owner != owner, wanted)).all()
    return [(row.id, row.owner) for row in found]


def said(connection: Connection, ids: Collection[str]) -> dict[str, tuple[ItemState, str]]:
    """The state and the wish that the rows of these files have."""
    query = select(job_items.c.id, job_items.c.state, job_items.c.wish).where(job_items.c.id.in_(ids))
    return {row.id: (ItemState(row.state), row.wish) for row in connection.execute(query).all()}


def is_cancelled(connection: Connection, item_id: str) -> bool:
    """Whether the user has ended a file, or wishes its owner to."""
    state, wish = said(connection, [item_id]).get(item_id, (ItemState.CANCELLED, ""))
    return ENDS.get(wish, state) is ItemState.CANCELLED


def next_items(connection: Connection, job_id: str, without: Collection[str], count: int) -> list[Item]:
    """The next files of a job that wait."""
    query = (
        select(*_PLACE, job_items.c.item)
        .where(
            job_items.c.job == job_id,
            job_items.c.state == ItemState.QUEUED.value,
            job_items.c.wish == "",
            job_items.c.id.not_in(without),
        )
        .order_by(*_PLACE)
        .limit(count)
    )
    return [_item(row) for row in connection.execute(query).all()]


# -- Writing ---------------------------------------------------------------------------------------------------------


def add(connection: Connection, job: Job, items: Sequence[Item], owner: str) -> Job:
    """A new job, at the end."""
    last = connection.execute(select(func.max(jobs.c.position))).scalar()
    connection.execute(
        insert(jobs).values(
            id=job.id,
            name=job.name,
            state=job.state.value,
            priority=job.options.priority.rank,
            position=0.0 if last is None else last + 1,
            owner=owner,
            options=job.options.model_dump(mode="json"),
            created_at=job.created_at.timestamp(),
            updated_at=job.updated_at.timestamp(),
        )
    )
    connection.execute(insert(job_items), [_values(item) for item in items])
    return end(connection, job.id)


def save(connection: Connection, item: Item) -> Job:
    """Writes how far a file is that somebody is at, unless the user ended it meanwhile or wishes that; the job then."""
    state, wish = said(connection, [item.id]).get(item.id, (ItemState.CANCELLED, ""))
    if not (wish or state.over or state is ItemState.PAUSED):
        put(connection, [item])
    return end(connection, item.job)


def finish(connection: Connection, item: Item) -> Job:
    """Writes that nobody is at a file any more; the job then. What came to an end of its own has that, else the file
    becomes, here and in ``item``, what the user wishes."""
    state, wish = said(connection, [item.id]).get(item.id, (ItemState.CANCELLED, ""))
    if not item.state.over:
        item.state = ENDS.get(wish) or (state if state.over or state is ItemState.PAUSED else item.state)
    put(connection, [item])
    return end(connection, item.job)


def put(connection: Connection, items: Sequence[Item]) -> None:
    """Writes the rows of files, but for their places. A wish that was met is no more."""
    names = ("state", "received", "total", "item")
    statement = (
        update(job_items)
        .where(job_items.c.id == bindparam("b_id"))
        .values({name: bindparam(f"b_{name}", type_=job_items.c[name].type) for name in names})
    )
    rows = [{f"b_{name}": value for name, value in _values(item).items()} for item in items]
    if rows:
        connection.execute(
            statement, [{name: row[name] for name in ("b_id", *(f"b_{n}" for n in names))} for row in rows]
        )
    met = [item.id for item in items if item.state not in RUNNING]
    connection.execute(update(job_items).where(job_items.c.id.in_(met)).values(wish=""))


def note(connection: Connection, items: Sequence[Item]) -> None:
    """How far these files are, for other processes to see."""
    rows = [
        {"which": item.id, "so_far": item.received, "size": item.total, "whole": item.model_dump(mode="json")}
        for item in items
    ]
    statement = (
        update(job_items)
        .where(job_items.c.id == bindparam("which"), or_(*(job_items.c.state == state for state in _RUNNING)))
        .values(
            received=bindparam("so_far"),
            total=bindparam("size"),
            item=bindparam("whole", type_=job_items.c.item.type),
        )
    )
    connection.execute(statement, rows)


def end(connection: Connection, job_id: str) -> Job:
    """Settles a job's state by its files: over where all of them are, at work where one of them was begun."""
    row = connection.execute(select(jobs).where(jobs.c.id == job_id)).first()
    if row is None:
        raise MissingError("There is no such job.")
    job = _with_counts(connection, [row])[0]
    left = job.total_files - job.downloaded_files - job.failed_files - job.cancelled_files
    late = job.state is BulkStatus.CANCELLED and not job.cancelled_files  # all of it arrived before it could be stopped
    changes: dict[str, Any] = {}
    if not left and (late or not job.state.over):
        changes = {"state": _result(job).value, "finished_at": now().timestamp()}
    elif job.state is BulkStatus.PENDING and (left < job.total_files or _begun(connection, job_id)):
        changes = {"state": BulkStatus.PROCESSING.value, "started_at": row.started_at or now().timestamp()}
    change(connection, job_id, **changes)
    return job.model_copy(update=_facts(connection.execute(select(jobs).where(jobs.c.id == job_id)).one()))


def claim(connection: Connection, job_id: str, owner: str, old: str) -> list[Item] | None:
    """Makes ``owner`` the one who runs a job. What ``old`` was at waits again; the files that were to be cancelled are
    returned, because parts of them may lie somewhere. None where somebody was faster."""
    taken = connection.execute(update(jobs).where(jobs.c.id == job_id, jobs.c.owner == old).values(owner=owner))
    return stand_back(connection, job_id) if taken.rowcount else None


def stand_back(connection: Connection, job_id: str) -> list[Item]:
    """What a process that died was at waits again, or has what was wished for it; the files that are cancelled now."""
    wished = select(job_items.c.id, job_items.c.wish).where(job_items.c.job == job_id, job_items.c.wish != "")
    wanted = {row.id: row.wish for row in connection.execute(wished).all()}
    left = items_of(connection, job_id, RUNNING)
    for item in left:
        item.state, item.rate, item.eta = ENDS.get(wanted.get(item.id, ""), ItemState.QUEUED), 0.0, None
    put(connection, left)
    end(connection, job_id)
    return [item for item in left if item.state is ItemState.CANCELLED]


def change(connection: Connection, job_id: str, **values: Any) -> None:
    """Changes columns of a job. Its time never goes back, whatever the clock does: pages tell by it what is newer."""
    before = connection.execute(select(jobs.c.updated_at).where(jobs.c.id == job_id)).scalar() or 0.0
    stamp = {"updated_at": max(before, now().timestamp())}
    connection.execute(update(jobs).where(jobs.c.id == job_id).values({**stamp, **values}))


def wish(connection: Connection, job_id: str, what: str, ids: Collection[str] | None = None) -> None:
    """Asks the owner to do something with the files that it is at: all of a job's, or these."""
    at = update(job_items).where(job_items.c.job == job_id, job_items.c.state.in_(_RUNNING))
    connection.execute((at if ids is None else at.where(job_items.c.id.in_(ids))).values(wish=what))


def forget(connection: Connection, job_id: str) -> None:
    connection.execute(delete(job_items).where(job_items.c.job == job_id))
    connection.execute(delete(jobs).where(jobs.c.id == job_id))


# -- Inside ----------------------------------------------------------------------------------------------------------


def _item(row: Any) -> Item:
    return Item.model_validate({**row.item, "position": row.position})


def _values(item: Item) -> dict[str, Any]:
    return {
        "id": item.id,
        "job": item.job,
        "position": item.position,
        "state": item.state.value,
        "wish": "",
        "target": item.target,
        "received": item.received,
        "total": item.total,
        "item": item.model_dump(mode="json"),
    }


def _begun(connection: Connection, job_id: str) -> bool:
    query = select(job_items.c.id).where(job_items.c.job == job_id, job_items.c.state.in_(_RUNNING)).limit(1)
    return connection.execute(query).first() is not None


def _result(job: Job) -> BulkStatus:
    if job.downloaded_files:
        return BulkStatus.COMPLETED
    return BulkStatus.FAILED if job.failed_files else BulkStatus.CANCELLED


def _facts(row: Row[Any]) -> dict[str, Any]:
    options = BulkOptions.model_validate(row.options)
    moments = ("created_at", "started_at", "finished_at", "updated_at")
    return {
        "id": row.id,
        "name": row.name,
        "state": BulkStatus(row.state),
        "options": options.model_copy(update={"priority": Priority.of(row.priority)}),
        "position": row.position,
        **{name: _moment(getattr(row, name)) for name in moments},
    }


def _moment(seconds: float | None) -> datetime | None:
    return None if seconds is None else datetime.fromtimestamp(seconds, timezone.utc)


def _with_counts(connection: Connection, rows: Sequence[Row[Any]]) -> list[Job]:
    ids = [row.id for row in rows]
    counted = (
        select(
            job_items.c.job,
            job_items.c.state,
            func.count().label("files"),
            func.sum(job_items.c.received).label("received"),
            func.sum(job_items.c.total).label("total"),
            func.count(job_items.c.total).label("sized"),
        )
        .where(job_items.c.job.in_(ids))
        .group_by(job_items.c.job, job_items.c.state)
    )
    counts: dict[str, dict[ItemState, Row[Any]]] = {each: {} for each in ids}
    for row in connection.execute(counted).all():
        counts[row.job][ItemState(row.state)] = row
    single = [job_id for job_id, states in counts.items() if sum(row.files for row in states.values()) == 1]
    only = select(job_items.c.job, *_PLACE, job_items.c.item).where(job_items.c.job.in_(single))
    items = {row.job: _item(row) for row in connection.execute(only).all()}
    return [Job(**_facts(row), **_counts(counts[row.id], items.get(row.id))) for row in rows]


def _counts(states: Mapping[ItemState, Row[Any]], item: Item | None) -> dict[str, Any]:
    def files(*which: ItemState) -> int:
        return sum(states[state].files for state in which if state in states)

    going = [row for state, row in states.items() if state not in _LOST]
    return {
        "total_files": files(*ItemState),
        "downloaded_files": files(ItemState.INSTALLED, ItemState.OWNED),
        "failed_files": files(ItemState.FAILED, ItemState.QUARANTINED),
        "cancelled_files": files(ItemState.CANCELLED),
        "sized_files": sum(row.sized for row in going),
        "received": sum(row.received or 0 for row in going),
        "total": sum(row.total or 0 for row in going) or None,
        "item": item,
        "error": item and item.error,
    }
