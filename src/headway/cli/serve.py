"""`headway serve`, alone or with a worker beside it, and `headway worker`.

The worker beside a server is a process of its own: user code cannot starve the server. It is asked to leave before the
server stops, and started again if it dies. Listening is `server/serve.py`'s, working `worker/main.py`'s.
"""

from __future__ import annotations

import asyncio
import os
import signal
import sys
from collections.abc import Sequence
from typing import Any

import click

from headway.cli.exits import OK, USAGE, say
from headway.cli.options import Server, asks_server, connects, pairs, run_service

DRAIN_S = 30.0
RESTART_S = 1.0
"""A worker that died is started again after this, doubled each time up to a minute, while it dies young."""


@click.command()
@click.option("--app", metavar="MODULE:APP", help="Run a worker with these jobs beside the server.")
@connects
@click.option("--slots", type=click.IntRange(1, 1000), help="How many at once in that worker; else as there.")
@click.option("--host", help="Address to listen on; else 127.0.0.1.")
@click.option("--port", type=click.IntRange(0, 65535), help="Else 8400; 0: a free one.")
@click.option("--store", metavar="URL", help="sqlite:///PATH or postgresql://…; else a file in the data folder.")
@click.option("--store-direct", metavar="URL", help="The same PostgreSQL past its transaction pooler, to listen on.")
@click.option("--data", metavar="FOLDER", help="Folder for the store and for files of jobs.")
@click.option("--artifacts", metavar="FOLDER", help="Folder for files of jobs alone; else where the store is.")
@click.option("--base-path", metavar="PATH", help="Where a proxy mounts it: /headway.")
@click.option("--allowed-hosts", metavar="NAMES", help="Names by which it may be called, parted by commas.")
@click.option("--allowed-origins", metavar="URLS", help="Other pages that may use it, parted by commas.")
@click.option("--tokens", metavar="FILE", help="A file of hashed tokens.")
def serve(app: str | None, connectors: tuple[str, ...], slots: int | None, **flags: Any) -> int:
    """Run the server until Ctrl-C; with --app, --connector or [mcp.servers.NAME] in headway.toml, a worker beside it."""
    from headway.server.config import load
    from headway.worker.loading import connectors_of

    config = load({**flags, "connectors": connectors or None}).config
    log_to_stderr()
    wanted = app or connectors or config.mcp_servers
    connectors_of(config.connectors, config.mcp_servers)  # one that is not configured: told before anything is started
    beside = WorkerBeside(app, config.connectors, slots, config.token) if wanted else None
    return run_service(_serve(config, beside))


def log_to_stderr() -> None:
    """What the server has to say of itself: a sentence with fields, on stderr, with times in UTC."""
    import structlog

    structlog.configure(
        processors=[
            structlog.processors.add_log_level,
            structlog.processors.TimeStamper(fmt="%H:%M:%S", utc=True),
            structlog.dev.ConsoleRenderer(colors=sys.stderr.isatty() and "NO_COLOR" not in os.environ),
        ],
        wrapper_class=structlog.make_filtering_bound_logger("info"),
        logger_factory=structlog.PrintLoggerFactory(sys.stderr),
    )


async def _serve(config: Any, beside: WorkerBeside | None) -> int:
    from headway.server.serve import serve as run_server

    stop = asyncio.Event()
    tasks: set[asyncio.Task[int]] = set()

    def announce(url: str) -> None:
        say(f"Headway is at {url}")
        if beside is not None:
            working = asyncio.create_task(beside.run(url.rstrip("/")))
            working.add_done_callback(lambda _: stop.set())
            tasks.add(working)
            leave_in_order(beside, stop)

    try:
        await run_server(config, announce=announce, stop=stop)
    finally:
        if beside is not None:
            await beside.end()
    return max((task.result() for task in tasks if task.done() and not task.cancelled()), default=OK)


def leave_in_order(beside: WorkerBeside, stop: asyncio.Event) -> None:
    """At a signal the worker leaves first, while the server still hears it; at a second one everything ends now."""
    loop = asyncio.get_running_loop()

    def leave() -> None:
        if beside.leaving:
            beside.kill()
            stop.set()
            return
        say("Stopping: the worker finishes what it can. Again: at once.")
        beside.leaving = True
        leaving = asyncio.ensure_future(beside.end())
        leaving.add_done_callback(lambda _: stop.set())

    for number in (signal.SIGINT, signal.SIGTERM):
        loop.add_signal_handler(number, leave)


class WorkerBeside:
    """The worker process of this server. `mcp`: it serves the MCP servers of the configuration too."""

    def __init__(
        self, app: str | None, connectors: Sequence[str], slots: int | None, token: str | None, *, quiet: bool = False,
        mcp: bool = True,
    ) -> None:  # fmt: skip
        self.leaving = False
        self._words = [
            *([app] if app else []),
            *(f"--connector={each}" for each in connectors),
            *([f"--slots={slots}"] if slots else []),
            *(["--quiet"] if quiet else []),
        ]
        self._told = {"HEADWAY_CONNECTORS": "", **({"HEADWAY_TOKEN": token} if token else {})}
        if not mcp:
            self._told["HEADWAY_MCP_SERVERS"] = ""
        self._process: asyncio.subprocess.Process | None = None

    async def run(self, url: str) -> int:
        """Keep it running until `end`: 0. Its exit code, when it could not begin at all: starting it again is no use."""
        loop = asyncio.get_running_loop()
        wait = RESTART_S
        while not self.leaving:
            began = loop.time()
            self._process = await self._start(url)
            code = await self._process.wait()
            if self.leaving:
                return OK
            if code == USAGE:
                return code
            wait = RESTART_S if loop.time() - began > 60 else min(wait * 2, 60.0)
            say(f"The worker ended with {code}; another is started in {wait:g} s.")
            await asyncio.wait({asyncio.ensure_future(asyncio.Event().wait())}, timeout=wait)
        return OK

    async def _start(self, url: str) -> asyncio.subprocess.Process:
        """In a session of its own, so that Ctrl-C reaches us alone and we end things in order."""
        words = [sys.executable, "-m", "headway", "worker", *self._words, "--server", url]
        return await asyncio.create_subprocess_exec(
            *words, env={**os.environ, **self._told}, stdin=asyncio.subprocess.DEVNULL, start_new_session=True
        )

    async def end(self) -> None:
        """Ask it to leave, and wait until it has."""
        self.leaving = True
        process = self._process
        if process is None or process.returncode is not None:
            return
        process.send_signal(signal.SIGTERM)
        try:
            async with asyncio.timeout(DRAIN_S + 10.0):
                await process.wait()
        except TimeoutError:
            self.kill()
            await process.wait()

    def kill(self) -> None:
        """End it now; the server will call its attempts lost."""
        if self._process is not None and self._process.returncode is None:
            self._process.kill()


@click.command()
@click.argument("app", metavar="[MODULE:APP]", required=False)
@connects
@click.option(
    "--slots", type=click.IntRange(1, 1000), help="How many at once; else 4 with an app, and what its engines take."
)
@click.option("--queue", "queues", multiple=True, metavar="NAME", help="Only from this queue. Repeatable.")
@click.option("--label", "labels", multiple=True, metavar="NAME=VALUE", help="What jobs may require. Repeatable.")
@click.option("--name", help="Its name on this machine; else a free number.")
@click.option("--machine", help="The machine's name; else the host's.")
@click.option(
    "--drain", default="30s", show_default=True, metavar="DURATION", help="How long it may finish at the end."
)
@click.option("--quiet", "-q", is_flag=True, help="Say only what went wrong.")
@asks_server
def worker(
    app: str | None, connectors: tuple[str, ...], slots: int | None, queues: Sequence[str], labels: Sequence[str],
    name: str | None, machine: str | None, drain: str, quiet: bool, server: Server,
) -> int:  # fmt: skip
    """Run a worker that serves the jobs of MODULE:APP, of outside engines, or both, until a signal.

    It serves the MCP servers of the configuration too, [mcp.servers.NAME] in headway.toml; --connector mcp=NAME only that
    one. It connects outward only.
    """
    from headway.model.duration import parse_duration
    from headway.server.config import load
    from headway.worker.loading import connectors_of
    from headway.worker.main import run_worker

    config = load({"connectors": connectors or None}).config
    engines = connectors_of(config.connectors, config.mcp_servers)
    if not app and not engines:
        hint = "or [mcp.servers.NAME] in headway.toml"
        raise click.UsageError(f"Nothing to serve: give MODULE:APP, --connector TYPE=TARGET, or both; {hint}.")
    return run_service(
        run_worker(
            server.url,
            apps=[app] if app else [],
            connectors=engines,
            slots=slots or 0,
            queues=queues,
            labels=pairs(labels, "--label"),
            name=name,
            machine=machine,
            token=server.token,
            drain_s=parse_duration(drain, "--drain"),
            quiet=quiet,
        )
    )
