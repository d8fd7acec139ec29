"""R2: the server alone is away for 10 s while 500 jobs run: none is lost, none runs twice.

    python bench/r2_restart.py [--store sqlite|postgres] [--jobs 500] [--away 10] [--kill] [--times 3]

One worker runs the jobs, each until a file says that it may end. The server is stopped (`--kill`: SIGKILL), is away,
and comes back on the same port with the same store; then all jobs may end. Counted by the jobs themselves: how often
each began. `re_run`, `lost` and `differences` (of `verify`) must be 0; `linked_again` is from the server's return to
the worker's link.
"""

from __future__ import annotations

import argparse
import asyncio
import signal
import time
from collections import Counter

import probe
from harness import Setting, out, run, setting, size, takes_store, until

import headway

END_S = 180.0


async def away(place: Setting, secs: float, *, kill: bool) -> None:
    """The server goes and comes back."""
    port, server = place.port, place.servers.pop()
    if kill:
        server.process.send_signal(signal.SIGKILL)
    server.end()
    await asyncio.sleep(secs)
    place.serve(port)


async def linked(client: headway.Client) -> None:
    while not any(each.get("state") == "online" for each in (await client.rest.get("/workers"))["workers"]):
        await client.rest.clock.sleep(0.05)


async def until_ended(client: headway.Client, n: int) -> dict[str, int]:
    """How many jobs stand where, once none is unfinished any more."""
    end = time.monotonic() + END_S
    while True:
        counts = sum((Counter(each["counts"]) for each in (await client.rest.get("/queues"))["queues"]), Counter())
        if sum(counts[state] for state in ("completed", "failed", "cancelled")) == n:
            return counts
        if time.monotonic() > end:
            raise SystemExit(f"after {END_S:g} s jobs stand so: {dict(counts)}")
        await asyncio.sleep(0.1)


async def once(store: str, n: int, secs: float, *, kill: bool) -> None:
    with setting(store) as place:
        place.worker(slots=n)
        async with headway.Client(place.url) as client:
            await client.submit_many([{"kind": "held", "args": {"number": number}} for number in range(n)])
            await until(lambda: len(probe.series("began")) == n)
            await away(place, secs, kill=kill)
            back = time.monotonic()
            await linked(client)
            link_s = time.monotonic() - back
            probe.report("may_end")
            counts = await until_ended(client, n)
            jobs = (await client.rest.get("/jobs", {"limit": 1_000}))["jobs"]  # as many as one page has
            differing = (await client.rest.get("/admin/verify", wait_s=600.0))["different"]
    began = Counter(probe.series("began"))
    attempts = [job["attempts"] for job in jobs]
    lost = sum(each["outcome"] == "lost" for those in attempts for each in those.values())
    variant = f"{store}, {'killed' if kill else 'stopped'} {secs:g} s"
    more = {"n": n, "store": store, "variant": variant}
    out("re_run", sum(count - 1 for count in began.values()), "jobs", **more)
    out("lost", lost, "attempts", **more)
    out("not_completed", n - counts["completed"], "jobs", **more)
    out("differences", differing, "fields", **more)
    out("linked_again", link_s, "s", **more)


async def main(store: str, n: int, secs: float, times: int, *, kill: bool) -> None:
    for _ in range(times):
        await once(store, n, secs, kill=kill)


if __name__ == "__main__":
    parser = takes_store(argparse.ArgumentParser(description=__doc__))
    parser.add_argument("--jobs", type=int, default=size(500, 10), help="at most 1,000")
    parser.add_argument("--away", type=float, default=float(size(10, 1)))
    parser.add_argument("--times", type=int, default=size(3, 1))
    parser.add_argument("--kill", action="store_true")
    given = parser.parse_args()
    run(main(given.store, given.jobs, given.away, given.times, kill=given.kill))
