"""Fan-out (P6, P7, P7b, P8, P9): the real front, door and feed with a log in memory, under an outside load client.

    python bench/fanout.py serve PORT [--loop uvloop|asyncio]
    python bench/fanout.py run --client PATH/TO/fan [--runs 3] [--proto ws|sse] [--loads w1,w16,w64,r1000,s100] [--conns 1000]

The client (`fan`, plain WebSocket or SSE, says no hello) subscribes by URL and publishes to `/pub`, where each message
becomes a custom event with the message as data, as if it had just been committed; only the commit is left out.
Loads: wN closed loop with N events outstanding, rN open loop with N events/s, sN all reconnect after N missed events.
Prints the client's JSON lines with the name of the figure; run the floor and a peer in the same minutes to compare.
"""

from __future__ import annotations

import argparse
import asyncio
import contextlib
import json
import socket
import subprocess
import sys
import time
import urllib.request
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
from headway.server.websocket import TEXT, Inbox, accept_key
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


STREAM = "/api/v1/live?topic=custom:bench&want=events&conflate=false&pace_ms=0"
FIGURES = {"w1": "P6", "w16": "P7", "w64": "P7", "r1000": "P7b", "r20": "P7b", "s100": "P9"}


def free_port() -> int:
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return probe.getsockname()[1]


def health(port: int) -> dict[str, Any]:
    with urllib.request.urlopen(f"http://127.0.0.1:{port}/health", timeout=5) as answer:
        return json.load(answer)


def measure(client: str, load: str, conns: int, proto: str, secs: float) -> None:
    """One server for one load, so that no run pays for another."""
    port = free_port()
    server = subprocess.Popen(["taskset", "-c", "0", sys.executable, __file__, "serve", str(port)])
    try:
        for _ in range(100):
            time.sleep(0.1)
            with contextlib.suppress(OSError):
                health(port)
                break
        kind, number = load[0], load[1:]
        options = {"w": ["--window", number], "r": ["--rate", number], "s": ["--storm", number, "--inflight", "1000"]}[
            kind
        ]
        if kind == "s":
            options += ["--path2", f"{STREAM}&since=bench.{health(port)['seq']}"]
        command = [
            "taskset",
            "-c",
            "1",
            client,
            "--tag",
            "headway",
            "--proto",
            proto,
            "--port",
            str(port),
            "--path",
            STREAM,
        ]
        command += ["--pub", "/pub", "--conns", str(conns), "--secs", str(secs), "--warm", "0.5", "--settle", "300"]
        command += ["--pid", str(server.pid), *options]
        answer = subprocess.run(command, check=False, capture_output=True, text=True, timeout=180)
        figures = {"figure": FIGURES.get(load, "-"), "load": load, **json.loads(answer.stdout)}
        figures["store_reads"] = health(port)["reads"]
        print(json.dumps(figures), flush=True)
    finally:
        server.terminate()
        server.wait(10)


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    verbs = parser.add_subparsers(dest="verb", required=True)
    serving = verbs.add_parser("serve")
    serving.add_argument("port", type=int)
    serving.add_argument("--loop", choices=("uvloop", "asyncio"), default="uvloop")
    running = verbs.add_parser("run")
    running.add_argument("--client", required=True)
    running.add_argument("--runs", type=int, default=3)
    running.add_argument("--loads", default="w1,w16,w64,r1000,s100")
    running.add_argument("--conns", default="1000")
    running.add_argument("--proto", choices=("ws", "sse"), default="ws")
    running.add_argument("--secs", type=float, default=1.2)
    given = parser.parse_args()
    if given.verb == "serve" and given.loop == "uvloop":
        import uvloop

        uvloop.run(serve(given.port))
    elif given.verb == "serve":
        asyncio.run(serve(given.port))
    else:
        for conns in given.conns.split(","):
            for _ in range(given.runs):
                for load in given.loads.split(","):
                    measure(given.client, load, int(conns), given.proto, given.secs)


if __name__ == "__main__":
    main()
