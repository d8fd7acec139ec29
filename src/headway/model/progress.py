"""The arithmetic of progress: weighted stages, nested, indeterminate, never backwards (I8).

A plan is a list of stages with weights, frozen when the attempt is offered. The overall is the weighted mean of
the stages' fractions; a stage with planned children is the weighted mean of theirs; a stage outside the plan is
shown and weighs nothing. Called by `attempt.py` (what is stored) and by the terminal bar (what is drawn).
"""

from __future__ import annotations

import math
from collections.abc import Mapping, Sequence
from typing import Any

from headway.errors import InvalidInput
from headway.model.job import AttemptDoc, JobDoc, StageDoc, StageSpec

ALMOST = 0.999
"""The most an overall shows before the job is completed: 1.0 is said by completion alone (I8)."""

Stages = Mapping[str, StageDoc]


def make_plan(declared: Any, field: str = "stages") -> list[StageSpec]:
    """A plan of what a user declares: `["a", "b"]`, `{"a": 1, "b": 3}` or `{"a": {"weight": 2, "stages": …}}`."""
    if not declared:
        return []
    if isinstance(declared, Mapping):
        pairs: list[tuple[Any, Any]] = list(declared.items())  # pyright: ignore[reportUnknownArgumentType, reportUnknownVariableType]
    elif isinstance(declared, Sequence) and not isinstance(declared, str):
        pairs = [(each["name"], each) if isinstance(each, Mapping) else (each, 1) for each in declared]  # pyright: ignore[reportUnknownVariableType]
    else:
        raise InvalidInput(field, f"{declared!r} is not a plan", hint='Write {"download": 1, "parse": 3}.')
    return [_make_stage(name, spec, f"{field}.{name}") for name, spec in pairs]


def _make_stage(name: Any, spec: Any, field: str) -> StageSpec:
    if not isinstance(name, str) or not name or "/" in name:
        raise InvalidInput(field, f"{name!r} is not a stage name", hint="Use a non-empty text without '/'.")
    weight: Any = spec.get("weight", 1) if isinstance(spec, Mapping) else spec  # pyright: ignore[reportUnknownMemberType, reportUnknownVariableType]
    if not isinstance(weight, int | float) or isinstance(weight, bool) or not 0 < weight < 1e9:
        raise InvalidInput(field, f"weight {weight!r} is not a positive number", hint="Weights are relative: 1, 3, 6.")
    stage = StageSpec(name=name, weight=float(weight))
    if isinstance(spec, Mapping):
        _add_parts(stage, spec, field)  # pyright: ignore[reportUnknownArgumentType]
    return stage


def _add_parts(stage: StageSpec, spec: Mapping[str, Any], field: str) -> None:
    quiet = spec.get("progress_timeout_s")
    if quiet is not None:
        if not isinstance(quiet, int | float) or isinstance(quiet, bool) or quiet <= 0:
            raise InvalidInput(field, f"progress_timeout_s {quiet!r} is not a duration", hint="Give seconds, above 0.")
        stage["progress_timeout_s"] = float(quiet)
    if spec.get("stages"):
        stage["stages"] = make_plan(spec["stages"], field)


def fraction_of(current: float | None, total: float | None) -> float | None:
    """`current / total` in 0..1, or None when it can not be known."""
    if current is None or total is None or not (total > 0 and math.isfinite(current)):
        return None
    return min(max(current / total, 0.0), 1.0)


def overall_of(plan: Sequence[StageSpec], stages: Stages, previous: float | None) -> float | None:
    """The attempt's overall, never below `previous`; None: unknown.

    Without a plan the unnamed stage alone counts: a job that only opens stages nobody announced has no honest overall.
    """
    value = _mean(plan, stages, "") if plan else stages.get("", StageDoc()).get("fraction")
    if value is None:
        return previous
    return max(min(value, ALMOST), previous or 0.0)


def _mean(plan: Sequence[StageSpec], stages: Stages, prefix: str) -> float:
    total = sum(stage["weight"] for stage in plan)
    return sum(stage["weight"] * _stage_fraction(stage, stages, prefix) for stage in plan) / total


def _stage_fraction(stage: StageSpec, stages: Stages, prefix: str) -> float:
    path = prefix + stage["name"]
    seen = stages.get(path)
    if seen is None:
        return 0.0
    if seen.get("state") == "completed":
        return 1.0
    if children := stage.get("stages"):
        return _mean(children, stages, path + "/")
    return seen.get("fraction") or 0.0


def quiet_s(job: JobDoc, attempt: AttemptDoc) -> float | None:
    """Seconds without progress after which the attempt is stalled: its present stage's own, or the job's; None: never."""
    stage = job.get("progress", {}).get("stage")
    spec = _spec_of(attempt.get("plan", []), stage.split("/")) if stage and "plan" in attempt else None
    own = spec.get("progress_timeout_s") if spec else None
    return own if own is not None else job.get("options", {}).get("progress_timeout_s")


def _spec_of(plan: Sequence[StageSpec], path: Sequence[str]) -> StageSpec | None:
    """The nearest stage of the plan on the path that says something of its own."""
    for spec in plan:
        if spec["name"] == path[0]:
            inner = _spec_of(spec.get("stages", []), path[1:]) if len(path) > 1 else None
            return inner if inner and "progress_timeout_s" in inner else spec
    return None
