"""P13: 1, 2 and 3 servers on one PostgreSQL: jobs a second, and what the second hop adds for a viewer.

    python bench/p13_cluster.py [--servers 1,2,3] [--jobs 20000] [--tries 200] [--rate 20] [--repeat 1]

`end_to_end` is P1's: from the first submit to the last outcome, with one worker and one submitter (a process of its
own) for each server; all servers, workers, submitters and the database share this machine, so that this tells what
several servers cost each other rather than what they gain on machines of their own. `spread` is the share of the jobs
that the busiest worker ran. `one_hop` is from the departure of a custom event to its arrival at a viewer of the server that commits
it, `second_hop` at a viewer of another; `added` is their difference for each event. `poll-only`: the servers reach the
database through a transaction pooler's URL, where nothing rings and the log is polled every 0.1 s.
`idle_transactions` is what servers without work ask of the database, a second and server.
"""

from __future__ import annotations

import argparse
import asyncio
import contextlib
import json
import sys
import time
from collections.abc import AsyncIterator
from typing import Any

import probe
import psycopg
from harness import HERE, SMOKE, Setting, Spent, out, out_latencies, run, setting, size, until
from p1_throughput import completed, submit
from websockets.asyncio.client import ClientConnection, connect

import headway

STREAM = "/api/v1/live?topic=custom:bench&want=events&conflate=false&pace_ms=0"
POLL_ONLY = "?pooler=transaction"
SETTLE_S = 0.5
MORE_S = 30.0 if not SMOKE else 5.0

# -- jobs a second -------------------------------------------------------------------------------------------------


class Submitter:
    """A process of its own, so that submitters do not share an interpreter; it waits for a word to begin."""

    def __init__(self, process: asyncio.subprocess.Process) -> None:
        self._process = process

    @classmethod
    async def start(cls, url: str, n: int) -> Submitter:
        words = [sys.executable, str(HERE / "p13_cluster.py"), "--submit", url, "--jobs", str(n)]
        pipe = asyncio.subprocess.PIPE
        made = cls(await asyncio.create_subprocess_exec(*words, stdin=pipe, stdout=pipe))
        await made._process.stdout.readline()
        return made

    async def submit(self) -> None:
        await self._process.communicate(b"go\n")
        if self._process.returncode:
            raise SystemExit("a submitter failed")


async def submit_when_told(url: str, n: int) -> None:
    async with headway.Client(url) as client:
        await client.rest.get("/queues")
        print("ready", flush=True)
        sys.stdin.readline()
        await submit(client, n)


async def until_completed(client: headway.Client, n: int) -> None:
    while await completed(client) < n:
        await client.rest.clock.sleep(0.05)


async def throughput(place: Setting, n: int, slots: int, variant: str) -> None:
    urls = [server.found for server in place.servers]
    workers = [place.worker(slots=slots, url=url) for url in urls]
    async with headway.Client(place.url) as client:
        warm, share = size(1_000, 20), n // len(urls)
        for submitter in [await Submitter.start(url, warm) for url in urls]:
            await submitter.submit()
        await until_completed(client, warm * len(urls))
        submitters = [await Submitter.start(url, share) for url in urls]
        names = {f"server{number}": server for number, server in enumerate(place.servers, 1)}
        names |= {f"worker{number}": worker for number, worker in enumerate(workers, 1)}
        before = probe.hits_by_process()
        spent, began = Spent(database=place.database, **names), time.monotonic()
        await asyncio.gather(*(submitter.submit() for submitter in submitters))
        submitted = time.monotonic() - began
        await until_completed(client, (warm + share) * len(urls))
        took, n = time.monotonic() - began, share * len(urls)
    ran = [count - before.get(pid, 0) for pid, count in probe.hits_by_process().items()]
    more = {"store": place.store, "variant": variant, "servers": len(urls)}
    out("end_to_end", n / took, "jobs/s", n=n, cpu=spent.per(n), submitted_s=round(submitted, 2), **more)
    out("spread", max(ran) / sum(ran) * 100, "%", n=n, ran=ran, **more)
    for worker in workers:
        worker.end()


# -- the second hop ------------------------------------------------------------------------------------------------


class Viewer:
    """What arrives at one server's viewer, and when."""

    def __init__(self, socket: ClientConnection) -> None:
        self.arrived: dict[int, float] = {}
        self._socket = socket

    async def watch(self) -> None:
        async for message in self._socket:
            now = time.monotonic()
            frame: Any = json.loads(message)
            frames = frame if isinstance(frame, list) else [frame]
            for event in (event for each in frames for event in each.get("events", ())):
                self.arrived.setdefault(event["data"]["data"]["number"], now)


@contextlib.asynccontextmanager
async def viewer(url: str) -> AsyncIterator[Viewer]:
    async with connect(url.replace("http", "ws", 1) + STREAM, compression=None) as socket:
        made = Viewer(socket)
        task = asyncio.create_task(made.watch())
        try:
            yield made
        finally:
            task.cancel()
            with contextlib.suppress(asyncio.CancelledError):
                await task


async def hops(place: Setting, tries: int, rate: float, variant: str) -> None:
    """One event at a time, on servers that have nothing else to do."""
    one, two = (server.found for server in place.servers[:2])
    sent: dict[int, float] = {}
    async with viewer(one) as near, viewer(two) as far, headway.Client(one) as client:
        await asyncio.sleep(SETTLE_S)
        for number in range(tries + 5):
            sent[number] = time.monotonic()
            event = {"type": "bench.sent", "data": {"number": number}}
            (await client.rest.http.post("/api/v1/events", json=event)).raise_for_status()
            await asyncio.sleep(1 / rate)
        with contextlib.suppress(TimeoutError):
            await until(lambda: near.arrived.keys() == far.arrived.keys() == sent.keys(), timeout_s=MORE_S)
    wanted = [number for number in sent if number >= 5]
    if missing := [number for number in wanted if number not in far.arrived or number not in near.arrived]:
        raise SystemExit(f"{len(missing)} events did not arrive everywhere within {MORE_S:g} s")
    more = {"store": place.store, "variant": variant}
    out_latencies("one_hop", [near.arrived[number] - sent[number] for number in wanted], **more)
    out_latencies("second_hop", [far.arrived[number] - sent[number] for number in wanted], **more)
    out_latencies("added", [far.arrived[number] - near.arrived[number] for number in wanted], **more)


def transactions(place: Setting) -> int:
    with psycopg.connect(place.database.url, autocommit=True) as db:
        db.execute("SELECT pg_stat_force_next_flush()")
        row = db.execute("SELECT xact_commit + xact_rollback FROM pg_stat_database WHERE datname = current_database()")
        return row.fetchone()[0]


async def idle(place: Setting, secs: float, variant: str) -> None:
    before, spent, servers = (
        transactions(place),
        Spent(database=place.database, server=place.server),
        len(place.servers),
    )
    await asyncio.sleep(secs)
    more = {"store": place.store, "variant": variant, "cpu": spent.per(max(1, round(secs)))}
    out("idle_transactions", (transactions(place) - before) / secs / servers, "1/s", n=servers, **more)


async def main(counts: list[int], jobs: int, slots: int, tries: int, rate: float, repeat: int) -> None:
    for count in counts * repeat:
        with setting("postgres", servers=count) as place:
            await throughput(place, jobs, slots, f"postgres, {count} server{'s' * (count > 1)}")
    for _ in range(repeat):
        for options, variant in (("", "postgres"), (POLL_ONLY, "postgres, poll-only")):
            with setting("postgres", servers=2, options=options) as place:
                await hops(place, tries, rate, variant)
                await idle(place, size(20, 1), variant)


if __name__ == "__main__":
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--servers", default="2" if SMOKE else "1,2,3")
    parser.add_argument("--jobs", type=int, default=size(20_000, 100))
    parser.add_argument("--slots", type=int, default=100)
    parser.add_argument("--tries", type=int, default=size(200, 5))
    parser.add_argument("--rate", type=float, default=20.0)
    parser.add_argument("--repeat", type=int, default=1)
    parser.add_argument("--submit", metavar="URL", help=argparse.SUPPRESS)
    given = parser.parse_args()
    if given.submit:
        run(submit_when_told(given.submit, given.jobs))
    else:
        counts = [int(each) for each in given.servers.split(",")]
        run(main(counts, given.jobs, given.slots, given.tries, given.rate, given.repeat))
