"""What the dispatcher makes of kinds that change while their worker is linked, here and on the log of two servers."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator
from contextlib import AsyncExitStack
from typing import Any

import pytest

from headway.hub.hub import Hub
from headway.model import command as c
from headway.model.settings import Settings
from headway.protocol.serving import serves
from headway.server.known import Known
from headway.testing.clock import VirtualClock
from headway.testing.disk import Disk
from headway.testing.memory import MemoryStore

PROFILE = {"machine": "m", "name": "1", "instance": "i", "slots": 3, "boot_id": "b"}


def tool(definition: str | None = "d1", name: str = "tool", **more: Any) -> dict[str, Any]:
    return {"name": name, "hash": "1", **more} | ({"definition": definition} if definition else {})


class Worker:
    """A worker at a hub, with its link's two words: hello, and a new list."""

    instance = "i"

    def __init__(self, hub: Hub, worker: str = "m/1") -> None:
        self.hub = hub
        self.worker = worker
        self.offered: list[tuple[str, str | None]] = []

    async def connect(self, *kinds: dict[str, Any]) -> None:
        await self.hub.ledger.execute(c.Connect(worker=self.worker, profile=PROFILE, kinds=kinds))
        now = serves(kinds)
        port: Any = self
        self.hub.dispatcher.attach(port, PROFILE, now.kinds, [], needs=now.needs, definitions=now.definitions)

    async def tell(self, *kinds: dict[str, Any]) -> None:
        await self.hub.ledger.execute(c.ReportKinds(worker=self.worker, instance="i", kinds=kinds))
        now = serves(kinds)
        self.hub.dispatcher.serve(self, now.kinds, now.needs, now.definitions)  # pyright: ignore[reportArgumentType]

    def offer(self, job: Any, args: bytes, checkpoints: dict[str, Any]) -> None:
        self.offered.append((job["id"], job["attempts"]["1"].get("definition")))


class Pair:
    """Two servers, A and B, on one disk and one clock."""

    def __init__(self) -> None:
        self.clock = VirtualClock()
        self.disk = Disk()
        self.a, self.b = self._hub(), self._hub()

    def _hub(self) -> Hub:
        return Hub(MemoryStore(self.disk, clock=self.clock), self.clock, Settings(poll_s=60.0))

    async def submit(self, id: str, kind: str = "tool", **more: Any) -> None:
        await self.a.ledger.execute(c.Submit(id=id, kind=kind, **more))
        await self.level()

    async def level(self) -> None:
        """Until both have told all there is."""
        while not self.a.ledger.tail.seq == self.b.ledger.tail.seq == self.disk.head.seq or self._busy():
            await asyncio.to_thread(lambda: None)

    def _busy(self) -> int:
        return self.a.ledger.waiting + self.b.ledger.waiting


@pytest.fixture
async def pair() -> AsyncIterator[Pair]:
    pair = Pair()
    async with AsyncExitStack() as stack:
        await stack.enter_async_context(pair.a)
        await stack.enter_async_context(pair.b)
        yield pair


async def test_a_job_that_waits_for_a_kind_starts_as_soon_as_a_linked_worker_serves_it(pair: Pair):
    worker = Worker(pair.b)
    await worker.connect(tool(name="other"))
    await pair.submit("01A")

    await worker.tell(tool())
    await pair.level()

    assert worker.offered == [("01A", "d1")]


async def test_a_kind_that_a_linked_worker_serves_no_more_is_offered_to_it_no_more(pair: Pair):
    worker = Worker(pair.b)
    await worker.connect(tool(), tool(name="other"))
    await worker.tell(tool(name="other"))

    await pair.submit("01A")

    assert worker.offered == []


async def test_jobs_wait_in_quarantine_and_start_when_another_server_is_told_of_the_approval(pair: Pair):
    worker = Worker(pair.b)
    await worker.connect(tool("d1"))
    await worker.tell(tool("d2"))
    await pair.submit("01A")
    waiting = list(worker.offered)

    await pair.a.ledger.execute(c.ApproveKind(kind="tool", definition="d2"))
    await pair.level()

    assert (waiting, worker.offered) == ([], [("01A", "d2")])


async def test_jobs_start_when_the_program_returns_to_the_pinned_definition(pair: Pair):
    worker = Worker(pair.b)
    await worker.connect(tool("d1"))
    await worker.tell(tool("d2"))
    await pair.submit("01A")

    await worker.tell(tool("d1"))
    await pair.level()

    assert worker.offered == [("01A", "d1")]


async def test_of_two_workers_the_one_with_the_pinned_definition_has_the_jobs(pair: Pair):
    old, new = Worker(pair.a, "m/1"), Worker(pair.b, "m/2")
    await old.connect(tool("d1"))
    await pair.level()
    await new.connect(tool("d2"))

    await pair.submit("01A")
    await pair.a.ledger.execute(c.ApproveKind(kind="tool", definition="d2"))
    await pair.submit("01B")

    assert (old.offered, new.offered) == ([("01A", "d1")], [("01B", "d2")])


async def test_jobs_of_a_kind_in_quarantine_hide_no_others(pair: Pair):
    worker = Worker(pair.b)
    await worker.connect(tool("d1"), tool(None, name="plain"))
    await worker.tell(tool("d2"), tool(None, name="plain"))
    for number in range(50):
        await pair.submit(f"01A{number:02}", priority=9)

    await pair.submit("01B", "plain")

    assert worker.offered == [("01B", None)]


async def test_a_kind_that_is_pinned_no_more_is_offered_to_those_without_a_definition(pair: Pair):
    worker = Worker(pair.b)
    await worker.connect(tool("d1"))
    await worker.tell(tool(None))
    await pair.submit("01A")

    await pair.b.ledger.execute(c.ApproveKind(kind="tool", definition=""))
    await pair.level()

    assert worker.offered == [("01A", None)]


async def test_a_server_that_starts_knows_what_is_pinned(pair: Pair):
    await Worker(pair.a).connect(tool("d1"))
    await pair.level()
    async with pair._hub() as third:
        worker = Worker(third, "m/3")
        await worker.connect(tool("d2"), tool(None, name="plain"))
        linked = third.dispatcher._linked["m/3"]

    assert linked.barred == {"tool"}


async def test_what_a_worker_of_another_server_serves_now_is_known_here(pair: Pair):
    known = Known()
    pair.a.ledger.on_commit(lambda commit: known.feed(commit.events))
    worker = Worker(pair.b)
    await worker.connect(tool(name="other"))
    await pair.level()
    before = known.serves("tool"), known.serves("other")

    await worker.tell(tool("d1", schema={"type": "object"}))
    await pair.level()

    assert (before, known.serves("tool"), known.serves("other")) == ((False, True), True, False)
    assert known.schema("tool") == {"type": "object"}


async def test_what_a_kind_needs_follows_its_list(pair: Pair):
    worker = Worker(pair.b)
    await worker.connect(tool("d1", service="mcp:a"))
    await pair.submit("01A")
    without = list(worker.offered)

    engine = {"name": "b", "type": "mcp", "status": "idle", "slots": 1}
    await pair.b.ledger.execute(c.ReportServices(worker="m/1", services=(engine,)))
    await worker.tell(tool("d1", service="mcp:b"))
    await pair.level()

    assert (without, worker.offered) == ([], [("01A", "d1")])
