"""The series of the topic `metrics`: counted from commits, silent while nothing happens."""

from __future__ import annotations

from collections.abc import AsyncIterator

import pytest

from headway.hub.hub import Hub
from headway.model import command as c
from headway.testing.clock import VirtualClock
from headway.testing.memory import MemoryStore


@pytest.fixture
async def hub() -> AsyncIterator[Hub]:
    """A running hub over a store in memory, on a clock that nobody moves."""
    async with Hub(MemoryStore(), VirtualClock()) as running:
        yield running


async def newest(hub: Hub) -> dict[str, object]:
    with hub.store.reading() as reading:
        return reading.events(reading.head.seq - 1)[0].data


async def test_a_sample_says_what_happened_and_how_things_stand(hub: Hub) -> None:
    await hub.ledger.execute(c.Submit(id="A", kind="k"))
    await hub.ledger.execute(c.Submit(id="B", kind="k"))
    await hub.ledger.execute(c.Cancel(job="A"))

    said = await hub.sampler.sample()

    data = await newest(hub)
    assert said
    assert data["happened"] == {"submitted": 2, "cancelled": 1}
    assert data["now"] == {
        "queued": 1, "running": 0, "cancelling": 0, "scheduled": 0, "blocked": 0, "viewers": 0
    }  # fmt: skip


async def test_while_nothing_happens_nothing_is_said(hub: Hub) -> None:
    await hub.ledger.execute(c.Submit(id="A", kind="k"))
    await hub.sampler.sample()

    said = await hub.sampler.sample()

    assert not said


async def test_a_restart_begins_with_the_jobs_that_are_there() -> None:
    store = MemoryStore()
    async with Hub(store, VirtualClock()) as first:
        await first.ledger.execute(c.Submit(id="A", kind="k"))
    async with Hub(store, VirtualClock()) as second:
        await second.sampler.sample()

        data = await newest(second)
        assert data["now"]["queued"] == 1  # type: ignore[index]
