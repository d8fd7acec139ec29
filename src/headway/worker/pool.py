"""The executor processes of one worker: a shared one that is always there, isolated ones as attempts need them.

Owns who lives and who is replaced: a shared executor that died comes back (with a pause when it dies at once), one
that is mostly abandoned is retired. Must never know attempts' meaning. Called by `supervisor.py`.
"""

from __future__ import annotations

import asyncio
import signal
from typing import Any, Protocol

import msgspec

from headway.clock import Clock
from headway.errors import InvalidInput
from headway.worker.loading import MCP
from headway.worker.pipe import Kinds, Pace, Quit, Ready, Services, Setup, Unusable, Up
from headway.worker.process import Death, ExecutorProcess

_RESTART_S = (0.1, 10.0)  # the first pause after a death, the longest one
_HEALTHY_S = 30.0  # a life this long forgets earlier deaths


class Events(Protocol):
    """What the pool tells the supervisor."""

    def on_messages(self, process: ExecutorProcess, messages: list[Up]) -> None:
        """Messages about attempts."""
        ...

    def on_services(self, services: list[dict[str, Any]]) -> None:
        """How the engines stand, by the executor that looks after them."""
        ...

    def on_kinds(self, engine: int, kinds: list[dict[str, Any]]) -> None:
        """What one engine serves now, by the executor that looks after it."""
        ...

    def on_away(self, why: str) -> None:
        """There is no shared executor for now."""
        ...

    def on_output(self, process: ExecutorProcess, level: str, lines: list[str]) -> None:
        """Lines that an isolated process printed."""
        ...

    def on_exit(self, process: ExecutorProcess, death: Death) -> None:
        """A process is dead; its attempts are over."""
        ...

    def on_ready(self) -> None:
        """There is a shared executor that takes work."""
        ...


class Pool:
    """`shared` is the process that takes new work, None while there is none."""

    def __init__(self, setup: Setup, events: Events, clock: Clock) -> None:
        self.shared: ExecutorProcess | None = None
        self.kinds: list[dict[str, Any]] = []
        self.slots = setup.slots
        self.processes: set[ExecutorProcess] = set()
        self._setup = setup
        self._events = events
        self._clock = clock
        self._loop = asyncio.get_running_loop()
        self._starting: ExecutorProcess | None = None
        self._first: asyncio.Future[None] = self._loop.create_future()
        self._pause_s = _RESTART_S[0]
        self._born = 0.0
        self._closing = False

    async def start(self) -> None:
        """Start the shared executor. InvalidInput when the app can not be loaded."""
        self._start_shared()
        await self._first

    def isolated(self) -> ExecutorProcess:
        """A fresh process for one attempt or one clean-up."""
        return self._spawn(isolated=True)

    def pace(self, report_ms: int, service_s: float) -> None:
        """Tell every executor how often to report, and how often to look at engines."""
        self._setup = msgspec.structs.replace(self._setup, report_ms=report_ms, service_s=service_s)
        for process in self.processes:
            process.post(Pace(report_ms=report_ms, service_s=service_s))

    def retire(self, process: ExecutorProcess) -> None:
        """Give it no more work, and start another in its place."""
        if process is self.shared:
            self.shared = None
            process.post(Quit())
            self._events.on_away("its executor is replaced")
            self._start_shared()

    def close(self, number: int = signal.SIGKILL) -> None:
        """End every process; none comes back."""
        self._closing = True
        for process in self.processes:
            process.kill(number)

    async def wait_closed(self) -> None:
        """Until every process is dead."""
        while self.processes:
            await self._clock.sleep(0.02)

    def _spawn(self, *, isolated: bool) -> ExecutorProcess:
        setup = _alone(self._setup) if isolated else self._setup
        process = ExecutorProcess(self, setup, self._loop)
        self.processes.add(process)
        return process

    def _start_shared(self) -> None:
        if not self._closing:
            self._born = self._clock.monotonic()
            self._starting = self._spawn(isolated=False)

    # -- what processes say --

    def on_messages(self, process: ExecutorProcess, messages: list[Up]) -> None:
        """The pool's own messages are the first, and those of engines; all else is about attempts."""
        first = messages[0]
        if isinstance(first, Ready):
            self._ready(process, first)
            messages = messages[1:]
        elif isinstance(first, Unusable):
            self._unusable(process, first)
            return
        for message in messages:
            if process is self.shared:
                self._hear_of_engines(message)
        about: list[Up] = [message for message in messages if not isinstance(message, Services | Kinds)]
        if about:
            self._events.on_messages(process, about)

    def _hear_of_engines(self, message: Up) -> None:
        if isinstance(message, Services):
            self._events.on_services(message.services)
        elif isinstance(message, Kinds):
            self._events.on_kinds(message.engine, message.kinds)

    def _ready(self, process: ExecutorProcess, message: Ready) -> None:
        if process is not self._starting:
            return
        self._starting, self.shared = None, process
        self.kinds, self.slots = message.kinds, message.slots
        self._events.on_services(message.services)
        if not self._first.done():
            self._first.set_result(None)
        self._events.on_ready()

    def _unusable(self, process: ExecutorProcess, message: Unusable) -> None:
        if not self._first.done():
            self._closing = True
            self._first.set_exception(InvalidInput(message.what, message.problem.rstrip("."), hint=message.hint))

    def on_output(self, process: ExecutorProcess, level: str, lines: list[str]) -> None:
        """Lines that an isolated process printed."""
        self._events.on_output(process, level, lines)

    def on_exit(self, process: ExecutorProcess, death: Death) -> None:
        """A process is dead. A shared one comes back; one that keeps dying, ever more slowly."""
        self.processes.discard(process)
        wanted = process is self.shared or process is self._starting
        if process is self.shared:
            self.shared = None
        if wanted and not self._closing:
            self._events.on_away(f"its executor died: {death.text}")
        if not self._first.done():
            self._closing = True
            self._first.set_exception(InvalidInput("app", f"its process died while loading it: {death.text}"))
        self._events.on_exit(process, death)
        if wanted and not self._closing:
            if self._clock.monotonic() - self._born > _HEALTHY_S:
                self._pause_s = _RESTART_S[0]
            self._loop.call_later(self._pause_s, self._start_shared)
            self._pause_s = min(self._pause_s * 2, _RESTART_S[1])


def _alone(setup: Setup) -> Setup:
    """For one isolated attempt. What MCP servers offer never runs isolated, and their SDK takes a second to import."""
    connectors = [each for each in setup.connectors if each[0] != MCP]
    return msgspec.structs.replace(setup, isolated=True, slots=1, connectors=connectors)
