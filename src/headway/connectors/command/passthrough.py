"""Between the user's terminal and the command's: bytes out to a slow reader, keys in from a raw terminal.

A write to a terminal that is stopped (Ctrl-S) or to a pipe nobody reads blocks; making the descriptor non-blocking
would change it for the user's shell too, which shares it. So one thread writes, and the loop never waits.
Knows nothing of progress. Called by `runner`.
"""

from __future__ import annotations

import asyncio
import contextlib
import os
import select
import termios
import threading
import tty
from collections.abc import Callable, Generator

CLOGGED = 262_144
"""Bytes waiting above which the command is no longer read."""

_KEYS = 65_536


class Outlet:
    """Writes to a descriptor in order, from a thread. A descriptor that breaks (EPIPE) swallows what follows."""

    def __init__(self, descriptor: int, on_room: Callable[[], None]) -> None:
        # Its own: a write that was given up must not land in a file that got the number meanwhile.
        self._descriptor = os.dup(descriptor)
        self._on_room = on_room
        self._loop = asyncio.get_running_loop()
        self._waiting = bytearray()
        self._writing = 0
        self._over = False
        self._change = threading.Condition()
        self._done = asyncio.Event()
        # A daemon: a terminal stopped for ever must not keep the program from ending.
        threading.Thread(target=self._write_all, name="headway-output", daemon=True).start()

    @property
    def clogged(self) -> bool:
        """Too much waits; `on_room` is called in the loop when it was written."""
        return len(self._waiting) + self._writing > CLOGGED

    def write(self, data: bytes) -> None:
        """Take `data`; never blocks."""
        with self._change:
            self._waiting += data
            self._change.notify()

    async def close(self, within_s: float) -> bool:
        """Wait until all is written; False when that took longer and the rest is given up."""
        with self._change:
            self._over = True
            self._change.notify()
        try:
            async with asyncio.timeout(within_s):
                await self._done.wait()
        except TimeoutError:
            return False
        return True

    def _write_all(self) -> None:
        broken = False
        while data := self._next():
            broken = broken or not _written(self._descriptor, data)
            self._writing = 0
            self._call(self._on_room)
        os.close(self._descriptor)
        self._call(self._done.set)

    def _next(self) -> bytes:
        with self._change:
            self._change.wait_for(lambda: self._waiting or self._over)
            data = bytes(self._waiting)
            self._waiting.clear()
            self._writing = len(data)
            return data

    def _call(self, function: Callable[[], object]) -> None:
        with contextlib.suppress(RuntimeError):  # the loop is closed: nobody waits any more
            self._loop.call_soon_threadsafe(function)


def _written(descriptor: int, data: bytes) -> bool:
    view = memoryview(data)
    while view:
        try:
            view = view[os.write(descriptor, view) :]
        except BlockingIOError:
            select.select((), (descriptor,), ())
        except OSError:
            return False
    return True


@contextlib.contextmanager
def keyboard(source: int | None, master: int) -> Generator[None]:
    """Forward the keys of the terminal `source` to `master` while inside; `^C` travels as a key, as in any terminal.

    Does nothing when `source` is no terminal, or belongs to another job of the shell (reading would stop us).
    """
    if source is None or not os.isatty(source) or not _foreground(source):
        yield
        return
    loop, keys = asyncio.get_running_loop(), _Keys(master)
    before = termios.tcgetattr(source)
    tty.setraw(source)
    loop.add_reader(source, keys.take, source)
    try:
        yield
    finally:
        loop.remove_reader(source)
        keys.close()
        termios.tcsetattr(source, termios.TCSANOW, before)


class _Keys:
    """Keys on their way to a terminal whose program may not be reading."""

    def __init__(self, master: int) -> None:
        self._master = master
        self._waiting = bytearray()
        self._loop = asyncio.get_running_loop()

    def take(self, source: int) -> None:
        try:
            keys = os.read(source, 4096)
        except OSError:
            keys = b""
        if not keys:
            self._loop.remove_reader(source)  # the terminal is gone
        elif len(self._waiting) < _KEYS:
            self._waiting += keys
            self._give()

    def close(self) -> None:
        self._loop.remove_writer(self._master)

    def _give(self) -> None:
        try:
            del self._waiting[: os.write(self._master, self._waiting)]
        except BlockingIOError:
            pass
        except OSError:
            self._waiting.clear()
        if self._waiting:
            self._loop.add_writer(self._master, self._give)
        else:
            self._loop.remove_writer(self._master)


def _foreground(source: int) -> bool:
    with contextlib.suppress(OSError):
        return os.tcgetpgrp(source) == os.getpgrp()
    return False
