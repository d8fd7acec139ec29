"""Time, made into commands: leases, silent services, stalls, timeouts, expiries, schedules. It decides nothing itself.

Every tick it looks at workers and services that are silent, and jobs whose `due_at` has come; and asks the ledger
(`Stale`, `Lose`, `ServiceSilent`, `Elapse`), whose rules know the real deadline. It measures the gaps between its own ticks:
a long one means that the server slept, and is told to the roster as deaf time, so that nobody is punished for it.
"""

from __future__ import annotations

import logging
from collections.abc import Callable
from functools import partial
from typing import Any

from headway.clock import Clock
from headway.errors import ServerError
from headway.hub.asking import Ask
from headway.hub.dispatcher import Dispatcher
from headway.hub.ledger import Ledger
from headway.hub.roster import Roster
from headway.model import command as c
from headway.model.elapse import heard_s
from headway.model.services import USABLE, silent_since
from headway.model.settings import Settings
from headway.store.base import Reading

log = logging.getLogger(__name__)

PAGE = 500
HEAR_EVERY_S = 5.0
"""At most; three times before a worker is stale, for another server may judge it by what is written."""
WATCHED = ("online", "draining", "stale", "disconnected")


class Sweeper:
    """One per server; only the one that `leads` judges workers and jobs. `prepare` before the first link, then `run` until cancelled; `sweep` is one tick."""

    def __init__(
        self,
        ledger: Ledger,
        dispatcher: Dispatcher,
        roster: Roster,
        clock: Clock,
        settings: Settings,
        *,
        ask: Ask,
        leads: Callable[[], bool] = lambda: True,
    ) -> None:
        self._ledger = ledger
        self._dispatcher = dispatcher
        self._roster = roster
        self._ask = ask
        self._leads = leads
        self._clock = clock
        self._settings = settings
        self._ticked = clock.monotonic()
        self._ticked_at = clock.now()
        self._heard_written = clock.monotonic()
        self.sweeps = 0
        ledger.on_recovery(self._excuse)

    async def prepare(self, last_alive: int) -> None:
        """After a start: recall who was there, and count the time since `last_alive` and a grace as deaf."""
        now = self._clock.now()
        for worker in await self._ask(lambda reading: reading.workers()):
            heard = int(worker.get("last_heard_at") or 0)
            self._roster.recall(worker["id"], heard or now)
            last_alive = max(last_alive, heard)
        if last_alive:
            self._excuse(min(last_alive, now))
        await self._ledger.execute_all(await self._dispatcher.load())

    async def run(self) -> None:
        """A tick every `sweep_s`, for ever, whatever a tick meets: without it no lease would ever end. A store that does
        not answer is deaf time, and tried again.
        """
        while True:
            await self._clock.sleep(self._settings.sweep_s)
            try:
                await self.sweep()
            except ServerError as problem:
                log.warning("the sweep could not commit: %s", problem, extra={"action": "sweep"})
            except Exception:
                log.exception("the sweep failed; tried again at the next tick", extra={"action": "sweep"})

    async def sweep(self) -> None:
        """Notice a gap, write what was heard, let time run out where it has (for all servers: the leader), stir."""
        self._notice_gap()
        await self._write_heard()
        if self._leads():
            await self._watch_workers()
            await self._watch_jobs()
        await self._dispatcher.stir()
        self._ticked, self._ticked_at = self._clock.monotonic(), self._clock.now()
        self.sweeps += 1

    def _notice_gap(self) -> None:
        """More than two ticks late: the time in between was not heard (a stopped process, a sleeping laptop, a store
        that did not answer).
        """
        gap = self._clock.monotonic() - self._ticked
        if gap > 2 * self._settings.sweep_s + 1.0:
            self._roster.was_deaf(self._ticked_at, self._clock.now())
            log.warning("deaf for %.1f s; deadlines shift by it", gap, extra={"action": "sweep"})

    def _excuse(self, since: int) -> None:
        """Since then nothing that was said was kept, and workers need a grace to say it again."""
        self._roster.was_deaf(since, self._clock.now() + round(self._settings.restart_grace_s * 1000))

    async def _write_heard(self) -> None:
        every_s = min(HEAR_EVERY_S, self._settings.stale_s / 3)
        if self._clock.monotonic() - self._heard_written >= every_s:
            self._heard_written = self._clock.monotonic()
            await self._ledger.execute_all(self._roster.take_heard())

    async def _watch_workers(self) -> None:
        workers, services = await self._ask(lambda reading: (reading.workers(), reading.services()))
        for worker in workers:  # what other servers heard of theirs
            self._roster.recall(worker["id"], int(worker.get("last_heard_at") or 0))
        commands: list[c.Command] = [command for worker in workers if (command := self._judge(worker))]
        by_id = {worker["id"]: worker for worker in workers}
        for service in services:
            if self._is_silent(service, by_id.get(service["worker"], {})):
                name = service["name"]
                commands.append(c.ServiceSilent(worker=service["worker"], name=name, deaf=self._roster.deaf))
        await self._ledger.execute_all(commands)

    def _is_silent(self, service: dict[str, Any], worker: dict[str, Any]) -> bool:
        """Nothing was heard of it for too long, as far as it is told; and of its worker, where that one speaks for it."""
        longest_s, now = self._settings.service_unknown_s, self._clock.now()
        since = silent_since(service, worker)
        if since is None or heard_s(since, now, self._roster.deaf) < longest_s:
            return False
        return service.get("status") in USABLE or self._roster.silence_s(service["worker"], now) >= longest_s

    def _judge(self, worker: dict[str, Any]) -> c.Command | None:
        state, id, instance = worker.get("state"), worker["id"], worker.get("instance", "")
        if state not in WATCHED or worker.get("left_at"):
            return None
        silence = self._roster.silence_s(id, self._clock.now())
        if silence >= self._settings.lease_s:
            return c.Lose(worker=id, instance=instance, dice=self._clock.uniform(0, 1))
        if silence >= self._settings.stale_s and state in ("online", "draining"):
            return c.Stale(worker=id, instance=instance)
        if silence < self._settings.stale_s and state == "stale":
            return c.Back(worker=id, instance=instance)
        return None

    async def _watch_jobs(self) -> None:
        after: tuple[int, str] | None = None
        while True:
            due = await self._ask(partial(_due, self._clock.now(), after))
            if (since := self._ledger.failing_since) is not None:
                self._excuse(since)
            deaf = self._roster.deaf
            await self._ledger.execute_all(
                [c.Elapse(job=id, deaf=deaf, dice=self._clock.uniform(0, 1)) for _, id in due]
            )
            if len(due) < PAGE:
                return
            after = due[-1]


def _due(now: int, after: tuple[int, str] | None, reading: Reading) -> list[tuple[int, str]]:
    return reading.due(now, after=after, limit=PAGE)
