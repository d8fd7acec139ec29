"""An MCP server that is a process of ours: started, spoken to by lines, ended with all that it started.

Theory. It lives in a session of its own, so that a signal reaches its children and Ctrl-C does not. It is ended as the
specification says (stdin closed, then SIGTERM, then SIGKILL), its whole group. For the day on which this worker is killed
itself there is a guard: a shell that waits for a pipe which only we hold open, and ends the group when it closes. (The
kernel's PDEATHSIG would reach the first process only, and `npx` is never the server itself.)

The SDK has a transport of its own for this. It is not used: it does not say with which code a process ended, lets stderr
through, reads lines without end, and does not survive our own death. Must never know MCP beyond its lines. Made by
`connection.py`.
"""

from __future__ import annotations

import asyncio
import contextlib
import os
import signal
import subprocess
from collections import deque
from collections.abc import Callable
from contextlib import AbstractAsyncContextManager
from types import TracebackType
from typing import TypeVar

import anyio
from anyio.streams.memory import MemoryObjectReceiveStream, MemoryObjectSendStream
from mcp.client._transport import TransportStreams
from mcp.client.stdio import get_default_environment
from mcp.shared.message import SessionMessage
from mcp_types import jsonrpc_message_adapter

from headway.connectors.mcp.config import Resolved
from headway.connectors.mcp.last_words import last_words
from headway.connectors.mcp.secrets import cut

Pipe = TypeVar("Pipe")

LINE_BYTES = 134_217_728
_LEAVE_S = 2.0  # after its stdin was closed, and again after SIGTERM
_CODE_S = 1.0  # between the end of its stdout and its exit code
_TAIL_LINES = 40
_TAIL_CHARS = 500
_SAID_CHARS = 300
_GUARD = """
read _
kill -s TERM -- "-$0"
i=0
while [ $i -lt 20 ] && kill -s 0 -- "-$0"; do sleep 0.1; i=$((i+1)); done
kill -s KILL -- "-$0"
"""


class ServerProcess(AbstractAsyncContextManager[TransportStreams]):
    """A transport of the SDK. `problem`: why it has ended, or how it misbehaves; free of secrets."""

    def __init__(self, resolved: Resolved, on_garbage: Callable[[str], None] = lambda _: None) -> None:
        self._resolved = resolved
        self._on_garbage = on_garbage
        self._process: asyncio.subprocess.Process | None = None
        self._guard: subprocess.Popen[bytes] | None = None
        self._pumps: list[asyncio.Task[None]] = []
        self._tail: deque[str] = deque(maxlen=_TAIL_LINES)
        self._garbage: str | None = None
        self._oversized = False

    @property
    def pid(self) -> int | None:
        """Of the process and of its group."""
        return None if self._process is None else self._process.pid

    @property
    def problem(self) -> str:
        """In words, with the last it wrote on stderr."""
        code = None if self._process is None else self._process.returncode
        words = "its process closed its stdout" if code is None else f"its process ended with {_exit_text(code)}"
        if self._oversized:
            words = f"it wrote a line of more than {LINE_BYTES:,} bytes"
        if self._garbage is not None:
            words += f"; on its stdout was what is no JSON-RPC: {self._garbage!r}"
        if said := last_words(self._tail):
            words += f"; it last wrote: {cut(self._resolved.secrets.hide(said), _SAID_CHARS)}"
        return cut(words, 1_000)

    @property
    def _child(self) -> asyncio.subprocess.Process:
        if self._process is None:
            raise RuntimeError("The process was not started.")
        return self._process

    async def __aenter__(self) -> TransportStreams:
        """Start it. OSError when that can not be done."""
        server = self._resolved.server
        self._process = process = await asyncio.create_subprocess_exec(
            server.command or "", *self._resolved.args,
            stdin=subprocess.PIPE, stdout=subprocess.PIPE, stderr=subprocess.PIPE,
            env=get_default_environment() | self._resolved.env,
            cwd=server.cwd, start_new_session=True, limit=LINE_BYTES,
        )  # fmt: skip
        self._guard = await _guarded(process)
        incoming, read = anyio.create_memory_object_stream[SessionMessage | Exception](0)
        write, outgoing = anyio.create_memory_object_stream[SessionMessage](0)
        self._streams = (incoming, read, write, outgoing)
        create = asyncio.get_running_loop().create_task
        self._pumps = [
            create(self._hear(incoming)),
            create(self._speak(outgoing, incoming)),
            create(self._note_errors()),
        ]
        return read, write

    async def __aexit__(
        self, exc_type: type[BaseException] | None, exc_val: BaseException | None, exc_tb: TracebackType | None
    ) -> None:
        """End it, whatever happens meanwhile."""
        process = self._child
        try:
            _close_stdin(process)
            if not await _exits(process):
                _signal(process.pid, signal.SIGTERM)
                await _exits(process)
        finally:
            _signal(process.pid, signal.SIGKILL)
            for pump in self._pumps:
                pump.cancel()
            self._dismiss_guard()
            for stream in self._streams:
                stream.close()
            if (pipes := getattr(process, "_transport", None)) is not None:
                pipes.close()  # a child of its own may hold the other ends
        await _exits(process)
        await asyncio.wait(self._pumps, timeout=_LEAVE_S)

    def _dismiss_guard(self) -> None:
        if self._guard is not None:
            self._guard.kill()
            self._guard.wait()
            if self._guard.stdin is not None:
                self._guard.stdin.close()

    # -- pumps --

    async def _hear(self, incoming: MemoryObjectSendStream[SessionMessage | Exception]) -> None:
        """stdout, line by line; then nothing more will come."""
        stdout = _end(self._child.stdout)
        try:
            while line := await stdout.readline():
                if (message := self._message(line)) is not None:
                    await incoming.send(message)
        except (ValueError, asyncio.LimitOverrunError):
            self._oversized = True
        except (anyio.BrokenResourceError, anyio.ClosedResourceError, ConnectionError):
            pass
        with contextlib.suppress(TimeoutError):
            async with asyncio.timeout(_CODE_S):
                await self._child.wait()
        incoming.close()

    def _message(self, line: bytes) -> SessionMessage | None:
        if not line.strip():
            return None
        try:
            return SessionMessage(jsonrpc_message_adapter.validate_json(line, by_name=False))
        except ValueError:
            if self._garbage is None:
                self._garbage = cut(self._resolved.secrets.hide(line[:1_000].decode(errors="replace").strip()), 200)
                self._on_garbage(self._garbage)
            return None

    async def _speak(
        self,
        outgoing: MemoryObjectReceiveStream[SessionMessage],
        incoming: MemoryObjectSendStream[SessionMessage | Exception],
    ) -> None:
        stdin = _end(self._child.stdin)
        try:
            async for item in outgoing:
                text = item.message.model_dump_json(by_alias=True, exclude_unset=True)
                stdin.write(text.encode() + b"\n")
                await stdin.drain()
        except (ConnectionError, RuntimeError, anyio.ClosedResourceError):
            incoming.close()

    async def _note_errors(self) -> None:
        """The end of stderr, for the day it dies."""
        stderr = _end(self._child.stderr)
        rest = b""
        while chunk := await stderr.read(65_536):
            *lines, rest = (rest[-4_096:] + chunk).split(b"\n")
            for line in lines[-_TAIL_LINES:]:
                self._note(line)
        self._note(rest)

    def _note(self, line: bytes) -> None:
        if text := line.decode(errors="replace").rstrip():
            self._tail.append(cut(self._resolved.secrets.hide(text), _TAIL_CHARS))


def _end(pipe: Pipe | None) -> Pipe:
    if pipe is None:
        raise RuntimeError("The process was started without this pipe.")
    return pipe


def _guard_of(group: int) -> subprocess.Popen[bytes]:
    """A shell that ends the group when this process is no more: nobody else holds the other end of its stdin."""
    return subprocess.Popen(
        ["/bin/sh", "-c", _GUARD, str(group)],
        stdin=subprocess.PIPE,
        stdout=subprocess.DEVNULL,
        stderr=subprocess.DEVNULL,
        start_new_session=True,
    )


async def _guarded(process: asyncio.subprocess.Process) -> subprocess.Popen[bytes]:
    """Its guard. OSError if there is none to be had: then the process was ended."""
    try:
        return _guard_of(process.pid)
    except BaseException as error:
        _signal(process.pid, signal.SIGKILL)
        await _exits(process)
        if (pipes := getattr(process, "_transport", None)) is not None:
            pipes.close()
        if isinstance(error, OSError):
            raise OSError(f"its guard (/bin/sh) does not start: {error.strerror or error}") from None
        raise


def _close_stdin(process: asyncio.subprocess.Process) -> None:
    if process.stdin is not None:
        with contextlib.suppress(OSError, RuntimeError):
            process.stdin.close()


async def _exits(process: asyncio.subprocess.Process) -> bool:
    """Whether it has ended within a moment. (`wait` alone would wait for pipes that its children hold, too.)"""
    with contextlib.suppress(TimeoutError):
        async with asyncio.timeout(_LEAVE_S):
            await process.wait()
    return process.returncode is not None


def _signal(group: int, number: int) -> None:
    with contextlib.suppress(ProcessLookupError, PermissionError):
        os.killpg(group, number)


def _exit_text(code: int) -> str:
    if code >= 0:
        return f"exit code {code}"
    return f"signal {signal.Signals(-code).name if -code in set(signal.Signals) else -code}"
