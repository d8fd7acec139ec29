"""How attempts end, and what then becomes of the job. Everything that ends an attempt comes through here.

Theory. An outcome is recorded on the attempt first, then the job moves once: completed, cancelled, failed, or tried
again (docs/reference/lifecycle.md). What counts as a try, where the next one goes and when, are the tables of `retry.py`.
Called by the rules of statements, of time, of workers and of people; the first of them in the log wins (I5).
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

import msgspec

from headway.model.change import cleared, finish, fresh, job_event, later, queue
from headway.model.job import INLINE_BYTES, UNCOUNTED, AttemptDoc, JobDoc, JobState, Outcome, current_attempt
from headway.model.preview import preview_left
from headway.model.retry import (
    AT_ONCE,
    ELSEWHERE,
    EXECUTOR_DIED,
    FATAL_RELEASES,
    NOT_ACCEPTED,
    REASONS,
    SENTENCES,
    UNCLEAN,
    backoff_s,
)
from headway.model.settings import Settings
from headway.model.submit import json_of
from headway.model.world import World

S = JobState


class Ending(msgspec.Struct, frozen=True, kw_only=True):
    """How an attempt ended. `by`: worker or server; `reason` in words; `dice` in [0, 1) for the jitter of a retry."""

    outcome: Outcome
    reason: str = ""
    error: Mapping[str, str] | None = None
    result: bytes | None = None
    retry_after_s: float | None = None
    by: str = "server"
    dice: float = 0.5


def end_attempt(world: World, job: JobDoc, ending: Ending, settings: Settings) -> None:
    """End the current attempt and say what becomes of the job."""
    record_end(world, job, ending)
    job = fresh(world, job)
    if ending.outcome == Outcome.SUCCEEDED:
        _complete(world, job, ending)
    elif job.get("state") == S.CANCELLING:
        _cancelled(world, job, ending)
    elif ending.outcome == Outcome.CANCELLED:
        finish(world, job, S.CANCELLED, {"reason": "cancelled"} | _result(world, job, ending), _inline(ending))
    elif code := _reason_to_fail(job, ending):
        finish(world, job, S.FAILED, {"reason": code, "error": _said(ending)})
    else:
        _try_again(world, job, ending, settings)


def record_end(world: World, job: JobDoc, ending: Ending) -> None:
    """Write the outcome on the attempt; the job stays where it is."""
    outcome = ending.outcome
    counted = outcome not in UNCOUNTED and not (outcome == Outcome.LOST and _drained(world, job))
    ended: dict[str, Any] = {"phase": "ended", "outcome": outcome.value, "ended_at": world.now_text, "counted": counted}
    if ending.error:
        ended["error"] = dict(ending.error)
    if ending.reason:
        ended["reason"] = ending.reason
    if n := _last_n(world, job):
        ended["n"] = n
    change: dict[str, Any] = {"attempts": {str(job.get("attempt", 0)): ended}}
    change |= cleared(job, "input", "estimate", "preview")
    if lines := job.get("soft", {}).get("log_lines"):
        change["log_lines"] = lines
    if counted:
        change["tries"] = job.get("tries", 0) + 1
    words: dict[str, Any] = {"outcome": outcome.value, "by": ending.by, **preview_left(job)}
    if ending.reason:
        words["reason"] = ending.reason
    soft = {"answers": None} if "answers" in job.get("soft", {}) else None
    job_event(world, job, "job.attempt_ended", change, attempt=job.get("attempt"), soft=soft, words=words)


def _last_n(world: World, job: JobDoc) -> int:
    """The last statement that was applied, the one being applied included."""
    if world.stamp and world.stamp[0] == job.get("id"):
        return world.stamp[1]
    return job.get("soft", {}).get("n", 0)


def _drained(world: World, job: JobDoc) -> bool:
    worker = world.workers.get(job.get("worker") or "") or {}
    return bool(worker.get("draining"))


def _complete(world: World, job: JobDoc, ending: Ending) -> None:
    if job.get("state") == S.CANCELLING:
        job_event(world, job, "job.cancel_too_late", attempt=job.get("attempt"))
    ending = ending if ending.result is not None else msgspec.structs.replace(ending, result=b"null")
    change = _result(world, job, ending) | {"progress": {"overall": 1.0, "at": world.now_text}}
    finish(world, job, S.COMPLETED, change, _inline(ending))


def _result(world: World, job: JobDoc, ending: Ending) -> dict[str, Any]:
    """Keep the result where there is one: of a cancelled attempt it says what was done till then."""
    if ending.result is None:
        return {}
    world.put(world.results, job.get("id", ""), ending.result)
    return {"result_bytes": len(ending.result)}


def _inline(ending: Ending) -> dict[str, Any] | None:
    small = ending.result is not None and len(ending.result) <= INLINE_BYTES
    return {"result": json_of("result", ending.result or b"")} if small else None


def _cancelled(world: World, job: JobDoc, ending: Ending) -> None:
    """It was asked to stop, and it is over: never tried again. The receipt says what it never saw."""
    outcome, receipt = ending.outcome, job.get("cancel", {})
    steps: dict[str, Any] = {}
    if ending.by == "worker" and "stopped_at" not in receipt:
        steps["stopped_at"] = world.now_text
    if (outcome in UNCLEAN or ending.by == "server") and "cleaned_at" not in receipt and _was_started(job):
        steps["cleaned"] = "not run"
    change: dict[str, Any] = {"reason": "worker_lost" if outcome in (Outcome.LOST, Outcome.CRASHED) else "cancelled"}
    if steps:
        change["cancel"] = steps
    finish(world, job, S.CANCELLED, change | _result(world, job, ending), _inline(ending))


def _was_started(job: JobDoc) -> bool:
    return "started_at" in (current_attempt(job) or AttemptDoc())


def _reason_to_fail(job: JobDoc, ending: Ending) -> str | None:
    """The reason code of a job that is not tried again; None: it is."""
    outcome = ending.outcome
    if ending.reason == EXECUTOR_DIED and _executors_killed(job) >= FATAL_RELEASES:
        return REASONS[Outcome.CRASHED]
    if job.get("adopted"):
        waits_for_engine = outcome == Outcome.ERRORED and ending.retry_after_s is not None
        return None if waits_for_engine else REASONS[outcome]
    spent = job.get("tries", 0) >= job.get("max_attempts", 1)
    return REASONS[outcome] if spent or outcome == Outcome.REJECTED else None


def _executors_killed(job: JobDoc) -> int:
    return sum(each.get("reason") == EXECUTOR_DIED for each in job.get("attempts", {}).values())


def _said(ending: Ending) -> dict[str, str]:
    if ending.error:
        return dict(ending.error)
    return {"type": ending.outcome.value, "message": ending.reason or SENTENCES[ending.outcome]}


def _try_again(world: World, job: JobDoc, ending: Ending, settings: Settings) -> None:
    outcome, wait = ending.outcome, ending.retry_after_s
    if wait is None and outcome in AT_ONCE:
        elsewhere = outcome in ELSEWHERE or ending.reason == NOT_ACCEPTED
        queue(world, job, avoid=job.get("worker") if elsewhere else None, avoid_s=settings.avoid_s)
        return
    if wait is None:
        options = job.get("options", {})
        base, cap = options.get("backoff_s", settings.backoff_s), options.get("backoff_cap_s", settings.backoff_cap_s)
        wait = backoff_s(job.get("tries", 1), base, cap, ending.dice)
    change = {"state": S.SCHEDULED.value, "run_at": later(world, wait), **cleared(job, "worker", "estimate")}
    words = {"after_s": round(wait, 3), "outcome": outcome.value}
    job_event(world, job, "job.retry_scheduled", change, attempt=job.get("attempt"), words=words)
