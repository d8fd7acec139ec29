"""P1: durable no-op jobs a second, submitted, run and recorded, with one worker; every commit on disk.

    python bench/p1_throughput.py [--store sqlite|postgres] [--jobs 50000] [--slots 100]

`drain` is the peers' measure: all jobs are in the queue, the worker starts, jobs a second between the first and the last
start of a handler. `end_to_end` counts from the first submit to the last outcome, worker idle before.
"""

from __future__ import annotations

import argparse
import time

import probe
from harness import Setting, Spent, out, run, setting, size, takes_store, until

import headway

JOB = {"kind": "noop"}


async def submit(client: headway.Client, n: int) -> None:
    for start in range(0, n, 5_000):
        await client.submit_many([JOB] * min(5_000, n - start))


async def completed(client: headway.Client) -> int:
    """How many jobs the log says have ended well."""
    return sum(each["counts"].get("completed", 0) for each in (await client.rest.get("/queues"))["queues"])


async def finished(client: headway.Client, n: int) -> None:
    """Until the log says that `n` jobs have ended."""
    while await completed(client) < n:
        await client.rest.clock.sleep(0.05)


async def drain(place: Setting, client: headway.Client, n: int, slots: int) -> None:
    await submit(client, n)
    before = probe.hits()[0]
    spent = Spent(server=place.server, database=place.database)
    worker = place.worker(slots=slots)
    await until(lambda: probe.hits()[0] >= before + n, poll_s=0.02)
    count, first, last = probe.hits()
    await finished(client, n)
    cpu = {**spent.per(n), "worker": [round(each / n * 1e6, 1) for each in worker.cpu()]}
    out("drain", (count - before - 1) / (last - first), "jobs/s", n=n, store=place.store, cpu=cpu)


async def end_to_end(place: Setting, client: headway.Client, n: int, slots: int, **more: object) -> None:
    """With whatever is stored already. The worker has warmed up before."""
    worker = place.worker(slots=slots)
    before, warm = await completed(client), size(1_000, 20)
    await submit(client, warm)
    await finished(client, before + warm)
    spent = Spent(server=place.server, worker=worker, database=place.database)
    began = time.monotonic()
    await submit(client, n)
    await finished(client, before + warm + n)
    took = time.monotonic() - began
    out("end_to_end", n / took, "jobs/s", n=n, store=place.store, cpu=spent.per(n), **more)
    worker.end()


async def main(store: str, n: int, slots: int) -> None:
    with setting(store) as place:
        async with headway.Client(place.url) as client:
            await drain(place, client, n, slots)
    with setting(store) as place:
        async with headway.Client(place.url) as client:
            await end_to_end(place, client, n, slots)


if __name__ == "__main__":
    parser = takes_store(argparse.ArgumentParser(description=__doc__))
    parser.add_argument("--jobs", type=int, default=size(50_000, 200))
    parser.add_argument("--slots", type=int, default=100)
    given = parser.parse_args()
    run(main(given.store, given.jobs, given.slots))
