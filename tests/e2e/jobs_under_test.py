"""Jobs that end-to-end tests run in real workers. They wait at gates (FIFOs), never by sleeping."""

from __future__ import annotations

import asyncio
import os
import sys
from pathlib import Path

import headway

app = headway.App()


def _pass(gate: str) -> None:
    """Take one byte of the FIFO; opened for both, so that its end is never read."""
    fifo = os.open(gate, os.O_RDWR)
    try:
        os.read(fifo, 1)
    finally:
        os.close(fifo)


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
    Path(folder, "tmp-of-stubborn.new").write_text(str(ctx.tmp))
    Path(folder, "tmp-of-stubborn.new").rename(Path(folder, "tmp-of-stubborn"))  # there with all that is in it
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


@app.job(stages=["talk"])
def talk(ctx: headway.Context, gate: str, rounds: int, lines: int) -> int:
    """Rounds of log lines and progress, a gate before each."""
    with ctx.stage("talk", unit="line", total=rounds * lines) as stage:
        for begin in range(0, rounds * lines, lines):
            _pass(gate)
            for line in range(begin, begin + lines):
                ctx.log.info("line %s", line)
                stage.advance()
    return rounds * lines


def _note(folder: str, name: str, text: str) -> None:
    """Whole or not at all, for the test that looks for it."""
    Path(folder, f".{name}").write_text(text)
    Path(folder, f".{name}").rename(Path(folder, name))


@app.job(max_attempts=3)
async def patient(ctx: headway.Context, folder: str, gate: str) -> int:
    """Waits in the loop, and notes when it is told to stop."""
    ctx.log.info("attempt %s", ctx.attempt)
    try:
        await asyncio.to_thread(_pass, gate)
    except asyncio.CancelledError:
        _note(folder, f"stopped-{ctx.attempt}", "lease lost" if ctx.lease_lost else "cancelled")
        raise
    return ctx.attempt


@app.job(max_attempts=3, on_lost="continue")
async def unmoved(ctx: headway.Context, folder: str, gate: str) -> int:
    """As `patient`, but it goes on without a lease."""
    return await patient.handler(ctx, folder, gate)


@app.job(max_attempts=1, timeout="6s", progress_timeout="6s")
async def watched(ctx: headway.Context, gate: str) -> int:
    """Has clocks on it."""
    ctx.progress(1, 2)
    await asyncio.to_thread(_pass, gate)
    return ctx.attempt


@app.job()
def crowd(ctx: headway.Context, folder: str) -> int:
    """Notes with how many it runs, by what the file system says."""
    mine = Path(folder, ctx.job_id)
    mine.mkdir()
    together = len(list(Path(folder).iterdir()))
    mine.rmdir()
    return together


@app.job(key_limit=1)
def keyed(ctx: headway.Context, folder: str) -> int:
    """The same, one at a time of each key."""
    return crowd.handler(ctx, folder)


@app.job(max_attempts=2)
async def resumed(ctx: headway.Context) -> dict[str, object]:
    """Fails once, and goes on from its checkpoint."""
    if "step" not in ctx.checkpoints:
        ctx.checkpoint("step", {"done": [1, 2]})
        raise RuntimeError("later")
    return {"attempt": ctx.attempt, "found": ctx.checkpoints["step"], "key": ctx.idempotency_key}


@app.job()
async def parent(ctx: headway.Context, children: int) -> list[str]:
    """Submits jobs of its own."""
    return [await ctx.submit("add", {"a": number}) for number in range(children)]


@app.job(isolation="process")
def bars(ctx: headway.Context) -> None:
    """Prints as programs with progress bars do."""
    for percent in range(101):
        sys.stdout.write(f"\r{percent}%")
    sys.stdout.write("\ndone\n")
    sys.stderr.write("care\n")
    sys.stdout.flush()


@app.job()
def flood(ctx: headway.Context, lines: int, size: int) -> None:
    """Says more than anybody wants to read."""
    for number in range(lines):
        ctx.log.info("%s %s", number, "x" * size)


@app.job()
def keeps(ctx: headway.Context, name: str, text: str) -> None:
    """Keeps a text as an artifact."""
    ctx.artifact(name, text)


@app.job()
async def asks(ctx: headway.Context, questions: int) -> list[object]:
    """Asks one after the other; its result is what was answered."""
    return [(await ctx.ask(f"Question {number}")).content for number in range(questions)]
