"""How many attempts a worker is offered: never more than it has slots, and a slot that was freed counts once."""

from __future__ import annotations

from pathlib import Path
from typing import Any

from headway.clock import SystemClock
from headway.hub.hub import Hub
from headway.model import command as c
from headway.store.sqlite import SqliteStore
from headway.testing.memory import MemoryStore

WORKER = "m/1"
PROFILE = {"machine": "m", "name": "1", "instance": "i", "slots": 2, "boot_id": "b"}


class Port:
    """A worker's link that keeps what it is offered."""

    worker = WORKER
    instance = "i"

    def __init__(self) -> None:
        self.offered: list[str] = []

    def offer(self, job: Any, args: bytes, checkpoints: dict[str, Any]) -> None:
        self.offered.append(job["id"])


class Engines:
    """A worker of many slots whose kind `wf` needs a slot of an engine, as its link attaches it; it serves `noop` too."""

    def __init__(self, hub: Hub, *services: dict[str, Any]) -> None:
        self.hub = hub
        self.port = Port()
        self.services = services

    async def connect(self) -> None:
        profile = {**PROFILE, "slots": 20}
        kinds = ({"name": "wf", "service": "comfyui"}, {"name": "noop"})
        connect = c.Connect(worker=WORKER, profile=profile, kinds=kinds, services=self.services)
        answer = await self.hub.ledger.execute(connect)
        services, needs = answer.get("services", ()), {"wf": "comfyui"}
        self.hub.dispatcher.attach(self.port, profile, ("wf", "noop"), [], needs=needs, services=services)  # pyright: ignore[reportArgumentType]

    async def submit(self, kind: str, *ids: str) -> None:
        await self.hub.ledger.execute_all([c.Submit(id=id, kind=kind, args=b"{}") for id in ids])
        await self.settle()

    async def tell(self, *services: dict[str, Any]) -> None:
        await self.hub.ledger.execute(c.ReportServices(worker=WORKER, services=services))
        await self.settle()

    async def settle(self) -> None:
        for _ in range(3):
            await self.hub.ledger.execute(c.Note(name="system.settled"))


COMFY = {"name": "a", "type": "comfyui", "status": "idle", "slots": 2}


async def test_an_engine_is_offered_no_more_than_it_has_slots():
    async with Hub(MemoryStore(), SystemClock()) as hub:
        engines = Engines(hub, COMFY, {**COMFY, "name": "b", "slots": 1}, {**COMFY, "name": "c", "status": "starting"})
        await engines.connect()

        await engines.submit("wf", "01A", "01B", "01C", "01D", "01E")
        at_first = list(engines.port.offered)
        await hub.ledger.execute_all(accepted_and_ended("01B"))
        await engines.settle()

        assert at_first == ["01A", "01B", "01C"]
        assert engines.port.offered == ["01A", "01B", "01C", "01D"]


async def test_jobs_that_wait_for_an_engine_do_not_hide_those_that_need_none(tmp_path: Path):
    async with Hub(SqliteStore(tmp_path / "log.db"), SystemClock()) as hub:  # it reads no more jobs than are asked for
        engines = Engines(hub, {**COMFY, "slots": 1})
        await engines.submit("wf", *(f"01A{n:02}" for n in range(30)))
        await engines.submit("noop", "01X")

        await engines.connect()
        await engines.settle()

        assert engines.port.offered == ["01A00", "01X"]


async def test_without_an_engine_nothing_is_offered_until_it_is_there():
    async with Hub(MemoryStore(), SystemClock()) as hub:
        engines = Engines(hub, {**COMFY, "status": "unreachable"})
        await engines.connect()
        await engines.submit("wf", "01A", "01B", "01C")
        before = list(engines.port.offered)

        await engines.tell(COMFY)
        at_last = list(engines.port.offered)
        await engines.tell({**COMFY, "status": "busy", "slots": 3})

        assert (before, at_last) == ([], ["01A", "01B"])
        assert engines.port.offered == ["01A", "01B", "01C"]


async def test_an_engine_that_comes_is_used_at_once_though_nothing_else_happens():
    async with Hub(MemoryStore(), SystemClock()) as hub:
        engines = Engines(hub, {**COMFY, "status": "unreachable"})
        await engines.submit("wf", "01A")
        await engines.submit("noop", "01X")
        await engines.connect()
        await engines.settle()
        before = list(engines.port.offered)

        await engines.tell(COMFY)

        assert before == ["01X"]
        assert engines.port.offered == ["01X", "01A"]


async def test_what_it_runs_already_counts_after_a_new_link():
    async with Hub(MemoryStore(), SystemClock()) as hub:
        engines = Engines(hub, {**COMFY, "slots": 1})
        await engines.connect()
        await engines.submit("wf", "01A", "01B")
        with hub.store.reading() as reading:
            held = reading.held_by(WORKER)
        port, profile, needs = Port(), {**PROFILE, "slots": 20}, {"wf": "comfyui"}

        hub.dispatcher.attach(port, profile, ("wf",), held, needs=needs, services=engines.services)  # pyright: ignore[reportArgumentType]
        await engines.settle()

        assert (engines.port.offered, port.offered) == (["01A"], [])


def accepted_and_ended(job: str) -> list[c.Command]:
    end = c.End(job=job, worker=WORKER, attempt=1, n=1, outcome="succeeded", result=b"null")
    return [c.Accept(job=job, worker=WORKER, attempt=1), end]


async def offers_of(hub: Hub) -> Port:
    port = Port()
    await hub.ledger.execute(c.Connect(worker=WORKER, profile=PROFILE, kinds=({"name": "noop"},)))
    hub.dispatcher.attach(port, PROFILE, ("noop",), [])  # pyright: ignore[reportArgumentType]
    return port


async def submit(hub: Hub, *ids: str) -> None:
    await hub.ledger.execute_all([c.Submit(id=id, kind="noop", args=b"{}") for id in ids])
    await hub.ledger.execute(c.Note(name="system.settled"))  # behind the claims that followed


async def test_a_slot_that_an_outcome_freed_is_counted_once():
    async with Hub(MemoryStore(), SystemClock()) as hub:
        port = await offers_of(hub)
        await submit(hub, "01A")
        await hub.ledger.execute_all(accepted_and_ended("01A"))

        await submit(hub, "01B", "01C", "01D")

        assert port.offered == ["01A", "01B", "01C"]


async def test_an_outcome_on_its_way_to_the_log_frees_its_slot_for_the_same_commit():
    async with Hub(MemoryStore(), SystemClock()) as hub:
        port = await offers_of(hub)
        await submit(hub, "01A", "01B", "01C")
        commits = hub.ledger.commits

        await hub.ledger.execute_all(accepted_and_ended("01A"))

        assert port.offered == ["01A", "01B", "01C"]
        assert hub.ledger.commits == commits + 1
