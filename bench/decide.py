"""Cost of the rules alone: the four commands of a no-op job, decided and folded, without a store.

    python bench/decide.py [JOBS] [--profile] [--history]

Prints one JSON line: microseconds of CPU per job (Submit, Claim, Accept, End) and per command. `--history` gives the kind
fifty past runs, as a store would.
"""

from __future__ import annotations

import cProfile
import json
import pstats
import sys
import time

from headway.model import command as c
from headway.model.decide import decide
from headway.model.settings import Settings
from headway.model.world import World

NOW = 1_790_000_000_000
BATCH = 128  # jobs of one world, as in a group commit


def batches(jobs: int, *, history: bool) -> dict[str, float]:
    """Seconds spent in each sort of command, over all jobs."""
    settings, spent = Settings(), dict.fromkeys(("submit", "claim", "accept", "end"), 0.0)
    samples = [("", 0.001 * n) for n in range(1, 51)]
    for start in range(0, jobs, BATCH):
        world = World(NOW)
        decide(world, c.Connect(worker="w", profile={"machine": "m", "instance": "i"}), settings)
        if history:
            world.samples["noop"] = samples
        ids = [f"01J{start + n:023d}" for n in range(BATCH)]
        groups = {
            "submit": [c.Submit(id=id, kind="noop", args=b'{"n":1}') for id in ids],
            "claim": [c.Claim(worker="w", limit=BATCH, kinds=("noop",))],
            "accept": [c.Accept(job=id, attempt=1, worker="w") for id in ids],
            "end": [c.End(job=id, attempt=1, worker="w", n=1, outcome="succeeded", result=b"null") for id in ids],
        }
        for name, commands in groups.items():
            began = time.process_time()
            for command in commands:
                decide(world, command, settings)
            spent[name] += time.process_time() - began
    return spent


def main() -> None:
    numbers = [each for each in sys.argv[1:] if each.isdigit()]
    jobs = int(numbers[0]) if numbers else 20_000
    history = "--history" in sys.argv
    batches(BATCH * 4, history=history)
    if "--profile" in sys.argv:
        profile = cProfile.Profile()
        profile.runcall(batches, jobs, history=history)
        pstats.Stats(profile).sort_stats("tottime").print_stats(22)
        return
    runs = [batches(jobs, history=history) for _ in range(3)]
    best = min(runs, key=lambda run: sum(run.values()))
    per_job = {f"{name}_us": round(1e6 * seconds / jobs, 2) for name, seconds in best.items()}
    total = round(1e6 * sum(best.values()) / jobs, 1)
    print(json.dumps({"bench": "decide", "jobs": jobs, "history": history, "job_us": total, **per_job}))


if __name__ == "__main__":
    main()
