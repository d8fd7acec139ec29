"""How long an attempt will still run: a range with its basis, or nothing where nothing honest can be said.

Theory. A plan falls into leaf stages. What a leaf still needs is told by two witnesses: **history** (past durations of
that stage, lognormal, by median and spread) and **pace** (what this attempt did of its count, and how fast). Each
comes with its doubt, and the two are weighed by it: many even runs outweigh a young pace, a pace far into a stage outweighs
runs that differ. A run that is slower than its fellows so far is expected to stay so, as far as past stages moved
together. Leaves are added up; the range is the 80 % interval of the sum. Made where evidence comes in
(`attempt.py`), stamped with that instant; whoever shows it counts down from there, and only while the job is fresh.
"""

from __future__ import annotations

import math
from collections.abc import Iterable, Sequence
from statistics import NormalDist

import msgspec

from headway.clock import from_iso, iso
from headway.model.job import AttemptDoc, EstimateDoc, StageDoc, StageSpec
from headway.model.past import PRIOR_BEND, Past, Samples, Spread, between, past_of

RANGE = 1.2816
"""Standard deviations to either side that hold 80 %."""

# Calibrated by bench/estimates.py.
YOUNG = 0.25  # how much more a young pace is doubted: fraction ** -YOUNG
GUESS_DOUBT = 0.6  # doubt of a stage that only its weight tells of
OUTLIER = 3.0  # spreads above the median from which on a run is in the tail
LEAST_FRACTION = 0.02  # a pace below this says nothing yet where no past run confirms it

_NORMAL = NormalDist()
_TINY = 1e-6


class Left(msgspec.Struct, frozen=True):
    """Time that a leaf still needs (s), its standard deviation, and who said so."""

    seconds: float
    doubt: float
    by: frozenset[str] = frozenset()


# -- the present ---------------------------------------------------------------------------------------------------


def estimate(samples: Samples, attempt: AttemptDoc, overall: float | None, now: int) -> EstimateDoc | None:
    """Time left of a started attempt as of `now` (ms), the instant of its newest evidence; None: unknown.

    The range is left open (None) while a single past run is all there is to go by.
    """
    started = attempt.get("started_at")
    if not started:
        return None
    past = past_of(samples)
    elapsed = max(now - from_iso(started), 0) / 1000
    left = _sum_of_leaves(past, attempt, now) or _of_the_whole(past, elapsed, overall)
    if left is None:
        return None
    least = _least(past, attempt, now)
    left = _no_less(left, least)
    rough = past.runs == 1 and "pace" not in left.by
    low, high = _range(left)
    low = max(low, least.seconds if least else 0.0)
    return EstimateDoc(
        low_s=None if rough else round(low, 1),
        p50_s=round(left.seconds, 1),
        high_s=None if rough else round(high, 1),
        basis=_basis(left.by, past.runs),
        at=iso(now),
    )


def _basis(by: frozenset[str], runs: int) -> str:
    past = f"{runs} past run{'s' if runs != 1 else ''}"
    if "history" not in by:
        return "this attempt's pace"
    if "pace" in by:
        return f"from {past} and this attempt's pace"
    return f"from {past}" if runs > 1 else f"rough: {past}"


def _range(left: Left) -> tuple[float, float]:
    """80 % of a lognormal of that median and deviation: never negative, longer to the late side."""
    shape = math.sqrt(math.log1p((left.doubt / max(left.seconds, _TINY)) ** 2))
    return left.seconds * math.exp(-RANGE * shape), left.seconds * math.exp(RANGE * shape)


def _of_the_whole(past: Past, elapsed: float, overall: float | None) -> Left | None:
    """When the leaves can not all be told: the whole by its own history and the overall."""
    known = past.stages.get("")
    return _witnessed(known, elapsed, overall, 0.0, 0.0)


class Leaf(msgspec.Struct, frozen=True):
    """A leaf of the plan: its share of the whole by weights, its document if it began."""

    path: str
    share: float
    stage: StageDoc | None


def _sum_of_leaves(past: Past, attempt: AttemptDoc, now: int) -> Left | None:
    leaves = list(_leaves(attempt.get("plan", []), attempt.get("stages", {}), "", 1.0))
    if not leaves:
        return None
    drift, told, pace = _drift(past, leaves, now)
    rate = _seconds_per_share(leaves, now)
    lefts = [_left(past, leaf, now, drift, told, rate) for leaf in leaves]
    known = [left for left in lefts if left is not None]
    if len(known) < len(leaves):
        return None
    apart = sum(left.doubt**2 for left in known)
    as_one = sum(left.doubt for left in known) ** 2
    together = past.together * (1 - told)
    by = frozenset[str]().union(*(left.by for left in known), ["pace"] if pace else [])
    return Left(sum(left.seconds for left in known), math.sqrt(apart + together * (as_one - apart)), by)


def _leaves(plan: Sequence[StageSpec], stages: dict[str, StageDoc], prefix: str, share: float) -> Iterable[Leaf]:
    """The plan's leaves in order; children of a completed stage count as completed with it."""
    total = sum(spec["weight"] for spec in plan)
    for spec in plan:
        path, mine = prefix + spec["name"], share * spec["weight"] / total
        stage = stages.get(path)
        children = spec.get("stages")
        if children and (stage is None or stage.get("state") != "completed"):
            yield from _leaves(children, stages, path + "/", mine)
        else:
            yield Leaf(path, mine, stage)


def _drift(past: Past, leaves: list[Leaf], now: int) -> tuple[float, float, bool]:
    """How slow this run is, in spreads of its stages' ln, by the leaves begun so far; how much that tells of one not
    begun (0..1); and whether a running one told it.

    The regression of one standard normal on others that all correlate by `together`; a running leaf counts in part.
    """
    score = count = 0.0
    running = False
    for leaf in leaves:
        known = past.stages.get(leaf.path)
        if known is None or leaf.stage is None:
            continue
        elapsed = max(_elapsed(leaf.stage, now), 0.001)
        if leaf.stage.get("state") == "completed":
            took, weight = elapsed, 1.0
        elif pace := _by_pace(known, elapsed, _fraction(leaf.stage)):
            took = elapsed + pace.seconds
            weight = known.spread**2 / (known.spread**2 + (pace.doubt / took) ** 2)
            running = running or weight > 0.05
        else:
            continue
        score += weight * min(max((math.log(took) - known.centre) / known.spread, -3.0), 3.0)
        count += weight
    if not count:
        return 0.0, 0.0, False
    weight = past.together / (1 + (count - 1) * past.together) if count > 1 else past.together
    return weight * score, min(weight * count * past.together, 1.0), running


def _seconds_per_share(leaves: list[Leaf], now: int) -> float | None:
    """Time per unit of declared weight in this attempt, where weights are all there is to go by."""
    time = share = 0.0
    for leaf in leaves:
        fraction = _fraction(leaf.stage)
        if leaf.stage is not None and fraction is not None and fraction >= LEAST_FRACTION:
            time += _elapsed(leaf.stage, now)
            share += leaf.share * fraction
    return time / share if share > 0 else None


def _left(past: Past, leaf: Leaf, now: int, drift: float, told: float, rate: float | None) -> Left | None:
    if leaf.stage is not None and leaf.stage.get("state") == "completed":
        return Left(0.0, 0.0)
    known = past.stages.get(leaf.path)
    elapsed = _elapsed(leaf.stage, now) if leaf.stage is not None else 0.0
    fraction = _fraction(leaf.stage)
    found = _witnessed(known, elapsed, fraction, drift, told)
    if found is None and rate is not None:
        guess = max(rate * leaf.share - elapsed, 0.0)
        return Left(guess, GUESS_DOUBT * rate * leaf.share, frozenset(["pace"]))
    return found


def _elapsed(stage: StageDoc, now: int) -> float:
    started = stage.get("started_at")
    return between(started, stage.get("ended_at"), now) if started else 0.0


def _fraction(stage: StageDoc | None) -> float | None:
    if stage is None:
        return None
    return 1.0 if stage.get("state") == "completed" else stage.get("fraction")


# -- the least that is left ----------------------------------------------------------------------------------------


def _least(past: Past, attempt: AttemptDoc, now: int) -> Left | None:
    """What the deepest running stages that count still need, where nobody else tells of them; of several the longest.

    The share of the whole may be far ahead of the time: it jumps by parts that cost nothing, and then one counts to 40.
    Stages outside the plan weigh nothing in the overall (`progress.overall_of`), and here they speak. The unnamed one
    does not, it is the whole; nor do leaves of the plan with a pace, and stages that past runs tell of.
    """
    stages = attempt.get("stages", {})
    paced = {
        leaf.path
        for leaf in _leaves(attempt.get("plan", []), stages, "", 1.0)
        if (_fraction(leaf.stage) or 0.0) >= LEAST_FRACTION
    }
    told = {"", *past.stages, *paced}
    running = {
        path: stage
        for path, stage in stages.items()
        if path not in told and stage.get("state") == "running" and stage.get("fraction")
    }
    depth = max((path.count("/") for path in running), default=0)
    needs = [_need(stage, now) for path, stage in running.items() if path.count("/") == depth]
    return max(needs, key=lambda need: need.seconds, default=None)


def _need(stage: StageDoc, now: int) -> Left:
    """Of a stage that counts, by its own pace, however young: this is a bound, not a forecast."""
    elapsed, fraction = _elapsed(stage, now), max(stage.get("fraction") or 0.0, _TINY)
    seconds = elapsed * (1 / fraction - 1)
    doubt = seconds and (elapsed + seconds) * -math.log(fraction) * PRIOR_BEND * fraction**-YOUNG
    return Left(seconds, max(doubt, _TINY), frozenset(["pace"]))


def _no_less(left: Left, least: Left | None) -> Left:
    """As `left`, but not below `least`."""
    if least is None or least.seconds <= left.seconds:
        return left
    return Left(least.seconds, max(least.doubt, left.doubt), left.by | least.by)


# -- the two witnesses ---------------------------------------------------------------------------------------------


def _by_history(known: Spread | None, elapsed: float, drift: float, told: float) -> Left | None:
    """What runs that lasted at least `elapsed` still needed: the conditional median and 80 % of a lognormal."""
    if known is None:
        return None
    centre, spread = _centred(known, drift, told)
    score = _score(known, elapsed, drift, told)
    if score > OUTLIER:  # far in the tail the hazard is score / (spread * elapsed)
        at_10, at_50, at_90 = (-math.log1p(-part) * spread * elapsed / score for part in (0.1, 0.5, 0.9))
    else:
        gone = _NORMAL.cdf(score)
        at_10, at_50, at_90 = (
            max(math.exp(centre + spread * _NORMAL.inv_cdf(gone + (1 - gone) * part)) - elapsed, 0.0)
            for part in (0.1, 0.5, 0.9)
        )
    return Left(at_50, max((at_90 - at_10) / (2 * RANGE), _TINY), frozenset(["history"]))


def _witnessed(known: Spread | None, elapsed: float, fraction: float | None, drift: float, told: float) -> Left | None:
    """What both witnesses say. One that outlived its fellows, as one with far more to do does, is told by its count."""
    pace = _by_pace(known, elapsed, fraction)
    if pace is not None and known is not None and _score(known, elapsed, drift, told) > OUTLIER:
        return pace
    return _weighed(_by_history(known, elapsed, drift, told), pace)


def _centred(known: Spread, drift: float, told: float) -> tuple[float, float]:
    """Centre and spread of ln of a duration in this run, as far as its other stages told of it."""
    return known.centre + drift * known.spread, known.spread * math.sqrt(max(1 - told, 0.05))


def _score(known: Spread, elapsed: float, drift: float, told: float) -> float:
    """How many spreads beyond the median it has lasted already."""
    centre, spread = _centred(known, drift, told)
    return (math.log(elapsed) - centre) / spread if elapsed > 0 else -math.inf


def _by_pace(known: Spread | None, elapsed: float, fraction: float | None) -> Left | None:
    """Elapsed by fraction, bent as past runs were; doubted as far as their bends differ, and more while it is young."""
    least = LEAST_FRACTION if known is None else _TINY
    if fraction is None or fraction < least or elapsed <= 0:
        return None
    bend, spread = (known.bend, known.bend_spread) if known else (1.0, PRIOR_BEND)
    if fraction >= 1.0:
        return Left(0.0, _TINY, frozenset(["pace"]))
    whole = fraction**-bend
    doubt = elapsed * whole * -math.log(fraction) * spread * fraction**-YOUNG
    return Left(elapsed * (whole - 1), max(doubt, _TINY), frozenset(["pace"]))


def _weighed(history: Left | None, pace: Left | None) -> Left | None:
    """Both witnesses, each weighed by the inverse square of its doubt; one that hardly weighs is not named."""
    if history is None or pace is None:
        return history or pace
    by_history, by_pace = history.doubt**-2, pace.doubt**-2
    share = by_pace / (by_history + by_pace)
    # They may contradict one another; then the doubt is at least as wide as half their distance.
    doubt = max(
        (by_history + by_pace) ** -0.5, 0.5 * abs(history.seconds - pace.seconds) * math.sqrt(share * (1 - share))
    )
    names = {"history": share < 0.95, "pace": share > 0.05}
    by = frozenset(name for name, named in names.items() if named)
    return Left((1 - share) * history.seconds + share * pace.seconds, doubt, by)
