"""`headway demo`: a server, a worker and real jobs, in one command and without a trace elsewhere.

Everything lives in one folder: the store, the files of jobs, the worker's process is our child. With `--once` it ends
when the jobs have, with the exit code of the one that ended worst.
"""

from __future__ import annotations

import asyncio
import os
import shutil
import sys
import sysconfig
import webbrowser
from pathlib import Path
from typing import Any

import click

from headway.cli.exits import FAILED, OK, exit_of, say, worst
from headway.cli.options import Server, find_server, run_service
from headway.cli.run import run_watched
from headway.cli.serve import WorkerBeside, leave_in_order, log_to_stderr
from headway.cli.words import job_line, plain_step
from headway.client import Client, JobView
from headway.client.jobs import error_of_job
from headway.model.job import JobDoc

APP = "headway.demo.app:app"
CHECKSUM = """
cd "$0" && total=$(ls *.py | wc -l) && number=0
ls *.py | while read -r file; do
  number=$((number + 1)); cksum "$file"; printf '%d/%d files\\n' "$number" "$total" >&2
done
"""
"""A command as people write them: it knows nothing of Headway, which reads its `N/M`."""


@click.command()
@click.option("--once", is_flag=True, help="End when the jobs have; one line for each on stdout.")
@click.option("--port", type=click.IntRange(0, 65535), help="Else 8400; 0: a free one.")
@click.option("--data", metavar="FOLDER", help="Where to keep it; else ~/.local/share/headway/demo.")
@click.option("--no-browser", is_flag=True, help="Do not open the page.")
def demo(once: bool, port: int | None, data: str | None, no_browser: bool) -> int:
    """Start a server with a worker and run real jobs: index Python's standard library, checksum it."""
    from headway.server.config import load

    folder = Path(data) if data else Path(load().config.data) / "demo"
    folder.mkdir(parents=True, exist_ok=True)
    config = load({"host": "127.0.0.1", "port": port, "data": str(folder), "store": ""}).config
    log_to_stderr()
    return run_service(_demo(config, once=once, browser=not (no_browser or once)))


async def _demo(config: Any, *, once: bool, browser: bool) -> int:
    from headway.server.serve import serve as run_server

    stop = asyncio.Event()
    beside = WorkerBeside(APP, (), 4, config.token, quiet=True, mcp=False)
    address: asyncio.Future[str] = asyncio.get_running_loop().create_future()
    serving = asyncio.create_task(run_server(config, announce=address.set_result, stop=stop))
    await asyncio.wait({serving, address}, return_when=asyncio.FIRST_COMPLETED)
    if not address.done():
        await serving
        return OK
    url = address.result().rstrip("/")
    leave_in_order(beside, stop)
    working = asyncio.create_task(beside.run(url))
    say(f"Headway is at {url}/")
    jobs = asyncio.create_task(_run_jobs(Server(url, config.token or None)))
    if browser:
        _open_page(url)
    try:
        await asyncio.wait({jobs, serving}, return_when=asyncio.FIRST_COMPLETED)
        code = jobs.result() if jobs.done() else OK
        if not once and jobs.done():
            say(f"The server stays up: {url}/  Ctrl-C ends it. Try: {way_to_look(url)}")
            await asyncio.wait({serving})
    finally:
        jobs.cancel()
        await beside.end()
        stop.set()
        await serving
        working.cancel()
    return code if once else OK


def way_to_look(url: str) -> str:
    """The command that lists the jobs, as it works in this shell: `make demo` puts nothing on the path."""
    program = "headway" if shutil.which("headway") else os.path.relpath(Path(sys.executable).with_name("headway"))
    return f"{program} jobs" if url == find_server().url else f"{program} jobs --server {url}"


def _open_page(url: str) -> None:
    """Where there is a browser to open."""
    if sys.stdout.isatty() and (
        os.environ.get("DISPLAY") or os.environ.get("WAYLAND_DISPLAY") or sys.platform == "darwin"
    ):
        webbrowser.open(url)


async def _run_jobs(server: Server) -> int:
    """The demo's work: one job by the worker, one command by `headway run`; a line for each that ended."""
    async with server.client() as client:
        job = await client.submit("index_source", {})
        say(f"Submitted index_source {job.id}: Python's standard library into a full-text file.")
        codes = await asyncio.gather(_watch(client, job.id), _command(client, server))
    return worst(list(codes))


async def _watch(client: Client, id: str) -> int:
    last: object = None
    view: JobView | None = None
    async for view in client.watch(id):
        if not view.final and (step := plain_step(view.document)) != last:
            last = step
            say("  " + job_line(view.document, view.as_of, live=view.live))
    assert view is not None  # noqa: S101 (watching yields at least the final view)
    return _ended(view.document)


async def _command(client: Client, server: Server) -> int:
    """A shell command of this machine, as anybody would run it: headway run --name checksum -- sh -c …"""
    words = ("sh", "-c", CHECKSUM, sysconfig.get_path("stdlib"))
    say("Running a checksum of its files, by: headway run -- sh -c …")
    watched = await run_watched(words, server, kind="checksum", output=_unseen, tell=_told_by_us)
    if not watched.job:
        say(f"The command exited with {watched.code}; the server never heard of it.")
        return FAILED
    return _ended(await client.get(watched.job))


def _told_by_us(sentence: str) -> None:
    """What `headway run` says to who typed it."""


def _unseen(output: bytes) -> None:
    """Its output is in the job's log."""


def _ended(job: JobDoc) -> int:
    click.echo(f"{job_line(job)}  {_result(job)}".rstrip())
    return OK if job.get("state") == "completed" else exit_of(error_of_job(job))


def _result(job: JobDoc) -> str:
    result: Any = job.get("result")
    if not isinstance(result, dict):
        return ""
    return " ".join(f"{name}={value:,}" for name, value in result.items() if isinstance(value, int | float))  # pyright: ignore[reportUnknownVariableType]
