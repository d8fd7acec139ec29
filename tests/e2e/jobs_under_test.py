"""Jobs that end-to-end tests run in real workers. They wait at gates (FIFOs), never by sleeping."""

from __future__ import annotations

import asyncio
import os
import sys
from pathlib import Path

import headway

app = headway.App()


def _pass(gate: str) -> None:
    with Path(gate).open("rb") as fifo:
        fifo.read()


@app.job()
async def add(ctx: headway.Context, a: int, b: int = 1) -> dict[str, int]:
    """The smallest real job."""
    return {"sum": a + b}


@app.job(stages={"read": 1, "write": 3})
async def staged(ctx: headway.Context, gate: str, items: int = 10) -> dict[str, int]:
    """Two weighted stages with a gate between them, and a line of log for each item."""
    with ctx.stage("read", unit="item", total=items) as stage:
        for number in stage.track(range(items)):
            ctx.log.info("read %s", number)
    await asyncio.to_thread(_pass, gate)
    with ctx.stage("write", unit="item", total=items) as stage:
        for _ in stage.track(range(items)):
            pass
    return {"items": items}


@app.job(max_attempts=3)
def gated(ctx: headway.Context, gate: str) -> dict[str, int]:
    """Waits in a thread; says who it is."""
    ctx.log.info("attempt %s in %s", ctx.attempt, os.getpid())
    _pass(gate)
    return {"attempt": ctx.attempt}


def note_cleanup(job: str, attempt: int, checkpoint: dict[str, object]) -> None:
    """Runs in a fresh process after a kill."""
    if folder := checkpoint.get("folder"):
        (Path(str(folder)) / f"cleaned-{job}").write_text(str(attempt))


@app.job(isolation="process", cleanup=note_cleanup)
def stubborn(ctx: headway.Context, folder: str, gate: str) -> None:
    """An isolated job that prints, notes where it is, and then waits deaf to everything but a signal."""
    sys.stdout.write(f"pid {os.getpid()}\n")
    sys.stdout.flush()
    ctx.checkpoint("folder", folder)
    Path(folder, "tmp-of-stubborn").write_text(str(ctx.tmp))
    Path(ctx.tmp, "half-done").write_text("x")
    _pass(gate)


@app.job(isolation="process", max_attempts=1)
def crash(ctx: headway.Context) -> None:
    """Its process dies by a real signal."""
    os.kill(os.getpid(), 9)


@app.job(max_attempts=2)
async def fail(ctx: headway.Context, message: str = "no luck") -> None:
    """Fails every time."""
    raise ValueError(message)


@app.job(progress_timeout="1s", max_attempts=1)
async def stall(ctx: headway.Context, gate: str) -> None:
    """Says one thing, then nothing."""
    ctx.progress(1, 10)
    await asyncio.to_thread(_pass, gate)


@app.job(timeout="1s", max_attempts=1)
async def overrun(ctx: headway.Context, gate: str) -> None:
    """Never ends by itself."""
    await asyncio.to_thread(_pass, gate)
