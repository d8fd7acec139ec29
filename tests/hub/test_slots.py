"""How many attempts a worker is offered: never more than it has slots, and a slot that was freed counts once."""

from __future__ import annotations

from typing import Any

from headway.clock import SystemClock
from headway.hub.hub import Hub
from headway.model import command as c
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
