"""The server as an ASGI application: the only place that names a concrete store.

`asgi()` gives one that runs alone or mounted into anybody's FastAPI; `create_app` puts the routes together;
`Application` starts and stops what they need: by the server's lifespan where it is the outermost application, by
`lifespan` where the outer one calls it, and else with the first request. Listening is serve.py's.
"""

from __future__ import annotations

import asyncio
import contextlib
import importlib.metadata
import platform
from collections.abc import AsyncGenerator, Coroutine
from contextlib import asynccontextmanager
from pathlib import Path
from typing import Any

import structlog
from fastapi import FastAPI
from starlette.routing import WebSocketRoute
from starlette.types import Receive, Scope, Send

from headway.clock import Clock, SharedClock, SystemClock
from headway.hub.hub import Hub
from headway.hub.ledger import Commit
from headway.server import (
    admin,
    bulk,
    custom,
    fleet,
    health,
    jobs,
    logs,
    openapi,
    previews,
    problems,
    queues,
    saved,
    stats,
    submit,
    uploads,
    why,
)
from headway.server.artifacts import FolderFiles
from headway.server.built import Dashboard
from headway.server.config import Config, load
from headway.server.desk import SiteDesk
from headway.server.edge import Edge
from headway.server.gateway import Gateway
from headway.server.hot import Hot
from headway.server.leftovers import Leftovers
from headway.server.lifeline import Lifeline
from headway.server.live import routes as stream_routes
from headway.server.mcp import McpDoor
from headway.server.openapi import API
from headway.server.pages import Pages
from headway.server.site import Site
from headway.store.base import Store
from headway.store.files import Files
from headway.store.urls import is_postgres, open_store

_log = structlog.get_logger("headway.server")

VERSION = importlib.metadata.version("headway")
ROUTERS = (bulk, uploads, previews, logs, why, jobs, queues, fleet, saved, stats, custom, admin, health)
"""The hottest first; a path with a fixed word before one with a parameter in its place."""


def open_files(config: Config, clock: Clock) -> Files:
    """Where files of jobs are kept: in the folder that is named, else with the store."""
    limit = config.settings.artifact_bytes
    if is_postgres(config.store_url) and not config.artifacts:
        from headway.store.postgres.address import Address
        from headway.store.postgres.files import TableFiles

        return TableFiles(Address.parse(config.store_url), new_id=clock.new_id, limit=limit)
    folder = Path(config.artifacts) if config.artifacts else Path(config.data) / "artifacts"
    return FolderFiles(folder, new_id=clock.new_id, limit=limit)


def create_app(site: Site) -> FastAPI:
    """The routes and their description, on a site that somebody else starts."""
    app = FastAPI(
        title="Headway",
        version=VERSION,
        openapi_url=f"{API}/openapi.json",
        docs_url=None,
        redoc_url=None,
        telemetry={"tracing": False, "metrics": False, "logs": False},  # asked about at each request otherwise
    )
    app.state.site = site
    links = [*stream_routes(site.door), WebSocketRoute(f"{API}/worker", site.gateway, name="worker")]
    rest = [route for module in ROUTERS for route in module.router.routes]
    app.router.routes[:0] = [*submit.router.routes, *links, *rest]  # include_router costs 0.1 ms a request
    openapi.describe(app)
    problems.install(app)
    return app


class Application:
    """One server as an ASGI application, with its store: the one that the configuration names, or `store`; and with the
    dashboard that its package has, or `dashboard`.
    """

    def __init__(
        self,
        config: Config,
        *,
        clock: Clock | None = None,
        store: Store | None = None,
        dashboard: Dashboard | None = None,
    ) -> None:
        self.config = config
        store = store or open_store(config.store_url, config.store_direct)
        clock = clock or (SharedClock(store.clock_zero_ms) if store.shared else SystemClock())
        self.files = open_files(config, clock)
        self.hub = Hub(store, clock, config.settings)
        self.hub.about |= {"version": VERSION, "machine": platform.node(), "address": f"{config.host}:{config.port}"}
        self.gateway = Gateway(self.hub)
        self.site = Site(self.hub, config, self.files, self.gateway)
        self.hub.feed.desk = SiteDesk(self.site)
        self.hub.ledger.on_own_commit(self._forget_files)
        self.hub.on_new_log(self._begin_again)
        health.measure(self.site)
        pages = Pages(dashboard or Dashboard(), version=VERSION, authenticated=self.site.tokens.required)
        self.agents = McpDoor(Hot(create_app(self.site)), self.site)
        self.edge = self.agents.outside = Edge(self.agents, pages, self.site)
        self._begun = False
        self._starting = asyncio.Lock()
        self._background: asyncio.Task[None] | None = None
        self._forgetting: set[asyncio.Task[None]] = set()

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        if scope["type"] == "lifespan":
            await self._outermost(receive, send)
            return
        if not self._begun or self._starting.locked():
            await self._start_late()
        await self.edge(scope, receive, send)

    @asynccontextmanager
    async def lifespan(self, _app: Any = None) -> AsyncGenerator[None]:
        """Run as long as the block: `FastAPI(lifespan=headway_app.lifespan)` where Headway is mounted."""
        self._begun = True
        async with self.hub, _services(*self._works()):
            self.site.open()
            try:
                yield
            finally:
                await self.say_bye()
                await asyncio.gather(*self._forgetting, return_exceptions=True)
                self.site.end()
                self.files.close()

    def _works(self) -> list[Coroutine[Any, Any, None]]:
        return [self.gateway.run(), Lifeline(self.site).run(), Leftovers(self.site).run(), self.agents.run()]

    async def say_bye(self) -> None:
        """Ask viewers and workers to come back in a moment, answer who waits. A second call does nothing."""
        if not self.site.ready:
            return
        self.site.close()
        self.agents.close()
        await self.site.inner.close()
        await self.hub.feed.drain()
        await self.gateway.drain()

    def _begin_again(self) -> None:
        """The log is another one: what is known by heart is learned anew, and workers say again what they hold."""
        self.site.learn()
        self.site.waits.wake_all()
        self.gateway.send_away("the log begins anew")

    def _forget_files(self, commit: Commit) -> None:
        """Files that a commit of this server left without a job go once that is durable; what a crash leaves is found
        (leftovers.py).
        """
        for key in (*uploads.keys_left(commit), *previews.keys_left(commit)):
            task = asyncio.create_task(self.site.artifacts.remove(key))
            self._forgetting.add(task)
            task.add_done_callback(self._forgetting.discard)

    # -- the two other ways to be started --------------------------------------------------------------------------

    async def _outermost(self, receive: Receive, send: Send) -> None:
        """The lifespan protocol, spoken by the ASGI server itself."""
        await receive()
        started = False
        try:
            async with self.lifespan():
                await send({"type": "lifespan.startup.complete"})
                started = True
                await receive()
        except Exception as error:
            phase = "shutdown" if started else "startup"
            _log.exception("the server could not run", action=phase)
            await send({"type": f"lifespan.{phase}.failed", "message": str(error)})
            raise
        else:
            await send({"type": "lifespan.shutdown.complete"})

    async def _start_late(self) -> None:
        """Mounted, and nobody ran our lifespan: run until the loop ends, which cancels the task and so stops us."""
        async with self._starting:
            if self._begun:
                return
            started: asyncio.Future[None] = asyncio.get_running_loop().create_future()
            self._background = asyncio.create_task(self._run_until_cancelled(started), name="headway")
            await started

    async def _run_until_cancelled(self, started: asyncio.Future[None]) -> None:
        try:
            async with self.lifespan():
                started.set_result(None)
                await asyncio.Event().wait()
        except asyncio.CancelledError:
            with contextlib.suppress(asyncio.InvalidStateError):
                started.cancel()
            raise
        except Exception as error:
            if started.done():
                raise
            self._begun = False  # the next request tries again
            started.set_exception(error)


@asynccontextmanager
async def _services(*works: Coroutine[Any, Any, None]) -> AsyncGenerator[None]:
    """What runs beside the hub, in one group: if one of it fails, the server ends and says why, ungrouped."""
    try:
        async with asyncio.TaskGroup() as group:
            services = [group.create_task(work, name=work.__qualname__) for work in works]
            try:
                yield
            finally:
                for service in services:
                    service.cancel()
    except BaseExceptionGroup as failures:
        if len(failures.exceptions) == 1:
            raise failures.exceptions[0] from None
        raise


def asgi(store: str | None = None, *, config: Config | None = None, **settings: Any) -> Application:
    """An application on the store of this URL, by default the configured one. `settings` are names of the configuration.

    Mount it (`app.mount("/headway", headway.asgi())`) or serve it with any ASGI server, one process.
    """
    return Application(config or load({"store": store, **settings}).config)
