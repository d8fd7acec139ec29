"""A worker that only reports: it speaks the worker link itself, since a real one thins progress to four reports a second.

It adopts jobs and says what it is told to say about them, with at most `UNACKNOWLEDGED` reports that are not durable yet.
Used by P5 (how many a second) and P12 (what a browser makes of them).
"""

from __future__ import annotations

import asyncio
import time
from collections.abc import AsyncIterator, Callable, Sequence
from contextlib import asynccontextmanager

from websockets.asyncio.client import connect

from headway.model.report import Item, Progressed
from headway.protocol.frames import (
    WORKER_PROTOCOL,
    Begin,
    Heartbeat,
    Report,
    WorkerHello,
    decode_to_worker,
    encode_many,
)

UNACKNOWLEDGED = 2_000
AT_ONCE = 100
PROFILE = {"id": "bench/5", "machine": "bench", "instance": "p5", "name": "5"}


class Reporter:
    """`jobs` are the ids of those it adopted, all attempt 1."""

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

    async def begin(self, jobs: int) -> None:
        hello = WorkerHello(worker={**PROFILE, "slots": jobs}, kinds=[{"name": "reports"}])
        await self.socket.send(encode_many([hello]), text=True)
        await asyncio.sleep(0.3)
        begins = [Begin(external_id=f"x{number}", kind="reports") for number in range(jobs)]
        await self.socket.send(encode_many(begins), text=True)
        await self.until(lambda: len(self.jobs) == jobs)

    @property
    def open(self) -> int:
        return sum(self.said.values()) - sum(self.acked.values())

    def report(self, job: str, *items: Item) -> Report:
        self.said[job] += 1
        return Report(job=job, attempt=1, n=self.said[job], items=list(items))

    def progress(self, number: int, message: str) -> Report:
        job = self.jobs[number % len(self.jobs)]
        return self.report(job, Progressed(current=float(number), total=1e9, message=message))

    async def say(self, frames: Sequence[Report]) -> None:
        await self.until(lambda: self.open <= UNACKNOWLEDGED)
        await self.socket.send(encode_many(frames), text=True)

    async def flood(self, n: int) -> None:
        """As fast as it may."""
        for start in range(0, n, AT_ONCE):
            await self.say(
                [self.progress(number, f"step {number}") for number in range(start, min(start + AT_ONCE, n))]
            )
        await self.until(lambda: self.open == 0)

    async def pace(self, rate: float, make: Callable[[int], Report], every_s: float = 0.02) -> None:
        """`rate` reports a second, until cancelled, in small groups; with a heartbeat each second."""
        began, said, beaten = time.monotonic(), 0, 0.0
        while True:
            now = time.monotonic()
            due = int((now - began) * rate)
            if due > said:
                await self.say([make(number) for number in range(said, due)])
                said = due
            if now - beaten > 1.0:
                await self.socket.send(encode_many([Heartbeat()]), text=True)
                beaten = now
            await asyncio.sleep(every_s)


@asynccontextmanager
async def reporting(url: str, jobs: int) -> AsyncIterator[Reporter]:
    """A reporter with `jobs` adopted jobs at the server `url`, for as long as the block."""
    address = f"{url.replace('http', 'ws', 1).rstrip('/')}/api/v1/worker"
    async with connect(address, subprotocols=[WORKER_PROTOCOL], compression=None, max_size=None) as socket:
        worker = Reporter(socket)
        listening = asyncio.create_task(worker.listen())
        await worker.begin(jobs)
        yield worker
        listening.cancel()
