"""The attempts that run in this executor process: begun, cancelled, answered, ended.

Shared: `async def` handlers on this process's loop, `def` handlers in up to `slots` threads. Isolated: one attempt, in
the main thread (libraries that insist on it work). An attempt exists here from the moment its message is read, so that
no cancel misses it. Must never know how the process began or ends. Made by `executor.py`, fed by `courier.py`.
"""

from __future__ import annotations

import asyncio
import contextvars
import queue
import threading
from collections.abc import Callable, Coroutine
from typing import Any

import msgspec

from headway.clock import Clock
from headway.model.job import Outcome
from headway.worker.context import Context, Work
from headway.worker.courier import Courier, PipeOutlet
from headway.worker.host import JobHost
from headway.worker.job import Job
from headway.worker.outside import set_fallback
from headway.worker.pipe import (
    Acknowledged,
    Answered,
    CleanUp,
    Done,
    Down,
    LeaseLost,
    Outbox,
    Pace,
    Quit,
    Run,
    Setup,
    Stop,
)
from headway.worker.reporter import Reporter
from headway.worker.rest import Rest
from headway.worker.runner import Ending, run_async, run_sync
from headway.worker.served import Served


class Active:
    """An attempt that is here. It exists from the moment its message is read, so that no cancel misses it."""

    __slots__ = ("args", "context", "host", "job", "key", "task")

    def __init__(self, key: int, job: Job[..., Any], args: bytes, context: Context, host: JobHost) -> None:
        self.key = key
        self.job = job
        self.args = args
        self.context = context
        self.host = host
        self.task: asyncio.Task[None] | None = None


class Executor:
    """Everything of the process but its threads. `apply` runs on the courier's thread, `start` on the loop's."""

    def __init__(self, served: Served, setup: Setup, outbox: Outbox, courier: Courier, clock: Clock) -> None:
        self.served = served
        self.setup = setup
        self.outbox = outbox
        self.courier = courier
        self.clock = clock
        self.active: dict[int, Active] = {}
        self.inbox: queue.SimpleQueue[Active | CleanUp] = (
            queue.SimpleQueue()
        )  # for threads, or for the main thread of an isolated one
        self.loop: asyncio.AbstractEventLoop | None = None
        self.quitting = False
        self._threads = 0
        self._in_threads: set[int] = set()
        self.leave: Callable[[], None] = lambda: None
        self.on_service_s: Callable[[float], None] = lambda _: None
        self._rest = Rest(setup.server, setup.token, clock)
        self._flush_due = False

    # -- messages, on the courier's thread --

    def apply(self, messages: list[Down]) -> None:
        """Take a batch from the supervisor."""
        coroutines: list[Active] = []
        for message in messages:
            if isinstance(message, Run):
                if (active := self._begin(message)) is None:
                    continue
                if active.job.asynchronous and not self.setup.isolated:
                    coroutines.append(active)
                else:
                    self._to_thread(active)
            else:
                _APPLY[type(message)](self, message)
        if coroutines and self.loop is not None:
            self.loop.call_soon_threadsafe(self.start, coroutines)

    def stop(self, message: Stop) -> None:
        """Deliver a cancel: the flag at once, from here; CancelledError by the loop, when it is free."""
        active = self.active.get(message.key)
        if active is None:
            return
        active.context.cancel(message.reason, message.grace_s, moves=message.moves)
        active.host.give_up()
        if active.task is not None and self.loop is not None:
            self.loop.call_soon_threadsafe(self._throw, active)
        else:
            self.outbox.post(Acknowledged(key=active.key))

    def lose_lease(self, message: LeaseLost) -> None:
        """The supervisor did not hear from the server for too long."""
        if active := self.active.get(message.key):
            active.context.lease_lost = True

    def _throw(self, active: Active) -> None:
        if active.task is not None and active.key in self.active:
            active.task.cancel(active.context.cancel_reason)
            self.outbox.post(Acknowledged(key=active.key))

    def answer(self, message: Answered) -> None:
        """Somebody answered `ctx.ask`."""
        if active := self.active.get(message.key):
            active.host.answer(message.request, message.answer)

    def pace(self, message: Pace) -> None:
        """The server is loaded, or no longer."""
        self.courier.report_s = message.report_ms / 1000
        self.on_service_s(message.service_s)

    def quit(self, message: Quit) -> None:
        """Leave when nothing runs."""
        self.quitting = True
        if not self.active:
            self.leave()

    def clean_up(self, message: CleanUp) -> None:
        """For the main thread."""
        self.inbox.put(message)

    # -- running --

    def start(self, runs: list[Active]) -> None:
        """On the loop: one task per attempt."""
        create = asyncio.get_running_loop().create_task
        for active in runs:
            active.task = create(self._run_async(active))

    async def _run_async(self, active: Active) -> None:
        self._end(active, await run_async(active.job, active.context, active.args))

    def run_in_main(self, active: Active, run_loop: Callable[[Coroutine[Any, Any, None]], None]) -> None:
        """An isolated attempt: the main thread is its own."""
        set_fallback(lambda: active.context)

        async def in_loop() -> None:
            self.loop = asyncio.get_running_loop()
            active.task = asyncio.current_task()
            await self._run_async(active)

        if active.job.asynchronous:
            run_loop(in_loop())
        else:
            self._end(active, run_sync(active.job, active.context, active.args))

    def _to_thread(self, active: Active) -> None:
        self._in_threads.add(active.key)
        self.inbox.put(active)
        if not self.setup.isolated and self._threads < min(len(self._in_threads), self.setup.slots):
            self._threads += 1
            threading.Thread(target=self._serve, name=f"headway-{self._threads}", daemon=True).start()

    def _serve(self) -> None:
        while True:
            active = self.inbox.get()
            if isinstance(active, Active):
                # What the handler leaves open in its context is gone with the copy.
                ending = contextvars.copy_context().run(run_sync, active.job, active.context, active.args)
                self._in_threads.discard(active.key)
                self._end(active, ending)

    def _begin(self, run: Run) -> Active | None:
        """None where its engine serves it no more, or as something else: it was on its way when that changed."""
        job = self.served.jobs.get(run.work.kind)
        if job is None or (run.definition is not None and job.pin != run.definition):
            what = "is not served any more" if job is None else "is defined otherwise now"
            reason = f"the kind {run.work.kind!r} {what}"
            self.outbox.post(Done(key=run.key, outcome=Outcome.RELEASED, reason=reason))
            return None
        host = JobHost(run.work, run.tmp, self._rest)
        reporter = Reporter(PipeOutlet(run.key, self.outbox, self.courier), self.clock)
        context = Context(run.work, reporter, host, self.clock)
        active = Active(run.key, job, bytes(run.args), context, host)
        self.active[run.key] = active
        return active

    def _end(self, active: Active, ending: Ending) -> None:
        del self.active[active.key]
        self.outbox.put(
            Done(
                key=active.key, outcome=ending.outcome, error=ending.error, retry_after_s=ending.retry_after_s,
                result=msgspec.Raw(ending.result or b"null"), reason=ending.reason,
                cleaned=ending.cleaned, tmp=active.host.tmp_made,
            )
        )  # fmt: skip
        if active.task is None or self.setup.isolated or self.loop is None:
            self.outbox.flush()
        elif not self._flush_due:  # what ends in one turn of the loop leaves together
            self._flush_due = True
            self.loop.call_soon(self._flush)
        if self.quitting and not self.active:
            self.outbox.flush()
            self.leave()

    def silent(self) -> Context:
        """A context for threads that belong to no attempt we know: what they report goes nowhere."""
        work = Work(job="")
        return Context(work, Reporter(_Nowhere(), self.clock), JobHost(work, "", self._rest), self.clock)

    def _flush(self) -> None:
        self._flush_due = False
        self.outbox.flush()


class _Nowhere:
    def send(self, items: list[Any]) -> None:
        """Dropped."""

    def call_later(self, reporter: Reporter) -> None:
        """Never."""


_APPLY: dict[type[Down], Callable[[Executor, Any], None]] = {
    Stop: Executor.stop,
    LeaseLost: Executor.lose_lease,
    Answered: Executor.answer,
    Pace: Executor.pace,
    Quit: Executor.quit,
    CleanUp: Executor.clean_up,
}
