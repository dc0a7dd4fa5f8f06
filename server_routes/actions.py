"""``/lorakeeper/actions``: what is done to model files, planned first, and undone where the user wants it back."""

from __future__ import annotations

from typing import TYPE_CHECKING

from pydantic import BaseModel, Field, RootModel

from ..py.library.actions import ActionRequest, Done, DuplicatePage, HistoryPage, Plan
from .openapi import Api, Nothing, RowId

if TYPE_CHECKING:
    from ..py.app import App


class Wanted(RootModel[ActionRequest]):
    """One action with the files it is for."""


class PageQuery(BaseModel):
    cursor: str | None = None
    limit: int = Field(50, ge=1, le=500)


def add(api: Api, services: App) -> None:
    @api.get("actions", "What was done, newest first")
    async def history(query: PageQuery) -> HistoryPage:
        return await services.actions.history(cursor=query.cursor, limit=query.limit)

    @api.post("actions/plan", "What an action would do, file by file; nothing changes")
    async def plan(body: Wanted) -> Plan:
        return await services.actions.plan(body.root)

    @api.post("actions", "Do it")
    async def run(body: Wanted) -> Done:
        return await services.actions.run(body.root)

    @api.post("actions/{id}/undo", "Take an action back")
    async def undo(id: RowId, body: Nothing) -> Done:  # noqa: A002 - the name in the path
        return await services.actions.undo(id)

    @api.get("library/duplicates", "Files with exactly the same content, and the space that they take")
    async def duplicates(query: PageQuery) -> DuplicatePage:
        return await services.actions.duplicates(cursor=query.cursor, limit=query.limit)
