"""A real server without a socket: SQLite in a folder, the hub, the routes; and a worker that speaks in commands.

`pair` are two of them on one log: stores in memory on one disk, as servers on one database.
"""

from __future__ import annotations

import asyncio
from collections.abc import AsyncGenerator, Callable
from contextlib import AbstractAsyncContextManager, asynccontextmanager
from pathlib import Path
from typing import Any

import httpx
import pytest

from headway.clock import SystemClock
from headway.model import command as c
from headway.server.app import Application
from headway.server.built import Dashboard
from headway.server.config import Config
from headway.testing.disk import Disk
from headway.testing.memory import MemoryStore

WORKER = "bench/1"


class Bench:
    """The server, a client of its REST, and the one worker of these tests."""

    def __init__(self, application: Application, http: httpx.AsyncClient) -> None:
        self.application = application
        self.site = application.site
        self.http = http

    async def do(self, command: c.Command) -> Any:
        return await self.application.hub.ledger.execute(command)

    async def submit(self, kind: str = "add", **body: Any) -> str:
        answer = await self.http.post("/api/v1/jobs", json={"kind": kind, **body})
        assert answer.status_code == 201, answer.text
        return answer.json()["id"]

    async def job(self, id: str) -> dict[str, Any]:
        answer = await self.http.get(f"/api/v1/jobs/{id}")
        assert answer.status_code == 200, answer.text
        return answer.json()

    async def connect(self, *kinds: dict[str, Any]) -> None:
        profile = {"id": WORKER, "machine": "bench", "instance": "i1", "slots": 10, "name": "one"}
        known = kinds or ({"name": "add", "hash": "1"},)
        await self.do(c.Connect(worker=WORKER, profile=profile, kinds=known))

    async def start(self, id: str) -> None:
        """The worker takes the job."""
        await self.connect()
        await self.do(c.Claim(worker=WORKER, limit=10, kinds=("add",)))
        await self.do(c.Accept(job=id, worker=WORKER, attempt=1))

    async def until(self, true: Callable[[], object]) -> None:
        """Give the loop away until it holds; the test's timeout is the limit."""
        while not true():  # noqa: ASYNC110  # other tasks and threads of the server, without signals of their own
            await asyncio.sleep(0.001)

    async def say(self, id: str, n: int, *items: Any) -> None:
        await self.do(c.Report(job=id, worker=WORKER, attempt=1, n=n, items=items))

    async def end(self, id: str, n: int = 1, outcome: str = "succeeded", **more: Any) -> None:
        await self.do(c.End(job=id, worker=WORKER, attempt=1, n=n, outcome=outcome, **more))

    @property
    def store(self) -> MemoryStore:
        """Of one of a pair: it may be made to fail."""
        store = self.application.hub.store
        assert isinstance(store, MemoryStore)
        return store

    @property
    def server(self) -> str:
        return self.application.hub.feed.server

    async def worker(self, id: str) -> dict[str, Any]:
        return (await self.http.get(f"/api/v1/workers/{id}")).json()


Running = Callable[..., AbstractAsyncContextManager[Bench]]
Pair = Callable[..., AbstractAsyncContextManager[tuple[Bench, Bench]]]


@pytest.fixture
def running(tmp_path: Path) -> Running:
    """`async with running(token="…") as bench:` a server with this configuration; `dashboard` is the folder of a build,
    without it nothing is built. `client` is the address that requests come from.
    """

    @asynccontextmanager
    async def run(
        *,
        headers: dict[str, str] | None = None,
        store: Any = None,
        dashboard: Path | None = None,
        client: str = "127.0.0.1",
        **config: Any,
    ) -> AsyncGenerator[Bench]:
        url = {"store": store} if isinstance(store, str) else {}
        application = Application(
            Config(data=str(tmp_path), **url, **config),
            store=None if isinstance(store, str) else store,
            dashboard=Dashboard(dashboard or tmp_path / "nothing-built"),
        )
        transport = httpx.ASGITransport(application, client=(client, 50_000))
        async with (
            application.lifespan(),
            httpx.AsyncClient(transport=transport, base_url="http://127.0.0.1:8400", headers=headers) as http,
        ):
            yield Bench(application, http)

    return run


@pytest.fixture
def pair(running: Running) -> Pair:
    """`async with pair(settings=…) as (a, b):` two servers on one log."""

    @asynccontextmanager
    async def run(**config: Any) -> AsyncGenerator[tuple[Bench, Bench]]:
        disk, clock = Disk(), SystemClock()
        one, two = MemoryStore(disk, clock=clock), MemoryStore(disk, clock=clock)
        async with running(store=one, **config) as a, running(store=two, **config) as b:
            await a.application.hub.peers.beat()
            yield a, b

    return run
