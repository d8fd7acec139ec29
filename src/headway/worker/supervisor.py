"""The supervisor: attempts, slots, cancels, deaths. It decides; processes and the link carry out.

Theory. An attempt is *held* from its acceptance to the statement of its end. Stopping has one shape for every reason:
ask (the handler sees `CancelledError` or `ctx.cancelled`), wait the grace, then force. An isolated attempt is killed
with everything it started; one in the shared executor can not be, so its end is told, its slot counts as abandoned,
and an executor that is mostly abandoned is replaced. Progress timers and retries are the server's alone.
Must never run user code. Owned by `main.py`; fed by `link.py`.
"""

from __future__ import annotations

import asyncio
import os
import shutil
import signal
from collections.abc import Callable
from pathlib import Path
from typing import Any

from headway.clock import Clock
from headway.model.job import Outcome
from headway.model.report import Checkpoint, LogLines
from headway.protocol.frames import Cancel, InputAnswer, Offer
from headway.worker.context import Work
from headway.worker.engines import Service, seen_before, starting
from headway.worker.held import End, Held, Statements, Stopping, end_of_crash, end_of_killed, end_of_run
from headway.worker.kinds import Kinds
from headway.worker.pipe import Acknowledged, Answered, CleanUp, Done, LeaseLost, Reported, Run, Setup, Stop, Up
from headway.worker.pool import Pool
from headway.worker.process import Death, ExecutorProcess

_TERM_S = 2.0  # between SIGTERM and SIGKILL
_CLEANUP_S = 20.0  # a clean-up function longer than this is killed: "not run"
_RETIRE_S = 30.0  # what still runs in a retired executor after this is released
_GRACE_S = 10.0


class Supervisor:
    """`slots`: how many attempts at once. `on_change` is called when the number of free slots may have changed,
    `on_observed` when `services` did: how the engines behind this worker stand; `on_kinds_changed` when `kinds` did.
    """

    def __init__(self, setup: Setup, statements: Statements, clock: Clock, tmp: Path) -> None:
        self.slots = setup.slots
        self.held: dict[int, Held] = {}
        self.draining = False
        self.pool = Pool(setup, self, clock)
        self.services: list[Service] = []
        self.on_change: Callable[[], None] = lambda: None
        self.on_observed: Callable[[], None] = lambda: None
        self.on_kinds_changed: Callable[[], None] = lambda: None
        self._say = statements
        self._clock = clock
        self._tmp = f"{tmp}{os.sep}"
        self._keys: dict[tuple[str, int], int] = {}
        self._last_key = 0
        self._loop = asyncio.get_running_loop()
        self._cleaning: dict[ExecutorProcess, tuple[Held, Callable[[str], None], asyncio.TimerHandle]] = {}
        self.kinds = Kinds()

    @property
    def busy(self) -> int:
        """Slots that are taken: by attempts, and by abandoned code in the executor that takes new work."""
        return len(self._keys) + sum(each.abandoned and each.process is self.pool.shared for each in self.held.values())

    def holds(self, job: str, attempt: int) -> bool:
        """Whether it is known here, and has not ended."""
        return (job, attempt) in self._keys

    def on_ready(self) -> None:
        """A shared executor takes work."""
        self.kinds.ready(self.pool.kinds)
        self.slots = self.pool.slots
        self.on_change()

    # -- engines --

    def on_services(self, services: list[Service]) -> None:
        """How they stand, by the executor that looks after them."""
        self.services = seen_before(services, self.services)
        self.on_observed()

    def on_kinds(self, engine: int, kinds: list[dict[str, Any]]) -> None:
        """What one engine serves now, by the executor that looks after it."""
        if self.kinds.told(engine, kinds):
            self.on_kinds_changed()

    def on_away(self, why: str) -> None:
        """Nobody looks after them until there is an executor again."""
        if self.services:
            self.services = starting(self.services, f"{why}; another is started")
            self.on_observed()

    # -- what the server says --

    def offer(self, offer: Offer) -> None:
        """Take it at once, or say why not."""
        kind = self.kinds.known(offer.kind)
        shared = self.pool.shared
        if self.draining or shared is None:
            return self._say.refuse(offer.job, offer.attempt, "draining" if self.draining else "executor is starting")
        if (why_not := self.kinds.why_not(offer.kind, offer.definition)) is not None or kind is None:
            return self._say.refuse(offer.job, offer.attempt, why_not or "not served")
        if len(self._keys) >= self.slots:
            return self._say.refuse(offer.job, offer.attempt, "no free slot")
        self._last_key = key = self._last_key + 1
        held = Held(key, offer.job, offer.attempt, offer.kind, f"{self._tmp}{offer.job}-{offer.attempt}")
        held.checkpoints = dict(offer.checkpoints)
        held.isolated = kind.get("isolation") == "process"
        held.process = self.pool.isolated() if held.isolated else shared
        self.held[key] = held
        self._keys[offer.job, offer.attempt] = key
        self._say.accept(offer.job, offer.attempt)
        work = Work(
            job=offer.job, attempt=offer.attempt, tries=offer.tries, kind=offer.kind, queue=offer.queue,
            labels=offer.labels, checkpoints=offer.checkpoints,
        )  # fmt: skip
        held.process.post(Run(key=key, work=work, args=offer.args, tmp=held.tmp, definition=offer.definition))
        return None

    def cancel(self, cancel: Cancel) -> None:
        """Somebody cancelled it. A second cancel changes nothing."""
        if (held := self._find(cancel.job, cancel.attempt)) is not None and held.stopping != "cancel":
            self._stop(held, "cancel", cancel.reason or "cancelled", cancel.grace_s)

    def take_away(self, job: str, attempt: int, why: Stopping, reason: str) -> None:
        """Stop it, although nobody cancelled it: it is fenced, or by our own clock the lease ends and another worker
        may run it now.
        """
        held = self._find(job, attempt)
        if held is None or held.stopping == "fenced":
            return
        if why == "lease":
            held.process.post(LeaseLost(key=held.key))
        if held.stopping is None or why == "fenced":
            self._stop(held, why, reason, _GRACE_S)

    def answer(self, answer: InputAnswer) -> None:
        """An answer to `ctx.ask`."""
        if (held := self._find(answer.job, answer.attempt)) is not None:
            held.process.post(Answered(key=held.key, request=answer.request, answer=answer.answer))

    def _find(self, job: str, attempt: int) -> Held | None:
        return self.held.get(self._keys.get((job, attempt), 0))

    # -- stopping --

    def _stop(self, held: Held, why: Stopping, reason: str, grace_s: float) -> None:
        held.stopping, held.reason = why, reason
        if held.timer is not None:
            held.timer.cancel()
        moves = why in ("lease", "drain")
        held.process.post(Stop(key=held.key, reason=reason, grace_s=grace_s, moves=moves))
        held.timer = self._loop.call_later(grace_s, self._force, held)

    def _force(self, held: Held) -> None:
        if held.key not in self.held or held.abandoned:
            return
        if held.isolated:
            held.process.kill(signal.SIGTERM)
            held.timer = self._loop.call_later(_TERM_S, held.process.kill, signal.SIGKILL)
        else:
            self._abandon(held)

    def _abandon(self, held: Held) -> None:
        """Its code can not be stopped: tell its end, and count what it occupies until the executor is replaced."""
        end = end_of_killed(held, "abandoned: its code did not stop")
        if held.stopping == "cancel":
            self._say.cancel_state(held.job, held.attempt, "cleaned", "not run")
        if not held.silent:
            self._say.outcome(held.job, held.attempt, end)
        held.abandoned = True
        self._keys.pop((held.job, held.attempt), None)
        process: ExecutorProcess = held.process
        abandoned = sum(each.abandoned for each in self.held.values() if each.process is process)
        if abandoned * 2 > self.slots:
            self.pool.retire(process)
            self._loop.call_later(_RETIRE_S, self._end_retired, process, True)
        self._end_retired(process)
        self.on_change()

    def _end_retired(self, process: ExecutorProcess, overdue: bool = False) -> None:
        """Kill a retired executor once only abandoned code runs there; what is overdue is released by its death."""
        if process is self.pool.shared or process.dead or process not in self.pool.processes or process.setup.isolated:
            return
        mine = [held for held in self.held.values() if held.process is process]
        if overdue:
            for held in mine:
                held.stopping, held.reason = held.stopping or "drain", held.reason or "its executor was replaced"
        if overdue or all(held.abandoned for held in mine):
            process.kill(signal.SIGKILL)

    # -- what executors say --

    def on_messages(self, process: ExecutorProcess, messages: list[Up]) -> None:
        """By type; of attempts that are fenced or over only the end is heard."""
        for message in messages:
            held = self.held.get(message.key)  # pyright: ignore[reportAttributeAccessIssue, reportUnknownArgumentType, reportUnknownMemberType]
            if held is not None:
                _HEAR[type(message)](self, held, message)
            elif isinstance(message, Done) and process in self._cleaning:
                self._cleaned(process, message)

    def hear_report(self, held: Held, message: Reported) -> None:
        """Pass it on."""
        if held.silent:
            return
        for item in message.items:
            if isinstance(item, Checkpoint):
                held.checkpoints[item.key] = item.value  # a clean-up after a kill gets the newest
        self._say.report(held.job, held.attempt, message.items)

    def hear_acknowledged(self, held: Held, message: Acknowledged) -> None:
        """The cancel reached the handler."""
        if held.stopping == "cancel" and not held.acknowledged and not held.abandoned:
            held.acknowledged = True
            self._say.cancel_state(held.job, held.attempt, "acknowledged")

    def hear_done(self, held: Held, message: Done) -> None:
        """It ended in its own code. An isolated one is over when its process is: then its output is complete."""
        if held.isolated and not held.process.ended:
            held.done = message
            held.process.end_soon()
            return
        end = End(
            outcome=message.outcome, result=message.result, error=message.error,
            retry_after_s=message.retry_after_s, reason=message.reason,
        )  # fmt: skip
        if held.stopping == "cancel" and not held.abandoned and message.outcome != Outcome.SUCCEEDED:
            self._say.cancel_state(held.job, held.attempt, "stopped")
            self._say.cancel_state(held.job, held.attempt, "cleaned", message.cleaned or "done")
        self._release(held, end_of_run(held, end), tmp_made=message.tmp)

    def _release(self, held: Held, end: End, *, tmp_made: bool) -> None:
        """The end: say it, free the slot, delete its directory."""
        if held.timer is not None:
            held.timer.cancel()
        if not held.silent:
            self._say.outcome(held.job, held.attempt, end)
        del self.held[held.key]
        self._keys.pop((held.job, held.attempt), None)
        if tmp_made:
            self._loop.run_in_executor(None, _remove, held.tmp)
        if held.process is not self.pool.shared:
            self._end_retired(held.process)
        self.on_change()

    def on_output(self, process: ExecutorProcess, level: str, lines: list[str]) -> None:
        """What an isolated attempt printed is its log."""
        held = next((each for each in self.held.values() if each.process is process), None)
        if held is None or held.silent:
            return
        at = self._clock.now()
        for start in range(0, len(lines), 500):
            chunk = [(at, level, line[:65_536]) for line in lines[start : start + 500]]
            self._say.report(held.job, held.attempt, [LogLines(lines=chunk)])

    # -- deaths --

    def on_exit(self, process: ExecutorProcess, death: Death) -> None:
        """What ran there is over; only one that ran alone is to blame for it."""
        if (cleaning := self._cleaning.pop(process, None)) is not None:
            cleaning[2].cancel()
            cleaning[1]("not run")
            return
        mine = [held for held in self.held.values() if held.process is process]
        alone = len(mine) == 1
        for held in mine:
            if held.done is not None:
                self.hear_done(held, held.done)
                continue
            if held.stopping is not None:
                end = end_of_killed(held, "killed: it did not stop" if held.isolated else "its executor was replaced")
            else:
                end = end_of_crash(held, death.text, alone=alone)
            if held.timer is not None:
                held.timer.cancel()
            self._after_kill(held, end)

    def _after_kill(self, held: Held, end: End) -> None:
        """Run the kind's clean-up in a fresh process; then say the end."""
        if held.stopping == "cancel" and not held.silent:
            self._say.cancel_state(held.job, held.attempt, "stopped")

        def conclude(note: str) -> None:
            if held.stopping == "cancel" and not held.silent:
                self._say.cancel_state(held.job, held.attempt, "cleaned", note)
            self._release(held, end, tmp_made=True)

        if not (self.kinds.known(held.kind) or {}).get("cleanup") or (
            end.outcome == Outcome.RELEASED and self.draining
        ):
            conclude("not run")
            return
        process = self.pool.isolated()
        timer = self._loop.call_later(_CLEANUP_S, process.kill, signal.SIGKILL)
        self._cleaning[process] = (held, conclude, timer)
        process.post(CleanUp(key=0, kind=held.kind, job=held.job, attempt=held.attempt, checkpoints=held.checkpoints))

    def _cleaned(self, process: ExecutorProcess, message: Done) -> None:
        _, conclude, timer = self._cleaning.pop(process)
        timer.cancel()
        conclude("done" if message.outcome == Outcome.SUCCEEDED else f"failed: {message.reason}")

    # -- leaving --

    async def drain(self, patience_s: float) -> None:
        """No more offers; wait for what runs, then stop it and release it. Returns when nothing is held."""
        self.draining = True
        end = self._clock.monotonic() + patience_s
        while self.held and self._clock.monotonic() < end:
            await self._clock.sleep(0.05)
        for held in list(self.held.values()):
            if held.stopping is None:
                self._stop(held, "drain", "the worker left", min(_GRACE_S, patience_s or _GRACE_S))
        while any(not held.abandoned for held in self.held.values()):
            await self._clock.sleep(0.05)

    async def stop_now(self) -> None:
        """Kill everything; what ran is released."""
        self.draining = True
        for held in self.held.values():
            held.stopping = held.stopping or "drain"
            held.reason = held.reason or "the worker was stopped"
        self.pool.close()
        await self.pool.wait_closed()

    async def close(self) -> None:
        """End the executors. What they held was said before."""
        self.pool.close(signal.SIGTERM)
        async with asyncio.timeout(_TERM_S * 2):
            try:
                await asyncio.wait_for(self.pool.wait_closed(), _TERM_S)
            except TimeoutError:
                self.pool.close()
                await self.pool.wait_closed()


_HEAR: dict[type[Up], Callable[[Supervisor, Held, Any], None]] = {
    Reported: Supervisor.hear_report,
    Acknowledged: Supervisor.hear_acknowledged,
    Done: Supervisor.hear_done,
}


def _remove(directory: str) -> None:
    shutil.rmtree(directory, ignore_errors=True)
