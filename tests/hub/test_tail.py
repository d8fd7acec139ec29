"""The log is told in the order of its numbers, whoever committed, and begins anew when it is another one."""

from __future__ import annotations

import asyncio
import contextlib
from typing import Any

import pytest

from headway.hub.asking import in_thread
from headway.hub.tail import Commit, Tail
from headway.model.event import Event
from headway.model.job import JobDoc
from headway.model.settings import Settings
from headway.model.world import World
from headway.store.base import Head
from headway.testing.clock import VirtualClock


class SharedLog:
    """As much of a store as the tail sees: events by number, and the jobs they name."""

    shared = True

    def __init__(self) -> None:
        self.events: list[Event] = []
        self.epoch = "e1"
        self.jobs: dict[str, JobDoc] = {}
        self.ring: Any = None
        self.failing = False

    def append(self, *names: str, job: str | None = None, worker: str | None = None) -> list[Event]:
        first = len(self.events) + 1
        made = [Event(type=name, at=1, seq=seq, job=job, worker=worker) for seq, name in enumerate(names, first)]
        self.events += made
        return made

    def on_news(self, ring: Any) -> bool:
        self.ring = ring
        return True

    def reading(self) -> Any:
        return contextlib.nullcontext(Snapshot(self))


class Snapshot:
    def __init__(self, log: SharedLog) -> None:
        self.log = log
        self.all = list(log.events)
        self.head = Head(log.epoch, self.all[-1].seq if self.all else 0, 1)

    def events(self, after: int, *, until: int | None = None, limit: int = 1000) -> list[Event]:
        return [event for event in self.all if after < event.seq <= (until or self.head.seq)][:limit]

    def job(self, id: str) -> JobDoc | None:
        return self.log.jobs.get(id)

    def args(self, id: str) -> bytes | None:
        return b'{"of":"' + id.encode() + b'"}'

    def checkpoints(self, id: str) -> dict[str, Any]:
        return {"of": id}


@pytest.fixture
def log():
    return SharedLog()


@pytest.fixture
def told():
    return []


@pytest.fixture
def tail(log, told):
    tail = Tail(log, VirtualClock(), Settings(poll_s=60.0), in_thread(log))
    tail.follow(lambda commit: told.extend(event.seq for event in commit.events))
    tail.begin(Head("e1", 0, 0))
    return tail


def commit_of(events: list[Event]) -> Commit:
    return Commit(events, World(1))


async def test_our_own_commits_that_continue_the_log_are_told_without_a_read(log, tail, told):
    tail.offer(commit_of(log.append("a", "b")))
    tail.offer(commit_of(log.append("c")))

    assert told == [1, 2, 3]
    assert tail.reads == 0


async def test_our_own_commit_waits_until_those_of_others_before_it_are_told(log, tail, told):
    log.append("theirs")
    ours = commit_of(log.append("ours", "ours"))
    log.append("theirs")

    tail.offer(ours)
    before = list(told)
    await tail.catch_up()

    assert before == []
    assert told == [1, 2, 3, 4]


async def test_of_our_own_commits_the_working_copy_is_told_though_others_lie_between(log, tail):
    copies = []
    tail.follow(lambda commit: copies.append((commit.events[0].seq, commit.world)))
    log.append("theirs")
    ours = commit_of(log.append("ours"))

    tail.offer(ours)
    await tail.catch_up()

    assert dict(copies)[2] is ours.world


async def test_a_commit_that_was_read_before_it_was_offered_is_told_once(log, tail, told):
    ours = commit_of(log.append("ours"))
    await tail.catch_up()

    tail.offer(ours)

    assert told == [1]


async def test_jobs_that_somebody_here_wants_come_with_what_others_committed(log, tail):
    worlds = []
    tail.follow(lambda commit: worlds.append(commit.world))
    tail.wants = lambda event: event.type == "job.cancel_requested"
    log.jobs = {"a": JobDoc(id="a", attempt=2), "b": JobDoc(id="b")}
    log.append("job.cancel_requested", job="a")
    log.append("job.noted", job="b")

    await tail.catch_up()

    [world] = worlds
    assert world.jobs == {"a": {"id": "a", "attempt": 2}}
    assert (world.args["a"], world.checkpoints["a"]) == (b'{"of":"a"}', {"of": "a"})


@pytest.mark.parametrize(
    "change",
    [
        lambda log: setattr(log, "epoch", "e2"),
        lambda log: log.events.pop(),
        lambda log: (log.append("x", "y"), log.events.pop(-2)),
    ],
    ids=["another epoch", "a head below ours", "a number that is missing"],
)
async def test_a_log_that_is_another_one_is_begun_anew(log, tail, told, change):
    begun = []

    async def begin_again():
        begun.append(True)
        tail.begin(Head(log.epoch, log.events[-1].seq, 0))

    tail.begin_again = begin_again
    log.append("a", "b")
    await tail.catch_up()

    change(log)
    await tail.catch_up()

    assert told == [1, 2]
    assert begun == [True]


async def test_the_doorbell_is_heard_from_any_thread(log, tail, told):
    following = asyncio.create_task(tail.run())
    while log.ring is None:
        await asyncio.to_thread(lambda: None)
    log.append("a")

    await asyncio.to_thread(log.ring)
    while not told:
        await asyncio.to_thread(lambda: None)
    following.cancel()

    assert told == [1]
