"""Events: everyone who listens hears, and nobody who fails disturbs."""

from __future__ import annotations

from lorakeeper.py.events import Event, Events


def test_every_subscriber_hears_until_it_stops_listening() -> None:
    events, first, second = Events(), list[Event](), list[Event]()
    stop = events.subscribe(first.append)
    events.subscribe(second.append)

    events.publish(Event("job", "1"))
    stop()
    events.publish(Event("job", "2"))

    assert [event.subject for event in first] == ["1"]
    assert [event.subject for event in second] == ["1", "2"]


def test_a_subscriber_that_fails_harms_nobody() -> None:
    events, heard = Events(), list[Event]()

    def broken(event: Event) -> None:
        raise RuntimeError("deaf")

    events.subscribe(broken)
    events.subscribe(heard.append)
    events.publish(Event("job", "1"))

    assert len(heard) == 1
