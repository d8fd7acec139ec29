"""Growth: jobs a second, end to end, with 0, 100,000 and 1,000,000 jobs stored already; and what lists cost by then.

    python bench/growth.py [--store sqlite|postgres] [--stored 0,100000,1000000] [--jobs 20000] [--history]

Each size is a fresh store with a past of its own (`past.py`), measured as P1's `end_to_end`,
three times. `--history` asks P10's
questions of each store before, so that the largest one need not be made twice: P10 of 1,000,000 and growth in one.
"""

from __future__ import annotations

import argparse

import p10_history
from harness import SMOKE, out, run, setting, size, takes_store
from p1_throughput import end_to_end
from past import STAYS

import headway

REPEATS = size(3, 1)


async def measure(store: str, stored: int, jobs: int, slots: int, *, history: bool) -> None:
    with setting(store, servers=0, settings=STAYS) as place:
        past = p10_history.with_past(place, stored)
        asked = p10_history.ask_all(place, past, size(200, 2), 10.0) if history and stored else {}
        p10_history.out_asked(asked, store, stored)
        more = {"variant": f"{store}, {stored:,} stored", "stored": stored}
        async with headway.Client(place.url) as client:
            for _ in range(REPEATS):
                await end_to_end(place, client, jobs, slots, **more)
        out("server_with_past", place.server.memory_mb()[0], "MB", n=stored, store=store, **more)
        if place.database is not None:
            out("store_size", place.database.bytes() / 2**20, "MB", n=stored, store=store, **more)
        else:
            files = sum(file.stat().st_size for file in (place.folder / "data").glob("headway.db*"))
            out("store_size", files / 2**20, "MB", n=stored, store=store, **more)
        if asked:
            place.stop_servers()
            p10_history.out_plans(place, past, asked)


async def main(store: str, sizes: list[int], jobs: int, slots: int, *, history: bool) -> None:
    for stored in sizes:
        await measure(store, stored, jobs, slots, history=history)


if __name__ == "__main__":
    parser = takes_store(argparse.ArgumentParser(description=__doc__))
    parser.add_argument("--stored", default="0,500" if SMOKE else "0,100000,1000000")
    parser.add_argument("--jobs", type=int, default=size(20_000, 100))
    parser.add_argument("--slots", type=int, default=100)
    parser.add_argument("--history", action="store_true")
    given = parser.parse_args()
    sizes = [int(each) for each in given.stored.split(",")]
    run(main(given.store, sizes, given.jobs, given.slots, history=given.history))
