"""Three ways to hear the same frames: WebSocket, SSE, long-poll. Each an async generator that ends when its link does.

A generator yields `OPENED`, then what the server says, in order; WebSocket also says what is put into its outbox.
Where frames fit is `protocol.viewing`'s, when to come again is `protocol.link`'s; errors tell the two ends apart:
Unreachable (nobody answers), Barred (somebody does, and not with this transport), Ended (it was up). Knows no view.
"""

from __future__ import annotations

import asyncio
from collections.abc import AsyncGenerator, Callable
from typing import Any

import msgspec
from websockets.asyncio.client import ClientConnection, connect
from websockets.exceptions import ConnectionClosed, InvalidStatus, WebSocketException

from headway.client.problems import error_of
from headway.client.rest import API, Rest
from headway.errors import HeadwayError, Unreachable, WireError
from headway.protocol.frames import (
    VIEWER_PROTOCOL,
    Batch,
    Frame,
    Reset,
    Snapshot,
    Subscribe,
    ToViewer,
    Unknown,
    Welcome,
    decode_to_viewer,
    encode,
    frame_of,
    parse_cursor,
)

OPENED = Unknown("opened")
"""The transport is up; nothing is heard yet."""
ALIVE = Unknown("alive")
"""A sign of life that says nothing else."""
SILENT_S = 45.0
"""A stream that says nothing for so long, comments included, is dead (three times 15 s)."""
POLL_S = 25.0
WELCOME_S = 1.0
"""The first answer of a long-poll comes soon, because it is the welcome: a link waits 10 s for that (`hello_s`)."""
SNAPSHOT_BYTES = 64 * 1024 * 1024
FRAMES_AHEAD = 16
"""WebSocket frames taken in before somebody wants them; then TCP holds the server back."""

Frames = AsyncGenerator[ToViewer | Unknown, None]
Asks = Callable[[], Subscribe]
"""The subscription as it is to be asked for now, from where its view stands."""


class Barred(WireError):
    """Somebody answers, and not with this transport (a proxy, another program); another may get through."""


class Ended(WireError):
    """The transport was up and ended with `close_code` (1006 where it has none)."""

    def __init__(self, close_code: int, reason: str) -> None:
        super().__init__(reason)
        self.close_code = close_code


# -- WebSocket -----------------------------------------------------------------------------------------------------


async def websocket(rest: Rest, asks: Asks, outbox: asyncio.Queue[Frame]) -> Frames:
    """Over `/api/v1/live`, subprotocol headway.v1. It has a voice: what is in the outbox is said."""
    link = await _connected(rest)
    saying = asyncio.create_task(_say(link, outbox))
    try:
        yield OPENED
        async for message in link:
            yield decode_to_viewer(message.encode() if isinstance(message, str) else message)
        raise _ended(link)
    except ConnectionClosed:
        raise _ended(link) from None
    finally:
        saying.cancel()
        await link.close()


async def _connected(rest: Rest) -> ClientConnection:
    address = "ws" + rest.url.removeprefix("http") + API + "/live"
    try:
        return await connect(
            address,
            subprotocols=[VIEWER_PROTOCOL],  # pyright: ignore[reportArgumentType]
            additional_headers=rest.headers,
            compression=None,
            max_size=SNAPSHOT_BYTES,
            max_queue=FRAMES_AHEAD,
            ping_interval=None,
            close_timeout=1,
            proxy=None if rest.is_local else True,
        )
    except InvalidStatus as error:
        raise _by_status(error, rest.url) from None
    except WebSocketException as error:
        raise Barred(str(error)) from None
    except TimeoutError:
        raise Unreachable(rest.url, "no answer in time") from None
    except OSError as error:
        refused = isinstance(error, ConnectionRefusedError) or "Connect call failed" in str(error)
        raise Unreachable(rest.url, "connection refused" if refused else str(error)) from None


_LATER = frozenset({429, 502, 503, 504})


def _by_status(error: InvalidStatus, url: str) -> HeadwayError:
    """401 and 403 of our own server mean what they say, and so does a proxy whose servers are away for a moment; anything
    else is a proxy that knows no WebSocket.
    """
    status = error.response.status_code
    if status in _LATER:
        return Unreachable(url, f"answered with {status}")
    said = error_of(status, bytes(error.response.body or b""), url)
    return said if said.code in ("unauthorized", "forbidden") else Barred(f"the upgrade was answered with {status}")


async def _say(link: ClientConnection, outbox: asyncio.Queue[Frame]) -> None:
    try:
        while True:
            await link.send(encode(await outbox.get()).decode())
    except ConnectionClosed:
        return  # the reader sees it too, with its code


def _ended(link: ClientConnection) -> Ended:
    code = link.close_code or 1006
    return Ended(code, link.close_reason or ("the connection broke" if code == 1006 else f"closed with {code}"))


# -- SSE and long-poll: the server hears nothing, so what is wanted is asked for at once ---------------------------


async def sse(rest: Rest, asks: Asks, outbox: asyncio.Queue[Frame]) -> Frames:
    """Over the same path as text/event-stream."""
    ask = asks()
    headers = {"Accept": "text/event-stream", "Cache-Control": "no-store"}
    async with rest.stream("/live", _params(ask), headers, silence_s=SILENT_S) as response:
        if not response.headers.get("content-type", "").startswith("text/event-stream"):
            raise Barred("the answer is no event stream")
        yield OPENED
        welcomed = False
        async for id, text in _messages(response.aiter_lines()):
            frame = decode_to_viewer(text.encode()) if text else ALIVE
            if text and not welcomed and not isinstance(frame, Welcome):
                yield _welcome(id, frame)
            welcomed = welcomed or bool(text)
            yield _as_asked(frame, ask)
    raise Ended(1006, "the stream ended")


async def _messages(lines: AsyncGenerator[str, None] | Any) -> AsyncGenerator[tuple[str, str], None]:
    """(id, data) of each message (WHATWG server-sent events); a comment is one without data, and a sign of life."""
    held: list[str] = []
    id = ""
    async for line in lines:
        if line.startswith("data:"):
            held.append(line[5:].removeprefix(" "))
        elif line.startswith("id:"):
            id = line[3:].strip()
        elif line.startswith(":"):
            yield id, ""
        elif not line and held:
            yield id, "\n".join(held)
            held = []


def _welcome(cursor: str, frame: ToViewer | Unknown) -> Welcome:
    """What a link that was never greeted begins with: the log is the one that the first cursor names."""
    epoch = parse_cursor(cursor).epoch if cursor else ""
    if isinstance(frame, Reset):
        epoch = frame.epoch
    return Welcome(session="", epoch=epoch, seq=0, now=getattr(frame, "now", ""), ping_s=POLL_S)


def _as_asked(frame: ToViewer | Unknown, ask: Subscribe) -> ToViewer | Unknown:
    """There is one subscription on such a link, whatever the server calls it."""
    return msgspec.structs.replace(frame, id=ask.id) if isinstance(frame, Snapshot | Batch | Reset) else frame


async def poll(rest: Rest, asks: Asks, outbox: asyncio.Queue[Frame]) -> Frames:
    """Over `GET /api/v1/events`, one answer after the other, each asked for from where the view then stands."""
    yield OPENED
    welcomed = False
    while True:
        ask, wait_s = asks(), POLL_S if welcomed else WELCOME_S
        answer: Any = await rest.get("/events", {**_params(ask), "wait": wait_s}, wait_s=wait_s)
        for value in answer["frames"] or [{"type": ALIVE.type}]:
            frame = frame_of(value)
            if not welcomed and not isinstance(frame, Welcome):
                yield _welcome(answer.get("cursor") or "", frame)
            welcomed = True
            yield _as_asked(frame, ask)


def _params(ask: Subscribe) -> dict[str, Any]:
    params: dict[str, Any] = {"topic": ask.topics}
    optional = {
        "since": ask.since,
        "want": None if ask.want == "auto" else ask.want,
        "conflate": None if ask.conflate else "false",
        "pace_ms": ask.pace_ms,
    }
    return params | {name: value for name, value in optional.items() if value is not None}


TRANSPORTS: dict[str, Callable[[Rest, Asks, asyncio.Queue[Frame]], Frames]] = {
    "websocket": websocket,
    "sse": sse,
    "poll": poll,
}
"""By the names of `protocol.link`."""
