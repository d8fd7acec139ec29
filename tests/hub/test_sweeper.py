"""Time goes on whatever a tick meets."""

from __future__ import annotations

import asyncio
from pathlib import Path
from typing import Any

from headway.hub.hub import Hub
from headway.model import command as c
from headway.model.settings import Settings
from headway.store.sqlite import SqliteStore
from headway.testing.clock import VirtualClock
from headway.testing.memory import MemoryStore
from viewers import HandClock


class FaultyStore(SqliteStore):
    """Its next reading fails in a way that nobody thought of."""

    faults = 0

    def reading(self) -> Any:
        if self.faults:
            self.faults -= 1
            raise RuntimeError("nobody thought of this")
        return super().reading()


async def test_a_tick_that_fails_is_not_the_last(tmp_path: Path) -> None:
    store, clock = FaultyStore(tmp_path / "log.db"), HandClock()
    hub = Hub(store, clock, Settings(sweep_s=1.0))
    async with hub:
        await hub.ledger.execute(c.Submit(id="a", kind="x", expires_s=5))
        before = hub.sweeper.sweeps

        store.faults = 1
        await clock.advance(1.5)
        for _ in range(50):
            await clock.advance(1.0)
            await asyncio.sleep(0.01)  # a commit is a thread's affair
            if await _state(hub) == "failed":
                break

        assert store.faults == 0
        assert hub.sweeper.sweeps > before
        assert await _state(hub) == "failed"


COMFY = {"name": "gpu:8188", "type": "comfyui", "status": "idle", "age_s": 0.0}


async def test_a_service_is_unknown_when_nothing_was_heard_of_it_for_a_minute() -> None:
    clock = VirtualClock()
    hub = Hub(MemoryStore(), clock, Settings())
    async with hub:
        profile = {"machine": "m", "instance": "i"}
        services = (COMFY, {**COMFY, "name": "away", "status": "unreachable"})
        await hub.ledger.execute(c.Connect(worker="m/1", profile=profile, services=services))

        before: dict[str, Any] = {}
        for second in range(60):
            before = _statuses(hub)
            clock.skip(1)
            if second != 30:
                hub.roster.hear("m/1")
            await hub.sweeper.sweep()

        assert before == {"m/1/away": "unreachable", "m/1/gpu:8188": "idle"}
        assert _statuses(hub) == {"m/1/away": "unreachable", "m/1/gpu:8188": "unknown"}


async def test_a_worker_that_is_heard_speaks_for_its_engine_though_that_is_not_written_yet() -> None:
    clock = VirtualClock()
    hub = Hub(MemoryStore(), clock, Settings(service_unknown_s=2.0))
    async with hub:
        away = {**COMFY, "status": "unreachable"}
        await hub.ledger.execute(c.Connect(worker="m/1", profile={"machine": "m", "instance": "i"}, services=(away,)))

        seen: set[str] = set()
        for _ in range(10):
            clock.skip(1)
            hub.roster.hear("m/1")
            await hub.sweeper.sweep()
            seen |= set(_statuses(hub).values())

        assert seen == {"unreachable"}


async def test_the_time_in_which_the_server_slept_is_not_the_silence_of_a_service() -> None:
    clock = VirtualClock()
    hub = Hub(MemoryStore(), clock, Settings())
    async with hub:
        await hub.ledger.execute(c.Connect(worker="m/1", profile={"machine": "m", "instance": "i"}, services=(COMFY,)))

        clock.skip(300)
        await hub.sweeper.sweep()

        assert _statuses(hub) == {"m/1/gpu:8188": "idle"}


def _statuses(hub: Hub) -> dict[str, Any]:
    with hub.store.reading() as reading:
        return {each["id"]: each["status"] for each in reading.services()}


async def _state(hub: Hub) -> str | None:
    with hub.store.reading() as reading:
        job = reading.job("a")
    return None if job is None else job.get("state")


async def test_a_service_that_had_died_does_not_keep_the_store_from_closing(tmp_path: Path) -> None:
    store, clock = FaultyStore(tmp_path / "log.db"), HandClock()
    async with Hub(store, clock, Settings()) as hub:
        hub.store.maintain = None  # type: ignore[method-assign,assignment]  # the maintenance dies of it
        await clock.advance(1.5)

    again = SqliteStore(tmp_path / "log.db")
    again.open(now=clock.now(), new_epoch="e2")
    again.close()
