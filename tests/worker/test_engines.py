"""How engines tell how they stand, on a clock that only the test moves."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator
from typing import Any

import pytest

from headway.errors import InvalidInput
from headway.testing.clock import VirtualClock
from headway.worker.engines import Board, Engines, Service, seen_before, starting

A: Service = {"name": "a:1", "type": "toy", "status": "starting", "slots": 1}


class Told:
    """Takes the lists that are sent."""

    def __init__(self) -> None:
        self.clock = VirtualClock()
        self.lists: list[list[Service]] = []
        self.board = Board([A], self.clock, self.lists.append)

    async def settle(self) -> None:
        await self.clock.advance(0.0)

    @property
    def last(self) -> Service:
        return self.lists[-1][0]


@pytest.fixture
def told() -> Told:
    return Told()


class Steady:
    """One engine that is told to do this or that."""

    def __init__(self, name: str = "a:1", **fields: Any) -> None:
        self.service: Service = {"name": name, "type": "toy", **fields}
        self.lives = 0
        self.ends: asyncio.Queue[BaseException | None] = asyncio.Queue()

    def services(self) -> list[Service]:
        return [self.service]

    async def run(self, board: Board) -> None:
        self.lives += 1
        board.tell(self.service["name"], seen=True, status="idle")
        if (error := await self.ends.get()) is not None:
            raise error


class TestBoard:
    async def test_a_change_is_sent_at_once_with_the_whole_list_and_one_turn_leaves_together(self, told: Told):
        told.board.tell("a:1", status="idle")
        told.board.tell("a:1", version="1.2")
        await told.settle()

        assert told.lists == [[{**A, "status": "idle", "version": "1.2"}]]

    async def test_what_is_as_it_was_is_not_sent(self, told: Told):
        told.board.tell("a:1", status="starting")
        await told.settle()

        assert told.lists == []

    async def test_none_removes_a_field(self, told: Told):
        told.board.tell("a:1", status="busy", job="j")

        told.board.tell("a:1", status="idle", job=None)
        await told.settle()

        assert told.last == {**A, "status": "idle"}

    async def test_load_alone_is_sent_once_a_second_with_the_newest(self, told: Told):
        for number in range(5):
            told.board.tell("a:1", load={"queue": number})
            await told.settle()
        at_once = len(told.lists)

        await told.clock.advance(0.9)
        waiting = len(told.lists)
        await told.clock.advance(0.2)

        assert (at_once, waiting, len(told.lists)) == (1, 1, 2)
        assert told.last["load"] == {"queue": 4}

    async def test_a_change_does_not_wait_for_load_and_takes_it_along(self, told: Told):
        told.board.tell("a:1", load={"queue": 0})
        await told.settle()
        told.board.tell("a:1", load={"queue": 1})
        told.board.tell("a:1", status="busy")
        await told.settle()

        await told.clock.advance(5)

        assert [each[0].get("load") for each in told.lists] == [{"queue": 0}, {"queue": 1}]

    async def test_a_sign_of_life_alone_waits_for_the_beat_and_is_told_once(self, told: Told):
        await told.clock.advance(7)
        told.board.tell("a:1", seen=True)
        await told.settle()
        before = len(told.lists)

        told.board.beat()
        told.board.beat()

        assert (before, len(told.lists), told.last["seen"]) == (0, 1, 7.0)

    async def test_a_service_that_was_not_announced_is_refused_by_name(self, told: Told):
        with pytest.raises(InvalidInput) as caught:
            told.board.tell("b:2", status="idle")

        assert str(caught.value) == "service 'b:2': was not announced by services(). Known: a:1."

    async def test_what_is_not_json_is_refused_before_it_reaches_the_pipe(self, told: Told):
        with pytest.raises(InvalidInput, match="service 'a:1': is not JSON: "):
            told.board.tell("a:1", load={"device": object()})

        assert told.board.documents() == [A]

    async def test_what_the_server_would_refuse_is_refused_here_by_field(self, told: Told):
        with pytest.raises(InvalidInput, match=r"^service 'a:1'\.status: 'asleep' is not one of starting, idle"):
            told.board.tell("a:1", status="asleep")


class TestEngines:
    @pytest.fixture
    async def lists(self) -> AsyncIterator[list[list[Service]]]:
        before = asyncio.all_tasks()
        yield []
        for task in asyncio.all_tasks() - before - {asyncio.current_task()}:
            task.cancel()

    async def test_it_is_announced_as_starting_with_one_slot(self):
        engines = Engines([Steady(), Steady("b:2", slots=3)], VirtualClock(), print)

        assert engines.services[0] == {"status": "starting", "slots": 1, "name": "a:1", "type": "toy"}
        assert engines.slots == 4

    async def test_what_it_raises_is_its_error_until_it_runs_again_and_says_how_it_is(
        self, lists: list[list[Service]], caplog: pytest.LogCaptureFixture
    ):
        clock, engine = VirtualClock(), Steady()
        Engines([engine], clock, lists.append).start()
        await clock.advance(0)

        engine.ends.put_nowait(ValueError("no luck"))
        await clock.advance(0)
        failed = lists[-1][0]
        await clock.advance(1)

        assert (failed["status"], failed["error"]) == ("error", "ValueError: no luck")
        assert failed["reason"] == "its connector is started again after 1 s"
        assert "no luck" in caplog.text
        assert engine.lives == 2
        assert lists[-1][0] == {**A, "status": "idle", "seen": 1.0}

    async def test_one_that_keeps_failing_is_started_ever_more_slowly_and_a_healthy_life_forgets(
        self, lists: list[list[Service]]
    ):
        clock, engine = VirtualClock(), Steady()
        Engines([engine], clock, lists.append).start()
        pauses: list[str] = []
        for life_s in (0, 0, 0, 61):
            await clock.advance(life_s)
            engine.ends.put_nowait(ValueError("no luck"))
            await clock.advance(0)
            pauses.append(lists[-1][0]["reason"].rpartition("after ")[2])
            await clock.advance(10)

        assert pauses == ["1 s", "2 s", "4 s", "1 s"]

    async def test_one_that_ends_by_itself_or_is_cancelled_from_within_is_started_again(
        self, lists: list[list[Service]]
    ):
        clock, engine = VirtualClock(), Steady()
        Engines([engine], clock, lists.append).start()
        errors: list[str] = []
        for end in (None, asyncio.CancelledError()):
            engine.ends.put_nowait(end)
            await clock.advance(0)
            errors.append(lists[-1][0]["error"])
            await clock.advance(2)

        assert errors == ["its connector ended without an error", "CancelledError"]
        assert engine.lives == 3

    async def test_signs_of_life_are_told_as_often_as_the_server_wants(self, lists: list[list[Service]]):
        clock, engine = VirtualClock(), Steady()
        engines = Engines([engine], clock, lists.append)
        engines.set_service_s(3.0)
        engines.start()
        await clock.advance(0)
        told: list[int] = []

        for _ in range(4):
            engines.board.tell("a:1", seen=True)
            await clock.advance(2)
            told.append(len(lists))

        assert told == [1, 2, 3, 3]  # the first is its status; then at 3 s and 6 s

    async def test_two_of_one_name_are_refused(self):
        with pytest.raises(InvalidInput) as caught:
            Engines([Steady(), Steady()], VirtualClock(), print)

        assert str(caught.value) == "service 'a:1': is connected twice in this worker. Name each engine once."

    @pytest.mark.parametrize(
        ("service", "missing"),
        [({"name": ""}, "name"), ({"type": None}, "type"), ({"slots": -1}, "slots"), ({"slots": True}, "slots")],
    )
    async def test_one_that_announces_too_little_is_refused(self, service: Service, missing: str):
        with pytest.raises(InvalidInput, match=rf"^Steady\.services\(\)\[0\]\.{missing}: "):
            Engines([Steady(**{"name": "a:1", **service})], VirtualClock(), print)


def test_while_nobody_looks_after_it_only_what_does_not_change_is_kept():
    busy = {**A, "status": "busy", "job": "j", "load": {}, "error": "x", "url": "http://a", "version": "1", "seen": 5.0}

    assert starting([busy], "its executor died") == [
        {
            "name": "a:1", "type": "toy", "slots": 1, "url": "http://a", "version": "1", "seen": 5.0,
            "status": "starting", "reason": "its executor died",
        }
    ]  # fmt: skip


def test_a_sign_of_life_heard_by_an_earlier_process_counts_until_there_is_a_newer_one():
    heard, silent = {**A, "seen": 9.0}, dict(A)

    assert seen_before([silent], [heard]) == [heard]
    assert seen_before([{**A, "seen": 11.0}], [heard]) == [{**A, "seen": 11.0}]
