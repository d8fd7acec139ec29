"""Several real servers on one store: nodes, a balancer before them, a load whose answers are remembered, viewers.

What must hold is judged from outside: answers that clients got, events that viewers got, and the rows of the database
itself, read past Headway. Used by tests/e2e/test_cluster*.py.
"""

from __future__ import annotations

import asyncio
import contextlib
import itertools
import json
import socket
import threading
from collections import Counter
from collections.abc import Callable, Iterator, Sequence
from concurrent.futures import Future, ThreadPoolExecutor
from pathlib import Path
from typing import Any, Self

import httpx
import psycopg
from websockets.asyncio.client import connect
from websockets.exceptions import WebSocketException
from websockets.typing import Subprotocol

from headway.protocol.frames import Batch, Reset, Snapshot, Welcome, decode_to_viewer
from processes import Headway, Link

PATIENT = {"HEADWAY_STALE_S": "5", "HEADWAY_LEASE_S": "12", "HEADWAY_CUT_OFF_S": "4", "HEADWAY_REPLAY_EVENTS": "100000"}
"""A busy machine is not to lose a worker for it; and who comes back is told what it missed, however much it was."""
REPLAY_BYTES = {"HEADWAY_REPLAY_BYTES": "100000000"}


class Balancer(Link):
    """A TCP balancer: each connection to the next target that takes it."""

    def __init__(self, ports: Sequence[int]) -> None:
        self.ports = list(ports)
        self._turn = itertools.count()
        super().__init__(ports[0])

    def _connect(self) -> socket.socket:
        first = next(self._turn)
        for number in range(len(self.ports)):
            with contextlib.suppress(OSError):
                return socket.create_connection(("127.0.0.1", self.ports[(first + number) % len(self.ports)]))
        raise ConnectionRefusedError


class Cluster:
    """Servers `a`, `b` … on one store, each with a folder of its own."""

    def __init__(self, folder: Path, store: str, names: str = "ab", made: type[Headway] = Headway, **env: str) -> None:
        self.store = store
        self.nodes = [_node(made, folder / name, store, env) for name in names]
        self.front = Balancer([node.port for node in self.nodes])
        self.watchers = Watchers()

    @property
    def a(self) -> Headway:
        """The first."""
        return self.nodes[0]

    @property
    def b(self) -> Headway:
        """The second."""
        return self.nodes[1]

    @property
    def urls(self) -> list[str]:
        """Of all servers."""
        return [node.url for node in self.nodes]

    def serve(self) -> None:
        """Start them all at once."""
        with ThreadPoolExecutor(len(self.nodes)) as pool:
            list(pool.map(Headway.serve, self.nodes))

    def work(self, name: str, *arguments: str, by: Headway | None = None, server: str = "") -> Any:
        """A worker, by the balancer unless it is told a server."""
        return (by or self.a).work(name, *arguments, server=server or self.front.url)

    def leader(self, by: Headway) -> Headway | None:
        """The node that leads, as one of them knows."""
        answer = by.http.get("/api/v1/admin/servers").json()
        address = next((each.get("address") for each in answer["servers"] if each["id"] == answer["leader"]), "")
        return next((node for node in self.nodes if str(address).rstrip("/").endswith(f":{node.port}")), None)

    def rows(self, query: str, *values: Any) -> list[tuple[Any, ...]]:
        """What the database says, past Headway."""
        with psycopg.connect(self.store, autocommit=True, options="-c search_path=headway") as connection:
            return connection.execute(query, values).fetchall()  # pyright: ignore[reportArgumentType, reportCallIssue]

    def ended(self) -> Counter[str]:
        """How often each job has come to an end, by its events."""
        ends = "SELECT job FROM events WHERE type IN ('job.completed', 'job.failed', 'job.cancelled', 'job.expired')"
        return Counter(job for (job,) in self.rows(ends))

    def stop(self) -> None:
        """End everything."""
        self.watchers.stop()
        for node in self.nodes:
            node.stop()
        self.front.close()


def _node(made: type[Headway], folder: Path, store: str, env: dict[str, str]) -> Headway:
    folder.mkdir(parents=True)
    node = made(folder)
    node.env |= {**PATIENT, **REPLAY_BYTES, "HEADWAY_STORE": store, "HEADWAY_TEST_STARTS": "real", **env}  # no twins
    return node


@contextlib.contextmanager
def cluster(
    folder: Path, store: str, names: str = "ab", made: type[Headway] = Headway, **env: str
) -> Iterator[Cluster]:
    """Servers that are not started yet, ended at the end."""
    running = Cluster(folder, store, names, made, **env)
    try:
        yield running
    finally:
        running.stop()


# -- a load ----------------------------------------------------------------------------------------------------------


class Load:
    """Clients that submit numbered jobs at any server until they are told to stop, and remember what they were told.

    A request that got no answer, or 503, is sent again to the next server under its idempotency key, as clients do.
    """

    def __init__(self, urls: Sequence[str], clients: int = 3, **body: Any) -> None:
        self.urls = list(urls)
        self.acknowledged: dict[int, str] = {}
        self.refusals: list[tuple[int, str, str | None]] = []
        self.broken = 0
        self._body = body
        self._numbers = itertools.count()
        self._over = threading.Event()
        self._threads = [threading.Thread(target=self._run, args=(each,)) for each in range(clients)]

    def __enter__(self) -> Self:
        for thread in self._threads:
            thread.start()
        return self

    def __exit__(self, *_: object) -> None:
        self.stop()

    def stop(self) -> None:
        """Finish what is under way."""
        self._over.set()
        for thread in self._threads:
            thread.join(60)
            assert not thread.is_alive(), "a client hangs"

    def more(self, number: int = 30) -> Callable[[], bool]:
        """True once so many more were taken than now."""
        enough = len(self.acknowledged) + number
        return lambda: len(self.acknowledged) >= enough

    def _run(self, turn: int) -> None:
        with httpx.Client(timeout=6) as http:
            while not self._over.is_set():
                number = next(self._numbers)
                while not self._submitted(http, number, self.urls[turn % len(self.urls)]):
                    turn += 1
                    if self._over.wait(0.05) and not turn % 40:
                        break
                turn += 1

    def _submitted(self, http: httpx.Client, number: int, url: str) -> bool:
        body = {"kind": "add", "args": {"a": number}, "labels": {"n": str(number)}, **self._body}
        try:
            answer = http.post(f"{url}/api/v1/jobs", json=body, headers={"Idempotency-Key": f"load-{number}"})
        except httpx.TransportError:
            self.broken += 1
            return False
        if answer.status_code != 201:
            self.refusals.append((answer.status_code, answer.text, answer.headers.get("Retry-After")))
            return False
        self.acknowledged[number] = answer.json()["id"]
        return True

    def judged(self, cluster: Cluster) -> None:
        """Every acknowledged job is stored once and has ended once; who was refused was told to come again."""
        by = next(node for node in cluster.nodes if node.server is not None and node.server.poll() is None)
        unfinished = "SELECT count(*) FROM jobs WHERE doc LIKE '%%\"n\":%%' AND state NOT IN ('completed', 'failed', 'cancelled')"
        by.until(lambda: cluster.rows(unfinished) == [(0,)], "every job ends")
        stored: dict[str, list[str]] = {}
        for id, doc in cluster.rows("SELECT id, doc FROM jobs"):
            if number := (json.loads(doc).get("labels") or {}).get("n"):
                stored.setdefault(number, []).append(id)
        ended = cluster.ended()

        assert {number: ids for number, ids in stored.items() if len(ids) > 1} == {}
        assert {number: id for number, id in self.acknowledged.items() if stored.get(str(number)) != [id]} == {}
        assert {id: ended[id] for id in self.acknowledged.values() if ended[id] != 1} == {}
        assert [each for each in self.refusals if each[0] != 503 or not each[2]] == []
        spoken = " ".join(text for _, text, _ in self.refusals).lower()
        assert "deadlock" not in spoken
        assert "serializ" not in spoken


# -- viewers ---------------------------------------------------------------------------------------------------------


class Watcher:
    """A viewer of `jobs` that goes from server to server with its cursor and notes every event it is told."""

    def __init__(self, urls: Sequence[str], transport: str) -> None:
        self.urls = list(urls)
        self.transport = transport
        self.began: int | None = None
        self.seq = -1
        self.epoch = ""
        self.told: list[int] = []
        self.shown: dict[str, str] = {}
        self.gaps: list[tuple[int, int]] = []
        self.resets: list[tuple[str, str]] = []
        self.links = 0
        self.heard = 0
        self.said: list[str] = []

    @property
    def cursor(self) -> str | None:
        """Where it stands."""
        return f"{self.epoch}.{self.seq}" if self.seq >= 0 else None

    async def run(self) -> None:
        """Follow for ever; an end of a link is the beginning of the next."""
        for turn in itertools.count():
            url = self.urls[turn % len(self.urls)]
            with contextlib.suppress(OSError, WebSocketException, httpx.TransportError, TimeoutError, EOFError):
                await (self._websocket(url) if self.transport == "ws" else self._sse(url))
            await asyncio.sleep(0.05)

    async def _websocket(self, url: str) -> None:
        address = url.replace("http", "ws") + "/api/v1/live"
        async with connect(
            address,
            subprotocols=[Subprotocol("headway.v1")],
            compression=None,
            max_size=None,
            open_timeout=3,
            close_timeout=0.2,
        ) as link:
            await link.send(json.dumps({"type": "hello"}))
            asked = {"type": "subscribe", "id": "v", "topics": ["jobs"], "conflate": False}
            await link.send(json.dumps({**asked, **({"since": self.cursor} if self.cursor else {})}))
            self.links += 1
            while True:
                message = await asyncio.wait_for(link.recv(decode=False), 12)
                if b'"ping"' in message[:40]:
                    await link.send('{"type":"pong"}')
                self._take(message)

    async def _sse(self, url: str) -> None:
        headers = {"Last-Event-ID": self.cursor} if self.cursor else {}
        query = {"topic": "jobs", "conflate": "false"}
        async with (
            httpx.AsyncClient(timeout=httpx.Timeout(3, read=12)) as http,
            http.stream("GET", f"{url}/api/v1/live", params=query, headers=headers) as answer,
        ):
            if answer.status_code != 200:
                raise EOFError
            self.links += 1
            async for line in answer.aiter_lines():
                if line.startswith("data:"):
                    self._take(line[5:].encode())

    def _take(self, message: bytes) -> None:
        self.heard += 1
        frame = decode_to_viewer(message)
        match frame:
            case Welcome():
                self.epoch = self.epoch or frame.epoch
            case Snapshot():
                self._show(frame)
            case Batch():
                if frame.since != self.seq:
                    self.gaps.append((self.seq, frame.since))
                for event in frame.events:
                    self.told.append(event.seq)
                    if (change := event.data.get("set")) and event.job and "state" in change:
                        self.shown[event.job] = change["state"]
                self.seq = frame.to
            case Reset():
                self.resets.append((frame.reason, frame.epoch))
                self.epoch, self.seq, self.shown, self.told, self.began = frame.epoch, -1, {}, [], None
            case _:
                self.said.append(type(frame).__name__)

    def _show(self, page: Snapshot) -> None:
        documents = page.topics.get("jobs", {}).get("documents", {}).get("job", {})
        self.shown |= {id: document["state"] for id, document in documents.items()}
        if not page.more:
            self.seq = page.seq
            self.began = page.seq if self.began is None else self.began


class Watchers:
    """Viewers in a thread of their own, so that a test may block."""

    def __init__(self) -> None:
        self._loop = asyncio.new_event_loop()
        self._thread = threading.Thread(target=self._loop.run_forever, daemon=True)
        self._thread.start()
        self._runs: list[Future[None]] = []
        self.all: list[Watcher] = []

    def watch(self, *urls: str, transport: str = "ws") -> Watcher:
        """One more; it goes through the servers in this order."""
        watcher = Watcher(urls, transport)
        self._runs.append(asyncio.run_coroutine_threadsafe(watcher.run(), self._loop))
        self.all.append(watcher)
        return watcher

    def both_ways(self, *urls: str) -> list[Watcher]:
        """Two at each server, one by WebSocket, one by SSE, each with the other servers to fall back on."""
        turned = [(*urls[number:], *urls[:number]) for number in range(len(urls))]
        return [self.watch(*order, transport=way) for order in turned for way in ("ws", "sse")]

    def judged(self, cluster: Cluster, by: Headway) -> None:
        """Each was told every event of the log since it began, once, in order, and was never begun anew."""
        by.until(lambda: self._stand(cluster), "every viewer stands at the end of the log")
        log = "SELECT seq FROM events WHERE type LIKE 'job.%%' AND type <> 'job.logged' ORDER BY seq"
        events = [seq for (seq,) in cluster.rows(log)]

        for watcher in self.all:
            assert watcher.gaps == [], watcher.urls
            assert watcher.resets == []
            expected = [seq for seq in events if seq > (watcher.began or 0)]
            told = [seq for seq in watcher.told if seq <= (expected[-1] if expected else 0)]
            assert told == expected, _differ(told, expected)

    def _stand(self, cluster: Cluster) -> bool:
        ((seq,),) = cluster.rows(
            "SELECT coalesce(max(seq), 0) FROM events WHERE type LIKE 'job.%%' AND type <> 'job.logged'"
        )
        return all(watcher.seq >= seq for watcher in self.all)

    def stop(self) -> None:
        """End them."""
        for run in self._runs:
            run.cancel()
        stopped = asyncio.run_coroutine_threadsafe(_drained(), self._loop)
        with contextlib.suppress(TimeoutError):
            stopped.result(5)
        self._loop.call_soon_threadsafe(self._loop.stop)
        self._thread.join(5)
        self._loop.close()


async def _drained() -> None:
    """Until whatever was cancelled has ended."""
    mine = asyncio.current_task()
    others = [task for task in asyncio.all_tasks() if task is not mine]
    if others:
        await asyncio.wait(others, timeout=4)


def _differ(told: list[int], expected: list[int]) -> str:
    twice = [seq for seq, times in Counter(told).items() if times > 1]
    missed = sorted(set(expected) - set(told))
    return f"missed {missed[:10]} of {len(missed)}, twice {twice[:10]} of {len(twice)}"
