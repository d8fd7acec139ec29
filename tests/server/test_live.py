"""The stream over real sockets: three transports, before uvicorn and through it, with clients that misbehave."""

from __future__ import annotations

import asyncio
import base64
import json
import os
import random
import socket
from collections.abc import AsyncIterator
from pathlib import Path
from typing import Any

import httpx
import pytest
import uvicorn
import websockets
from starlette.applications import Starlette
from starlette.responses import PlainTextResponse
from starlette.routing import Route
from websockets.asyncio.client import ClientConnection, connect

from headway.clock import SystemClock
from headway.errors import Unauthorized
from headway.hub.feed import Feed
from headway.hub.ledger import Commit
from headway.model.event import Event
from headway.model.fold import fold
from headway.model.settings import Settings
from headway.model.world import World
from headway.protocol.frames import Batch, Reset, Snapshot, decode_to_viewer
from headway.protocol.viewing import Took, View
from headway.server.door import Door
from headway.server.front import front
from headway.server.guard import perimeter
from headway.server.live import routes
from headway.store.sqlite import SqliteStore
from headway.testing.store_worlds import NOW, Stream, job_id, submitted, write
from viewers import custom, difference

LIVE = "/api/v1/live"
EVENTS_ONLY = "topic=custom:crew&want=events&pace_ms=0"


class Desk:
    """Knows the token `secret`."""

    def authorize(self, token: str | None) -> str:
        if token != "secret":
            raise Unauthorized("This server asks for a token.")
        return "me"

    async def request(self, subject: Any, method: str, params: dict[str, Any], key: str | None) -> Any:
        return {"subject": subject, "method": method}


class Server:
    """A store, a feed and uvicorn on a free port; with the front or without."""

    def __init__(self, path: Path, *, fronted: bool, authenticated: bool = False, **settings: Any) -> None:
        self.clock = SystemClock()
        self.store = SqliteStore(path / "log.db")
        self.feed = Feed(self.clock, self.store, Settings(**settings))
        self.feed.begin(self.store.open(now=NOW, new_epoch="e1"))
        if authenticated:
            self.feed.desk = Desk()
        guard = perimeter(authenticated=authenticated, allowed_origins=["https://pages.example"])
        door = Door(self.feed, guard)

        async def hello(_request: object) -> PlainTextResponse:
            return PlainTextResponse("hello")

        app = Starlette(routes=[*routes(door), Route("/hello", hello)])
        http: Any = front(door) if fronted else "httptools"
        config = uvicorn.Config(app, http=http, ws="websockets-sansio", lifespan="off", log_level="error")
        self.uvicorn = uvicorn.Server(config)
        self.socket = socket.socket()
        self.socket.bind(("127.0.0.1", 0))
        self.socket.listen(256)
        self.port = int(self.socket.getsockname()[1])
        self.tasks: list[asyncio.Task[Any]] = []

    async def start(self) -> None:
        self.tasks = [asyncio.create_task(self.feed.run()), asyncio.create_task(self.uvicorn._serve([self.socket]))]
        async with asyncio.timeout(10):
            while not self.uvicorn.started:  # noqa: ASYNC110  # uvicorn has no signal for it
                await asyncio.sleep(0)

    async def stop(self) -> None:
        self.feed.close()
        self.uvicorn.should_exit = True
        await self.tasks[1]
        self.tasks[0].cancel()
        await asyncio.wait(self.tasks)
        self.store.close()
        self.socket.close()

    def happen(self, *events: Event) -> list[Event]:
        committed = write(self.store, *events)
        self.feed.publish(Commit(committed, World(NOW)))
        return committed

    @property
    def host(self) -> str:
        return f"127.0.0.1:{self.port}"

    def ws(self, query: str = "", **options: Any) -> Any:
        url = f"ws://{self.host}{LIVE}" + (f"?{query}" if query else "")
        return connect(url, **{"subprotocols": ["headway.v1"], "compression": None, **options})

    async def until(self, condition: Any) -> None:
        async with asyncio.timeout(15):
            while not condition():  # noqa: ASYNC110  # the other side of a real socket
                await asyncio.sleep(0.002)


@pytest.fixture(params=["front", "asgi"])
def fronted(request: pytest.FixtureRequest) -> bool:
    return request.param == "front"


@pytest.fixture
async def make(tmp_path: Path, fronted: bool) -> AsyncIterator[Any]:
    made: list[Server] = []

    async def start(**settings: Any) -> Server:
        made.append(Server(tmp_path, **{"fronted": fronted, **settings}))
        await made[-1].start()
        return made[-1]

    yield start
    for server in made:
        await server.stop()


async def frame(link: ClientConnection) -> Any:
    async with asyncio.timeout(10):
        return json.loads(await link.recv())


async def frame_of(link: ClientConnection, *types: str) -> Any:
    while (found := await frame(link))["type"] not in types:
        pass
    return found


async def greeted(link: ClientConnection, **hello: Any) -> Any:
    await link.send(json.dumps({"type": "hello", "v": 1, **hello}))
    return await frame(link)


async def closing(link: ClientConnection) -> tuple[int, str]:
    """How the server ended the link."""
    async with asyncio.timeout(10):
        try:
            while True:
                await link.recv()
        except websockets.ConnectionClosed:
            return link.close_code or 0, link.close_reason or ""


class TestWebSocket:
    async def test_hello_subscribe_snapshot_and_what_follows(self, make: Any):
        server = await make()
        server.happen(submitted(job_id(1)))

        async with server.ws() as link:
            welcome = await greeted(link)
            await link.send(json.dumps({"type": "subscribe", "id": "a", "topics": ["jobs"], "pace_ms": 0}))
            snapshot = await frame(link)
            server.happen(submitted(job_id(2)))
            batch = await frame(link)

        assert link.subprotocol == "headway.v1"
        assert (welcome["type"], welcome["epoch"], welcome["seq"]) == ("welcome", "e1", 1)
        assert (snapshot["type"], snapshot["seq"]) == ("snapshot", 1)
        assert list(snapshot["topics"]["jobs"]["documents"]["job"]) == [job_id(1)]
        assert (batch["type"], batch["from"], batch["to"]) == ("batch", 1, 2)

    async def test_a_url_may_subscribe_so_that_no_hello_is_needed(self, make: Any):
        server = await make()
        server.happen(custom(1), custom(2))

        async with server.ws(f"{EVENTS_ONLY}&since=e1.1", subprotocols=None) as link:
            welcome, batch = await frame(link), await frame(link)

        assert welcome["type"] == "welcome"
        assert (batch["id"], [event["data"]["number"] for event in batch["events"]]) == ("stream", [2])

    async def test_a_wrong_url_is_refused_before_the_upgrade(self, make: Any):
        server = await make()

        with pytest.raises(websockets.InvalidStatus) as refused:
            await server.ws("topic=jobs&since=yesterday").__aenter__()

        assert refused.value.response.status_code == 400
        assert json.loads(refused.value.response.body)["code"] == "bad_cursor"

    async def test_fragments_pings_and_a_polite_end(self, make: Any):
        server = await make()

        async with server.ws() as link:
            await link.send(iter(['{"type":', '"hel', 'lo"}']))
            welcome = await frame(link)
            latency = await asyncio.wait_for(await link.ping(b"x"), 5)
        await server.until(lambda: not server.feed.viewers)

        assert welcome["type"] == "welcome"
        assert latency < 5
        assert link.close_code == 1000

    @pytest.mark.parametrize(
        ("sent", "code"),
        [
            ("not json", 4000),
            ('{"type":"dance"}', 4000),
            ("[" * 100, 4000),
            ('{"type":"hello","client":"' + "x" * 64_000, 4000),
        ],
    )
    async def test_hostile_frames_end_the_link_with_a_code(self, make: Any, sent: str, code: int):
        server = await make()

        async with server.ws() as link:
            await link.send(sent)
            ended = await closing(link)

        assert ended[0] == code
        assert ended[1]

    async def test_a_message_over_the_limit_is_not_taken_in(self, make: Any, fronted: bool):
        server = await make()

        async with server.ws() as link:
            await link.send("x" * 70_000)
            ended = await closing(link)

        assert ended[0] == 4013

    async def test_a_flood_ends_the_link(self, make: Any):
        server = await make()

        async with server.ws() as link:
            await greeted(link)
            for _ in range(80):
                await link.send('{"type":"pong"}')
            ended = await closing(link)

        assert ended[0] == 4008

    async def test_at_the_end_viewers_are_told_to_come_back(self, make: Any):
        server = await make()

        async with server.ws(EVENTS_ONLY) as link:
            await frame(link)
            await server.feed.drain(3)
            bye = await frame_of(link, "bye")
            ended = await closing(link)

        assert bye["after_ms"] == [0, 3000]
        assert ended[0] == 4200

    async def test_links_are_limited_by_address(self, make: Any):
        server = await make(links_per_address=2)

        async with server.ws(EVENTS_ONLY), server.ws(EVENTS_ONLY):
            with pytest.raises(websockets.InvalidStatus) as refused:
                await server.ws(EVENTS_ONLY).__aenter__()

        assert refused.value.response.status_code == 503
        assert refused.value.response.headers["retry-after"] == "5"


class TestAdmission:
    @pytest.mark.parametrize(
        ("headers", "status"),
        [
            ({"Origin": "http://evil.example"}, 403),
            ({"Origin": "null"}, 403),
            ({"Origin": "https://pages.example"}, None),
            ({"Sec-Fetch-Site": "cross-site"}, 403),
        ],
    )
    async def test_pages_of_others_are_kept_out(self, make: Any, headers: dict[str, str], status: int | None):
        server = await make()

        if status is None:
            async with server.ws(EVENTS_ONLY, additional_headers=headers) as link:
                assert (await frame(link))["type"] == "welcome"
            return
        with pytest.raises(websockets.InvalidStatus) as refused:
            await server.ws(EVENTS_ONLY, additional_headers=headers).__aenter__()

        assert refused.value.response.status_code == status

    @pytest.mark.parametrize("path", [f"{LIVE}?topic=jobs", "/api/v1/events?topic=jobs"])
    async def test_a_rebound_name_is_refused(self, make: Any, path: str):
        server = await make()

        async with httpx.AsyncClient() as client:
            answer = await client.get(f"http://{server.host}{path}", headers={"Host": "evil.example"})

        assert answer.status_code == 403
        assert answer.headers["content-type"] == "application/problem+json"
        assert "allowed_hosts" in answer.json()["hint"]

    async def test_with_tokens_configured_one_is_needed(self, make: Any):
        server = await make(authenticated=True)
        bearer = {"Authorization": "Bearer secret"}

        with pytest.raises(websockets.InvalidStatus) as refused:
            await server.ws(EVENTS_ONLY).__aenter__()
        async with server.ws(EVENTS_ONLY, additional_headers=bearer) as link:
            by_header = await frame(link)
        async with server.ws(origin=f"http://{server.host}") as link:
            by_hello = await greeted(link, token="secret")
        async with server.ws(origin=f"http://{server.host}") as link:
            await link.send('{"type":"hello","token":"wrong"}')
            ended = await closing(link)

        assert refused.value.response.status_code == 401
        assert (by_header["type"], by_hello["type"]) == ("welcome", "welcome")
        assert ended[0] == 4001

    async def test_everything_else_on_the_port_is_uvicorns(self, make: Any):
        server = await make()

        async with httpx.AsyncClient() as client:
            answers = [
                await client.get(f"http://{server.host}{path}") for path in ("/hello", "/hello", "/api/v1/liver")
            ]

        assert [answer.status_code for answer in answers] == [200, 200, 404]

    async def test_a_request_that_comes_in_crumbs_is_put_together(self, make: Any):
        server = await make()
        reader, writer = await asyncio.open_connection("127.0.0.1", server.port)

        for byte in f"GET {LIVE}?topic=custom:x&want=events HTTP/1.1\r\nHost: {server.host}\r\n\r\n".encode():
            writer.write(bytes([byte]))
            await writer.drain()
        head = await asyncio.wait_for(reader.readuntil(b"\r\n\r\n"), 5)
        writer.close()

        assert head.startswith(b"HTTP/1.1 200")
        assert b"text/event-stream" in head


class TestFront:
    @pytest.fixture
    def fronted(self) -> bool:
        return True

    async def test_a_head_without_end_is_refused(self, make: Any):
        server = await make()
        reader, writer = await asyncio.open_connection("127.0.0.1", server.port)

        writer.write(f"GET {LIVE} HTTP/1.1\r\nX: ".encode() + b"x" * 20_000)
        head = await asyncio.wait_for(reader.read(1000), 5)
        writer.close()

        assert head.startswith(b"HTTP/1.1 413")

    @pytest.mark.parametrize(
        ("changed", "status"),
        [({"Sec-WebSocket-Version": "8"}, 426), ({"Sec-WebSocket-Key": "short"}, 422), ({"Connection": "close"}, 422)],
    )
    async def test_what_is_no_handshake_is_refused(self, make: Any, changed: dict[str, str], status: int):
        server = await make()
        headers = {
            "Host": server.host, "Upgrade": "websocket", "Connection": "Upgrade", "Sec-WebSocket-Version": "13",
            "Sec-WebSocket-Key": base64.b64encode(os.urandom(16)).decode(), **changed,
        }  # fmt: skip
        reader, writer = await asyncio.open_connection("127.0.0.1", server.port)

        lines = "".join(f"{name}: {value}\r\n" for name, value in headers.items())
        writer.write(f"GET {LIVE} HTTP/1.1\r\n{lines}\r\n".encode())
        head = await asyncio.wait_for(reader.read(1000), 5)
        writer.close()

        assert head.startswith(f"HTTP/1.1 {status}".encode())

    @pytest.mark.parametrize(
        ("frame", "code"),
        [
            (b"\x81\x01x", 1002),  # not masked
            (b"\xc1\x81\0\0\0\0x", 1002),  # reserved bit
            (b"\x83\x81\0\0\0\0x", 1002),  # unknown opcode
            (b"\x09\x81\0\0\0\0x", 1002),  # fragmented ping
            (b"\x80\x81\0\0\0\0x", 1002),  # continues nothing
            (b"\x81\x81\0\0\0\0\xff", 1007),  # not UTF-8
            (b"\x82\x81\0\0\0\0x", 1003),  # binary
            (b"\x81\xff\0\0\0\0\0\1\0\1", 4013),  # over 64 KB announced, not sent
        ],
    )
    async def test_broken_transport_frames_end_the_link(self, make: Any, frame: bytes, code: int):
        server = await make()
        reader, writer = await raw_link(server, "")

        writer.write(frame)
        ended = await asyncio.wait_for(reader.read(), 5)
        writer.close()

        assert ended[0] == 0x88
        assert int.from_bytes(ended[2:4], "big") == code

    async def test_a_reader_that_never_reads_holds_little_and_disturbs_nobody(self, make: Any):
        server = await make()
        writers = [(await raw_link(server, EVENTS_ONLY))[1] for _ in range(3)]
        for writer in writers:
            writer.transport.pause_reading()  # pyright: ignore[reportAttributeAccessIssue]
        got: list[int] = []

        async with server.ws(EVENTS_ONLY, max_queue=None) as link:
            for number in range(150):
                server.happen(*(custom(number * 10 + place, text="x" * 5_000) for place in range(10)))
                while not got or got[-1] < number * 10 + 9:
                    got += [event["data"]["number"] for event in (await frame_of(link, "batch"))["events"]]
            buffered = [viewer.wire.buffered for viewer in server.feed.viewers.values()]

        assert got == list(range(1_500))
        assert max(buffered) < 600_000
        assert sum(viewer.blocked for viewer in server.feed.viewers.values()) == 3
        for writer in writers:
            writer.close()


async def raw_link(server: Server, query: str) -> tuple[asyncio.StreamReader, asyncio.StreamWriter]:
    """A WebSocket by hand, past its handshake."""
    reader, writer = await asyncio.open_connection("127.0.0.1", server.port)
    key = base64.b64encode(os.urandom(16)).decode()
    writer.write(
        f"GET {LIVE}?{query} HTTP/1.1\r\nHost: {server.host}\r\nUpgrade: websocket\r\nConnection: Upgrade\r\n"
        f"Sec-WebSocket-Version: 13\r\nSec-WebSocket-Key: {key}\r\n\r\n".encode()
    )
    await asyncio.wait_for(reader.readuntil(b"\r\n\r\n"), 5)
    return reader, writer


class Messages:
    """An event stream, message by message."""

    def __init__(self, answer: httpx.Response) -> None:
        self._lines = answer.aiter_lines()

    async def next(self) -> tuple[str | None, Any]:
        """`id` and the frame of the next message with data."""
        id, found = None, None
        async with asyncio.timeout(10):
            async for line in self._lines:
                name, _, value = line.partition(": ")
                if name == "id":
                    id = value
                elif name == "data":
                    found = json.loads(value)
                elif not line and found is not None:
                    return id, found
        raise AssertionError("the stream ended")


class TestSse:
    async def test_snapshot_and_batches_carry_the_cursor_and_it_resumes(self, make: Any):
        server = await make()
        server.happen(submitted(job_id(1)))
        url = f"http://{server.host}{LIVE}?topic=jobs&pace_ms=0"
        async with httpx.AsyncClient() as client:
            async with client.stream("GET", url, headers={"Accept": "text/event-stream"}) as answer:
                messages = Messages(answer)
                first = [await messages.next() for _ in range(2)]
                server.happen(submitted(job_id(2)))
                batch = await messages.next()
            server.happen(submitted(job_id(3)))
            async with client.stream("GET", url, headers={"Last-Event-ID": str(batch[0])}) as answer:
                messages = Messages(answer)
                again = [await messages.next() for _ in range(2)]

        assert answer.headers["content-type"].startswith("text/event-stream")
        assert answer.headers["x-accel-buffering"] == "no"
        assert [(id, found["type"]) for id, found in first] == [(None, "welcome"), ("e1.1", "snapshot")]
        assert (batch[0], batch[1]["from"], batch[1]["to"]) == ("e1.2", 1, 2)
        assert [(id, found["type"]) for id, found in again] == [(None, "welcome"), ("e1.3", "batch")]
        await server.until(lambda: not server.feed.viewers)

    async def test_only_the_last_page_of_a_snapshot_carries_the_cursor(self, make: Any):
        server = await make()
        for start in range(0, 400, 100):
            server.happen(*(submitted(job_id(start + place), args={"text": "x" * 1_800}) for place in range(100)))
        ids: list[str | None] = []

        async with (
            httpx.AsyncClient() as client,
            client.stream("GET", f"http://{server.host}{LIVE}?topic=jobs") as answer,
        ):
            messages = Messages(answer)
            while not ids or ids[-1] is None:
                id, found = await messages.next()
                ids += [id] if found["type"] == "snapshot" else []

        assert len(ids) >= 3
        assert ids == [None] * (len(ids) - 1) + ["e1.400"]

    @pytest.mark.parametrize(
        ("query", "code", "status"),
        [
            ("", "invalid_input", 422),
            ("topic=jobs&pace_ms=soon", "invalid_input", 422),
            ("topic=jobs&want=money", "invalid_input", 422),
            ("topic=jobs&since=x", "bad_cursor", 400),
            ("topic=nonsense", "invalid_input", 422),
        ],
    )
    async def test_a_url_that_asks_for_nothing_is_told_what_is_wrong(
        self, make: Any, query: str, code: str, status: int
    ):
        server = await make()

        async with httpx.AsyncClient() as client:
            answer = await client.get(f"http://{server.host}{LIVE}?{query}")

        assert (answer.status_code, answer.json()["code"]) == (status, code)


class TestLongPoll:
    async def poll(self, server: Server, query: str) -> Any:
        async with httpx.AsyncClient(timeout=20) as client:
            answer = await client.get(f"http://{server.host}/api/v1/events?{query}")
        assert answer.status_code == 200, answer.text
        return answer.json()

    async def test_without_a_cursor_it_begins_with_a_snapshot(self, make: Any):
        server = await make()
        server.happen(submitted(job_id(1)))

        answer = await self.poll(server, "topic=jobs&wait=5")

        assert [found["type"] for found in answer["frames"]] == ["snapshot"]
        assert answer["cursor"] == "e1.1"

    async def test_with_one_it_answers_what_came_since(self, make: Any):
        server = await make()
        server.happen(custom(1), custom(2), custom(3))

        answer = await self.poll(server, "topic=custom:crew&since=e1.1&wait=5")

        assert [[event["data"]["number"] for event in found["events"]] for found in answer["frames"]] == [[2, 3]]
        assert answer["cursor"] == "e1.3"

    async def test_it_waits_for_the_first_that_comes(self, make: Any):
        server = await make()
        server.happen(custom(1))
        asking = asyncio.create_task(self.poll(server, "topic=custom:crew&since=e1.1&wait=20"))
        await server.until(lambda: server.feed.viewers)

        server.happen(custom(2))
        answer = await asking

        assert [event["data"]["number"] for event in answer["frames"][0]["events"]] == [2]
        await server.until(lambda: not server.feed.viewers)

    async def test_when_nothing_comes_the_cursor_moves_all_the_same(self, make: Any):
        server = await make()
        server.happen(custom(1), custom(2))

        answer = await self.poll(server, "topic=custom:memory&since=e1.1&wait=0")

        assert [(found["type"], found["from"], found["to"]) for found in answer["frames"]] == [("batch", 1, 2)]
        assert answer["cursor"] == "e1.2"

    async def test_a_reset_comes_with_the_snapshot_that_follows_it(self, make: Any):
        server = await make()
        server.happen(submitted(job_id(1)))

        answer = await self.poll(server, "topic=jobs&since=e0.7&wait=5")

        assert [found["type"] for found in answer["frames"]] == ["reset", "snapshot"]


class TestTheSameTruth:
    @pytest.mark.parametrize("seed", range(3))
    async def test_a_view_that_was_cut_and_resumed_equals_the_store(self, make: Any, seed: int):
        dice, server = random.Random(seed), await make()
        stream, view = Stream(seed), View(["jobs"])
        view.open("e1")
        made = asyncio.create_task(self.work(server, stream, dice))

        while not made.done() or view.seq != server.feed.head:
            since = f"&since={view.cursor}" if view.cursor else ""
            async with server.ws(f"topic=jobs&pace_ms=0{since}") as link:
                await self.follow(link, view, dice.randint(1, 15), lambda: made.done() and view.seq == server.feed.head)

        probe = View(["jobs"])
        probe.open("e1")
        async with server.ws("topic=jobs&want=snapshot") as link:
            await self.follow(link, probe, 1_000, lambda: probe.seq == view.seq)
        assert view.seq == server.feed.head
        assert difference(view, probe) == []

    async def work(self, server: Server, stream: Stream, dice: random.Random) -> None:
        for _ in range(120):
            for event in server.happen(*stream.batch()):
                if event.data.get("deleted"):
                    del stream.jobs[event.subject]
                elif event.prefix == "job":
                    stream.jobs[event.subject] = fold(stream.jobs.get(event.subject), event)  # pyright: ignore[reportArgumentType]
            for _ in range(dice.randint(0, 12)):
                await asyncio.sleep(0)

    async def follow(self, link: ClientConnection, view: View, frames: int, level: Any) -> None:
        for _ in range(frames):
            if level():
                return
            try:
                found = decode_to_viewer(json.dumps(await asyncio.wait_for(frame(link), 2)).encode())
            except TimeoutError:
                return
            if isinstance(found, Snapshot | Batch | Reset):
                assert view.take(found) is not Took.GAP
