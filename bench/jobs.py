"""The app of the bench: what the workers under test run."""

from __future__ import annotations

import asyncio
import time

import probe

import headway

app = headway.App()


@app.job()
async def noop() -> None:
    probe.hit()


@app.job()
async def latency(sent: float) -> None:
    probe.started(sent)


@app.job()
async def reports(ctx: headway.Context, n: int) -> None:
    """`n` reports, none awaited: a line of the log each, which none may swallow as progress may."""
    began = time.monotonic()
    for number in range(n):
        ctx.log(f"line {number}")
        if number % 100 == 99:
            await asyncio.sleep(0)
    probe.report("said", n / (time.monotonic() - began))


@app.job()
async def paced(ctx: headway.Context, n: int, pause_s: float) -> None:
    """`n` reports that carry their instant."""
    for _ in range(n):
        ctx.log(repr(time.monotonic()))
        await asyncio.sleep(pause_s)


@app.job()
async def held(number: int) -> None:
    """Begins, and ends when it may."""
    probe.report("began", float(number))
    while not probe.said("may_end"):  # noqa: ASYNC110 - a file, so that it works whatever the server does
        await asyncio.sleep(0.05)
