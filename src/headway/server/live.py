"""The stream as plain ASGI, on three transports: WebSocket and SSE at `/api/v1/live`, long-poll at `/api/v1/events`.

The reference that mounts into anybody's application and under any ASGI server; the front (front.py) is the same with
less in between. Must never know what frames mean. `routes` are given to the application by app.py.
"""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable, Callable, Coroutine
from typing import Any

from starlette.routing import BaseRoute, Route, WebSocketRoute
from starlette.types import Receive, Scope, Send

from headway.errors import CallerError, ServerError
from headway.hub.coding import SSE_BEHIND
from headway.hub.subscription import State, Subscription
from headway.hub.viewer import Viewer
from headway.protocol.frames import VIEWER_PROTOCOL
from headway.server.door import EVENTS, LIVE, Admission, Ask, Door, refusal_of
from headway.server.wire import GatheringWire

SSE_HEADERS = [
    (b"content-type", b"text/event-stream; charset=utf-8"),
    (b"cache-control", b"no-store"),
    (b"x-accel-buffering", b"no"),
    (b"x-content-type-options", b"nosniff"),
]
RETRY = b"retry: 1000\n\n"

Endpoint = Callable[[Scope, Receive, Send], Awaitable[None]]


def routes(door: Door) -> list[BaseRoute]:
    """To be put before routes that would match the same paths with other methods."""
    return [
        WebSocketRoute(LIVE, _Endpoint(door, follow_by_websocket), name="live_websocket"),
        Route(LIVE, _Endpoint(door, follow_by_sse), methods=["GET"], name="live"),
        Route(EVENTS, _Endpoint(door, poll), methods=["GET"], name="events"),
    ]


class _Endpoint:
    """A request that was let in, and its transport."""

    def __init__(
        self, door: Door, serve: Callable[[Door, Admission, Scope, Receive, Send], Coroutine[Any, Any, None]]
    ) -> None:
        self.door = door
        self.serve = serve

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        try:
            admission = self.door.admit(_ask(scope))
        except (CallerError, ServerError) as error:
            await _refuse(scope, send, error)
            return
        await self.serve(self.door, admission, scope, receive, send)


def _ask(scope: Scope) -> Ask:
    headers: dict[str, str] = {}
    for name, value in scope["headers"]:
        word, text = name.decode("latin-1"), value.decode("latin-1")
        headers[word] = f"{headers[word]}, {text}" if word in headers else text
    client = scope.get("client") or ("", 0)
    query = scope.get("query_string", b"").decode("latin-1")
    return Ask(headers, query, client[0], scope["type"] == "websocket")


async def _refuse(scope: Scope, send: Send, error: CallerError | ServerError) -> None:
    status, body, retry_s = refusal_of(error)
    headers = [(b"content-type", b"application/problem+json"), (b"content-length", b"%d" % len(body))]
    if retry_s is not None:
        headers.append((b"retry-after", b"%d" % max(1, round(retry_s))))
    prefix = "http"
    if scope["type"] == "websocket":
        if "websocket.http.response" not in scope.get("extensions", {}):
            await send(
                {"type": "websocket.close", "code": 4003 if status == 403 else 4001, "reason": error.message[:120]}
            )
            return
        prefix = "websocket.http"
    await send({"type": f"{prefix}.response.start", "status": status, "headers": headers})
    await send({"type": f"{prefix}.response.body", "body": body})


# -- WebSocket -----------------------------------------------------------------------------------------------------


async def follow_by_websocket(door: Door, admission: Admission, scope: Scope, receive: Receive, send: Send) -> None:
    """Frames both ways until one side ends it."""
    await receive()
    offered = VIEWER_PROTOCOL in scope.get("subprotocols", ())
    await send({"type": "websocket.accept", "subprotocol": VIEWER_PROTOCOL if offered else None})
    wire = GatheringWire()
    wire.viewer = viewer = door.open(wire, admission)
    door.begin(viewer, admission)
    reading = asyncio.create_task(_read_messages(viewer, wire, receive))
    try:
        while (frame := await _next(wire)) is not None:
            await send({"type": "websocket.send", "text": frame.decode()})
        code, reason = wire.ended or (1000, "")
        if not reading.done():
            await send({"type": "websocket.close", "code": code, "reason": reason})
    except OSError:
        pass  # the peer went away in the middle of a frame
    finally:
        viewer.closed()
        await _stopped(reading)


async def _read_messages(viewer: Viewer, wire: GatheringWire, receive: Receive) -> None:
    while (message := await receive())["type"] == "websocket.receive":
        text: str | None = message.get("text")
        viewer.received(text.encode() if text is not None else message.get("bytes") or b"")
    viewer.closed()
    wire.abort()


async def _next(wire: GatheringWire) -> bytes | None:
    """The next frame; None when the link has ended and all is out."""
    if not wire.frames:
        if wire.ended is None:
            await wire.ready.wait()
        if not wire.frames:
            return None
    return wire.take()


async def _stopped(task: asyncio.Task[None]) -> None:
    task.cancel()
    await asyncio.wait([task])


# -- SSE -----------------------------------------------------------------------------------------------------------


async def follow_by_sse(door: Door, admission: Admission, scope: Scope, receive: Receive, send: Send) -> None:
    """The same frames as messages of an event stream, until the reader goes."""
    await send({"type": "http.response.start", "status": 200, "headers": SSE_HEADERS})
    wire = GatheringWire(SSE_BEHIND)
    wire.viewer = viewer = door.open(wire, admission)
    wire.write(RETRY)
    door.begin(viewer, admission)
    leaving = asyncio.create_task(_await_leaving(wire, receive))
    try:
        while (frame := await _next(wire)) is not None:
            await send({"type": "http.response.body", "body": frame, "more_body": True})
        if not leaving.done():
            await send({"type": "http.response.body", "body": b"", "more_body": False})
    except OSError:
        pass  # the reader went away in the middle of a message
    finally:
        viewer.closed()
        await _stopped(leaving)


async def _await_leaving(wire: GatheringWire, receive: Receive) -> None:
    while (await receive())["type"] != "http.disconnect":
        pass
    wire.abort()


# -- long-poll -----------------------------------------------------------------------------------------------------


async def poll(door: Door, admission: Admission, scope: Scope, receive: Receive, send: Send) -> None:
    """One answer: what there is now, or the first that comes within `wait`; `cursor` is for the next question."""
    wire = GatheringWire(limit=1 << 62)
    wire.viewer = viewer = door.open(wire, admission, pinged=False)
    leaving = asyncio.create_task(_await_leaving(wire, receive))
    try:
        subscription = door.begin(viewer, admission, welcomed=False)
        if subscription is None:
            body = b'{"frames":[%b],"cursor":null}' % b",".join(wire.frames)
        else:
            await _gathered(wire, subscription, admission.wait_s)
            door.feed.settle()
            if not wire.frames:
                subscription.bookmark(door.feed.source)
            body = b'{"frames":[%b],"cursor":%b}' % (b",".join(wire.frames), _cursor_of(subscription, door))
        headers = [(b"content-type", b"application/json"), (b"cache-control", b"no-store")]
        if not leaving.done():
            await send({"type": "http.response.start", "status": 200, "headers": headers})
            await send({"type": "http.response.body", "body": body})
    finally:
        viewer.closed()
        await _stopped(leaving)


def _cursor_of(subscription: Subscription, door: Door) -> bytes:
    """As JSON; null where the link was ended before anything was sent: there is nothing to go on from."""
    stands_at = subscription.stands_at
    return b'"%b.%d"' % (door.feed.source.epoch.encode(), stands_at) if stands_at >= 0 else b"null"


async def _gathered(wire: GatheringWire, subscription: Subscription, wait_s: float) -> None:
    """Until something worth sending is there, or the wait is over. What is being read from the store is waited for."""
    try:
        async with asyncio.timeout(wait_s):
            while not (wire.ended or (wire.frames and subscription.state in _AT_REST)):
                wire.ready.clear()
                await wire.ready.wait()
    except TimeoutError:
        while subscription.state is State.LOADING and not wire.ended:
            wire.ready.clear()
            await wire.ready.wait()


_AT_REST = frozenset({State.LIVE, State.ENDED})
