"""What a durable call of an MCP tool costs, against the bare client of the SDK and the same server, in one run.

    python bench/mcp_calls.py [--serial 300] [--many 1000]

The tool returns at once, so that all that is measured is the way to it and back; the server is a process over stdio.

- `bare`: `mcp.Client.call_tool`, one after the other, then 50 under way.
- `system`: the same tool as a job: submitted, stored, offered, called by the worker, its result stored and fetched; one
  after the other, then all submitted at once with 50 slots.

`times_bare` are how many times as long (or, with 50 under way, how many times as slow) the system is.
"""

from __future__ import annotations

import argparse
import asyncio
import json
import sys
import time
from collections.abc import Awaitable, Callable
from pathlib import Path

from harness import HERE, Process, out, out_latencies, percentile, run, setting, size
from mcp import Client, StdioServerParameters

import headway

SERVER = str(HERE.parent / "tests" / "mcp_servers" / "taskful.py")
KIND = "mcp.bench.plain"
SIDE_BY_SIDE = 50


async def one_by_one(call: Callable[[int], Awaitable[None]], n: int) -> list[float]:
    """Seconds of each."""
    walls = list[float]()
    for number in range(n):
        began = time.monotonic()
        await call(number)
        walls.append(time.monotonic() - began)
    return walls


async def bare(serial: int, many: int) -> tuple[list[float], float]:
    """Without us: seconds of each call, calls a second with 50 under way."""
    async with Client(StdioServerParameters(command=sys.executable, args=[SERVER])) as client:
        await client.list_tools()

        async def call(number: int) -> None:
            assert not (await client.call_tool("plain", {"n": number})).is_error

        await call(0)
        walls = await one_by_one(call, serial)
        free = asyncio.Semaphore(SIDE_BY_SIDE)

        async def call_in_turn(number: int) -> None:
            async with free:
                await call(number)

        began = time.monotonic()
        await asyncio.gather(*(call_in_turn(number) for number in range(many)))
        return walls, many / (time.monotonic() - began)


def configure(folder: Path) -> None:
    """The server with 50 slots."""
    lines = ["[mcp.servers.bench]", f"command = {json.dumps(sys.executable)}", f"args = [{json.dumps(SERVER)}]"]
    (folder / "headway.toml").write_text("\n".join([*lines, f"slots = {SIDE_BY_SIDE}", ""]))


async def durable(serial: int, many: int) -> tuple[list[float], float, int]:
    """With us: the same two figures, and how many fields differ from the fold of the log."""
    with setting() as place:
        configure(place.folder)
        worker = Process(["worker", "--server", place.url, "--name", "bench"], place.folder, r"kinds now")
        try:
            async with headway.Client(place.url) as client:

                async def call(number: int) -> None:
                    await (await client.submit(KIND, {"n": number})).result()

                await call(0)
                walls = await one_by_one(call, serial)
                began = time.monotonic()
                await asyncio.gather(*(call(number) for number in range(many)))
                rate = many / (time.monotonic() - began)
                differing = (await client.rest.get("/admin/verify", wait_s=600.0))["different"]
        finally:
            worker.end()
    return walls, rate, differing


async def main(serial: int, many: int) -> None:
    bare_walls, bare_rate = await bare(serial, many)
    walls, rate, differing = await durable(serial, many)
    out_latencies("call", bare_walls, variant="bare", store="memory")
    out_latencies("call", walls, variant="system")
    out("side_by_side", bare_rate, "calls/s", n=many, variant="bare", store="memory")
    out("side_by_side", rate, "calls/s", n=many, variant="system")
    out("times_bare", percentile(walls, 50) / percentile(bare_walls, 50), "times", n=serial, variant="one by one")
    out("times_bare", bare_rate / rate, "times", n=many, variant="50 under way")
    out("differences", differing, "fields", n=serial + many, variant="system")


if __name__ == "__main__":
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--serial", type=int, default=size(300, 5))
    parser.add_argument("--many", type=int, default=size(1_000, 20))
    given = parser.parse_args()
    run(main(given.serial, given.many))
