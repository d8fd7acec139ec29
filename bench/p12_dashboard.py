"""P12: the dashboard in a real Chromium against a real server: rows that move, a log that runs, and the heap over time.

    python bench/p12_dashboard.py [--seconds 10] [--minutes 0] [--rate 500] [--rows 10000]

Rows: 10,000 jobs of which the newest 200 run, 500 reports a second on them, as each is durable. Measured in the page
(frames.mjs): time between animation frames, share of the main thread that was busy, long tasks, heap; idle, moving,
scrolling, and with the processor slowed to a quarter. Logs: a job with 100,000 lines and 1,000 more a second, followed.
`--minutes 10` goes on with the rows for so long and says how the heap went, each after a collection.
Browser, server and load share the cores of one machine: a figure here is worse than a viewer's own would be.
"""

from __future__ import annotations

import argparse
import asyncio
import json
import os
import shutil
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from pathlib import Path
from typing import Any

from harness import HERE, out, run, setting, size
from reporter import Reporter, reporting

import headway
from headway.model.report import LogLines, Progressed

RUNNING = 200
LINES_A_SECOND = 1_000
LINES_AT_ONCE = 25
BATCH = 1_000
TEXT = "\x1b[32mparsed\x1b[0m /usr/lib/python3/dist-packages/module_{number}/__init__.py in {number} µs"


async def frames(url: str, **asked: Any) -> dict[str, Any]:
    """What the page at `url` did, as frames.mjs measured it."""
    node = shutil.which("node") or "node"
    words = [node, str(HERE / "frames.mjs"), json.dumps({"url": url, "chromium": _chromium(), **asked})]
    process = await asyncio.create_subprocess_exec(*words, stdout=asyncio.subprocess.PIPE)
    said, _ = await process.communicate()
    if process.returncode:
        raise SystemExit(f"frames.mjs ended with {process.returncode}")
    return json.loads(said)


def _chromium() -> str:
    found = os.environ.get("HEADWAY_CHROMIUM") or shutil.which("chromium")
    if not found:
        raise SystemExit("There is no chromium here: apt-get install chromium, or set HEADWAY_CHROMIUM.")
    return found


def say(name: str, seen: dict[str, Any], **more: Any) -> None:
    """The figures of one look as rows."""
    n = seen["frames"]
    for percent in (50, 95, 99):
        out(f"{name}_frame_p{percent}", seen[f"p{percent}"], "ms", n=n, **more)
    out(f"{name}_fps", seen["fps"], "1/s", n=n, **more)
    out(f"{name}_busy", seen["busy"] * 100, "%", n=n, **more)
    out(f"{name}_long_tasks", seen["longTasks"], "tasks", n=n, **more)
    out(f"{name}_heap", seen["heapMb"], "MB", n=n, **more)


@asynccontextmanager
async def moving(reporter: Reporter, rate: float) -> AsyncIterator[None]:
    """`rate` reports of progress a second over all of its jobs."""

    def progressed(number: int) -> Any:
        job = reporter.jobs[number % len(reporter.jobs)]
        done = float(number // len(reporter.jobs) % 1_000)
        return reporter.report(job, Progressed(current=done, total=1_000.0, message=f"file {number}"))

    async with background(reporter.pace(rate, progressed)):
        yield


@asynccontextmanager
async def background(work: Any) -> AsyncIterator[None]:
    task = asyncio.create_task(work)
    try:
        yield
    finally:
        task.cancel()


async def rows(url: str, given: argparse.Namespace) -> None:
    async with headway.Client(url) as client:
        for start in range(0, given.rows - RUNNING, BATCH):
            count = min(BATCH, given.rows - RUNNING - start)
            await client.submit_many([{"kind": "waits", "queue": "later"} for _ in range(count)])
    page = f"{url.rstrip('/')}/jobs"
    async with reporting(url, RUNNING) as reporter:
        say("rows_idle", await frames(page, seconds=given.seconds))
        async with moving(reporter, given.rate):
            say("rows_moving", await frames(page, seconds=given.seconds))
            say("rows_scrolling", await frames(page, seconds=given.seconds, scroll=True))
            say("rows_moving_slow_4x", await frames(page, seconds=given.seconds, slow=4))
            if given.minutes:
                seen = await frames(page, seconds=given.minutes * 60, heapEvery=30)
                out("rows_heap_first", seen["heaps"][1], "MB")
                out("rows_heap_last", seen["heaps"][-1], "MB", heaps=seen["heaps"])
                say("rows_long", seen)


async def logs(url: str, given: argparse.Namespace) -> None:
    async with reporting(url, 1) as reporter:
        job = reporter.jobs[0]

        def lines(number: int) -> Any:
            each = [(0, "info", TEXT.format(number=number * LINES_AT_ONCE + place)) for place in range(LINES_AT_ONCE)]
            return reporter.report(job, LogLines(lines=each))

        for number in range(given.lines // LINES_AT_ONCE):
            await reporter.say([lines(number)])
        await reporter.until(lambda: reporter.open == 0)
        page = f"{url.rstrip('/')}/jobs/{job}?tab=logs"
        async with background(reporter.pace(LINES_A_SECOND / LINES_AT_ONCE, lines)):
            say("logs_following", await frames(page, seconds=given.seconds), lines=given.lines)
            say("logs_following_slow_4x", await frames(page, seconds=given.seconds, slow=4), lines=given.lines)


async def main(given: argparse.Namespace) -> None:
    for scene in (rows, logs):
        with setting("sqlite") as place:
            await scene(place.url, given)


if __name__ == "__main__":
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--seconds", type=float, default=size(10, 2))
    parser.add_argument("--minutes", type=float, default=0)
    parser.add_argument("--rate", type=float, default=500)
    parser.add_argument("--rows", type=int, default=size(10_000, 400))
    parser.add_argument("--lines", type=int, default=size(100_000, 1_000))
    if not (Path(headway.__file__).parent / "server" / "dashboard" / "index.html").exists():
        raise SystemExit("The dashboard is not built: make dashboard.")
    run(main(parser.parse_args()))
