"""The live picture of one attempt on its way to the server: the newest one, now and then, never owed.

Theory. A picture is worth something while it is new. So one is under way at a time, the next leaves no sooner than
`EVERY_S` after it, and of those that came meanwhile only the newest is kept. Whatever goes wrong is forgotten: no job
fails, waits or ends later because nobody could see it. Must never know HTTP. Called by `host.py`.
"""

from __future__ import annotations

import logging
import threading
from collections.abc import Callable

import msgspec

from headway.clock import Clock

log = logging.getLogger(__name__)

EVERY_S = 0.25
PICTURES = ("image/png", "image/jpeg", "image/webp", "image/gif")
"""What the server takes, looking at the bytes themselves."""


class Picture(msgspec.Struct, frozen=True):
    """A picture as the handler gave it; `label` says what it shows."""

    content: bytes
    type: str
    label: str | None = None


class Showing:
    """One per attempt. `start` calls a function soon in a thread, `pause` waits there; `send` raises what went wrong."""

    def __init__(
        self,
        send: Callable[[Picture], None],
        start: Callable[[Callable[[], None]], None],
        clock: Clock,
        pause: Callable[[float], object],
    ) -> None:
        self._send = send
        self._start = start
        self._clock = clock
        self._pause = pause
        self._lock = threading.Lock()
        self._newest: Picture | None = None
        self._under_way = False
        self._next_at = 0.0

    def show(self, picture: Picture) -> None:
        """Returns at once, from any thread."""
        with self._lock:
            self._newest = picture
            if self._under_way:
                return
            self._under_way = True
        self._start(self._send_newest)

    def _send_newest(self) -> None:
        self._pause(max(self._next_at - self._clock.monotonic(), 0.0))
        with self._lock:
            picture, self._newest = self._newest, None
        self._next_at = self._clock.monotonic() + EVERY_S
        if picture is not None:
            try:
                self._send(picture)
            except Exception as error:  # noqa: BLE001 - whatever it is: the next picture is another try
                log.debug("a preview was not shown: %s", error, extra={"action": "preview"})
        with self._lock:
            self._under_way = self._newest is not None
        if self._under_way:
            self._start(self._send_newest)
