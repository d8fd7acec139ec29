"""A bench: the connector's engines on this loop, attempts run as a worker runs them, and what the board was told."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator, Callable, Mapping
from contextlib import asynccontextmanager
from pathlib import Path
from typing import Any

import msgspec

from headway.clock import SystemClock
from headway.connectors.comfyui import KIND, connector
from headway.connectors.comfyui.prompt import Pace
from headway.testing.run import Ran
from headway.worker.context import Answer, Context, Work
from headway.worker.engines import Engines, Service, Target
from headway.worker.pending import Pending
from headway.worker.reporter import Reporter
from headway.worker.runner import run_async
from headway.worker.showing import Picture

Json = dict[str, Any]
QUICK = Pace(silence_s=0.2, hint_s=(0.01, 0.1), absent_s=0.05, lag_s=2.0, stop_s=0.2)


class Host:
    """What a job's context needs, kept in memory."""

    def __init__(self, ran: Ran, folder: Path, artifacts: Mapping[str, bytes]) -> None:
        self.ran = ran
        self.folder = folder
        self.artifacts = artifacts

    def make_tmp(self) -> Path:
        self.folder.mkdir(parents=True, exist_ok=True)
        return self.folder

    def submit(self, spec: Mapping[str, Any]) -> Pending[str]:
        raise NotImplementedError

    def ask(self, request: str, message: str, schema: Any, url: str | None) -> Pending[Answer]:
        raise NotImplementedError

    def store(self, name: str, file: Path, type: str | None) -> Pending[None]:
        self.ran.artifacts[name] = file.read_bytes()
        return settled(None)

    def fetch(self, job: str, name: str, into: Path) -> Pending[None]:
        into.write_bytes(self.artifacts[f"{job}/{name}"])
        return settled(None)

    def show(self, picture: Picture) -> None:
        self.ran.previews.append(picture)


def settled(value: Any) -> Pending[Any]:
    pending: Pending[Any] = Pending()
    pending.settle(value)
    return pending


class Running:
    """An attempt that runs: `cancel` as the executor does, await `ran` for its end."""

    def __init__(self, context: Context, ending: asyncio.Task[Ran], ran: Ran) -> None:
        self.context = context
        self.ending = ending
        self.so_far = ran

    def cancel(self) -> None:
        self.context.cancel("cancelled by the test")
        self.ending.cancel()

    async def said(self, when: Callable[[Ran], bool]) -> None:
        """Wait until what it has reported so far is so."""
        await until(lambda: when(self.so_far) or self.ending.done())

    @property
    async def ran(self) -> Ran:
        return await self.ending


async def until(is_so: Callable[[], bool], seconds: float = 20) -> None:
    """Wait for something that no signal tells: the other side is a real server."""
    async with asyncio.timeout(seconds):
        while not is_so():
            await SystemClock().sleep(0.005)


class Bench:
    """A worker's half of the connector. `board`: the services as they stand; `told`: each list that was sent."""

    def __init__(self, urls: list[str], folder: Path, pace: Pace = QUICK, service_s: float = 0.5) -> None:
        self.clock = SystemClock()
        self.app = connector([Target(url) for url in urls], self.clock, pace)
        self.told: list[list[Service]] = []
        self.engines = Engines(self.app.engines, self.clock, self.told.append)
        self.engines.set_service_s(service_s)
        self.folder = folder
        self.artifacts: dict[str, bytes] = {}
        self.left: dict[str, Service] = {}
        self._count = 0

    @property
    def board(self) -> dict[str, Service]:
        """The services by name; after the bench was left, as they stood then."""
        return self.left or {service["name"]: service for service in self.engines.board.documents()}

    @property
    def service(self) -> Service:
        (only,) = self.board.values()
        return only

    def statuses(self) -> list[str]:
        """The statuses of the first service in order, without repetition."""
        all_told = [services[0]["status"] for services in self.told]
        return [status for i, status in enumerate(all_told) if i == 0 or all_told[i - 1] != status]

    async def reached(self) -> None:
        await until(lambda: all(each["status"] not in ("starting", "unreachable") for each in self.board.values()))

    def begin(self, workflow: Any, *, job: str | None = None, attempt: int = 1, **args: Any) -> Running:
        """Start an attempt."""
        self._count += 1
        definition = self.app.jobs[KIND]
        ran = Ran(definition)
        work = Work(job=job or self.clock.new_id(), attempt=attempt, tries=attempt, kind=KIND)
        host = Host(ran, self.folder / str(self._count), self.artifacts)
        context = Context(work, Reporter(ran, self.clock), host, self.clock)  # pyright: ignore[reportArgumentType]
        raw = msgspec.json.encode({"workflow": workflow, **args})

        async def run() -> Ran:
            ending = await run_async(definition, context, raw)
            ran.outcome, ran.error = str(ending.outcome), ending.error
            ran.result = None if ending.result is None else msgspec.json.decode(ending.result)
            return ran

        return Running(context, asyncio.get_running_loop().create_task(run()), ran)

    async def run(self, workflow: Any, **args: Any) -> Ran:
        """Run one to its end."""
        return await self.begin(workflow, **args).ran


@asynccontextmanager
async def bench_of(*urls: str, folder: Path, **options: Any) -> AsyncIterator[Bench]:
    bench = Bench(list(urls), folder, **options)
    bench.engines.start()
    try:
        yield bench
    finally:
        bench.left = bench.board
        await end(bench.engines._tasks)


async def end(tasks: list[asyncio.Task[None]]) -> None:
    """Cancel them until they are: a keeper of engines takes a cancel for a failure."""
    while waiting := [task for task in tasks if not task.done()]:
        for task in waiting:
            task.cancel()
        await asyncio.wait(waiting, timeout=0.05)
