"""One executor process, seen from the supervisor: spawn, talk, listen, kill, and what its death says.

Spawned, never forked, in a session of its own, so that Ctrl-C is ours to pass on and a kill reaches its children.
Knows nothing of attempts beyond their output. Made by `pool.py`.
"""

from __future__ import annotations

import asyncio
import contextlib
import os
import signal
import socket
import subprocess
import sys
import threading
from typing import Any, Protocol

import msgspec

from headway.errors import BadFrame
from headway.worker.lines import LineSplitter
from headway.worker.pipe import Down, Setup, Unpacker, Up, decode_up, pack

_LEAVE_S = 2.0


class Death(msgspec.Struct, frozen=True):
    """How a process ended. `cpu_s` and `rss_bytes` are its own and its children's, by wait4."""

    status: int
    cpu_s: float
    rss_bytes: int

    @property
    def text(self) -> str:
        """For people: `exit code 3`, `killed by SIGKILL (out of memory?)`."""
        if not os.WIFSIGNALED(self.status):
            return f"exit code {os.waitstatus_to_exitcode(self.status)}"
        number = os.WTERMSIG(self.status)
        name = signal.Signals(number).name if number in set(signal.Signals) else str(number)
        return f"killed by {name}" + (" (out of memory?)" if number == signal.SIGKILL else "")


class Listener(Protocol):
    """Who made the process."""

    def on_messages(self, process: ExecutorProcess, messages: list[Up]) -> None:
        """What the executor said."""
        ...

    def on_output(self, process: ExecutorProcess, level: str, lines: list[str]) -> None:
        """Lines of its stdout ("out") or stderr ("err"), where these are captured."""
        ...

    def on_exit(self, process: ExecutorProcess, death: Death) -> None:
        """It is dead, and everything it said was delivered."""
        ...


class ExecutorProcess(asyncio.Protocol):
    """Messages go out batched per turn of the loop. `started` once the transport is there."""

    def __init__(self, listener: Listener, setup: Setup, loop: asyncio.AbstractEventLoop) -> None:
        self.setup = setup
        self.dead = False
        self.ended = False  # dead, and everything it said was delivered
        self._listener = listener
        self._loop = loop
        self._unpacker: Unpacker[Up] = Unpacker(decode_up)
        self._waiting: list[Down] = [setup]
        self._transport: asyncio.Transport | None = None
        self._open_ends = 1
        self._death: Death | None = None
        ours, theirs = socket.socketpair()
        self._process = self._spawn(theirs)
        self.pid = self._process.pid
        theirs.close()
        self._connecting = loop.create_task(self._connect(ours))
        threading.Thread(target=self._await_exit, name=f"headway-wait-{self.pid}", daemon=True).start()

    def _spawn(self, sock: socket.socket) -> subprocess.Popen[bytes]:
        capture = subprocess.PIPE if self.setup.isolated else None
        return subprocess.Popen(
            [sys.executable, "-m", "headway.worker.executor", str(sock.fileno())],
            pass_fds=[sock.fileno()],
            start_new_session=True,
            stdin=subprocess.DEVNULL,
            stdout=capture,
            stderr=capture,
            env=os.environ | ({"PYTHONUNBUFFERED": "1"} if self.setup.isolated else {}),
        )

    async def _connect(self, ours: socket.socket) -> None:
        await self._loop.create_connection(lambda: self, sock=ours)
        for level, pipe in (("out", self._process.stdout), ("err", self._process.stderr)):
            if pipe is not None:
                self._open_ends += 1
                await self._loop.connect_read_pipe(lambda level=level: _Output(self, level), pipe)

    # -- talking --

    def post(self, message: Down) -> None:
        """Send a message; those of one turn of the loop leave together."""
        if not self._waiting and self._transport is not None:
            self._loop.call_soon(self._flush)
        self._waiting.append(message)

    def _flush(self) -> None:
        if self._transport is None or not self._waiting:
            return
        messages, self._waiting = self._waiting, []
        if not self._transport.is_closing():
            self._transport.write(pack(messages))

    def end_soon(self) -> None:
        """It said that it is done: it has a moment to leave by itself."""
        self._loop.call_later(_LEAVE_S, self.kill, signal.SIGKILL)

    def kill(self, number: int) -> None:
        """Signal the whole session of the executor: it and what its handlers started."""
        if not self.dead:
            with contextlib.suppress(ProcessLookupError, PermissionError):
                os.killpg(self.pid, number)

    # -- listening --

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        """The pipe is there."""
        self._transport = transport  # pyright: ignore[reportAttributeAccessIssue]
        self._flush()

    def data_received(self, data: bytes) -> None:
        """Bytes of the executor. What is not of our making ends it: user code wrote into our pipe."""
        try:
            messages = self._unpacker.feed(data)
        except (BadFrame, msgspec.DecodeError):
            self.kill(signal.SIGKILL)
            return
        if messages:
            self._listener.on_messages(self, messages)

    def connection_lost(self, exc: Exception | None) -> None:
        """One of its ends is closed; the exit is told when all are."""
        self.end_closed()

    def output(self, level: str, lines: list[str]) -> None:
        """Lines it printed."""
        self._listener.on_output(self, level, lines)

    def end_closed(self) -> None:
        """One of pipe, stdout, stderr reached its end."""
        self._open_ends -= 1
        self._tell_exit()

    # -- dying --

    def _await_exit(self) -> None:
        if hasattr(os, "waitid"):  # not on macOS before 3.13
            os.waitid(os.P_PID, self.pid, os.WEXITED | os.WNOWAIT)
        self.dead = True
        with contextlib.suppress(ProcessLookupError, PermissionError):
            os.killpg(self.pid, signal.SIGKILL)  # what a handler started and left; not yet reaped, so it is still ours
        _, status, usage = os.wait4(self.pid, 0)
        self._process.returncode = os.waitstatus_to_exitcode(status)
        scale = 1 if sys.platform == "darwin" else 1024
        death = Death(status, usage.ru_utime + usage.ru_stime, usage.ru_maxrss * scale)
        with contextlib.suppress(RuntimeError):  # the loop is closed: nobody asks any more
            self._loop.call_soon_threadsafe(self._exited, death)

    def _exited(self, death: Death) -> None:
        self._death = death
        # Output may be held open by a grandchild that moved to another session: do not wait for it for ever.
        self._loop.call_later(1.0, self._tell_exit, True)
        self._tell_exit()

    def _tell_exit(self, overdue: bool = False) -> None:
        if self._death is not None and (self._open_ends <= 0 or overdue):
            death, self._death = self._death, None
            self._open_ends = 0
            self.ended = True
            if self._transport is not None:
                self._transport.close()
            self._listener.on_exit(self, death)


class _Output(asyncio.Protocol):
    """One captured stream of the process."""

    def __init__(self, process: ExecutorProcess, level: str) -> None:
        self._process = process
        self._level = level
        self._splitter = LineSplitter()
        self._transport: Any = None

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        self._transport = transport

    def data_received(self, data: bytes) -> None:
        if lines := self._splitter.feed(data):
            self._process.output(self._level, lines)

    def connection_lost(self, exc: Exception | None) -> None:
        if lines := self._splitter.finish():
            self._process.output(self._level, lines)
        self._process.end_closed()
