"""The door while the store takes nothing: what queued fails in order, and who keeps deadlines learns since when."""

from __future__ import annotations

import asyncio
import threading
from collections.abc import AsyncIterator
from pathlib import Path
from typing import Any

import pytest

from headway.errors import NotServing, StoreContended, StoreUnavailable
from headway.hub.hub import Hub
from headway.hub.ledger import CONTENDED, Ledger, commit_batch
from headway.model import command as c
from headway.model.settings import Settings
from headway.store.sqlite import SqliteStore
from headway.testing.store_worlds import NOW
from viewers import HandClock


class StubbornStore(SqliteStore):
    """Takes nothing while `away`; `asked` is set when it is asked, and it answers when `answer` is."""

    def __init__(self, path: Path) -> None:
        super().__init__(path)
        self.away = False
        self.asked = threading.Event()
        self.answer = threading.Event()

    def load(self, reads: Any, now: int) -> Any:
        if self.away:
            self.asked.set()
            self.answer.wait(10)
            raise StoreUnavailable("The disk is full.")
        return super().load(reads, now)


@pytest.fixture
async def store(tmp_path: Path) -> AsyncIterator[StubbornStore]:
    store = StubbornStore(tmp_path / "log.db")
    store.open(now=NOW, new_epoch="e1")
    yield store
    store.close()


@pytest.fixture
async def ledger(store: StubbornStore) -> AsyncIterator[Ledger]:
    ledger = Ledger(store, HandClock(), Settings())
    await ledger.start()
    yield ledger
    await ledger.stop()


async def test_what_queued_behind_a_failed_commit_fails_with_it(store: StubbornStore, ledger: Ledger) -> None:
    store.away = True
    refused = ledger.submit_nowait(c.Submit(id="a", kind="x"))
    await asyncio.to_thread(store.asked.wait, 10)
    behind = ledger.submit_nowait(c.Submit(id="b", kind="x"))

    store.away = False
    store.answer.set()
    outcomes = await asyncio.gather(refused, behind, return_exceptions=True)
    after = await ledger.execute(c.Submit(id="c", kind="x"))

    assert [type(outcome) for outcome in outcomes] == [StoreUnavailable] * 2
    assert after == {"id": "c", "created": True}


async def test_a_recovery_tells_since_when_nothing_was_taken(store: StubbornStore, ledger: Ledger) -> None:
    told: list[int] = []
    ledger.on_recovery(told.append)
    store.away = True
    store.answer.set()
    for id in ("a", "b"):
        with pytest.raises(StoreUnavailable):
            await ledger.execute(c.Submit(id=id, kind="x"))
    failing = ledger.failing_since

    store.away = False
    for id in ("c", "d"):
        await ledger.execute(c.Submit(id=id, kind="x"))

    assert failing == NOW
    assert told == [NOW]
    assert ledger.failing_since is None


async def test_the_time_of_an_outage_and_a_grace_after_it_count_for_nobody(tmp_path: Path) -> None:
    store = StubbornStore(tmp_path / "hub.db")
    clock = HandClock()
    async with Hub(store, clock, Settings(restart_grace_s=15)) as hub:
        store.away = True
        store.answer.set()
        with pytest.raises(StoreUnavailable):
            await hub.ledger.execute(c.Submit(id="a", kind="x"))
        clock.time += 60

        store.away = False
        await hub.ledger.execute(c.Submit(id="b", kind="x"))

        assert hub.roster.deaf[-1] == (NOW, NOW + 75_000)


async def test_a_ledger_that_does_not_run_says_to_come_back(store: StubbornStore):
    ledger = Ledger(store, HandClock(), Settings())

    with pytest.raises(NotServing) as caught:
        await ledger.execute(c.PauseQueue(queue="q"))

    assert str(caught.value) == "The server is starting or stopping. Try again in 2 s."
    assert (caught.value.status, caught.value.retry_after_s) == (503, 2.0)


class ContendedStore(SqliteStore):
    """Loses its first races: at load and at commit in turn."""

    def __init__(self, path: Path, losing: int) -> None:
        super().__init__(path)
        self.losing = losing

    def load(self, reads: Any, now: int) -> Any:
        if self.losing and self.losing % 2:
            self.losing -= 1
            raise StoreContended("Another server was first.")
        return super().load(reads, now)

    def commit(self, world: Any, answers: Any) -> Any:
        if self.losing:
            self.losing -= 1
            raise StoreContended("Another server was first.")
        return super().commit(world, answers)


def submit_against(path: Path, losing: int) -> Any:
    store = ContendedStore(path, losing)
    store.open(now=NOW, new_epoch="e1")
    try:
        return commit_batch(store, [c.Submit(id="a", kind="x", once=c.Once("me", "k", "h"))], NOW, Settings())
    finally:
        store.close()


@pytest.mark.parametrize("losing", [1, 2, CONTENDED - 1])
def test_a_batch_that_loses_races_is_run_again_and_written_once(tmp_path: Path, losing: int) -> None:
    batch = submit_against(tmp_path / "log.db", losing)

    assert batch.results == [{"id": "a", "created": True}]
    assert [event.seq for event in batch.commit.events] == [1]


def test_a_batch_that_never_wins_is_given_up(tmp_path: Path) -> None:
    with pytest.raises(StoreContended):
        submit_against(tmp_path / "log.db", CONTENDED)
