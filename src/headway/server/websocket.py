"""The server's half of RFC 6455 without input or output: the answer to a handshake, and what a client sent.

Our own, because a viewer's whole connection may cost 4 KB and `websockets`' sans-I/O connection alone takes 3.4 of them
(docs/decisions/0006); there are no extensions and no fragments to send, so little is left. What viewers send is small: a
message over the limit is refused by its header, before it is taken in. Must never know frames of ours. Called by wire.py
and front.py.
"""

from __future__ import annotations

import base64
import hashlib
from enum import IntEnum

TEXT, BINARY, CLOSE, PING, PONG = 1, 2, 8, 9, 10
_CONTROL = 8  # this bit is set in the opcodes of control frames
_KEY_BYTES = 16
_GUID = b"258EAFA5-E914-47DA-95CA-C5AB0DC85B11"


class WireCode(IntEnum):
    """Close codes of the transport itself (RFC 6455 §7.4.1); ours are `frames.CloseCode`."""

    NORMAL = 1000
    PROTOCOL_ERROR = 1002
    UNSUPPORTED = 1003
    NO_STATUS = 1005
    INVALID_TEXT = 1007
    TOO_LARGE = 4013  # ours: a viewer should know that it must not come back with the same


class Violation(Exception):  # named for what happened, as ours are
    """The client broke the transport's rules."""

    def __init__(self, code: WireCode, reason: str) -> None:
        super().__init__(reason)
        self.code = code
        self.reason = reason


def accept_key(key: str) -> bytes | None:
    """The answer to `Sec-WebSocket-Key`, or None where it is not one."""
    try:
        if len(base64.b64decode(key, validate=True)) != _KEY_BYTES:
            return None
    except ValueError:
        return None
    return base64.b64encode(hashlib.sha1(key.encode() + _GUID, usedforsecurity=False).digest())


def close_payload(code: int, reason: str) -> bytes:
    """Code and reason of a close frame; a reason that does not fit into 123 bytes is cut between characters."""
    return code.to_bytes(2, "big") + reason.encode()[:123].decode(errors="ignore").encode()


def close_code(payload: bytes) -> int:
    """The code to answer a close frame with: the client's own, where it may be sent."""
    if not payload:
        return WireCode.NORMAL
    code = int.from_bytes(payload[:2], "big") if len(payload) >= 2 else 0
    return code if 1000 <= code < 1004 or 1007 <= code <= 1011 or 3000 <= code < 5000 else WireCode.PROTOCOL_ERROR


class Inbox:
    """What has come and is not whole yet. `feed` gives (opcode, payload) of whole messages and control frames."""

    __slots__ = ("_max_bytes", "_opcode", "_parts", "_rest")

    def __init__(self, max_bytes: int) -> None:
        self._max_bytes = max_bytes
        self._rest = b""
        self._opcode = 0  # of the message whose fragments are in `_parts`
        self._parts: list[bytes] = []

    @property
    def idle(self) -> bool:
        """True when nothing is kept: the inbox may be thrown away."""
        return not self._rest and not self._opcode

    def feed(self, arrived: bytes) -> list[tuple[int, bytes]]:
        """What is whole now, in order. Violation: the connection must end; what came before it in `arrived` is lost."""
        data = self._rest + arrived if self._rest else arrived
        at = 0
        found: list[tuple[int, bytes]] = []
        while (frame := self._frame(data, at)) is not None:
            first, payload, at = frame
            if first & _CONTROL:
                found.append((first & 15, payload))
            elif (message := self._assemble(first, payload)) is not None:
                found.append(message)
        self._rest = data[at:]
        return found

    def _frame(self, data: bytes, at: int) -> tuple[int, bytes, int] | None:
        """First byte, payload unmasked, and where the next frame begins; None while it is not whole."""
        if len(data) - at < 2:
            return None
        first, second = data[at], data[at + 1]
        size, head = second & 127, at + 2
        _check_header(first, second, size)
        if size > 125:
            wide = 2 if size == 126 else 8
            if len(data) - head < wide:
                return None
            size, head = int.from_bytes(data[head : head + wide], "big"), head + wide
        if size + sum(map(len, self._parts)) > self._max_bytes:
            raise Violation(WireCode.TOO_LARGE, f"a message over {self._max_bytes:,} bytes")
        end = head + 4 + size
        if len(data) < end:
            return None
        return first, unmasked(data[head : head + 4], data[head + 4 : end]), end

    def _assemble(self, first: int, payload: bytes) -> tuple[int, bytes] | None:
        opcode, final = first & 15, first & 128
        if bool(opcode) == bool(self._opcode):
            raise Violation(WireCode.PROTOCOL_ERROR, "fragments out of order")
        if not opcode:
            self._parts.append(payload)
            opcode, payload = self._opcode, b"".join(self._parts) if final else b""
        elif not final:
            self._parts = [payload]
        self._opcode = 0 if final else opcode
        if not final:
            return None
        self._parts = []
        return opcode, _text(payload) if opcode == TEXT else payload


def _check_header(first: int, second: int, size: int) -> None:
    opcode = first & 15
    if first & 0x70 or opcode not in {0, TEXT, BINARY, CLOSE, PING, PONG}:
        raise Violation(WireCode.PROTOCOL_ERROR, "reserved bits or opcode")
    if not second & 128:
        raise Violation(WireCode.PROTOCOL_ERROR, "a frame that is not masked")
    if opcode & _CONTROL and (size > 125 or not first & 128):
        raise Violation(WireCode.PROTOCOL_ERROR, "a control frame that is long or fragmented")


def _text(payload: bytes) -> bytes:
    try:
        payload.decode()
    except UnicodeDecodeError:
        raise Violation(WireCode.INVALID_TEXT, "text that is not UTF-8") from None
    return payload


def unmasked(mask: bytes, payload: bytes) -> bytes:
    """The payload with the mask taken off (RFC 6455 §5.3), as one operation on large integers."""
    size = len(payload)
    if not size or mask == b"\0\0\0\0":
        return payload
    key = (mask * (size // 4 + 1))[:size]
    return (int.from_bytes(payload, "little") ^ int.from_bytes(key, "little")).to_bytes(size, "little")
