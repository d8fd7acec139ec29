"""Every pair, many times: `python -m headway.testing.races [--runs N] [--from N] [--pair FIRST,SECOND] [--seed N]`."""

from __future__ import annotations

import argparse
import itertools
import logging
import sys

from headway.testing.races import RIVALS, Rival, race


def main() -> int:
    """0: nothing came out otherwise than the tables say. 1: the races that did are named."""
    parser = argparse.ArgumentParser(prog="python -m headway.testing.races", description=__doc__)
    parser.add_argument("--runs", type=int, default=300, help="seeds of each pair")
    parser.add_argument("--from", type=int, default=0, dest="first", help="the first of them")
    parser.add_argument("--pair", help="only this one: two of " + ", ".join(RIVALS))
    parser.add_argument("--seed", type=int, help="only this one")
    asked = parser.parse_args()
    logging.disable(logging.CRITICAL)
    pairs = list(itertools.product(RIVALS, RIVALS))
    if asked.pair:
        first, second = asked.pair.split(",")
        pairs = [(Rival(first), Rival(second))]
    seeds = [asked.seed] if asked.seed is not None else range(asked.first, asked.first + asked.runs)
    failed = 0
    for first, second in pairs:
        for seed in seeds:
            try:
                race(first, second, seed)
            except AssertionError as violation:
                failed += 1
                sys.stdout.write(f"{violation}\n")
    sys.stdout.write(f"{len(pairs)} pairs, {len(pairs) * len(seeds):,} races, {failed} failed\n")
    return 1 if failed else 0


if __name__ == "__main__":
    sys.exit(main())
