"""ComfyUI carries the application: its folders, its routes, its loop, and the way from a node to it and back."""

from __future__ import annotations

import asyncio
import threading
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from lorakeeper.py.errors import NotFoundError
from lorakeeper.py.events import Event


def carried() -> Any:
    from lorakeeper.py.hosts import comfyui

    return comfyui.host()


def on_worker(work: Callable[..., Any], show: Callable[[Any], None] = lambda news: None) -> asyncio.Future[Any]:
    """Hands ``work`` over from a loop on another thread, as a node does."""
    host = carried()
    return asyncio.ensure_future(asyncio.to_thread(lambda: asyncio.run(host.run(work, show))))


async def until(condition: Callable[[], object]) -> None:
    for _ in range(1000):
        if condition():
            return
        await asyncio.sleep(0.01)
    raise AssertionError("it never came")


async def test_nothing_is_ever_placed_among_custom_nodes(comfy: Any) -> None:
    roots = carried().app.roots

    assert "loras" in roots.kinds()
    assert "custom_nodes" not in roots.kinds()
    assert roots.folders("custom_nodes") == []


async def test_data_lies_in_comfyuis_private_folder(comfy: Any, tmp_path: Path) -> None:
    assert carried().app.home == tmp_path / "user" / "__lorakeeper"
    assert (carried().app.home / "lorakeeper.db").is_file()


@pytest.mark.parametrize("prefix", ["", "/api"])
async def test_routes_answer_on_comfyuis_server(comfy: Any, prefix: str) -> None:
    answer = await comfy.client.get(f"{prefix}/lorakeeper/health")

    assert answer.status == 200


async def test_events_reach_the_pages(comfy: Any) -> None:
    carried().app.events.publish(Event("job", "1", {"id": "1"}, final=True))

    await until(lambda: ("lorakeeper.job", {"id": "1"}) in comfy.server.sent)


async def test_new_files_are_listed_at_once(comfy: Any) -> None:
    import folder_paths

    folder_paths.filename_list_cache["loras"] = ([], {}, 0.0)
    carried().app.events.publish(Event("library", "1", {"id": 1}, final=True))

    assert folder_paths.filename_list_cache == {}


# -- A host without an application -------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("file", "content"),
    [("settings.json", b"no JSON"), ("lorakeeper.db/in/the/way", b"")],
    ids=["settings", "database"],
)
async def test_pack_loads_and_says_what_is_wrong_when_it_can_not_work(
    make_comfy: Callable[[], Any], tmp_path: Path, file: str, content: bytes
) -> None:
    broken = tmp_path / "user" / "__lorakeeper" / file
    broken.parent.mkdir(parents=True)
    broken.write_bytes(content)

    comfy = make_comfy()
    client = await comfy.start()
    answer = await client.get("/api/lorakeeper/health")
    error = (await answer.json())["error"]
    page = await client.get("/lorakeeper/app/main.js")
    with pytest.raises(Exception, match="can't be") as raised:
        await comfy.run("LoraInfo", hash="0123456789")
    await client.close()

    assert answer.status >= 400
    assert error["message"] == str(raised.value)
    assert "\n" not in error["message"]
    assert page.status == 200


# -- The bridge --------------------------------------------------------------------------------------------------------


async def test_work_runs_on_the_servers_loop(comfy: Any) -> None:
    async def work(app: Any, news: Any) -> tuple[Any, Any]:
        return asyncio.get_running_loop(), threading.current_thread()

    assert await on_worker(work) == (asyncio.get_running_loop(), threading.current_thread())


async def test_news_is_shown_on_the_nodes_thread(comfy: Any) -> None:
    shown: list[tuple[Any, threading.Thread]] = []

    async def work(app: Any, news: Any) -> None:
        news("early")
        news("late")

    await on_worker(work, lambda news: shown.append((news, threading.current_thread())))

    assert [news for news, _ in shown] == ["late"]
    assert shown[0][1] is not threading.current_thread()


async def test_an_error_becomes_one_sentence_without_a_cause(comfy: Any) -> None:
    async def work(app: Any, news: Any) -> None:
        try:
            raise KeyError("inside")
        except KeyError as error:
            raise NotFoundError("The site knows no such model.", 404) from error

    with pytest.raises(Exception, match=r"^The site knows no such model\.$") as raised:
        await on_worker(work)

    assert type(raised.value).__module__ == "lorakeeper"
    assert raised.value.__suppress_context__


async def test_stop_cancels_the_work_and_waits_for_its_cleaning_up(comfy: Any) -> None:
    from comfy.model_management import InterruptProcessingException, interrupt_current_processing

    steps = []

    async def work(app: Any, news: Any) -> None:
        interrupt_current_processing()
        try:
            await asyncio.sleep(60)
        finally:
            await asyncio.sleep(0.05)
            steps.append("clean")

    # As a value, because it is no Exception, and asyncio lets those through.
    async def node() -> BaseException | None:
        try:
            await carried().run(work)
        except InterruptProcessingException as stop:
            steps.append("stopped")
            return stop
        return None

    assert await asyncio.to_thread(lambda: asyncio.run(node()))
    assert steps == ["clean", "stopped"]


async def test_a_failure_elsewhere_in_the_graph_cancels_the_work(comfy: Any) -> None:
    begun, ended = threading.Event(), threading.Event()

    async def work(app: Any, news: Any) -> None:
        begun.set()
        try:
            await asyncio.sleep(60)
        finally:
            ended.set()

    async def prompt() -> None:
        asyncio.ensure_future(carried().run(work))  # noqa: RUF006 - as ComfyUI does
        await asyncio.to_thread(begun.wait)

    await asyncio.to_thread(lambda: asyncio.run(prompt()))

    assert ended.is_set()


async def test_a_stopping_server_is_told_in_a_sentence(comfy: Any) -> None:
    """A CancelledError would end ComfyUI's worker thread."""

    async def work(app: Any, news: Any) -> None:
        raise asyncio.CancelledError

    with pytest.raises(Exception, match="was stopped"):
        await on_worker(work)


# -- While it starts ---------------------------------------------------------------------------------------------------


async def test_what_is_asked_while_lorakeeper_starts_waits_for_it(make_comfy: Callable[[], Any]) -> None:
    client = await make_comfy().start()

    async def work(app: Any, news: Any) -> str:
        return type(app).__name__

    answer, name = await asyncio.gather(client.get("/api/lorakeeper/library"), on_worker(work))
    await client.close()

    assert (answer.status, name) == (200, "App")


async def test_stopping_while_it_starts_leaves_nothing_open(make_comfy: Callable[[], Any]) -> None:
    client = await make_comfy().start()
    host = carried()
    await client.close()

    with pytest.raises(Exception, match="has stopped"):
        _ = host.app


async def test_an_unknown_route_is_not_found(comfy: Any) -> None:
    assert (await comfy.client.get("/lorakeeper/nothing")).status == 404
    assert (await comfy.client.post("/lorakeeper/health")).status == 405
