"""Lorakeeper inside ComfyUI: the only module that imports ComfyUI's server and folders.

The application lives on the server's loop. Nodes run on another thread, in a loop that lasts for one prompt: what they
want done is handed over by :meth:`Host.run`. The server carries the :class:`Host`, so nothing here is global.

ComfyUI's start waits for nothing but the nodes' schemas. The rest is imported and opened beside the running server;
what is asked meanwhile, by a page or by a node, waits for it.
"""

from __future__ import annotations

import asyncio
import logging
from collections import deque
from collections.abc import Callable, Coroutine, Iterator, Mapping, Sequence
from concurrent.futures import Future
from contextlib import contextmanager
from pathlib import Path
from typing import TYPE_CHECKING, Any, TypeVar

import folder_paths
from aiohttp import web
from comfy.model_management import throw_exception_if_processing_interrupted
from comfy.utils import ProgressBar
from server import PromptServer

from ..errors import LorakeeperError, StorageError
from ..events import Event
from . import comfyui_app
from .comfyui_loras import LoraFiles
from .comfyui_prompts import Prompts
from .node_errors import node_error
from .relay import Relay

if TYPE_CHECKING:
    from ..app import App
    from ..library.items import LibraryDetail
    from ..library.lookup import Match
    from ..library.wishes import Wish
    from .bulk_work import Done
    from .lora_work import Loras
    from .node_work import Descriptions

log = logging.getLogger(__name__)
T = TypeVar("T")
News = TypeVar("News")

_POLL = 0.1
_CLEAN_UP = 5.0


class Host:
    """What ComfyUI's server carries: the application, or the sentence that says why there is none."""

    def __init__(self, server: PromptServer) -> None:
        self._loras = LoraFiles()
        self._brought: dict[tuple[str, str | None], Path] = {}
        self._brought_many: dict[tuple[str, str], list[Path]] = {}
        self._server = server
        self._app: App | None = None
        self._descriptions: Descriptions | None = None
        self._relay: Relay | None = None
        self._problem: LorakeeperError = StorageError("Lorakeeper has not started yet.")
        self._starting: asyncio.Task[None] | None = None
        self._following: asyncio.Task[None] | None = None
        self.prompts = Prompts(server)
        self._routes = web.UrlDispatcher()

    @property
    def app(self) -> App:
        """Raises the LorakeeperError that says why it isn't there."""
        if self._app is None:
            raise self._problem
        return self._app

    async def run(
        self,
        work: Callable[[App, Callable[[News], None]], Coroutine[Any, Any, T]],
        show: Callable[[News], None] = lambda news: None,
    ) -> T:
        """Runs ``work`` on the server's loop for a node, whose own loop waits here.

        ``work`` gets the application and a function that takes news; ``show`` hears the latest news on the node's
        thread, some ten times a second. Stop cancels ``work`` and waits until it has cleaned up. A LorakeeperError
        becomes a NodeError with its sentence.
        """
        latest: deque[News] = deque(maxlen=1)
        outcome: Future[T] = Future()
        begun: list[asyncio.Task[T]] = []

        async def carried() -> T:
            await self.started()
            return await work(self.app, latest.append)

        def begin() -> None:
            task = self._server.loop.create_task(carried())
            task.add_done_callback(lambda done: _hand_back(done, outcome))
            begun.append(task)

        self._server.loop.call_soon_threadsafe(begin)
        arrived = asyncio.wrap_future(outcome)
        try:
            while not (await asyncio.wait({arrived}, timeout=_POLL))[0]:
                throw_exception_if_processing_interrupted()
                if latest:
                    show(latest.pop())
        except BaseException:  # Stop is a BaseException of ComfyUI's; a failure elsewhere in the graph cancels us
            self._server.loop.call_soon_threadsafe(lambda: begun[0].cancel())  # noqa: PLW0108 - it may not have begun yet
            await asyncio.wait({arrived}, timeout=_CLEAN_UP)
            if arrived.done() and not arrived.cancelled():
                arrived.exception()  # seen, and of no interest any more
            raise
        try:
            result = arrived.result()
        except LorakeeperError as error:
            raise node_error(error, self._app) from None
        if latest:
            show(latest.pop())
        return result

    async def search(self, wanted: Mapping[str, object]) -> list[dict[str, Any]]:
        """:func:`node_work.search` for a node."""

        async def work(app: App, _: object) -> list[dict[str, Any]]:
            from .node_work import search

            return await search(app, wanted)

        return await self.run(work)

    async def loras(
        self,
        wishes: Sequence[Wish],
        hidden: Any,
        *,
        exact: bool = False,
        fetch: bool = False,
        on_base: bool = True,
        remarks: Sequence[str] = (),
    ) -> Loras:
        """:func:`lora_work.loras` for the node that ``hidden`` is of, which says these and its own remarks.

        ``on_base``: whether they go on the model that reaches the node.
        """
        from ..library.fit import base_of

        base = base_of(hidden.prompt, hidden.unique_id) if on_base else ""
        bar = ProgressBar(1.0) if fetch else None

        async def work(app: App, news: Callable[[dict[str, Any]], None]) -> Loras:
            from .lora_work import loras
            from .node_work import Descriptions

            self._descriptions = self._descriptions or Descriptions()
            describe = self._descriptions.describe
            return await loras(app, wishes, describe, exact=exact, base=base, fetch=news if fetch else None)

        found = await self.run(work, lambda job: self._show(job, bar, hidden.unique_id))
        if said := [*remarks, *found.remarks]:
            for sentence in said:
                log.warning("%s", sentence)
            self.say("\n".join(said), hidden.unique_id)
        return found

    async def locate(self, wishes: Sequence[Wish], *, exact: bool = False) -> list[Match]:
        """The files that are meant, before the graph runs: on any loop, and without an eye on Stop."""

        async def work() -> list[Match]:
            await self.started()
            from .lora_work import find

            return [await find(self.app, wish, exact=exact) for wish in wishes]

        return await asyncio.wrap_future(asyncio.run_coroutine_threadsafe(work(), self._server.loop))

    async def by_hash(self, text: str) -> LibraryDetail:
        """:func:`node_work.by_hash` for a node."""

        async def work(app: App, _: object) -> LibraryDetail:
            from .node_work import by_hash

            return await by_hash(app, text)

        return await self.run(work)

    def apply_loras(self, model: Any, clip: Any, loras: Loras) -> tuple[Any, Any]:
        """``model`` and ``clip`` with these LoRAs, as core's loaders in a row would do it."""
        wanted = [each for each in loras.granted if each.wish.counts]
        try:
            for each in wanted:
                strengths = each.wish.strength_model, each.wish.strength_clip
                model, clip = self._loras.apply(model, clip, each.match.path, *strengths, keep=len(wanted))
        except LorakeeperError as error:
            raise node_error(error, self._app) from None
        return model, clip

    async def download(self, target: Callable[[], str], kind: str | None, node_id: str | None) -> LibraryDetail:
        """:func:`node_work.download` for a node, which shows how far it is. ``target`` may raise a LorakeeperError."""
        bar = ProgressBar(1.0)

        async def work(app: App, news: Callable[[dict[str, Any]], None]) -> tuple[str, LibraryDetail]:
            from .node_work import download

            wanted = target()
            return wanted, await download(app, wanted, kind, news)

        with self.saying(node_id):
            wanted, detail = await self.run(work, lambda job: self._show(job, bar, node_id))
        self._brought[wanted, kind] = Path(detail.path or "")
        self.say(f"Ready: {detail.name}", node_id)
        return detail

    def check_target(self, text: str) -> bool | str:
        """True for something that could be downloaded, else the sentence that says what is wrong with it."""
        from ..civitai.targets import parse_target

        try:
            return bool(parse_target(text, site=self._app.civitai.base_url if self._app else "", files=False))
        except LorakeeperError as error:
            return str(error)

    async def bulk(
        self,
        targets: str,
        results: Sequence[Mapping[str, Any]] | None,
        name: str,
        options: Mapping[str, str],
        wait: bool,
        node_id: str | None,
    ) -> tuple[str, dict[str, Any], list[str]]:
        """:func:`bulk_work.bulk` for a node, which shows how far the job is."""
        from ..library.node_results import job_line

        bar = ProgressBar(1.0)

        async def work(app: App, news: Callable[[dict[str, Any]], None]) -> Done:
            from .bulk_work import bulk

            return await bulk(app, targets, results, name, options, wait, news)

        def show(job: dict[str, Any]) -> None:
            if job["total_files"]:
                bar.update_absolute(max(job["received"] / job["total"] if job["total"] else 0.0, 0.0))
            self.say(job_line(job), node_id)

        with self.saying(node_id):
            done = await self.run(work, show)
        self._brought_many[targets, name] = done.paths
        self.say(job_line(done.report), node_id)
        return done.job, done.report, done.names

    def are_still_here(self, targets: str, name: str) -> bool | float:
        """True, or NaN once a file that :meth:`bulk` brought is gone."""
        paths = self._brought_many.get((targets, name), [])
        return all(path.is_file() for path in paths) or float("nan")

    def is_still_here(self, target: str, kind: str | None) -> bool | float:
        """True, or NaN once the file that :meth:`download` brought is gone: ComfyUI runs a node again that is NaN."""
        path = self._brought.get((target, kind))
        return path is None or path.is_file() or float("nan")

    def _show(self, job: dict[str, Any], bar: ProgressBar | None, node_id: str | None) -> None:
        """How far a download is."""
        from ..library.node_results import progress_line

        if bar and job["total"]:
            bar.update_absolute(job["received"] / job["total"])
        self.say(progress_line(job), node_id)

    def say(self, text: str, node_id: str | None) -> None:
        """Shows ``text`` on a node, in place of what it said before."""
        if node_id is not None:
            self._server.send_progress_text(text, node_id, self._server.client_id)

    @contextmanager
    def saying(self, node_id: str | None) -> Iterator[None]:
        """Says on the node why what is done here has failed, or that it was stopped."""
        try:
            yield
        except Exception as error:
            self.say(str(error), node_id)
            raise
        except BaseException:
            self.say("Stopped. Run again to go on.", node_id)
            raise

    async def start(self, _: web.Application) -> None:
        """Begins to start Lorakeeper, and lets ComfyUI go on."""
        self._starting = asyncio.create_task(self._start())

    async def stop(self, _: web.Application) -> None:
        if self._starting:
            self._starting.cancel()
            await asyncio.wait({self._starting})
        if self._following:
            self._following.cancel()
        app, self._app = self._app, None
        self._problem = StorageError("Lorakeeper has stopped.")
        if self._relay:
            self._relay.close()
        if app is not None:
            await app.close()

    async def answer(self, request: web.Request) -> web.StreamResponse:
        """Any request under ``/lorakeeper/``: our own routes exist only once they are imported."""
        await self.started()
        if self._app is None and not len(self._routes.routes()):
            # Not even our routes could be imported, so this is said without them.
            told = {"error": {"kind": self._problem.kind, "message": str(self._problem)}}
            return web.json_response(told, status=self._problem.status)
        found = await self._routes.resolve(request)
        if found.http_exception:
            raise found.http_exception
        handler: Any = found.handler
        answer: web.StreamResponse = await handler(request, found)
        return answer

    async def started(self) -> None:
        """Waits, on the server's loop, until Lorakeeper is there or has said why it isn't."""
        if self._starting:
            await asyncio.shield(self._starting)

    async def _start(self) -> None:
        try:
            await asyncio.to_thread(comfyui_app.load)
            self._app = await comfyui_app.begin(self.prompts)
        except LorakeeperError as error:
            self._problem = error
        except Exception as error:
            log.exception("Lorakeeper could not start.")
            self._problem = StorageError(f"Lorakeeper could not start: {error}")
        if self._app is None:
            log.error("%s", self._problem)
        else:
            self._app.events.subscribe(_list_again)
            self._following = asyncio.create_task(self.prompts.follow(self._app.usage.ran))
            self._relay = Relay(self._app.events, self._server.loop, self._server.send_sync)
        try:
            table = self._table()
        except ImportError:
            log.exception("Lorakeeper's routes can't be imported.")
            return
        for route in table:
            self._routes.add_route(route.method, route.path, route.handler)
            self._routes.add_route(route.method, f"/api{route.path}", route.handler)

    def _table(self) -> list[web.RouteDef]:
        """The application's routes; without it, the page and answers that say why."""
        from ...server_routes import add_routes, app_files, health
        from ...server_routes.openapi import Api

        table = web.RouteTableDef()
        if self._app is not None:
            add_routes(table, self._app)
        else:
            app_files.add(Api(table, health.version()))
            table.route("*", "/lorakeeper/{path:.*}")(self._refuse)
        return [route for route in table if isinstance(route, web.RouteDef)]

    async def _refuse(self, request: web.Request, _: object = None) -> web.StreamResponse:
        from ...server_routes import guard

        return guard.answer(self._problem, request)


_HOST = web.AppKey("lorakeeper", Host)


def attach() -> None:
    """Makes ComfyUI's server carry Lorakeeper. Work begins when the server starts, not before."""
    server = PromptServer.instance
    server.app[_HOST] = carried = Host(server)
    carried.prompts.attach()
    # ComfyUI mirrors it under /api.
    server.routes.route("*", "/lorakeeper/{path:.*}")(carried.answer)
    server.app.on_startup.append(carried.start)
    # ComfyUI skips this on Ctrl-C; what is on the disk is right at any moment.
    server.app.on_cleanup.append(carried.stop)


def host() -> Host:
    """The host that the running server carries."""
    return PromptServer.instance.app[_HOST]


def _list_again(event: Event) -> None:
    """ComfyUI notices new files by their folder's time, which some file systems keep in steps of two seconds."""
    if event.topic == "library":
        folder_paths.filename_list_cache.clear()


def _hand_back(task: asyncio.Task[T], outcome: Future[T]) -> None:
    if task.cancelled():
        # A CancelledError would end ComfyUI's worker thread.
        outcome.set_exception(StorageError("Lorakeeper was stopped before it was done."))
    elif error := task.exception():
        outcome.set_exception(error)
    else:
        outcome.set_result(task.result())
