"""P2: how fast one client submits, durably: by batches, with 50 requests in flight, one by one. No worker runs.

python bench/p2_submit.py [--store sqlite|postgres] [--batch 50000] [--flight 5000] [--serial 2000]
"""

from __future__ import annotations

import argparse
import asyncio
import time

from harness import Setting, Spent, out, run, setting, size, takes_store
from p1_throughput import submit

import headway

FLIGHT = 50


async def one_by_one(client: headway.Client, n: int) -> None:
    for _ in range(n):
        await client.submit("noop")


async def in_flight(client: headway.Client, n: int) -> None:
    await asyncio.gather(*(one_by_one(client, n // FLIGHT) for _ in range(FLIGHT)))


async def timed(place: Setting, client: headway.Client, metric: str, way, n: int) -> None:
    await way(client, FLIGHT)  # connections, caches
    spent, began = Spent(server=place.server, database=place.database), time.monotonic()
    await way(client, n)
    out(metric, n / (time.monotonic() - began), "jobs/s", n=n, store=place.store, cpu=spent.per(n))


async def main(store: str, serial: int, flight: int, batch: int) -> None:
    with setting(store) as place:
        async with headway.Client(place.url) as client:
            await timed(place, client, "enqueue_serial", one_by_one, serial)
            await timed(place, client, "enqueue_concurrent", in_flight, flight)
            await timed(place, client, "enqueue_batch", submit, batch)


if __name__ == "__main__":
    parser = takes_store(argparse.ArgumentParser(description=__doc__))
    parser.add_argument("--serial", type=int, default=size(2_000, 20))
    parser.add_argument("--flight", type=int, default=size(5_000, 50))
    parser.add_argument("--batch", type=int, default=size(50_000, 100))
    given = parser.parse_args()
    run(main(given.store, given.serial, given.flight, given.batch))
