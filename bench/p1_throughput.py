"""P1: durable no-op jobs a second, submitted, run and recorded, with one worker; every commit on disk.

    python bench/p1_throughput.py [--jobs 50000] [--slots 100]

`drain` is the peers' measure: all jobs are in the queue, the worker starts, jobs a second between the first and the last
start of a handler. `end_to_end` counts from the first submit to the last outcome, worker idle before.
"""

from __future__ import annotations

import argparse
import time

import probe
from harness import Setting, Spent, out, run, setting, size, until

import headway

JOB = {"kind": "noop"}


async def submit(client: headway.Client, n: int) -> None:
    for start in range(0, n, 5_000):
        await client.submit_many([JOB] * min(5_000, n - start))


async def finished(client: headway.Client, n: int) -> None:
    """Until the log says that `n` jobs have ended."""
    while sum(each["counts"].get("completed", 0) for each in (await client.rest.get("/queues"))["queues"]) < n:
        await client.rest.clock.sleep(0.05)


async def drain(place: Setting, client: headway.Client, n: int, slots: int) -> None:
    await submit(client, n)
    before = probe.hits()[0]
    server = Spent(server=place.server)
    worker = place.worker(slots=slots)
    await until(lambda: probe.hits()[0] >= before + n, poll_s=0.02)
    count, first, last = probe.hits()
    await finished(client, n)
    cpu = {"server": server.per(n)["server"][0], "worker": [round(each / n * 1e6, 1) for each in worker.cpu()]}
    out("drain", (count - before - 1) / (last - first), "jobs/s", n=n, cpu=cpu)


async def end_to_end(place: Setting, client: headway.Client, n: int, before: int, slots: int) -> None:
    worker = place.worker(slots=slots)
    await submit(client, 1_000)
    await finished(client, before + 1_000)
    spent = Spent(server=place.server, worker=worker)
    began = time.monotonic()
    await submit(client, n)
    await finished(client, before + 1_000 + n)
    out("end_to_end", n / (time.monotonic() - began), "jobs/s", n=n, cpu=spent.per(n))


async def main(n: int, slots: int) -> None:
    with setting() as place:
        async with headway.Client(place.url) as client:
            await drain(place, client, n, slots)
    with setting() as place:
        async with headway.Client(place.url) as client:
            await end_to_end(place, client, n, 0, slots)


if __name__ == "__main__":
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--jobs", type=int, default=size(50_000, 200))
    parser.add_argument("--slots", type=int, default=100)
    given = parser.parse_args()
    run(main(given.jobs, given.slots))
