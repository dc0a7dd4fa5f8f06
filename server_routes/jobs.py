"""``/lorakeeper/jobs``: downloads of one file or many, from asked for to over. Progress comes as ``lorakeeper.job`` and
``lorakeeper.item`` events."""

from __future__ import annotations

from typing import TYPE_CHECKING, Annotated, Literal

from pydantic import BaseModel, ConfigDict, Field

from ..py.bulk.jobs import BulkOptions, BulkStatus, Item, ItemPage, ItemState, Job, JobPage, Priority, Wanted
from .civitai import WhichTarget
from .openapi import Api

if TYPE_CHECKING:
    from ..py.app import App


Target = Annotated[str, Field(min_length=1, max_length=2000)]


class JobsQuery(BaseModel):
    cursor: str | None = None
    limit: int = Field(100, ge=1, le=500)
    state: list[BulkStatus] = []


class ItemsQuery(BaseModel):
    cursor: str | None = None
    limit: int = Field(100, ge=1, le=500)
    state: list[ItemState] = []


class NewJob(WhichTarget):
    kind: str | None = Field(None, description="The kind of model folder, where the site's type names none.")


class NewBulkJob(BaseModel):
    model_config = ConfigDict(extra="forbid")

    targets: list[Target | Wanted] = Field(min_length=1, max_length=10_000)
    name: str = Field("", max_length=200)
    options: BulkOptions = BulkOptions()


class JobChanges(BaseModel):
    model_config = ConfigDict(extra="forbid")

    name: str | None = Field(None, min_length=1, max_length=200)
    priority: Priority | None = None


class Before(BaseModel):
    """Where something is put: before the thing with that id; null is the end."""

    model_config = ConfigDict(extra="forbid")

    before: str | None = None


class Removed(BaseModel):
    removed: str


Act = Literal["pause", "resume", "cancel", "retry"]


def add(api: Api, services: App) -> None:
    jobs = services.jobs

    @api.get("jobs", "The jobs, newest first")
    async def page(query: JobsQuery) -> JobPage:
        return await jobs.page(cursor=query.cursor, limit=query.limit, states=query.state)

    @api.post("jobs", "Download a model, ahead of others; the same target twice is one job", status=202)
    async def start(body: NewJob) -> Job:
        return await jobs.add(str(body.parsed(services)), kind=body.kind, file_id=body.file_id)

    @api.post("jobs/bulk", "Download many models; what is no target is reported as a failed file", status=202)
    async def start_many(body: NewBulkJob) -> Job:
        return await jobs.create_bulk_job(body.targets, body.name, body.options)

    @api.get("jobs/{id}", "One job")
    async def get(id: str) -> Job:  # noqa: A002 - the name in the path
        return await jobs.get(id)

    @api.patch("jobs/{id}", "Change a job's name or its priority")
    async def change(id: str, body: JobChanges) -> Job:  # noqa: A002
        return await jobs.change(id, name=body.name, priority=body.priority)

    @api.delete("jobs/{id}", "Forget a job that is over; the files it brought stay")
    async def remove(id: str) -> Removed:  # noqa: A002
        await jobs.remove(id)
        return Removed(removed=id)

    @api.post("jobs/{id}/move", "Put a job before another one, or at the end")
    async def move(id: str, body: Before) -> Job:  # noqa: A002
        return await jobs.move(id, body.before)

    @api.get("jobs/{id}/items", "A job's files, in their order")
    async def items(id: str, query: ItemsQuery) -> ItemPage:  # noqa: A002
        return await jobs.items(id, cursor=query.cursor, limit=query.limit, states=query.state)

    @api.post("jobs/{id}/items/{item}/move", "Put a file before another one of its job, or at the end")
    async def move_item(id: str, item: str, body: Before) -> Item:  # noqa: A002
        return await jobs.move_item(id, item, body.before)

    acts = {"pause": jobs.pause, "resume": jobs.resume, "cancel": jobs.cancel, "retry": jobs.retry}
    item_acts = {
        "pause": jobs.pause_item,
        "resume": jobs.resume_item,
        "cancel": jobs.cancel_item,
        "retry": jobs.retry_item,
    }

    @api.post("jobs/{id}/{act}", "Stop a job and keep what has arrived, go on, end it, or try again what failed")
    async def act(id: str, act: Act) -> Job:  # noqa: A002
        return await acts[act](id)

    @api.post("jobs/{id}/items/{item}/{act}", "The same for one file of a job")
    async def act_item(id: str, item: str, act: Act) -> Item:  # noqa: A002
        return await item_acts[act](id, item)
