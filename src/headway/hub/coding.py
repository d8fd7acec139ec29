"""How a frame becomes bytes: the batch put together from encoded events, and the three dresses a frame goes out in.

A WebSocket frame of a server is unmasked, so it is the same for everyone and is built once for a crowd; an SSE
message likewise. Where somebody else frames (an ASGI server's WebSocket, long-poll) the bare JSON goes out.
Must never know who gets it. Called by crowds and subscriptions.
"""

from __future__ import annotations

from collections.abc import Callable

import msgspec

from headway.protocol.frames import encode_value


class Coding(msgspec.Struct, frozen=True):
    """`dress(frame, cursor)`: the bytes of one frame; `cursor` names where a viewer stands after it, None if it says
    nothing about that. `direct`: the bytes may be written to the socket as they are.
    """

    name: str
    dress: Callable[[bytes, str | None], bytes]
    direct: bool = False


def websocket_frame(payload: bytes, opcode: int = 1) -> bytes:
    """One unfragmented, unmasked frame (RFC 6455 §5.2)."""
    size = len(payload)
    if size < 126:
        return bytes((0x80 | opcode, size)) + payload
    if size < 65_536:
        return bytes((0x80 | opcode, 126)) + size.to_bytes(2, "big") + payload
    return bytes((0x80 | opcode, 127)) + size.to_bytes(8, "big") + payload


def _websocket(payload: bytes, cursor: str | None) -> bytes:  # one signature for every dress
    return websocket_frame(payload)


def _sse(payload: bytes, cursor: str | None) -> bytes:
    """JSON has no raw line break, so a frame is one `data:` line; its `id` is what Last-Event-ID brings back."""
    return b"data: %b\n\n" % payload if cursor is None else b"id: %b\ndata: %b\n\n" % (cursor.encode(), payload)


def _bare(payload: bytes, cursor: str | None) -> bytes:  # one signature for every dress
    return payload


WEBSOCKET = Coding("websocket", _websocket, direct=True)
WEBSOCKET_BEHIND = Coding("websocket", _websocket)  # TLS, or no plain socket: only through the transport
SSE = Coding("sse", _sse, direct=True)
SSE_BEHIND = Coding("sse", _sse)
BARE = Coding("bare", _bare)


def batch(id: str, body: bytes) -> bytes:
    """The frame `Batch` of subscription `id`; `body` is `frames.batch_body`, shared by all who stand at the same place."""
    return b'{"type":"batch","id":%b%b' % (encode_value(id), body)
