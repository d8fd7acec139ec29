"""Pictures on their way: one at a time, now and then, the newest; and nothing of it is anybody's trouble."""

from __future__ import annotations

from collections.abc import Callable

import pytest

from headway.testing.clock import VirtualClock
from headway.worker.showing import EVERY_S, Picture, Showing


class Way:
    """Threads that run when told, a server that keeps what it got and when."""

    def __init__(self) -> None:
        self.clock = VirtualClock()
        self.soon: list[Callable[[], None]] = []
        self.got: list[tuple[float, bytes]] = []
        self.wrong: Exception | None = None
        self.showing = Showing(self.send, self.soon.append, self.clock, self.pause)

    def send(self, picture: Picture) -> None:
        self.got.append((self.clock.monotonic(), picture.content))
        if self.wrong:
            raise self.wrong

    def pause(self, seconds: float) -> None:
        self.clock.skip(seconds)

    def show(self, *contents: bytes) -> None:
        for content in contents:
            self.showing.show(Picture(content, "image/png"))

    def run(self) -> None:
        self.soon.pop(0)()

    @property
    def contents(self) -> list[bytes]:
        return [content for _, content in self.got]


@pytest.fixture
def way() -> Way:
    return Way()


def test_the_first_leaves_at_once(way: Way):
    way.show(b"a")
    way.run()

    assert way.got == [(way.clock.monotonic(), b"a")]
    assert way.soon == []


def test_of_those_that_come_meanwhile_only_the_newest_is_sent(way: Way):
    way.show(b"a", b"b", b"c")
    way.run()

    assert way.contents == [b"c"]
    assert way.soon == []


def test_one_is_under_way_at_a_time_and_what_came_meanwhile_follows(way: Way):
    way.showing._send = lambda picture: (way.send(picture), way.show(b"b", b"c") if len(way.got) == 1 else None)
    way.show(b"a")
    way.run()
    waiting = len(way.soon)
    way.run()

    assert waiting == 1
    assert way.contents == [b"a", b"c"]
    assert way.soon == []


def test_the_next_leaves_no_sooner_than_the_pace(way: Way):
    way.show(b"a")
    way.run()
    way.clock.skip(EVERY_S / 5)
    way.show(b"b")
    way.run()
    way.clock.skip(10)
    start = way.clock.monotonic()
    way.show(b"c")
    way.run()

    (first, _), (second, _), (third, _) = way.got
    assert second - first == pytest.approx(EVERY_S)
    assert third == start


def test_what_goes_wrong_is_forgotten_and_the_next_is_another_try(way: Way):
    way.wrong = OSError("no network")
    way.show(b"a")
    way.run()
    way.wrong = None
    way.show(b"b")
    way.run()

    assert way.contents == [b"a", b"b"]
