"""The executor's own thread: it listens to the supervisor and wakes reporters, whatever user code does with the loop.

An `async def` handler that computes for a minute blocks its loop, and its `track()` is still reported, its
`ctx.cancelled` still becomes true. Must never run user code. Started by `executor.py`.
"""

from __future__ import annotations

import select
import socket
import threading
from collections import deque
from collections.abc import Callable
from typing import Any

from headway.clock import Clock
from headway.model.report import ReportItem
from headway.worker.pipe import Down, Outbox, Reported, Unpacker
from headway.worker.reporter import Reporter


class Courier(threading.Thread):
    """`deliver` (set it before the start) gets every batch of messages, on this thread; `on_end` is called when the supervisor is gone."""

    def __init__(
        self,
        sock: socket.socket,
        outbox: Outbox,
        unpacker: Unpacker[Down],
        clock: Clock,
        on_end: Callable[[], Any],
    ) -> None:
        super().__init__(name="headway-courier", daemon=True)
        self.report_s = 0.25
        self._sock = sock
        self._outbox = outbox
        self._unpacker = unpacker
        self._clock = clock
        self.deliver: Callable[[list[Down]], None] = lambda _: None
        self._on_end = on_end
        self._due: deque[tuple[float, Reporter]] = deque()  # a constant delay keeps it sorted
        self._asleep = False
        self._bell, self._ringer = socket.socketpair()
        self._ringer.setblocking(False)

    def call_later(self, reporter: Reporter) -> None:
        """Flush it once, `report_s` from now. From any thread."""
        self._due.append((self._clock.monotonic() + self.report_s, reporter))
        if self._asleep:
            self._asleep = False
            self._ring()

    def _ring(self) -> None:
        try:
            self._ringer.send(b"!")
        except BlockingIOError:
            return  # it rings already

    def run(self) -> None:
        """Until the supervisor closes its end."""
        while True:
            readable = select.select([self._sock, self._bell], [], [], self._patience())[0]
            self._asleep = False
            if self._bell in readable:
                self._bell.recv(4096)
            if self._sock in readable and not self._receive():
                self._on_end()
                return
            self._wake_reporters()

    def _patience(self) -> float | None:
        self._asleep = True
        if not self._due:
            return None
        self._asleep = False
        return max(0.0, self._due[0][0] - self._clock.monotonic())

    def _receive(self) -> bool:
        try:
            received = self._sock.recv(262_144)
        except OSError:
            return False
        if received:
            self.deliver(self._unpacker.feed(received))
        return bool(received)

    def _wake_reporters(self) -> None:
        now = self._clock.monotonic()
        if not self._due or self._due[0][0] > now:
            return  # nothing of ours to send; another thread's message is its own to send, before it may hold the GIL
        while self._due and self._due[0][0] <= now:
            self._due.popleft()[1].flush()
        self._outbox.flush()


class PipeOutlet:
    """Reports of one attempt into the pipe; those that the courier wakes leave together."""

    __slots__ = ("_courier", "_key", "_outbox")

    def __init__(self, key: int, outbox: Outbox, courier: Courier) -> None:
        self._key = key
        self._outbox = outbox
        self._courier = courier

    def send(self, items: list[ReportItem]) -> None:
        """One report."""
        self._outbox.put(Reported(key=self._key, items=items))
        if threading.get_ident() != self._courier.ident:
            self._outbox.flush()

    def call_later(self, reporter: Reporter) -> None:
        """Wake it by the courier."""
        self._courier.call_later(reporter)
