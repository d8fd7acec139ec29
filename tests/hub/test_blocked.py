"""Jobs that wait for others go on when those end, whatever the store was doing at that moment."""

from __future__ import annotations

from collections.abc import AsyncGenerator

import pytest

from headway.clock import SystemClock
from headway.errors import Overloaded, StoreUnavailable
from headway.hub.hub import Hub
from headway.hub.tail import Commit
from headway.model import command as c
from headway.testing.memory import MemoryStore


@pytest.fixture
async def hub() -> AsyncGenerator[Hub]:
    """A hub with `01A`, and `01B` that waits for it."""
    async with Hub(MemoryStore(), SystemClock()) as hub:
        await hub.ledger.execute(c.Submit(id="01A", kind="noop"))
        await hub.ledger.execute(c.Submit(id="01B", kind="noop", after=("01A",)))
        yield hub


def state(hub: Hub, id: str) -> str | None:
    with hub.store.reading() as reading:
        return (reading.job(id) or {}).get("state")


async def settled(hub: Hub) -> None:
    await hub.ledger.execute(c.Note(name="system.settled"))


async def test_a_job_whose_upstream_ended_while_the_store_took_nothing_goes_on_at_the_next_stir(hub: Hub):
    store = hub.store
    assert isinstance(store, MemoryStore)

    def fill(commit: Commit) -> None:
        store.failing = store.failing or any(event.job == "01A" for event in commit.events)

    hub.ledger.on_commit(fill)
    await hub.ledger.execute(c.Cancel(job="01A"))
    while not hub.dispatcher._blocked.unasked:
        with pytest.raises(StoreUnavailable):
            await settled(hub)
    store.failing = False
    before = state(hub, "01B")
    await hub.dispatcher.stir()
    await settled(hub)

    assert (before, state(hub, "01B")) == ("blocked", "cancelled")


async def test_a_job_whose_upstream_ended_while_the_inbox_was_full_goes_on_at_the_next_stir(
    hub: Hub, monkeypatch: pytest.MonkeyPatch
):
    with monkeypatch.context() as full:
        taken = hub.ledger.submit_nowait

        def refuse(command: c.Command):
            if isinstance(command, c.Unblock):
                raise Overloaded(10_000)
            return taken(command)

        full.setattr(hub.ledger, "submit_nowait", refuse)
        await hub.ledger.execute(c.Cancel(job="01A"))
        await settled(hub)
    before = state(hub, "01B")
    await hub.dispatcher.stir()
    await settled(hub)

    assert (before, state(hub, "01B")) == ("blocked", "cancelled")
