"""How good are estimates? Synthetic families of jobs, seeded; nothing here was measured on real jobs.

    .venv/bin/python bench/estimates.py [--runs 150] [--past 8] [--seed 1]

Each family makes past runs (what the store would keep as samples) and new runs, which are replayed progress report by
report through `headway.model.estimate`. Printed per family:

  error       median of |estimated - true| / true time left, when 10 % of the run's time is over
  naive       the same of elapsed / fraction (overall of the plan with declared weights)
  covered     share of all reports whose 80 % range held the truth
  jumpiness   how much the promised end moves during a run, relative to elapsed / fraction (1: as jumpy)
"""

from __future__ import annotations

import argparse
import math
import random
import statistics
from collections.abc import Callable, Iterator
from dataclasses import dataclass

from headway.clock import iso
from headway.model.estimate import estimate
from headway.model.past import durations
from headway.model.progress import overall_of

START = 1_795_348_800_000


def at(seconds: float) -> str:
    return iso(START + round(seconds * 1000))


@dataclass
class Run:
    """Stages in order: name, and the seconds that each of its items takes."""

    stages: list[tuple[str, list[float]]]

    def samples(self) -> list[tuple[str, float]]:
        """What the store would keep, by the same code."""
        attempt, clock = {"started_at": iso(START), "stages": {}}, 0.0
        for name, each in self.stages:
            half = (len(each) + 1) // 2
            stage = {"started_at": at(clock), "half_at": at(clock + sum(each[:half])), "half": half / len(each)}
            clock += sum(each)
            attempt["stages"][name] = {**stage, "state": "completed", "ended_at": at(clock)}
        return durations(attempt, START + round(clock * 1000))


def lognormal(dice: random.Random, median: float, spread: float) -> float:
    return median * math.exp(dice.gauss(0, spread))


def items(dice: random.Random, count: int, mean: float, spread: float) -> list[float]:
    return [lognormal(dice, mean, spread) for _ in range(count)]


def steady(dice: random.Random) -> Run:
    return Run([("", items(dice, 100, lognormal(dice, 1, 0.05), 0.2))])


def staged(dice: random.Random) -> Run:
    return Run([(name, items(dice, n, lognormal(dice, mean, 0.07), 0.2)) for name, n, mean in STAGES])


STAGES = (("download", 40, 0.5), ("parse", 200, 0.05), ("embed", 60, 1.5), ("index", 20, 1.0))


def machines(dice: random.Random) -> Run:
    """The same work on machines of different speed."""
    slow = lognormal(dice, 1, 0.4)
    return Run([(name, items(dice, n, slow * lognormal(dice, mean, 0.05), 0.2)) for name, n, mean in STAGES])


def sized(dice: random.Random) -> Run:
    """Inputs of very different size, at one pace."""
    return Run([("", items(dice, round(math.exp(dice.uniform(math.log(50), math.log(1000)))), 0.3, 0.3))])


def mixed(dice: random.Random) -> Run:
    """Sizes and stages differ, each stage also by its own."""
    size = lognormal(dice, 1, 0.5)
    return Run(
        [(name, items(dice, max(3, round(n * size)), lognormal(dice, mean, 0.25), 0.4)) for name, n, mean in STAGES]
    )


def drifting(dice: random.Random) -> Run:
    """Items get slower as an index grows: the last ones take three times the first."""
    rate = lognormal(dice, 0.4, 0.1)
    return Run([("", [rate * (1 + 2 * k / 200) * lognormal(dice, 1, 0.2) for k in range(200)])])


def heavy(dice: random.Random) -> Run:
    """A few items take most of the time (Pareto 1.5)."""
    return Run([("", [0.2 * dice.paretovariate(1.5) for _ in range(200)])])


FAMILIES: dict[str, Callable[[random.Random], Run]] = {
    each.__name__: each for each in (steady, staged, machines, sized, mixed, drifting, heavy)
}


def replay(run: Run, plan: list[dict], samples) -> Iterator[tuple[float, float, float | None, dict | None]]:
    """(elapsed, true time left, overall, estimate) at each of about 100 reports."""
    total = sum(sum(each) for _, each in run.stages)
    every = total / 100
    attempt = {"started_at": iso(START), "plan": plan, "stages": {}}
    clock, next_report, overall = 0.0, every, None
    for name, each in run.stages:
        attempt["stages"][name] = stage = {"state": "running", "started_at": at(clock)}
        stage["total"] = len(each)
        for number, seconds in enumerate(each, start=1):
            clock += seconds
            if clock < next_report or number == len(each):
                continue
            next_report = clock + every
            stage["current"], stage["fraction"] = number, number / len(each)
            if stage["fraction"] >= 0.5 and "half_at" not in stage:
                stage |= {"half_at": at(clock), "half": stage["fraction"]}
            overall = overall_of(plan, attempt["stages"], overall)
            now = START + round(clock * 1000)
            yield clock, total - clock, overall, estimate(samples, attempt, overall, now)
        stage |= {"state": "completed", "fraction": 1.0, "ended_at": at(clock)}


@dataclass
class Score:
    error: list[float]
    naive: list[float]
    covered: list[bool]
    wander: float = 0.0
    naive_wander: float = 0.0


def score(family: Callable[[random.Random], Run], past: int, runs: int, seed: int) -> Score:
    dice = random.Random(seed)
    found = Score([], [], [])
    for _ in range(runs):
        samples = [sample for _ in range(past) for sample in family(dice).samples()]
        run = family(dice)
        names = [name for name, _ in run.stages if name]
        replay_one(run, [{"name": name, "weight": 1.0} for name in names], samples, found)
    return found


def replay_one(run: Run, plan, samples, found: Score) -> None:
    at_ten, promised, naively = False, None, None
    for elapsed, truth, overall, guess in replay(run, plan, samples):
        total = elapsed + truth
        naive = elapsed / overall - elapsed if overall else None
        if guess is not None:
            if guess["low_s"] is not None:
                found.covered.append(guess["low_s"] - 0.05 <= truth <= guess["high_s"] + 0.05)
            end = elapsed + guess["p50_s"]
            found.wander += abs(end - promised) / total if promised is not None else 0.0
            promised = end
        if naive is not None:
            found.naive_wander += abs(elapsed + naive - naively) / total if naively is not None else 0.0
            naively = elapsed + naive
        if not at_ten and elapsed >= total * 0.1:
            at_ten = True
            found.error.append(abs(guess["p50_s"] - truth) / truth if guess else math.inf)
            found.naive.append(abs(naive - truth) / truth if naive is not None else math.inf)


def main() -> None:
    options = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    options.add_argument("--runs", type=int, default=150)
    options.add_argument("--past", type=int, nargs="*", default=[0, 3, 8])
    options.add_argument("--seed", type=int, default=1)
    asked = options.parse_args()
    print(f"{'family':10} {'past':>4} {'error':>7} {'naive':>7} {'covered':>8} {'jumpiness':>10}   (synthetic, seeded)")
    for name, family in FAMILIES.items():
        for past in asked.past:
            found = score(family, past, asked.runs, asked.seed)
            covered = sum(found.covered) / max(len(found.covered), 1)
            print(
                f"{name:10} {past:4} {statistics.median(found.error):7.1%} {statistics.median(found.naive):7.1%}"
                f" {covered:8.1%} {found.wander / found.naive_wander:10.2f}"
            )


if __name__ == "__main__":
    main()
