"""A bench: an MCP server as an engine on this loop, attempts run as a worker runs them, and what the board was told."""

from __future__ import annotations

import asyncio
import sys
from collections.abc import AsyncIterator, Callable, Mapping
from contextlib import asynccontextmanager
from pathlib import Path
from typing import Any

import msgspec
from mcp.client._memory import InMemoryTransport
from mcp.server.mcpserver import MCPServer

from comfy_bench import Host, Running, end, settled, until
from headway.clock import Clock, SystemClock
from headway.connectors.mcp.config import server_of
from headway.connectors.mcp.engine import McpEngine
from headway.testing.run import Ran
from headway.worker.context import Answer, Context, Work
from headway.worker.engines import Engines, Service
from headway.worker.job import Job
from headway.worker.pending import Pending
from headway.worker.reporter import Reporter
from headway.worker.runner import run_async
from headway.worker.served import Served

Json = dict[str, Any]
SERVERS = Path(__file__).parent


class AskedHost(Host):
    """Questions are kept in `asked`, and answered from `answers` in their order; without one they stay open."""

    def __init__(self, ran: Ran, folder: Path, answers: list[Answer]) -> None:
        super().__init__(ran, folder, {})
        self.answers = answers
        self.asked: list[tuple[str, Any]] = []

    def ask(self, request: str, message: str, schema: Any, url: str | None) -> Pending[Answer]:
        self.asked.append((message, schema))
        return settled(self.answers.pop(0)) if self.answers else Pending()


class McpBench:
    """A worker's half of the connector, for one server named `it`. `told`: each list of services that was sent."""

    def __init__(
        self, options: Mapping[str, Any], folder: Path, server: MCPServer | None = None,
        environment: Mapping[str, str] | None = None, service_s: float = 0.3, clock: Clock | None = None,
    ) -> None:  # fmt: skip
        self.clock = clock or SystemClock()
        reach = None if server is None else (lambda _: InMemoryTransport(server))
        self.engine = McpEngine(server_of("it", options), self.clock, environment or {}, reach)
        self.told: list[list[Service]] = []
        self.kinds: list[list[Json]] = []
        self.served = Served({}, lambda _, kinds: self.kinds.append(kinds))
        self.engines = Engines([self.engine], self.clock, self.told.append, self.served)
        self.engines.set_service_s(service_s)
        self.folder = folder
        self._count = 0

    @property
    def service(self) -> Service:
        (only,) = self.engines.board.documents()
        return only

    @property
    def jobs(self) -> Mapping[str, Job[..., Any]]:
        """What is served now, by the names of tools."""
        return {name.removeprefix("mcp.it."): job for name, job in self.served.jobs.items()}

    async def ready(self, seconds: float = 30) -> None:
        """Connected, and the tools are served."""
        await until(lambda: self.service["status"] in ("idle", "busy"), seconds)

    async def status(self, *wanted: str, seconds: float = 20) -> Service:
        await until(lambda: self.service["status"] in wanted, seconds)
        return self.service

    def begin(
        self, tool: str, args: Json | None = None, *, job: str | None = None, attempt: int = 1,
        checkpoints: Json | None = None, answers: list[Answer] | None = None,
    ) -> Running:  # fmt: skip
        """Start an attempt."""
        self._count += 1
        definition = self.jobs[tool]
        ran = Ran(definition)
        work = Work(
            job=job or self.clock.new_id(), attempt=attempt, tries=attempt, kind=definition.name,
            checkpoints=checkpoints or {},
        )  # fmt: skip
        host = AskedHost(ran, self.folder / str(self._count), answers or [])
        context = Context(work, Reporter(ran, self.clock), host, self.clock)  # pyright: ignore[reportArgumentType]

        async def run() -> Ran:
            ending = await run_async(definition, context, msgspec.json.encode(args or {}))
            ran.outcome, ran.error = str(ending.outcome), ending.error
            ran.result = None if ending.result is None else msgspec.json.decode(ending.result)
            return ran

        running = Running(context, asyncio.get_running_loop().create_task(run()), ran)
        running.host = host  # pyright: ignore[reportAttributeAccessIssue]
        return running

    async def run(self, tool: str, args: Json | None = None, **more: Any) -> Ran:
        """Run one to its end."""
        return await self.begin(tool, args, **more).ran


@asynccontextmanager
async def mcp_bench(
    folder: Path, *, server: MCPServer | None = None, options: Mapping[str, Any] | None = None, **more: Any
) -> AsyncIterator[McpBench]:
    """`server`: in this process, over the SDK's own streams. Else `options`, as in the config."""
    whole = {"command": "in-process"} if server is not None and options is None else dict(options or {})
    bench = McpBench(whole, folder, server, **more)
    bench.engines.start()
    try:
        yield bench
    finally:
        await end(bench.engines._tasks)


def python(script: str, *args: str, **more: Any) -> Json:
    """Options of a server that is a script of ours, over stdio."""
    return {"command": sys.executable, "args": [str(SERVERS / script), *args], **more}


def said(ran: Ran, type: type[Any]) -> list[Any]:
    """What it reported of this type."""
    return [item for item in ran.items if isinstance(item, type)]


Check = Callable[[Ran], bool]
