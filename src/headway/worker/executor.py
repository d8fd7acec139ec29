"""The executor process: `python -m headway.worker.executor FD`. Runs handlers; the supervisor owns everything else.

Shared: `async def` handlers on this process's loop, `def` handlers in up to `slots` threads. Isolated: one attempt, in
the main thread (libraries that insist on it work), then the end. The courier thread listens and reports; user code can
hold the loop or the GIL without the supervisor noticing anything but silence. Dies with its supervisor.
"""

from __future__ import annotations

import asyncio
import contextlib
import os
import queue
import signal
import socket
import sys
import threading
import traceback
from collections.abc import Callable, Coroutine
from typing import Any

import msgspec

from headway.clock import Clock, SystemClock
from headway.errors import HeadwayError
from headway.worker.context import Context, Work, entered
from headway.worker.courier import Courier, PipeOutlet
from headway.worker.host import JobHost
from headway.worker.logs import Write, install_capture
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
    Ready,
    Run,
    Setup,
    Stop,
    Unpacker,
    Unusable,
    decode_down,
)
from headway.worker.outside import set_fallback
from headway.worker.registry import App, Job, load_app
from headway.worker.reporter import Reporter
from headway.worker.rest import Rest
from headway.worker.runner import Ending, run_async, run_sync


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

    def __init__(self, app: App, setup: Setup, outbox: Outbox, clock: Clock) -> None:
        self.app = app
        self.setup = setup
        self.outbox = outbox
        self.clock = clock
        self.active: dict[int, Active] = {}
        self.inbox: queue.SimpleQueue[Active | CleanUp] = queue.SimpleQueue()  # for threads, or for the main thread of an isolated one
        self.loop: asyncio.AbstractEventLoop | None = None
        self.courier: Courier | None = None
        self.quitting = False
        self._threads = 0
        self._idle_threads = 0
        self._rest = Rest(setup.server, setup.token, clock)
        self._flush_due = False

    # -- messages, on the courier's thread --

    def apply(self, messages: list[Down]) -> None:
        """Take a batch from the supervisor."""
        coroutines: list[Active] = []
        for message in messages:
            if isinstance(message, Run):
                active = self._begin(message)
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
        active.context.cancel(message.reason)
        active.host.give_up()
        if active.task is not None and self.loop is not None:
            self.loop.call_soon_threadsafe(self._cancel_task, active)
        else:
            self.outbox.post(Acknowledged(key=active.key))

    def lose_lease(self, message: LeaseLost) -> None:
        """The supervisor did not hear from the server for too long."""
        if active := self.active.get(message.key):
            active.context.lease_lost = True

    def _cancel_task(self, active: Active) -> None:
        if active.task is not None and active.key in self.active:
            active.task.cancel(active.context.cancel_reason)
            self.outbox.post(Acknowledged(key=active.key))

    def answer(self, message: Answered) -> None:
        """Somebody answered `ctx.ask`."""
        if active := self.active.get(message.key):
            active.host.answer(message.request, message.answer)

    def pace(self, message: Pace) -> None:
        """The server is loaded, or no longer."""
        if self.courier is not None:
            self.courier.report_s = message.report_ms / 1000

    def quit(self, message: Quit) -> None:
        """Leave when nothing runs."""
        self.quitting = True
        if not self.active:
            leave()

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
        self.inbox.put(active)
        if not self.setup.isolated and self._threads < self.setup.slots and self.inbox.qsize() > self._idle_threads:
            self._threads += 1
            threading.Thread(target=self._serve, name=f"headway-{self._threads}", daemon=True).start()

    def _serve(self) -> None:
        while True:
            self._idle_threads += 1
            active = self.inbox.get()
            self._idle_threads -= 1
            if isinstance(active, Active):
                self._end(active, run_sync(active.job, active.context, active.args))

    def _begin(self, run: Run) -> Active:
        assert self.courier is not None
        host = JobHost(run.work, run.tmp, self._rest)
        reporter = Reporter(PipeOutlet(run.key, self.outbox, self.courier), self.clock)
        context = Context(run.work, reporter, host, self.clock)
        active = Active(run.key, self.app.jobs[run.work.kind], bytes(run.args), context, host)
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
            leave()

    def _flush(self) -> None:
        self._flush_due = False
        self.outbox.flush()


_APPLY: dict[type[Down], Callable[[Executor, Any], None]] = {
    Stop: Executor.stop,
    LeaseLost: Executor.lose_lease,
    Answered: Executor.answer,
    Pace: Executor.pace,
    Quit: Executor.quit,
    CleanUp: Executor.clean_up,
}


# -- the process ---------------------------------------------------------------------------------------------------


def leave() -> None:
    """End the process now, from any thread."""
    sys.stdout.flush()
    sys.stderr.flush()
    os._exit(0)


def die_with_supervisor() -> None:
    """The other end is closed: nobody can stop or fence what runs here any more, nor what it started.

    The kernel's PDEATHSIG would be surer against code that holds the GIL, and would leave our children as orphans.
    """
    with contextlib.suppress(OSError):
        os.killpg(0, signal.SIGKILL)
    os._exit(1)


def _first_messages(sock: socket.socket, unpacker: Unpacker[Down]) -> list[Down]:
    messages: list[Down] = []
    while not messages:
        received = sock.recv(262_144)
        if not received:
            os._exit(1)
        messages = unpacker.feed(received)
    return messages


def _load(setup: Setup, outbox: Outbox) -> App:
    try:
        return load_app(setup.app)
    except HeadwayError as error:
        outbox.post(Unusable(problem=str(error)))
    except BaseException as error:
        problem = f"{setup.app} can not be loaded: {type(error).__name__}: {error}"
        outbox.post(Unusable(problem=problem, traceback=traceback.format_exc()))
    os._exit(1)


def _writer() -> Write | None:
    context = entered()
    return None if context is None else context.log._write  # pyright: ignore[reportPrivateUsage]


def _new_loop() -> asyncio.AbstractEventLoop:
    try:
        import uvloop
    except ImportError:
        return asyncio.new_event_loop()
    return uvloop.new_event_loop()


def _run_loop(coroutine: Coroutine[Any, Any, None]) -> None:
    with asyncio.Runner(loop_factory=_new_loop) as runner:
        runner.run(coroutine)


def _serve_isolated(executor: Executor) -> None:
    """One message decides what this process is for."""
    message = executor.inbox.get()
    if isinstance(message, Active):
        executor.run_in_main(message, _run_loop)
    else:
        executor.outbox.post(_clean_up(executor.app, message))
    leave()


def _clean_up(app: App, message: CleanUp) -> Done:
    try:
        cleanup = app.jobs[message.kind].cleanup
        if cleanup is not None:
            cleanup(message.job, message.attempt, message.checkpoints)
    except BaseException as error:
        return Done(key=message.key, outcome="errored", reason=f"{type(error).__name__}: {error}")
    return Done(key=message.key, outcome="succeeded")


def _serve_shared(executor: Executor, start: Callable[[], None]) -> None:
    loop = _new_loop()
    asyncio.set_event_loop(loop)
    executor.loop = loop
    loop.call_soon(start)
    loop.run_forever()


def main(descriptor: int) -> None:
    """Until the supervisor says quit or is gone."""
    signal.signal(signal.SIGINT, signal.SIG_IGN)  # Ctrl-C is the supervisor's to see
    clock = SystemClock()
    sock = socket.socket(fileno=descriptor)
    outbox, unpacker = Outbox(sock), Unpacker[Down](decode_down)
    first, *rest = _first_messages(sock, unpacker)
    assert isinstance(first, Setup)
    executor = Executor(_load(first, outbox), first, outbox, clock)
    courier = Courier(sock, outbox, unpacker, clock, executor.apply, die_with_supervisor)
    courier.report_s = first.report_ms / 1000
    executor.courier = courier
    install_capture(_writer)
    set_fallback(lambda: _silent(executor))

    def start() -> None:
        courier.start()
        outbox.post(Ready(kinds=executor.app.definitions()))
        executor.apply(rest)

    if first.isolated:
        start()
        _serve_isolated(executor)
    else:
        _serve_shared(executor, start)


def _silent(executor: Executor) -> Context:
    """For threads that belong to no attempt we know: what they report goes nowhere."""
    work = Work(job="")
    return Context(work, Reporter(_Nowhere(), executor.clock), JobHost(work, os.devnull, executor._rest), executor.clock)  # pyright: ignore[reportPrivateUsage]


class _Nowhere:
    def send(self, items: list[Any]) -> None:
        """Dropped."""

    def call_later(self, reporter: Reporter) -> None:
        """Never."""


if __name__ == "__main__":
    main(int(sys.argv[1]))
