"""P5: reports from one worker into the log, none awaited, all acknowledged once durable; and from a report to a viewer.

    python bench/p5_reports.py [--store sqlite|postgres] [--reports 50000] [--paced 200]

A real worker thins progress to four reports a second and attempt, so this one speaks the worker link itself: it
adopts 50 jobs and reports about each as fast as it may, at most 2,000 reports unacknowledged. `observe_latency` is from
the frame's departure to the event at a viewer on another connection, 100 a second, each after a commit on disk.
"""

from __future__ import annotations

import argparse
import asyncio
import json
import time

from harness import Spent, out, out_latencies, run, setting, size, takes_store
from reporter import Reporter, reporting
from websockets.asyncio.client import connect

from headway.protocol.frames import Heartbeat, encode_many

JOBS = 50


async def observe(url: str, worker: Reporter, n: int) -> list[float]:
    """Seconds from a report's departure to its arrival at a viewer that asks for no pause between batches."""
    seen: list[float] = []

    async def watch(socket) -> None:
        async for message in socket:
            now, events = time.monotonic(), json.loads(message).get("events", ())
            told = [
                event["data"]["set"]["progress"]["message"] for event in events if event["type"] == "job.progressed"
            ]
            seen.extend(now - float(each) for each in told)
            if len(seen) >= n:
                return

    async with connect(f"{url}/live?topic=jobs&want=events&conflate=false&pace_ms=0", compression=None) as socket:
        watching = asyncio.create_task(watch(socket))
        await asyncio.sleep(0.3)
        for number in range(n):
            await worker.socket.send(encode_many([worker.progress(number, repr(time.monotonic()))]), text=True)
            await asyncio.sleep(0.01)
        await asyncio.wait_for(watching, 10)
    return seen


async def main(store: str, n: int, paced: int) -> None:
    with setting(store) as place:
        async with reporting(place.url, JOBS) as worker:
            await worker.flood(min(n, 1_000))
            spent, began = Spent(server=place.server, database=place.database), time.monotonic()
            await worker.flood(n)
            out("progress_rate", n / (time.monotonic() - began), "updates/s", n=n, store=store, cpu=spent.per(n))
            await worker.socket.send(encode_many([Heartbeat()]), text=True)
            url = place.url.replace("http", "ws", 1).rstrip("/") + "/api/v1"
            out_latencies("observe_latency", (await observe(url, worker, paced))[5:], store=store, sent=paced)


if __name__ == "__main__":
    parser = takes_store(argparse.ArgumentParser(description=__doc__))
    parser.add_argument("--reports", type=int, default=size(50_000, 200))
    parser.add_argument("--paced", type=int, default=size(200, 20))
    given = parser.parse_args()
    run(main(given.store, given.reports, given.paced))
