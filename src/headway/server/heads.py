"""uvicorn's HTTP protocol with what it lacks: a limit on the head of a request, in bytes and in time.

Without it one header may fill the memory, and a head that never ends holds a connection for ever (measured: a header of
1 MB was taken with 200). What is whole in one read costs two attributes. Must never know routes. Made by front.py for
every connection that is not a stream.
"""

from __future__ import annotations

import asyncio
from typing import Any

from uvicorn.protocols.http.httptools_impl import HttpToolsProtocol

HEAD_BYTES = 16_384
"""Counted from the second read of a head on: the first brings at most what a socket gives at once."""


class BoundedHeads(HttpToolsProtocol):
    """`patience_s`: how long a head may take."""

    def __init__(self, *args: Any, patience_s: float) -> None:
        super().__init__(*args)
        self._patience_s = patience_s
        self._in_head = True
        self._head_bytes = 0
        self._patience: asyncio.TimerHandle | None = None

    def data_received(self, data: bytes) -> None:
        """A head that is not whole yet is counted and timed."""
        began_before = self._in_head and self._patience is not None
        super().data_received(data)
        if not self._in_head or self.transport.is_closing():
            return
        if self._patience is None:
            self._patience = self.loop.call_later(self._patience_s, self._refuse, b"408 Request Timeout")
        self._head_bytes += len(data) if began_before else 0
        if self._head_bytes > HEAD_BYTES:
            self._refuse(b"431 Request Header Fields Too Large")

    def on_message_begin(self) -> None:
        self._in_head = True
        self._head_bytes = 0
        super().on_message_begin()

    def on_headers_complete(self) -> None:
        self._in_head = False
        self._be_patient()
        super().on_headers_complete()

    def connection_lost(self, exc: Exception | None) -> None:
        self._be_patient()
        super().connection_lost(exc)

    def _be_patient(self) -> None:
        if self._patience is not None:
            self._patience.cancel()
            self._patience = None

    def _refuse(self, status: bytes) -> None:
        """In few words: whoever sends this is no browser of ours."""
        self._be_patient()
        if not self.transport.is_closing():
            self.transport.write(b"HTTP/1.1 %b\r\ncontent-length: 0\r\nconnection: close\r\n\r\n" % status)
            self.transport.close()
