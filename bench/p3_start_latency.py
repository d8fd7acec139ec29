"""P3: from the submit to the first line of the handler, on an idle system, every step durable.

python bench/p3_start_latency.py [--store sqlite|postgres] [--tries 200]
"""

from __future__ import annotations

import argparse
import asyncio
import random
import time

import probe
from harness import out_latencies, run, setting, size, takes_store, until

import headway

WARM = 5


async def main(store: str, tries: int) -> None:
    with setting(store) as place:
        place.worker(slots=50)
        async with headway.Client(place.url) as client:
            for number in range(tries + WARM):
                await client.submit("latency", {"sent": time.monotonic()})
                await until(lambda wanted=number: probe.hits()[0] > wanted)
                await asyncio.sleep(random.uniform(0.02, 0.07))
        out_latencies("start_latency", probe.series("latency")[WARM:], store=store)


if __name__ == "__main__":
    parser = takes_store(argparse.ArgumentParser(description=__doc__))
    parser.add_argument("--tries", type=int, default=size(200, 5))
    given = parser.parse_args()
    run(main(given.store, given.tries))
