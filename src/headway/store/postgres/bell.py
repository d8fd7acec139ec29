"""The doorbell between servers of one log: NOTIFY after our commits, LISTEN for those of others.

One thread with one direct connection does both, so that no commit waits for it. News of ours goes out at once, then at
most once in 10 ms, several in one; our own notifications are known by the pid of our backend. It may fail at any time
and comes back by itself: nobody may rely on it, the store is polled too. Must never know what the news is.
"""

from __future__ import annotations

import logging
import select
import socket
import threading
from collections.abc import Callable
from contextlib import suppress

import psycopg

from headway.clock import SystemClock
from headway.errors import StoreUnavailable
from headway.store.postgres.address import Address
from headway.store.postgres.connecting import Connection, connect

log = logging.getLogger(__name__)

PAUSE_S = 0.01
"""Between two notifications of ours: a busy server rings a hundred times a second."""
FIRST_WAIT_S, LONGEST_WAIT_S = 0.1, 5.0
"""Before connecting again: doubled each time."""
CLOSING_S = 1.0


def bell_of(store: Address, direct: Address | None) -> Bell | None:
    """The bell of a store; None where only a transaction pooler leads to it, behind which nobody can listen."""
    way = direct.beside(store) if direct is not None else store
    return None if way.pooled else Bell(way)


class Bell:
    """`on_news` says whom to call, from the bell's own thread; `news` tells the others. Begins at once."""

    def __init__(self, address: Address) -> None:
        self._address = address
        self._clock = SystemClock()
        self._ring: Callable[[], None] = lambda: None
        self._news = threading.Event()
        self._closed = threading.Event()
        self._wakes, self._waking = socket.socketpair()
        self._wakes.setblocking(False)
        self._waking.setblocking(False)
        self._thread = threading.Thread(target=self._run, name="bell", daemon=True)
        self._thread.start()

    def on_news(self, ring: Callable[[], None]) -> None:
        """`ring()` soon after somebody else had news, and after a time in which we could not hear."""
        self._ring = ring

    def news(self) -> None:
        """We have committed. From any thread; never waits."""
        if not self._news.is_set():
            self._news.set()
            self._wake()

    def close(self) -> None:
        """No ring after it returns, unless one is under way. A second call does nothing."""
        self._ring = lambda: None
        if not self._closed.is_set():
            self._closed.set()
            self._wake()
            self._thread.join(CLOSING_S)  # it may be about to connect, and ends after that

    def _wake(self) -> None:
        with suppress(OSError):  # full: it will wake; closed: it has ended
            self._waking.send(b"!")

    # -- its thread ------------------------------------------------------------------------------------------------

    def _run(self) -> None:
        wait = FIRST_WAIT_S
        with self._wakes, self._waking:
            while not self._closed.is_set():
                try:
                    with connect(self._address) as connection:
                        pid = _begin_listening(connection, self._address.channel)
                        wait = FIRST_WAIT_S
                        self._ring()  # what there was to hear before is not known
                        self._serve(connection, pid)
                except (psycopg.Error, StoreUnavailable, OSError) as problem:
                    if not self._closed.is_set():
                        log.warning("nobody hears the bell: %s", str(problem).strip(), extra={"action": "listen"})
                        self._closed.wait(wait)
                        wait = min(wait * 2, LONGEST_WAIT_S)

    def _serve(self, connection: Connection, pid: int) -> None:
        """Until it is closed, or the connection fails."""
        heard: list[int] = []  # pids of who rang, also while we were ringing
        connection.add_notify_handler(lambda notification: heard.append(notification.pid))
        sockets = [connection, self._wakes]
        ring_at = 0.0
        while not self._closed.is_set():
            pause = ring_at - self._clock.monotonic() if self._news.is_set() else None
            ready = [] if pause is not None and pause <= 0 else select.select(sockets, [], [], pause)[0]
            if self._wakes in ready:
                with suppress(BlockingIOError):
                    self._wakes.recv(4096)
            if connection in ready:
                connection.pgconn.consume_input()
            heard += _unread(connection)
            if self._news.is_set() and self._clock.monotonic() >= ring_at:
                self._news.clear()  # what comes while we ring has to ring again
                connection.execute(f'NOTIFY "{self._address.channel}"'.encode())
                ring_at = self._clock.monotonic() + PAUSE_S
            if any(each != pid for each in heard):
                self._ring()
            heard.clear()


def _begin_listening(connection: Connection, channel: str) -> int:
    """The pid by which our own notifications are known."""
    connection.execute("SET synchronous_commit TO off")  # a lost ring is a poll
    connection.execute(f'LISTEN "{channel}"'.encode())
    row = connection.execute("SELECT pg_backend_pid()").fetchone()
    return row[0] if row else 0


def _unread(connection: Connection) -> list[int]:
    pids: list[int] = []
    while notification := connection.pgconn.notifies():
        pids.append(notification.be_pid)
    return pids
