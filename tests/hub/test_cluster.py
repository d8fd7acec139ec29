"""Two hubs on one log: what one is asked, the other carries out; one leads; a log that is another one is begun anew."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator
from contextlib import AsyncExitStack
from typing import Any

import pytest

from headway.hub.hub import Hub
from headway.hub.tail import Commit
from headway.model import command as c
from headway.model.event import Event
from headway.model.settings import Settings
from headway.model.world import World
from headway.store.base import Head
from headway.testing.clock import VirtualClock
from headway.testing.disk import Disk
from headway.testing.memory import MemoryStore

WORKER = "m/1"
PROFILE = {"machine": "m", "name": "1", "instance": "i", "slots": 1, "boot_id": "b"}


class Port:
    """A worker's link that keeps what it is told."""

    worker = WORKER
    instance = "i"

    def __init__(self) -> None:
        self.told: list[tuple[Any, ...]] = []

    def offer(self, job: Any, args: bytes, checkpoints: dict[str, Any]) -> None:
        self.told.append(("offer", job["id"], args))

    def cancel(self, job: str, attempt: int, reason: str, grace_s: float) -> None:
        self.told.append(("cancel", job, attempt, reason))

    def fence(self, job: str, attempt: int, reason: str) -> None:
        self.told.append(("fence", job, attempt, reason))

    def drain(self) -> None:
        self.told.append(("drain",))


class Pair:
    """Two servers, A and B, on one disk and one clock."""

    def __init__(self) -> None:
        self.clock = VirtualClock()
        self.disk = Disk()
        self.a = self.hub()
        self.b = self.hub()

    def hub(self) -> Hub:
        return Hub(MemoryStore(self.disk, clock=self.clock), self.clock, Settings(poll_s=60.0))

    async def level(self) -> None:
        """Until both have told all there is."""
        while not self.a.ledger.tail.seq == self.b.ledger.tail.seq == self.disk.head.seq or self._busy():
            await asyncio.to_thread(lambda: None)

    def _busy(self) -> int:
        return self.a.ledger.waiting + self.b.ledger.waiting

    def state(self, job: str) -> str | None:
        return (self.disk.jobs.get(job) or {}).get("state")

    async def worker_at_a(self) -> Port:
        port = Port()
        await self.a.ledger.execute(c.Connect(worker=WORKER, profile=PROFILE, kinds=({"name": "noop"},)))
        self.a.dispatcher.attach(port, PROFILE, ("noop",), [])  # type: ignore[arg-type]
        return port


@pytest.fixture
async def pair() -> AsyncIterator[Pair]:
    pair = Pair()
    async with AsyncExitStack() as stack:
        await stack.enter_async_context(pair.a)
        await stack.enter_async_context(pair.b)
        yield pair


async def test_a_job_submitted_at_one_server_is_offered_by_the_other(pair: Pair) -> None:
    port = await pair.worker_at_a()

    await pair.b.ledger.execute(c.Submit(id="01A", kind="noop", args=b'{"x":1}'))
    await pair.level()

    assert port.told == [("offer", "01A", b'{"x":1}')]
    assert pair.state("01A") == "running"


async def test_a_cancel_asked_of_one_server_reaches_the_worker_of_the_other(pair: Pair) -> None:
    port = await pair.worker_at_a()
    await pair.a.ledger.execute(c.Submit(id="01A", kind="noop", args=b"{}"))
    await pair.level()
    await pair.a.ledger.execute(c.Accept(job="01A", worker=WORKER, attempt=1))

    await pair.b.ledger.execute(c.Cancel(job="01A", reason="enough"))
    await pair.level()

    assert port.told[1:] == [("cancel", "01A", 1, "enough")]


async def test_a_worker_hears_with_the_fence_for_which_time_its_attempt_was_ended(pair: Pair) -> None:
    port = await pair.worker_at_a()
    await pair.a.ledger.execute(c.Submit(id="01A", kind="noop", args=b"{}", options={"progress_timeout_s": 30.0}))
    await pair.level()
    await pair.a.ledger.execute(c.Accept(job="01A", worker=WORKER, attempt=1))
    pair.clock.skip(30)

    await pair.b.ledger.execute(c.Elapse(job="01A"))
    await pair.level()

    assert port.told[1:] == [("fence", "01A", 1, "no progress for 30s")]


COMFY = {"name": "gpu:8188", "type": "comfyui", "status": "unreachable"}


async def test_an_engine_judged_by_one_server_is_known_to_the_other_that_has_its_worker(pair: Pair) -> None:
    port, needs = Port(), {"noop": "comfyui"}
    kinds = ({"name": "noop", "service": "comfyui"},)
    connect = c.Connect(worker=WORKER, profile=PROFILE, kinds=kinds, services=({**COMFY, "status": "idle"},))
    answer = await pair.a.ledger.execute(connect)
    pair.a.dispatcher.attach(port, PROFILE, ("noop",), [], needs=needs, services=answer["services"])  # type: ignore[arg-type]
    await pair.level()
    pair.clock.skip(61)
    await pair.b.ledger.execute(c.ServiceSilent(worker=WORKER, name="gpu:8188"))
    await pair.level()

    await pair.b.ledger.execute(c.Submit(id="01A", kind="noop", args=b"{}"))
    await pair.level()
    while_unknown = list(port.told)
    await pair.b.ledger.execute(c.ReportServices(worker=WORKER, services=({**COMFY, "status": "idle"},)))
    await pair.level()

    assert while_unknown == []
    assert port.told == [("offer", "01A", b"{}")]
    assert pair.disk.documents["services"]["m/1/gpu:8188"]["status"] == "idle"


async def test_a_limit_raised_at_one_server_frees_the_worker_of_the_other(pair: Pair) -> None:
    port = await pair.worker_at_a()
    await pair.b.ledger.execute(c.PauseQueue(queue="default"))
    await pair.level()
    await pair.b.ledger.execute(c.Submit(id="01A", kind="noop", args=b"{}"))
    await pair.level()
    before = list(port.told)

    await pair.b.ledger.execute(c.ResumeQueue(queue="default"))
    await pair.level()

    assert before == []
    assert [word for word, *_ in port.told] == ["offer"]


async def test_what_was_claimed_takes_its_slot_before_the_log_tells_of_it(pair: Pair) -> None:
    port = await pair.worker_at_a()
    await pair.level()
    follow, reads = pair.a.ledger.tail.catch_up, asyncio.Event()

    async def late() -> None:
        await reads.wait()
        await follow()

    pair.a.ledger.tail.catch_up = late  # type: ignore[method-assign]
    await pair.b.ledger.execute(c.Note(name="system.noted"))  # comes first in the log, and A has not read it
    await pair.a.ledger.execute_all([c.Submit(id=id, kind="noop", args=b"{}") for id in ("01A", "01B", "01C")])
    await pair.a.dispatcher.stir()
    while pair.a.ledger.waiting:
        await asyncio.to_thread(lambda: None)
    before = list(port.told)

    reads.set()
    await pair.level()

    assert before == []
    assert port.told == [("offer", "01A", b"{}")]


@pytest.mark.parametrize("known", [None, {"id": "01A", "attempt": 2}])
async def test_an_attempt_that_is_over_when_its_job_is_read_is_not_offered(pair: Pair, known: Any) -> None:
    port = await pair.worker_at_a()
    world = World(0)
    world.jobs["01A"] = known
    offered = Event(type="job.offered", at=0, seq=1, job="01A", attempt=1, worker=WORKER, data={})

    pair.a.dispatcher.follow(Commit([offered], world))

    assert port.told == []


async def test_both_tell_the_same_events_in_the_same_order(pair: Pair) -> None:
    await pair.level()  # or one of them still tells of how the other began
    told: dict[str, list[int]] = {"a": [], "b": []}
    for name, hub in (("a", pair.a), ("b", pair.b)):
        hub.ledger.on_commit(lambda commit, name=name: told[name].extend(event.seq for event in commit.events))
    start = pair.disk.head.seq

    await asyncio.gather(
        *(hub.ledger.execute(c.Submit(id=f"{n:03d}{i}", kind="k")) for n in range(50) for i, hub in enumerate((pair.a, pair.b)))
    )  # fmt: skip
    await pair.level()

    assert told["a"] == told["b"] == list(range(start + 1, pair.disk.head.seq + 1))


async def test_one_leads_and_the_other_when_it_goes(pair: Pair) -> None:
    before = (pair.a.peers.leads, pair.b.peers.leads)

    await pair.a.stop()
    await pair.b.peers.beat()

    assert before == (True, False)
    assert pair.b.peers.leads


async def test_a_leader_that_is_silent_is_followed_and_knows_it_by_its_own_clock(pair: Pair) -> None:
    pair.clock.skip(6.0)
    knew = pair.a.peers.leads

    await pair.b.peers.beat()
    await pair.a.peers.beat()

    assert not knew
    assert (pair.a.peers.leads, pair.b.peers.leads) == (False, True)


async def test_only_the_leader_lets_time_run_out(pair: Pair) -> None:
    await pair.b.ledger.execute(c.Submit(id="01A", kind="k", expires_s=5))
    await pair.level()
    pair.clock.skip(20.0)
    await pair.a.peers.beat()
    await pair.b.peers.beat()

    await pair.b.sweeper.sweep()
    after_b = pair.state("01A")
    await pair.a.sweeper.sweep()

    assert (after_b, pair.state("01A")) == ("queued", "failed")


async def test_a_worker_that_another_server_hears_is_not_silent_for_the_leader(pair: Pair) -> None:
    await pair.b.ledger.execute(c.Connect(worker=WORKER, profile=PROFILE, kinds=({"name": "noop"},)))
    for _ in range(30):
        pair.clock.skip(2.0)
        pair.b.roster.hear(WORKER)
        await pair.a.peers.beat()
        await pair.b.peers.beat()
        await pair.b.sweeper.sweep()
        await pair.a.sweeper.sweep()

    assert pair.disk.documents["workers"][WORKER]["state"] == "online"


async def test_a_worker_that_no_server_hears_is_lost(pair: Pair) -> None:
    await pair.b.ledger.execute(c.Connect(worker=WORKER, profile=PROFILE, kinds=({"name": "noop"},)))
    for _ in range(20):
        pair.clock.skip(2.0)
        await pair.a.peers.beat()
        await pair.a.sweeper.sweep()

    assert pair.disk.documents["workers"][WORKER]["state"] == "lost"


async def test_what_the_leader_has_sampled_the_next_leader_does_not_tell_again(pair: Pair) -> None:
    await pair.a.ledger.execute(c.Submit(id="01A", kind="k"))
    await pair.level()
    await pair.a.sampler.sample()
    await pair.level()

    said = await pair.b.sampler.sample()

    assert not said


async def test_a_log_that_was_put_back_is_begun_anew_by_who_serves_it(pair: Pair) -> None:
    again: list[int] = []
    pair.b.on_new_log(lambda: again.append(pair.b.ledger.tail.seq))
    await pair.a.ledger.execute(c.Submit(id="01A", kind="k"))
    await pair.level()
    old = pair.disk.head

    pair.disk.head = Head("e9", old.seq - 1, old.at)
    pair.disk.log.pop()
    await pair.b.ledger.tail.catch_up()
    await pair.a.ledger.tail.catch_up()

    assert again == [old.seq - 1]
    assert pair.b.feed.source.head.epoch == "e9"


async def test_what_ends_before_it_is_known_what_a_worker_holds_takes_no_slot(pair: Pair) -> None:
    port = await pair.worker_at_a()
    await pair.a.ledger.execute(c.Submit(id="01A", kind="noop", args=b"{}"))
    await pair.level()
    await pair.a.ledger.execute(c.Accept(job="01A", worker=WORKER, attempt=1))
    back = Port()
    with pair.a.store.reading() as reading:
        held = reading.held_by(WORKER)
    pair.a.dispatcher.attach(back, PROFILE, ("noop",))  # type: ignore[arg-type]

    end = c.End(job="01A", worker=WORKER, attempt=1, n=1, outcome="succeeded", result=b"null")
    await pair.a.ledger.execute(end)
    await pair.a.ledger.execute(c.Submit(id="01B", kind="noop", args=b"{}"))
    await pair.level()
    before = list(back.told)
    pair.a.dispatcher.settle(back, held)  # type: ignore[arg-type]
    await pair.level()

    assert port.told[1:] == before == []
    assert back.told == [("offer", "01B", b"{}")]
