"""What past runs tell of a kind: medians and spreads of its stages, how their pace bends, a plan learned from them.

`durations` makes the samples of an attempt that succeeded, `past_of` reads them back (estimates), `learned_plan` makes
a plan of them (offers). Samples come from the store, newest first. Pure; knows nothing of the present attempt.
"""

from __future__ import annotations

import math
from collections.abc import Sequence
from functools import lru_cache
from statistics import median

import msgspec

from headway.clock import from_iso
from headway.model.job import AttemptDoc, StageDoc, StageSpec

Samples = Sequence[tuple[str, float]]
"""(stage path, or "" for the whole; seconds) of past runs, newest first."""

NEWEST = 24
"""Past runs that count; older ones may be of another version of the job."""
AGREE = 0.8
"""Share of past runs that must show a stage, and of their time that the stages must explain, before a plan is learned."""
LEAST_PACED_S = 0.5
"""A stage shorter than this says nothing about pace: reports come every 0.25 s."""
PACE = "//pace"
"""Ending of the sample that tells how a stage's pace went: the exponent k of `time = whole * fraction ** k`, met where
half of the count was passed. 1 is even, above 1 it slows down towards the end. No stage can have this path."""

# Calibrated by bench/estimates.py so that the ranges hold about 80 % of the truths.
PRIOR_SPREAD = 0.2  # what the spread of ln(duration) is taken for before runs tell
PRIOR_BEND = 0.15  # what the spread of k is taken for before runs tell
PRIOR_RUNS = 0.3  # how many runs these beliefs are worth
MOVE_TOGETHER = 0.5  # how far stages are taken to move together before runs tell


class Spread(msgspec.Struct, frozen=True):
    """Past durations of one stage: ln of the median, spread of ln, number of runs; the bend k of its pace and its spread."""

    centre: float
    spread: float
    runs: int
    bend: float = 1.0
    bend_spread: float = PRIOR_BEND


class Past(msgspec.Struct, frozen=True):
    """What past runs tell of a kind. `together` in 0..1: how far its stages are slow and fast with one another."""

    stages: dict[str, Spread]
    together: float

    @property
    def runs(self) -> int:
        return self.stages[""].runs if "" in self.stages else 0


def durations(attempt: AttemptDoc, ended_at: int) -> list[tuple[str, float]]:
    """Samples of an attempt that succeeded: the whole first (""), then its stages in the order they began.

    A handler that counts the whole itself, without a plan, opens stages that are this run's own: no plan is to come of them.
    """
    found: list[tuple[str, float]] = []
    started = attempt.get("started_at")
    if not started:
        return found
    found.append(("", between(started, None, ended_at)))
    stages = [(path, stage) for path, stage in attempt.get("stages", {}).items() if path and "started_at" in stage]
    if "plan" not in attempt and attempt.get("stages", {}).get("", StageDoc()).get("fraction") is not None:
        stages = []
    stages.sort(key=lambda each: each[1].get("started_at", ""))
    found += [(path, between(stage.get("started_at", ""), stage.get("ended_at"), ended_at)) for path, stage in stages]
    paced = [*stages, *((path, stage) for path, stage in attempt.get("stages", {}).items() if not path)]
    found += [(path + PACE, bend) for path, stage in paced if (bend := _bend(stage, ended_at)) is not None]
    return found


def _bend(stage: StageDoc, ended_at: int) -> float | None:
    """k of `time = whole * fraction ** k` at the report that passed half of the count."""
    half_at, fraction, started = stage.get("half_at"), stage.get("half", 0.0), stage.get("started_at")
    if not half_at or not started or not 0.0 < fraction < 0.9:
        return None
    whole = between(started, stage.get("ended_at"), ended_at)
    share = between(started, half_at, ended_at) / whole if whole >= LEAST_PACED_S else 0.0
    return math.log(share) / math.log(fraction) if 0.0 < share < 1.0 else None


def between(start: str, end: str | None, otherwise: int) -> float:
    """Seconds from one document instant to another, or to `otherwise` (ms); never negative."""
    return max((from_iso(end) if end else otherwise) - from_iso(start), 0) / 1000


def past_of(samples: Samples) -> Past:
    """Medians and spreads of the newest runs."""
    return _past_of(tuple(samples))


@lru_cache(maxsize=256)
def _past_of(samples: tuple[tuple[str, float], ...]) -> Past:
    by_stage = _by_stage(samples)
    stages = {
        path: _spread(values, by_stage.get(path + PACE, []))
        for path, values in by_stage.items()
        if not path.endswith(PACE)
    }
    return Past(stages, _together(stages))


def _by_stage(samples: Samples) -> dict[str, list[float]]:
    by_stage: dict[str, list[float]] = {}
    for path, value in samples:
        values = by_stage.setdefault(path, [])
        if len(values) < NEWEST:
            values.append(max(value, 0.001))
    return by_stage


def _spread(values: list[float], bends: list[float]) -> Spread:
    """Spreads are drawn towards the priors while runs are few, and widened for the doubt in the median itself."""
    centre, spread = _median_and_spread([math.log(value) for value in values], PRIOR_SPREAD)
    if not bends:
        return Spread(centre, spread, len(values))
    return Spread(
        centre, spread, len(values), *_median_and_spread([min(max(bend, 0.1), 10.0) for bend in bends], PRIOR_BEND)
    )


def _median_and_spread(values: list[float], prior: float) -> tuple[float, float]:
    centre = median(values)
    squares = sum((each - centre) ** 2 for each in values)
    variance = (PRIOR_RUNS * prior**2 + squares) / max(PRIOR_RUNS + len(values) - 1, PRIOR_RUNS)
    return centre, math.sqrt(variance * (1 + 1 / len(values)))


def _together(stages: dict[str, Spread]) -> float:
    """How far stages move together, from how much less the whole varies than its stages do (0: apart, 1: as one)."""
    parts = [(math.exp(past.centre) * past.spread) for path, past in stages.items() if path and "/" not in path]
    whole = stages.get("")
    if whole is None or len(parts) < 2:
        return MOVE_TOGETHER
    apart, as_one = sum(part**2 for part in parts), sum(parts) ** 2
    found = ((math.exp(whole.centre) * whole.spread) ** 2 - apart) / max(as_one - apart, 1e-6)
    trust = whole.runs / (whole.runs + 2)
    return trust * min(max(found, 0.0), 1.0) + (1 - trust) * MOVE_TOGETHER


def learned_plan(samples: Samples) -> list[StageSpec]:
    """Stages weighted by their median durations, where nothing was declared and past runs agree on them; else []."""
    by_stage = _by_stage(samples)
    wholes = by_stage.pop("", [])
    tops = {path: by_stage[path] for path in _order(samples) if "/" not in path}
    if not tops or any(len(values) < AGREE * len(wholes) for values in tops.values()):
        return []
    medians = {path: max(median(values), 0.001) for path, values in tops.items()}
    if sum(medians.values()) < AGREE * median(wholes or [0.0]):
        return []
    return [StageSpec(name=path, weight=round(seconds, 3)) for path, seconds in medians.items()]


def _order(samples: Samples) -> list[str]:
    """The stages of the newest run in their order; a list read backwards has the whole ("") last in each run."""
    newest: list[str] = []
    for path, _ in samples:
        if path == "" and newest:
            break
        newest.append(path)
    if newest[:1] == [""]:
        return list(dict.fromkeys(newest[1:]))
    return list(dict.fromkeys(reversed(newest)))
