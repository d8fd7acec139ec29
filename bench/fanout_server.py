"""The server that the fan-out load client (fan.c) is run against: the real front, door and feed, and a log in memory.

The client speaks plain WebSocket and says no hello, so it subscribes by URL:
`--path '/api/v1/live?topic=custom:bench&want=events&conflate=false&pace_ms=0'`, and publishes to `/pub`: each message becomes a
custom event with the message as data, as if it had been committed. `/health` tells the cursor for a storm of reconnects.
Only the commit is left out; `bench/spine.py` measures that.

    python bench/fanout_server.py PORT [--loop uvloop|asyncio]
"""

from __future__ import annotations

import argparse
import asyncio
import contextlib
import json
import socket
from typing import Any

import msgspec
import uvicorn

from headway.clock import SystemClock
from headway.hub.feed import Feed
from headway.hub.ledger import Commit
from headway.model.event import Event
from headway.model.settings import Settings
from headway.model.world import World
from headway.server.door import Door
from headway.server.front import front
from headway.server.guard import perimeter
from headway.server.websocket import TEXT, Inbox
from headway.store.base import Head

TYPE = "bench.sent"
CLOCK = SystemClock()


class EmptyStore:
    """A log that begins with the server; asked only when somebody wants what the ring does not have."""

    head = Head("bench", 0, 0)

    @contextlib.contextmanager
    def reading(self):
        yield self

    def events(self, *_: Any, **__: Any) -> list[Event]:
        return []

    def first_seq(self) -> int:
        return 1


class Publisher(asyncio.Protocol):
    """`/pub`: every text message is an event."""

    def __init__(self, feed: Feed, transport: asyncio.Transport) -> None:
        self.feed = feed
        self.inbox = Inbox(1 << 20)
        transport.set_protocol(self)

    def data_received(self, data: bytes) -> None:
        now, seq = CLOCK.now(), self.feed.head
        events = [
            Event(type=TYPE, at=now, data=msgspec.json.decode(payload), seq=seq + number)
            for number, (opcode, payload) in enumerate(self.inbox.feed(data), 1)
            if opcode == TEXT
        ]
        if events:
            self.feed.publish(Commit(events, World(now)))


def entrance(door: Door):
    """The front, and before it the bench's own door for publishers."""
    make = front(door)

    class Entrance(asyncio.Protocol):
        def connection_made(self, transport) -> None:
            self.transport = transport

        def data_received(self, data: bytes) -> None:
            if data.startswith(b"GET /pub"):
                from headway.server.websocket import accept_key

                key = data.lower().partition(b"sec-websocket-key:")[2]
                at = len(data) - len(key)
                accept = accept_key(data[at:].partition(b"\r")[0].strip().decode())
                Publisher(door.feed, self.transport)
                head = b"HTTP/1.1 101 Switching Protocols\r\nupgrade: websocket\r\nconnection: upgrade\r\n"
                self.transport.write(head + b"sec-websocket-accept: " + (accept or b"") + b"\r\n\r\n")
                return
            inner = make(**self.arguments)
            self.transport.set_protocol(inner)
            inner.connection_made(self.transport)
            inner.data_received(data)

    def made(**arguments):
        protocol = Entrance()
        protocol.arguments = arguments
        return protocol

    return made


async def serve(port: int) -> None:
    settings = Settings(links_per_address=1_000_000, ring_events=400_000)
    feed = Feed(CLOCK, EmptyStore(), settings)
    feed.begin(EmptyStore.head)

    async def app(scope, receive, send) -> None:
        if scope["type"] != "http":
            return
        body = json.dumps({"ok": True, "viewers": len(feed.viewers), "seq": feed.head, "reads": feed.source.reads})
        await send({"type": "http.response.start", "status": 200, "headers": [(b"content-type", b"application/json")]})
        await send({"type": "http.response.body", "body": body.encode()})

    sock = socket.socket()
    sock.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
    sock.bind(("127.0.0.1", port))
    sock.listen(4096)
    sock.setblocking(False)
    service = asyncio.create_task(feed.run())
    config = uvicorn.Config(
        app, http=entrance(Door(feed, perimeter())), log_level="warning", access_log=False, backlog=4096, lifespan="off"
    )
    await uvicorn.Server(config).serve(sockets=[sock])
    service.cancel()


if __name__ == "__main__":
    parser = argparse.ArgumentParser()
    parser.add_argument("port", type=int)
    parser.add_argument("--loop", default="uvloop")
    given = parser.parse_args()
    if given.loop == "uvloop":
        import uvloop

        uvloop.run(serve(given.port))
    else:
        asyncio.run(serve(given.port))
