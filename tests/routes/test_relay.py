"""The relay, with time in the test's hand."""

from __future__ import annotations

import asyncio
import threading
from typing import Any

from lorakeeper.py.events import Event, Events
from lorakeeper.py.hosts.relay import Relay


class HandLoop:
    """The few methods of a loop that the relay uses; time passes only in :meth:`pass_time`."""

    def __init__(self) -> None:
        self.now = 0.0
        self.calls: list[tuple[float, Any, tuple[Any, ...], list[bool]]] = []

    def is_closed(self) -> bool:
        return False

    def call_soon_threadsafe(self, callback: Any, *arguments: Any) -> None:
        self.call_later(0, callback, *arguments)

    def call_later(self, delay: float, callback: Any, *arguments: Any) -> Any:
        cancelled = [False]
        self.calls.append((self.now + delay, callback, arguments, cancelled))

        class Handle:
            def cancel(self) -> None:
                cancelled[0] = True

        return Handle()

    def pass_time(self, seconds: float) -> None:
        end = self.now + seconds
        while due := sorted((call for call in self.calls if call[0] <= end), key=lambda call: call[0]):
            self.calls.remove(due[0])
            self.now, callback, arguments, cancelled = due[0]
            if not cancelled[0]:
                callback(*arguments)
        self.now = end


class Scene:
    def __init__(self) -> None:
        self.loop = HandLoop()
        self.events = Events()
        self.sent: list[tuple[float, str, dict[str, Any]]] = []
        self.relay = Relay(self.events, self.loop, self._send)  # type: ignore[arg-type]

    def _send(self, kind: str, data: dict[str, Any]) -> None:
        self.sent.append((self.loop.now, kind, data))

    def publish(self, number: int, subject: str = "a", *, final: bool = False) -> None:
        self.events.publish(Event("job", subject, {"subject": subject, "number": number}, final))

    def numbers(self, subject: str = "a") -> list[int]:
        return [data["number"] for _, _, data in self.sent if data["subject"] == subject]


def test_at_most_five_a_second_for_a_subject_and_the_last_word_arrives() -> None:
    scene = Scene()
    for number in range(1000):
        scene.publish(number)
        scene.loop.pass_time(0.001)
    scene.loop.pass_time(1)

    assert len(scene.sent) <= 6
    assert scene.numbers()[-1] == 999
    assert scene.sent[0] == (0.0, "lorakeeper.job", {"subject": "a", "number": 0})


def test_subjects_do_not_slow_each_other_down() -> None:
    scene = Scene()
    for number in range(50):
        scene.publish(0, f"job {number}")
    scene.loop.pass_time(0)

    assert len(scene.sent) == 50


def test_final_event_goes_at_once_and_survives_what_follows() -> None:
    scene = Scene()
    scene.publish(1)
    scene.loop.pass_time(0.01)
    scene.publish(2)
    scene.publish(3, final=True)
    scene.publish(4)
    scene.publish(5)
    scene.loop.pass_time(0)
    assert 3 in scene.numbers()
    scene.loop.pass_time(1)

    assert scene.numbers() == [1, 3, 5]


def test_nothing_is_kept_of_a_subject_that_fell_silent() -> None:
    scene = Scene()
    scene.publish(1, final=True)
    scene.loop.pass_time(1)

    assert scene.relay._subjects == {}
    assert scene.loop.calls == []


def test_closing_says_the_last_word_and_then_nothing() -> None:
    scene = Scene()
    scene.publish(1)
    scene.loop.pass_time(0)
    scene.publish(2)
    scene.relay.close()
    scene.publish(3)
    scene.loop.pass_time(1)

    assert scene.numbers() == [1, 2]


async def test_events_of_other_threads_arrive_on_the_loop() -> None:
    threads: set[int] = set()
    arrived = asyncio.Event()
    events = Events()

    def send(kind: str, data: dict[str, Any]) -> None:
        threads.add(threading.get_ident())
        if data["number"] == 99:
            arrived.set()

    relay = Relay(events, asyncio.get_running_loop(), send)

    def publish() -> None:
        for number in range(100):
            events.publish(Event("job", "a", {"number": number}, final=number == 99))

    await asyncio.to_thread(publish)
    await asyncio.wait_for(arrived.wait(), 10)
    relay.close()

    assert threads == {threading.get_ident()}


def test_what_no_page_follows_is_not_sent() -> None:
    scene = Scene()
    for topic in ("search", "security", "performance", "use", "filter", "error"):
        scene.events.publish(Event(topic, "a", {"subject": "a"}, final=True))
    for topic in ("job", "item", "library", "scan", "variation", "instruction", "action"):
        scene.events.publish(Event(topic, "a", {"subject": "a"}, final=True))
    scene.loop.pass_time(1)

    assert [kind.partition(".")[2] for _, kind, _ in scene.sent] == [
        "job",
        "item",
        "library",
        "scan",
        "variation",
        "instruction",
        "action",
    ]
