"""Many worlds, or one again: `python -m headway.testing.simulator [--seeds N] [--from N] [--seed N] [--trace]`."""

from __future__ import annotations

import argparse
import logging
import sys
import traceback

from headway.testing.simulator.run import simulate


def main() -> int:
    """0: nothing was violated. 1: the seeds that failed are named, each with what was wrong."""
    parser = argparse.ArgumentParser(prog="python -m headway.testing.simulator", description=__doc__)
    parser.add_argument("--seeds", type=int, default=500, help="how many seeds to run")
    parser.add_argument("--from", type=int, default=0, dest="first", help="the first of them")
    parser.add_argument("--seed", type=int, help="only this one")
    parser.add_argument("--trace", action="store_true", help="print everything that happens")
    asked = parser.parse_args()
    logging.disable(logging.CRITICAL)
    seeds = [asked.seed] if asked.seed is not None else range(asked.first, asked.first + asked.seeds)
    failed = 0
    for seed in seeds:
        try:
            simulate(seed, trace=_say if asked.trace else None)
        except AssertionError as violation:
            failed += 1
            _say(str(violation))
        except Exception:  # noqa: BLE001 - a world that breaks down is a finding too
            failed += 1
            _say(f"seed {seed} broke down:\n{traceback.format_exc()}")
    _say(f"{len(seeds)} seeds, {failed} failed")
    return 1 if failed else 0


def _say(line: str) -> None:
    sys.stdout.write(line + "\n")


if __name__ == "__main__":
    sys.exit(main())
