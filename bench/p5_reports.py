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
from websockets.asyncio.client import connect

from headway.model.report import Progressed
from headway.protocol.frames import (
    WORKER_PROTOCOL,
    Begin,
    Heartbeat,
    Report,
    WorkerHello,
    decode_to_worker,
    encode_many,
)

JOBS = 50
UNACKNOWLEDGED = 2_000
AT_ONCE = 100
PROFILE = {"id": "bench/5", "machine": "bench", "instance": "p5", "slots": JOBS, "name": "5"}


class Reporter:
    """A worker that only reports."""

    def __init__(self, socket) -> None:
        self.socket = socket
        self.jobs: list[str] = []
        self.said: dict[str, int] = {}
        self.acked: dict[str, int] = {}
        self.moved = asyncio.Event()

    async def listen(self) -> None:
        async for message in self.socket:
            for frame in decode_to_worker(message if isinstance(message, bytes) else message.encode()):
                if hasattr(frame, "external_id"):
                    self.jobs.append(frame.job)
                    self.said[frame.job] = 0
                elif hasattr(frame, "n") and frame.job in self.said:
                    self.acked[frame.job] = max(frame.n, self.acked.get(frame.job, 0))
            self.moved.set()

    async def until(self, condition) -> None:
        while not condition():
            self.moved.clear()
            await self.moved.wait()

    async def begin(self) -> None:
        await self.socket.send(encode_many([WorkerHello(worker=PROFILE, kinds=[{"name": "reports"}])]), text=True)
        await asyncio.sleep(0.3)
        begins = [Begin(external_id=f"x{number}", kind="reports") for number in range(JOBS)]
        await self.socket.send(encode_many(begins), text=True)
        await self.until(lambda: len(self.jobs) == JOBS)

    @property
    def open(self) -> int:
        return sum(self.said.values()) - sum(self.acked.values())

    def report(self, number: int, message: str) -> Report:
        job = self.jobs[number % JOBS]
        self.said[job] += 1
        items = [Progressed(current=float(number), total=1e9, message=message)]
        return Report(job=job, attempt=1, n=self.said[job], items=items)

    async def flood(self, n: int) -> None:
        for start in range(0, n, AT_ONCE):
            await self.until(lambda: self.open <= UNACKNOWLEDGED)
            frames = [self.report(number, f"step {number}") for number in range(start, min(start + AT_ONCE, n))]
            await self.socket.send(encode_many(frames), text=True)
        await self.until(lambda: self.open == 0)


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
            await worker.socket.send(encode_many([worker.report(number, repr(time.monotonic()))]), text=True)
            await asyncio.sleep(0.01)
        await asyncio.wait_for(watching, 10)
    return seen


async def main(store: str, n: int, paced: int) -> None:
    with setting(store) as place:
        url = place.url.replace("http", "ws") + "/api/v1"
        async with connect(f"{url}/worker", subprotocols=[WORKER_PROTOCOL], compression=None, max_size=None) as socket:
            worker = Reporter(socket)
            listening = asyncio.create_task(worker.listen())
            await worker.begin()
            await worker.flood(min(n, 1_000))
            spent, began = Spent(server=place.server, database=place.database), time.monotonic()
            await worker.flood(n)
            out("progress_rate", n / (time.monotonic() - began), "updates/s", n=n, store=store, cpu=spent.per(n))
            await socket.send(encode_many([Heartbeat()]), text=True)
            out_latencies("observe_latency", (await observe(url, worker, paced))[5:], store=store, sent=paced)
            listening.cancel()


if __name__ == "__main__":
    parser = takes_store(argparse.ArgumentParser(description=__doc__))
    parser.add_argument("--reports", type=int, default=size(50_000, 200))
    parser.add_argument("--paced", type=int, default=size(200, 20))
    given = parser.parse_args()
    run(main(given.store, given.reports, given.paced))
