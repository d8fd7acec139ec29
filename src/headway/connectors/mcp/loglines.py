"""Log lines of a server that belong to no call: into the worker's own log, so many a second, the others counted.

A server may log without end, and nobody waits for its words: its lines must not push those of others out of the log. Must
never know MCP. Called by `engine.py`, each line and now and then.
"""

from __future__ import annotations

import logging

from headway.clock import Clock

MOST = 10
_SECOND = 1.0
_log = logging.getLogger("headway.mcp")


class LogLines:
    """`write` a line, free of secrets and bounded; `settle` now and then."""

    def __init__(self, server: str, clock: Clock) -> None:
        self._server = server
        self._clock = clock
        self._since = clock.monotonic()
        self._written = 0
        self._passed_over = 0

    def write(self, text: str) -> None:
        """Into the log, or counted."""
        self.settle()
        if self._written < MOST:
            self._written += 1
            _log.info("MCP server %s: %s", self._server, text)
        else:
            self._passed_over += 1

    def settle(self) -> None:
        """Once the second is over: say how many were passed over, and begin anew."""
        now = self._clock.monotonic()
        if now - self._since < _SECOND:
            return
        if self._passed_over:
            _log.info("MCP server %s: and %s more log lines within a second", self._server, f"{self._passed_over:,}")
        self._since, self._written, self._passed_over = now, 0, 0
