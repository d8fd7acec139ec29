"""Run one command to its end and tell what happens: its log lines, its progress, its exit.

Puts the rooms together: `terminal` starts and ends the process, `passthrough` shows its output untouched, `screen` and
`formats` read it. Knows no job and no server: a worker's handler or `headway run` gives the callbacks and the cancel.
"""

from __future__ import annotations

import asyncio
import contextlib
import os
import signal
from collections.abc import AsyncGenerator, Callable, Generator, Mapping, Sequence
from typing import Any

from headway.clock import Clock, SystemClock
from headway.connectors.command.explicit import MAX_STATEMENT, PREFIX
from headway.connectors.command.formats import Reader
from headway.connectors.command.passthrough import Outlet, keyboard
from headway.connectors.command.reading import Reading
from headway.connectors.command.screen import Line, Screen
from headway.connectors.command.terminal import Child, CommandResult, size_of, start

READ_EVERY_S = 0.1
"""A row that is redrawn is read this often, in its latest state; lines of the log are all read."""

QUIET_S = 1.0
"""Silence after which log lines held back for a live region are told."""

OBSERVE_S = 1.0
"""How often the memory of the command is looked at; the first look comes after READ_EVERY_S."""

DRAIN_S = 1.0
"""How long output is awaited from processes that outlive the session."""

_CHUNK = 65_536
_FORWARDED = (signal.SIGINT, signal.SIGTERM, signal.SIGHUP, signal.SIGQUIT)


async def run_command(
    argv: Sequence[str],
    *,
    on_reading: Callable[[Reading], None],
    on_line: Callable[[str], None],
    env: Mapping[str, str] | None = None,
    cwd: str | os.PathLike[str] | None = None,
    output: int | Callable[[bytes], None] | None = None,
    stdin: int | None = None,
    columns: int = 120,
    rows: int = 40,
    cancel: asyncio.Event | None = None,
    grace_s: float = 10.0,
    forward_signals: bool = False,
    clock: Clock | None = None,
) -> CommandResult:
    """Run `argv` in a terminal of its own until it and all of its session have ended.

    `on_line` gets each line of the log once (a bar only in its final state), `on_reading` each change of progress; both
    are called in the loop and must not block. `output` gets every byte untouched. `env` is the whole environment (None:
    ours); put HEADWAY_JOB_ID and HEADWAY_ATTEMPT there, HEADWAY_FD is added. `stdin`: see `terminal.start`.
    `cancel` set: SIGTERM to the session, after `grace_s` SIGKILL. `forward_signals` (main thread only) passes SIGINT,
    SIGTERM, SIGHUP, SIGQUIT and changes of the window's size on. A window on a real terminal has that terminal's size,
    else `columns` (at least 100) by `rows`.

    Raises CannotStart (`exit_code` 127 or 126) when there is no such command, and what a callback raised. Cancelling
    the task kills the session at once.
    """
    clock = clock or SystemClock()
    window = output if isinstance(output, int) else None
    width, height = size_of(window, columns, rows)
    shown = window is not None and os.isatty(window)
    child = start(argv, env=env, cwd=cwd, stdin=stdin, columns=width, rows=height, returns=shown)
    run = _Run(child, on_reading=on_reading, on_line=on_line, output=output, clock=clock)
    ended = asyncio.ensure_future(child.exited(clock))
    try:
        with keyboard(stdin, child.master), _signals(child, window, forwarded=forward_signals):
            async with run.listening():
                await run.until_ended(ended, cancel or asyncio.Event(), grace_s)
    finally:
        result = await _ended_for_sure(child, ended, clock)
        child.close()
        await run.flushed(grace_s)
    return result


class _Run:
    """The reading side of one command: what comes from its terminal and its pipe, told in order."""

    def __init__(
        self,
        child: Child,
        *,
        on_reading: Callable[[Reading], None],
        on_line: Callable[[str], None],
        output: int | Callable[[bytes], None] | None,
        clock: Clock,
    ) -> None:
        self._child = child
        self._on_reading = on_reading
        self._on_line = on_line
        self._clock = clock
        self._loop = asyncio.get_running_loop()
        self._screen = Screen()
        self._reader = Reader()
        self._redrawn: dict[int, Line] = {}
        self._statement = b""
        self._stirred = asyncio.Event()
        self._drained = asyncio.Event()
        self._draining = False
        self._broken: asyncio.Future[None] = self._loop.create_future()
        self._outlet = Outlet(output, self._resume) if isinstance(output, int) else None
        self._show = self._outlet.write if self._outlet else output if callable(output) else None

    @contextlib.asynccontextmanager
    async def listening(self) -> AsyncGenerator[None]:
        """While inside, output is read; at the end what is still on the screen is told."""
        self._loop.add_reader(self._child.master, self._guarded, self._take_output)
        self._loop.add_reader(self._child.statements, self._guarded, self._take_statements)
        loops = [self._loop.create_task(self._pace()), self._loop.create_task(self._observe())]
        try:
            yield
            self._tell(self._screen.close())
            self._read_redrawn()
        finally:
            await _stop(*loops)
            self._loop.remove_reader(self._child.master)
            self._loop.remove_reader(self._child.statements)

    async def until_ended(self, ended: asyncio.Future[None], cancel: asyncio.Event, grace_s: float) -> None:
        """Until the command has ended by itself or by `cancel`, its session is empty and its output is read."""
        cancelled = self._loop.create_task(cancel.wait())
        try:
            await asyncio.wait({ended, cancelled, self._broken}, return_when=asyncio.FIRST_COMPLETED)
        finally:
            await _stop(cancelled)
        if not self._broken.done():
            await self._end_session(ended, grace_s)
            await self._drain()
        if self._broken.done():
            self._broken.result()

    async def flushed(self, within_s: float) -> None:
        """Until the user's terminal has taken everything, or `within_s` is over."""
        if self._outlet is not None:
            await self._outlet.close(within_s)

    async def _end_session(self, ended: asyncio.Future[None], grace_s: float) -> None:
        """Nothing of the session outlives its command: what runs is asked to end, and killed after `grace_s`.

        (When the leader ended by itself the kernel has sent SIGHUP already. A daemon that must stay calls setsid.)
        """
        if ended.done() and not self._child.others():
            return
        deadline = self._clock.monotonic() + grace_s
        self._child.signal(signal.SIGTERM)
        self._child.signal(signal.SIGCONT)  # a stopped process could not obey
        await asyncio.wait({ended, self._broken}, timeout=grace_s, return_when=asyncio.FIRST_COMPLETED)
        left_s = deadline - self._clock.monotonic()
        if not ended.done() or not await self._child.emptied(self._clock, left_s):
            self._child.signal(signal.SIGKILL)
            await asyncio.wait({ended})

    async def _drain(self) -> None:
        """Until the terminal's other side is closed by the last process that holds it; its buffer is small."""
        self._draining = True
        self._resume()
        with contextlib.suppress(TimeoutError):
            async with asyncio.timeout(DRAIN_S):
                await self._drained.wait()
        self._guarded(self._take_statements)

    # -- in the loop -------------------------------------------------------------------------------------------------

    def _guarded(self, step: Callable[[], None]) -> None:
        """A callback that raises ends the run, and `run_command` raises it."""
        try:
            step()
        except Exception as error:  # noqa: BLE001 -- whatever it is, the caller gets it
            if not self._broken.done():
                self._broken.set_exception(error)
            self._stop_reading()

    def _take_output(self) -> None:
        try:
            data = os.read(self._child.master, _CHUNK)
        except BlockingIOError:
            return
        except OSError:  # EIO: nobody holds the other side (Linux)
            data = b""
        if not data:
            self._stop_reading()
            return
        if self._show is not None:
            self._show(data)
        self._tell(self._screen.feed(data))
        self._stirred.set()
        if self._clogged:
            self._loop.remove_reader(self._child.master)

    @property
    def _clogged(self) -> bool:
        return self._outlet is not None and self._outlet.clogged and not self._draining

    def _stop_reading(self) -> None:
        self._loop.remove_reader(self._child.master)
        self._drained.set()

    def _resume(self) -> None:
        if not self._drained.is_set() and not self._clogged:
            self._loop.add_reader(self._child.master, self._guarded, self._take_output)

    def _take_statements(self) -> None:
        try:
            data = os.read(self._child.statements, _CHUNK)
        except BlockingIOError:
            return
        if not data:
            self._loop.remove_reader(self._child.statements)
            return
        *lines, rest = (self._statement + data).split(b"\n")
        self._statement = rest if len(rest) <= MAX_STATEMENT else rest[: MAX_STATEMENT + 1]
        for line in lines:
            self._report(self._reader.read_json(line))

    def _tell(self, lines: Sequence[Line]) -> None:
        """Log lines at once and all; of redrawn rows the latest waits for its time, or for the next log line."""
        for line in lines:
            if line.transient:
                self._redrawn.pop(line.row, None)
                self._redrawn[line.row] = line
                continue
            self._read_redrawn()
            self._report(self._reader.read(line))
            if not line.text.startswith(PREFIX):
                self._on_line(line.text)

    def _read_redrawn(self) -> None:
        lines, self._redrawn = self._redrawn, {}
        for line in lines.values():
            self._report(self._reader.read(line))

    def _report(self, reading: Reading | None) -> None:
        if reading is not None:
            self._on_reading(reading)

    async def _observe(self) -> None:
        await self._clock.sleep(READ_EVERY_S)
        while True:
            self._child.observe()
            await self._clock.sleep(OBSERVE_S)

    async def _pace(self) -> None:
        while True:
            await self._stirred.wait()
            self._stirred.clear()
            await self._clock.sleep(READ_EVERY_S)
            self._guarded(self._look)
            try:
                async with asyncio.timeout(QUIET_S):
                    await self._stirred.wait()
            except TimeoutError:
                self._guarded(self._settle)

    def _look(self) -> None:
        showing = self._screen.showing()
        if showing is not None:
            self._redrawn.pop(showing.row, None)
            self._redrawn[showing.row] = showing
        self._read_redrawn()

    def _settle(self) -> None:
        self._tell(self._screen.settle())


async def _stop(*tasks: asyncio.Task[Any]) -> None:
    for task in tasks:
        task.cancel()
    await asyncio.gather(*tasks, return_exceptions=True)


async def _ended_for_sure(child: Child, ended: asyncio.Future[None], clock: Clock) -> CommandResult:
    """The result; a command that still runs (our task was cancelled, a callback raised) is killed first.

    A loop that closes cancels `ended` with all its tasks: then it says nothing of the command.
    """
    if not ended.done() or ended.cancelled():
        child.signal(signal.SIGKILL)
        await child.exited(clock)
    await child.emptied(clock, DRAIN_S)
    return child.reap()


@contextlib.contextmanager
def _signals(child: Child, window: int | None, *, forwarded: bool) -> Generator[None]:
    """While inside, signals that reach us reach the command instead."""
    if not forwarded:
        yield
        return
    loop = asyncio.get_running_loop()
    before = {number: signal.getsignal(number) for number in (*_FORWARDED, signal.SIGWINCH)}
    for number in _FORWARDED:
        loop.add_signal_handler(number, child.signal, number)
    if window is not None and os.isatty(window):
        loop.add_signal_handler(signal.SIGWINCH, lambda: child.resize(*size_of(window, 0, 0)))
    try:
        yield
    finally:
        for number, action in before.items():
            loop.remove_signal_handler(number)
            signal.signal(number, signal.SIG_DFL if action is None else action)
