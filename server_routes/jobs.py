"""``/lorakeeper/jobs``: downloads, from asked for to over. Their progress comes as ``lorakeeper.job`` events."""

from __future__ import annotations

from typing import TYPE_CHECKING

from pydantic import BaseModel, Field

from ..py.bulk.jobs import Job, JobPage
from .civitai import WhichTarget
from .openapi import Api

if TYPE_CHECKING:
    from ..py.app import App


class JobsQuery(BaseModel):
    cursor: str | None = None
    limit: int = Field(100, ge=1, le=500)


class NewJob(WhichTarget):
    kind: str | None = Field(None, description="The kind of model folder, where the site's type names none.")


class Removed(BaseModel):
    removed: str


def add(api: Api, services: App) -> None:
    @api.get("jobs", "The jobs, newest first")
    async def page(query: JobsQuery) -> JobPage:
        return await services.jobs.page(cursor=query.cursor, limit=query.limit)

    @api.post("jobs", "Download a model; the same target twice is one job", status=202)
    async def start(body: NewJob) -> Job:
        # Spelled anew, because a pasted link can hold a key.
        return await services.jobs.add(str(body.parsed(services)), kind=body.kind, file_id=body.file_id)

    @api.get("jobs/{id}", "One job")
    async def get(id: str) -> Job:  # noqa: A002 - the name in the path
        return await services.jobs.get(id)

    @api.delete("jobs/{id}", "Forget a job that is over; the file it brought stays")
    async def remove(id: str) -> Removed:  # noqa: A002
        await services.jobs.remove(id)
        return Removed(removed=id)

    @api.post("jobs/{id}/pause", "Stop a job and keep what has arrived")
    async def pause(id: str) -> Job:  # noqa: A002
        return await services.jobs.pause(id)

    @api.post("jobs/{id}/resume", "Go on with a paused job")
    async def resume(id: str) -> Job:  # noqa: A002
        return await services.jobs.resume(id)

    @api.post("jobs/{id}/cancel", "End a job and remove what has arrived")
    async def cancel(id: str) -> Job:  # noqa: A002
        return await services.jobs.cancel(id)

    @api.post("jobs/{id}/retry", "Try a job that failed or was cancelled again")
    async def retry(id: str) -> Job:  # noqa: A002
        return await services.jobs.retry(id)
