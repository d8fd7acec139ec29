"""How fast a store appends: real commands, real rules, one thread, every commit on disk.

    python bench/store_append.py [--jobs 20000] [--batch 256] [--profile] [--store postgresql://… …]

With `--store` PostgreSQL stores are measured in the same run, beside SQLite; each run makes a schema of its own there.

Four commands a job (submit, claim of a share, accept, end), as the ledger would batch them. One JSON line per run:
commands/s over all, and microseconds per command spent in load, decide and commit.
"""

from __future__ import annotations

import argparse
import cProfile
import json
import pstats
import tempfile
import time
from collections.abc import Iterator
from pathlib import Path

from headway.clock import SystemClock
from headway.model.command import Accept, Claim, Command, Connect, End, Reads, Report, Submit
from headway.model.decide import decide
from headway.model.report import Progressed
from headway.model.settings import Settings
from headway.store.base import Store
from headway.store.urls import open_store

WORKER, INSTANCE = "bench/1", "i1"
PROFILE = {"machine": "bench", "name": WORKER, "instance": INSTANCE, "slots": 1_000_000, "boot_id": "b"}


class Spent:
    """Seconds by phase."""

    def __init__(self) -> None:
        self.load = self.decide = self.commit = 0.0
        self.commands = self.events = self.commits = 0


def batches(jobs: int, batch: int, reports: int) -> Iterator[list[Command]]:
    """The commands of `jobs` jobs: `batch / 4` are submitted, offered, accepted and ended in each round."""
    clock = SystemClock()
    share = max(batch // (3 + reports), 1)
    waves: list[list[str]] = []
    for _ in range(jobs // share + 3):
        fresh = [clock.new_id() for _ in range(share)] if len(waves) * share < jobs else []
        waves.append(fresh)
        now: list[Command] = [Submit(id=id, kind="noop", args=b'{"n":1}') for id in fresh]
        if fresh:
            now.append(Claim(worker=WORKER, limit=share, kinds=("noop",)))
        accepted = waves[-2] if len(waves) > 1 else []
        now += [Accept(job=id, worker=WORKER, attempt=1) for id in accepted]
        now += [
            Report(job=id, worker=WORKER, attempt=1, n=n + 1, items=(Progressed(current=n, total=10, at=1),))
            for n in range(reports)
            for id in accepted
        ]
        ended = waves[-3] if len(waves) > 2 else []
        now += [
            End(job=id, worker=WORKER, attempt=1, n=reports + 1, outcome="succeeded", result=b"null") for id in ended
        ]
        if now:
            yield now


def run(store: Store, commands: list[Command], spent: Spent, settings: Settings) -> None:
    clock = time.perf_counter
    start = clock()
    reads = Reads()
    for command in commands:
        command.reads(reads)
    world, _ = store.load(reads, SystemClock().now())
    loaded = clock()
    for command in commands:
        decide(world, command, settings)
    decided = clock()
    events = store.commit(world, {})
    spent.load += loaded - start
    spent.decide += decided - loaded
    spent.commit += clock() - decided
    spent.commands += len(commands)
    spent.events += len(events)
    spent.commits += 1


def measure(url: str, jobs: int, batch: int, reports: int) -> dict[str, object]:
    store = open_store(url)
    store.open(now=SystemClock().now(), new_epoch="bench")
    settings, spent = Settings(), Spent()
    run(store, [Connect(worker=WORKER, profile=PROFILE, kinds=({"name": "noop"},))], Spent(), settings)
    started, burnt = time.perf_counter(), time.process_time()
    for commands in batches(jobs, batch, reports):
        run(store, commands, spent, settings)
    took = time.perf_counter() - started
    cpu = time.process_time() - burnt
    with store.reading() as reading:
        counts = reading.counts()
    store.close()
    micro = 1e6 / spent.commands
    return {
        "bench": "store_append", "store": url.partition(":")[0], "jobs": jobs, "batch": batch, "reports": reports, "commands_s": round(spent.commands / took),
        "jobs_s": round(jobs / took), "events_s": round(spent.events / took), "commits_s": round(spent.commits / took),
        "load_us": round(spent.load * micro, 2), "decide_us": round(spent.decide * micro, 2),
        "commit_us": round(spent.commit * micro, 2), "cpu_us": round(cpu * micro, 2),
        "commit_ms": round((spent.load + spent.commit) / spent.commits * 1e3, 2), "counts": counts,
    }  # fmt: skip


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--jobs", type=int, default=20_000)
    parser.add_argument("--batch", type=int, nargs="*", default=[1, 32, 256, 512])
    parser.add_argument("--reports", type=int, default=0)
    parser.add_argument("--folder", default=None, help="where the files go; default: a temporary folder")
    parser.add_argument("--store", nargs="*", default=[], help="URLs of PostgreSQL databases to measure as well")
    parser.add_argument("--profile", action="store_true")
    options = parser.parse_args()
    with tempfile.TemporaryDirectory(dir=options.folder) as folder:
        for batch in options.batch:
            jobs = options.jobs if batch >= 32 else options.jobs // 20
            schemas = [
                f"{url}{'&' if '?' in url else '?'}schema=bench_{batch}_{time.time_ns()}" for url in options.store
            ]
            for url in (f"sqlite:///{Path(folder).resolve()}/bench-{batch}.db", *schemas):
                profile = cProfile.Profile()
                if options.profile:
                    profile.enable()
                print(json.dumps(measure(url, jobs, batch, options.reports)), flush=True)
                if options.profile:
                    profile.disable()
                    pstats.Stats(profile).sort_stats("tottime").print_stats(28)


if __name__ == "__main__":
    main()
