"""A whole cluster in one thread under a seeded clock: server, workers and viewers over the sans-I/O halves of both links.

    python -m headway.testing.simulator --seeds 1000          # many seeds; the first that fails is named
    python -m headway.testing.simulator --seed 4711 --trace   # one again, with everything that happened

What is real: the rules, `commit_batch`, the dispatcher, the sweeper, the roster, leasing and session, following and
resuming. What is not: time, the network, the disk, processes. Frames are late, come twice, or never (links cut); workers
crash and come back under the same id; the server crashes, stops and returns; and after every run `checks.py` holds the
world against the invariants.
"""

from __future__ import annotations

from headway.testing.simulator.run import Simulation, Violation, simulate

__all__ = [
    # run
    "Simulation",
    "Violation",
    "simulate",
]
