"""The app that the worker's tests run in real executor processes."""

from __future__ import annotations

import asyncio
import ctypes
import logging
import os
import signal
import subprocess
import sys
import time
from pathlib import Path

import headway
from headway.worker.context import Context
from headway.worker.registry import App

app = App()
log = logging.getLogger("library")


@app.job
async def add(a: int, b: int = 1) -> int:
    return a + b


@app.job
def add_in_thread(ctx: Context, a: int, b: int) -> dict[str, int]:
    with ctx.stage("sum", total=2, unit="number") as stage:
        stage.advance()
        log.info("adding %s", b)
        stage.advance()
    return {"sum": a + b}


@app.job(isolation="process")
def add_alone(ctx: Context, a: int, b: int) -> int:
    sys.stdout.write("on stdout\n")
    sys.stderr.write("0%\r50%\r100%\n")
    (ctx.tmp / "file").write_text("x")
    return a + b


@app.job(isolation="process")
async def add_alone_async(a: int, b: int) -> int:
    await asyncio.sleep(0)
    return a + b


@app.job
async def wait_for_ever(ctx: Context) -> None:
    ctx.step_done("waiting")
    await asyncio.Event().wait()


@app.job
async def deaf(ctx: Context) -> None:
    ctx.step_done("deaf")
    while True:
        try:
            await asyncio.Event().wait()
        except asyncio.CancelledError:
            continue


@app.job
def loop_until_cancelled(ctx: Context) -> None:
    ctx.step_done("looping")
    ctx.on_cleanup(ctx.log.info, "cleaned up")
    while True:
        ctx.check()
        time.sleep(0.005)


@app.job
def hold_the_gil(ctx: Context, seconds: float) -> str:
    ctx.step_done("holding")
    ctypes.PyDLL(None).usleep(int(seconds * 1e6))  # PyDLL keeps the GIL
    return "held"


@app.job
async def block_the_loop(ctx: Context, n: int) -> int:
    for _ in ctx.track(range(n)):
        time.sleep(0.01)  # noqa: ASYNC251 - no await: nothing else on this loop runs
    return n


@app.job
def die(ctx: Context) -> None:
    os.kill(os.getpid(), signal.SIGKILL)


def sweep(job: str, attempt: int, checkpoints: dict[str, str]) -> None:
    Path(checkpoints["mark"]).write_text(f"{job} {attempt}")


@app.job(isolation="process", cleanup=sweep)
def stubborn(ctx: Context) -> None:
    signal.signal(signal.SIGTERM, signal.SIG_IGN)
    child = subprocess.Popen([sys.executable, "-c", "import time; time.sleep(600)"])
    (ctx.tmp / "half done").write_text("x")
    ctx.step_done(f"{child.pid} {ctx.tmp}")
    while True:
        time.sleep(1)


@app.job
def fail() -> None:
    raise ValueError("no luck")


@app.job
async def ask(ctx: Context) -> str:
    answer = await ctx.ask("May I?", {"type": "string"})
    return f"{answer.action}: {answer.content}"


@app.job
def keep_a_file(ctx: Context) -> str:
    (ctx.tmp / "file").write_text("x")
    return str(ctx.tmp)


@app.job
async def see_the_lease_go(ctx: Context) -> bool:
    ctx.step_done("waiting")
    try:
        await asyncio.Event().wait()
    except asyncio.CancelledError:
        ctx.log.info("lease lost: %s, moves: %s", ctx.lease_lost, ctx.moves)
        raise
    return False


assert headway is not None
