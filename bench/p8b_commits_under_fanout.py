"""P8b: commits while fan-out runs at full rate and the loop is never idle: the guard of one process with a thread.

    python bench/p8b_commits_under_fanout.py [--rate 4000] [--viewers 1000] [--secs 5]

One process is the real server on a real store. In it, commands arrive at `rate` a second, each an event that every
viewer gets, and other work keeps the loop busy: 100 µs of Python in every turn. Viewers are the load client's.
`committed` is the share of the commands offered in the time that were durable by its end; `command` is from offering
a command to its answer on the loop; deliveries are counted, and their age, by the client.
"""

from __future__ import annotations

import argparse
import asyncio
import json
import os
import subprocess
import sys
import tempfile
import time

import msgspec
from harness import SMOKE, out, out_latencies, size
from load import AHEAD, client, pinned, wait_for

WATCH = "/api/v1/live?topic=custom:bench&want=events&conflate=false&pace_ms=0"
BEAT_S = 0.005
BUSY_S = 0.0001
STAY_S = 2.0
"""Viewers stay this much longer than commands come."""
FILLING = "x" * 150


async def keep_busy(over: asyncio.Event) -> None:
    """Other people's work: some Python in every turn of the loop, and never a turn without."""
    while not over.is_set():
        end = time.perf_counter() + BUSY_S
        while time.perf_counter() < end:
            pass
        await asyncio.sleep(0)


class Offered:
    """Commands offered by the clock, whatever becomes of them."""

    def __init__(self, ledger) -> None:
        self.ledger = ledger
        self.number = self.done = self.refused = 0
        self.waited: list[float] = []

    def offer(self) -> None:
        from headway.errors import HeadwayError
        from headway.model.command import Emit

        began = time.monotonic()
        self.number += 1
        try:
            data = {"t@": f"{time.monotonic_ns():018d}", "filling": FILLING}
            answer = self.ledger.submit_nowait(Emit(name="bench.sent", data=data))
        except HeadwayError:
            self.refused += 1
            return
        answer.add_done_callback(lambda done: self.answered(began, done))

    def answered(self, began: float, done) -> None:
        if not done.cancelled() and done.exception() is None:
            self.done += 1
            self.waited.append(time.monotonic() - began)

    async def keep(self, rate: float, secs: float) -> float:
        began = time.monotonic()
        while (now := time.monotonic() - began) < secs:
            while self.number < now * rate:
                self.offer()
            await asyncio.sleep(BEAT_S)
        return self.done / self.number


async def serve(port: int, rate: float, secs: float) -> None:
    from headway.server.app import Application
    from headway.server.config import load
    from headway.server.serve import serve as run_server

    with tempfile.TemporaryDirectory(prefix="headway-bench-", dir=os.environ.get("BENCH_FOLDER")) as folder:
        config = load({"data": folder, "port": port}).config
        settings = msgspec.structs.replace(config.settings, links_per_address=100_000)
        application = Application(msgspec.structs.replace(config, settings=settings))
        stop, over = asyncio.Event(), asyncio.Event()

        async def work() -> None:
            try:
                await asyncio.to_thread(sys.stdin.readline)  # the viewers are there
                busy = asyncio.create_task(keep_busy(over))
                offered = Offered(application.hub.ledger)
                share = await offered.keep(rate, secs)
                over.set()
                await busy
                print(json.dumps({"share": share, "waited": offered.waited, "n": offered.number}), flush=True)
            finally:
                over.set()
                stop.set()

        working = asyncio.create_task(work())
        await run_server(application.config, application=application, stop=stop)
        await working


def main(rate: float, viewers: int, secs: float) -> None:
    import socket

    with socket.socket() as free:
        free.bind(("127.0.0.1", 0))
        port = free.getsockname()[1]
    words = [*AHEAD, sys.executable, __file__, "--serve", str(port), "--rate", str(rate), "--secs", str(secs)]
    server = subprocess.Popen(words, stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True, start_new_session=True)
    try:
        wait_for(port)
        watching = [
            *pinned(1),
            str(client()),
            "--port",
            str(port),
            "--conns",
            str(viewers),
            "--path",
            WATCH,
            "--pub",
            WATCH,
        ]
        watching += [
            "--rate",
            "0.000001",
            "--warm",
            "0.5",
            "--secs",
            str(secs + STAY_S),
            "--settle",
            "200",
            "--pid",
            str(server.pid),
        ]
        seen = subprocess.Popen(
            watching, stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True, start_new_session=True
        )
        time.sleep(size(2, 1))
        told, _ = server.communicate("go\n", timeout=secs + 60)
    finally:
        server.kill()
    found = json.loads(told)
    delivered = json.loads(seen.communicate(timeout=secs + 60)[0])
    more = {"variant": f"{viewers}x{rate:g}"}
    out("committed", found["share"] * 100, "%", n=found["n"], **more)
    out_latencies("command", found["waited"], **more)
    out("command_max", max(found["waited"]) * 1000, "ms", n=found["n"], **more)
    out("deliveries", delivered["deliv_s"] * (secs + STAY_S) / secs, "1/s", n=delivered["open"], **more)
    out("delivery_p99", delivered["p99_ms"], "ms", n=delivered["open"], **more)


if __name__ == "__main__":
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--rate", type=float, default=size(4000, 200))
    parser.add_argument("--viewers", type=int, default=size(1000, 20))
    parser.add_argument("--secs", type=float, default=5.0 if not SMOKE else 0.5)
    parser.add_argument("--serve", type=int)
    given = parser.parse_args()
    if given.serve:
        import uvloop

        uvloop.run(serve(given.serve, given.rate, given.secs))
    else:
        main(given.rate, given.viewers, given.secs)
