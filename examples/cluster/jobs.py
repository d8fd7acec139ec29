"""Work that is long enough to kill a server under it: how many primes there are below a number.

headway worker jobs:app --server http://127.0.0.1:8400
headway submit count_primes below=300000000 --watch
"""

from math import isqrt

import headway

app = headway.App()

SEGMENT = 100_000


@app.job(stages={"small": 1, "sieve": 20}, retries=3)
def count_primes(ctx: headway.Context, below: int = 300_000_000) -> dict[str, int]:
    """A segmented sieve of Eratosthenes."""
    if below < 2:
        raise headway.Reject("below: give 2 or more; there is no prime before.")
    with ctx.stage("small"):
        small = primes_up_to(isqrt(below - 1))
    with ctx.stage("sieve", unit="segments") as stage:
        found = sum(
            count_in(start, min(start + SEGMENT, below), small) for start in stage.track(range(2, below, SEGMENT))
        )
    return {"below": below, "primes": found}


def primes_up_to(last: int) -> list[int]:
    """The primes by which a segment is sieved."""
    sieve = bytearray([1]) * (last + 1)
    for number in range(2, isqrt(last) + 1):
        if sieve[number]:
            sieve[number * number :: number] = bytes(len(range(number * number, last + 1, number)))
    return [number for number in range(2, last + 1) if sieve[number]]


def count_in(start: int, end: int, small: list[int]) -> int:
    """How many primes there are from `start` to before `end`."""
    sieve = bytearray([1]) * (end - start)
    for prime in small:
        first = max(prime * prime, -(-start // prime) * prime)
        sieve[first - start :: prime] = bytes(len(range(first, end, prime)))
    return sum(sieve)
