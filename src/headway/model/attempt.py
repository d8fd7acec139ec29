"""What workers say about attempts: the fence, and the statements that pass it.

Theory. The attempt's number is the fence (I4): a statement about any attempt but the current, live one of that
worker changes nothing and is answered `fenced`; recorded once per attempt, a result that came too late as
`late_result`. Statements are numbered `n`, dense per attempt, and applied once, in order: an older one is
acknowledged again, a newer one is answered with the last applied, so that the worker resends from there. What is in
a report is applied by `reporting.py`. Called by `decide.py`.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from headway.errors import InvalidInput
from headway.model import command as c
from headway.model.change import fresh, job_event
from headway.model.ending import Ending, end_attempt
from headway.model.estimate import estimate
from headway.model.job import AttemptDoc, JobDoc, JobState, Outcome, current_attempt
from headway.model.past import Samples, durations
from headway.model.preview import set_preview
from headway.model.reporting import apply_items
from headway.model.settings import Settings
from headway.model.submit import json_of
from headway.model.world import World

WATCHED_S = 1.0
GIVEN_BACK = frozenset({Outcome.RELEASED, Outcome.REFUSED})
WITH_RESULT = frozenset({Outcome.SUCCEEDED, Outcome.CANCELLED})
"""Outcomes whose result is kept: what was made, or what was done till it was stopped."""


# -- the fence -----------------------------------------------------------------------------------------------------


def state_attempt(world: World, command: c.Statement, settings: Settings) -> dict[str, Any]:
    """Apply a worker's statement: `{"ack": n}` when it stands, `{"fenced": why}` when it may not speak."""
    job = world.job(command.job)
    if job is None:
        return {"fenced": "no such job"}
    attempt = current_attempt(job)
    if attempt is None or not _speaks_for(job, attempt, command):
        return _fence(world, job, command)
    if command.n:
        last = _last_n(job, attempt)
        if command.n != last + 1:
            return {"ack": last}
        world.stamp = (command.job, command.n)
    RULES[type(command)](world, job, attempt, command, settings)
    if world.stamp:
        job_event(world, fresh(world, job), "job.noted", _kept_n(attempt, command), attempt=command.attempt)
    return {"ack": command.n} if command.n else {}


def _last_n(job: JobDoc, attempt: AttemptDoc) -> int:
    return max(job.get("soft", {}).get("n", 0), attempt.get("n", 0))


def _kept_n(attempt: AttemptDoc, command: c.Statement) -> dict[str, Any]:
    """An attempt that has ended remembers its last statement itself."""
    return {"attempts": {str(command.attempt): {"n": command.n}}} if attempt.get("phase") == "ended" else {}


def _speaks_for(job: JobDoc, attempt: AttemptDoc, command: c.Statement) -> bool:
    return (
        job.get("attempt") == command.attempt
        and attempt.get("worker") == command.worker
        and (attempt.get("phase") != "ended" or _is_annotation(job, attempt, command))
    )


def _is_annotation(job: JobDoc, attempt: AttemptDoc, command: c.Statement) -> bool:
    """`cleaned` may follow the end of its own attempt: it changes the receipt alone."""
    return (
        isinstance(command, c.CancelStep)
        and command.step == "cleaned"
        and job.get("state") == JobState.CANCELLED
        and "cancel" in job
    )


def _fence(world: World, job: JobDoc, command: c.Statement) -> dict[str, Any]:
    number = str(command.attempt)
    old = job.get("attempts", {}).get(number)
    why = f"attempt {command.attempt} is over; the job is {job.get('state')}, attempt {job.get('attempt')}"
    if old is None or old.get("worker") != command.worker:
        return {"fenced": f"attempt {command.attempt} is not of worker {command.worker}"}
    if 0 < command.n <= old.get("n", 0):
        return {"ack": old.get("n", 0)}
    if isinstance(command, c.End):
        if "late" not in old:
            change: dict[str, Any] = {"attempts": {number: {"late": command.outcome, "fenced": True}}}
            job_event(
                world, job, "job.late_result", change, attempt=command.attempt, words={"outcome": command.outcome}
            )
    elif command.n and not old.get("fenced"):
        change = {"attempts": {number: {"fenced": True}}}
        job_event(world, job, "job.report_fenced", change, attempt=command.attempt, words={"by": command.worker})
    return {"fenced": why}


# -- what a statement does -----------------------------------------------------------------------------------------


def accept(world: World, job: JobDoc, attempt: AttemptDoc, command: c.Statement, settings: Settings) -> None:
    """The attempt is started; the clocks of timeout and stall run from here. Any later statement says as much."""
    if attempt.get("phase") != "offered":
        return
    now = world.now_text
    change: dict[str, Any] = {"attempts": {str(command.attempt): {"phase": "started", "started_at": now}}}
    if "started_at" not in job:
        change["started_at"] = now
    samples = world.samples.get(job.get("kind", ""))
    if (
        samples
        and _takes_long(samples)
        and (first := estimate(samples, {**attempt, "started_at": now}, None, world.now))
    ):
        change["estimate"] = first
    job_event(world, job, "job.started", change, attempt=command.attempt)


def _takes_long(samples: Samples) -> bool:
    """True if the newest run took a time that somebody may watch: a first estimate costs as much as all else here."""
    return next((seconds for path, seconds in samples if not path), WATCHED_S) >= WATCHED_S


def refuse(world: World, job: JobDoc, attempt: AttemptDoc, command: c.Refuse, settings: Settings) -> None:
    """Not this worker: back to the queue, uncounted, elsewhere first."""
    reason = command.reason or "refused by the worker"
    end_attempt(world, job, Ending(outcome=Outcome.REFUSED, reason=reason, by="worker", dice=command.dice), settings)


def end(world: World, job: JobDoc, attempt: AttemptDoc, command: c.End, settings: Settings) -> None:
    """The worker's word on how the attempt ended."""
    ending = _judged(_outcome_of(command), command, settings)
    if ending.outcome not in GIVEN_BACK:
        accept(world, job, attempt, command, settings)
        job = fresh(world, job)
    if ending.outcome == Outcome.SUCCEEDED:
        done = current_attempt(job) or AttemptDoc()
        kind = job.get("kind", "")
        world.new_samples += [(kind, stage, seconds) for stage, seconds in durations(done, world.now)]
    end_attempt(world, job, ending, settings)


def _outcome_of(command: c.End) -> Outcome:
    try:
        return Outcome(command.outcome)
    except ValueError:
        raise InvalidInput("outcome", f"{command.outcome!r} is unknown", hint=f"One of {', '.join(Outcome)}.") from None


def _judged(outcome: Outcome, command: c.End, settings: Settings) -> Ending:
    """The ending as the worker says it; a result that can not be kept is one that no further try would change."""
    error, result = command.error, command.result
    if outcome not in WITH_RESULT:
        result = None
    elif result is not None:
        if len(result) > settings.result_bytes:
            outcome, result = Outcome.REJECTED, None
            said = f"The result has {len(command.result or b''):,} bytes; the limit is {settings.result_bytes:,}."
            error = {"type": "TooLarge", "message": f"{said} Keep it as an artifact and return its name."}
        else:
            json_of("result", result)
    return Ending(
        outcome=outcome, reason=command.reason, error=error, result=result, retry_after_s=command.retry_after_s,
        by="worker", dice=command.dice,
    )  # fmt: skip


def cancel_step(world: World, job: JobDoc, attempt: AttemptDoc, command: c.CancelStep, settings: Settings) -> None:
    """Write a step of the receipt, each once. `stopped` and `cleaned` make no event type of their own."""
    type = STEPS.get(command.step)
    if type is None:
        raise InvalidInput("step", f"{command.step!r} is unknown", hint=f"One of {', '.join(STEPS)}.")
    receipt = job.get("cancel", {})
    at = f"{command.step}_at"
    if "requested_at" not in receipt or at in receipt:
        return
    steps = {at: world.now_text}
    if command.step == "cleaned":
        steps["cleaned"] = command.note or "done"
    change = {"cancel": steps, **_kept_n(attempt, command)} if command.n else {"cancel": steps}
    job_event(world, job, type, change, attempt=command.attempt, words={"step": command.step})


STEPS = {
    "delivered": "job.cancel_delivered",
    "acknowledged": "job.cancel_acknowledged",
    "stopped": "job.cancel_acknowledged",
    "cleaned": "job.cancel_acknowledged",
}
"""The steps of a receipt, each with the type of the event that tells of it."""


def add_artifact(world: World, job: JobDoc, attempt: AttemptDoc, command: c.AddArtifact, settings: Settings) -> None:
    """The file is on disk; from here on it is the job's."""
    change = {"artifacts": {command.name: {**command.artifact, "attempt": command.attempt, "at": world.now_text}}}
    job_event(world, job, "job.artifact_added", change, attempt=command.attempt, words={"name": command.name})


def report(world: World, job: JobDoc, attempt: AttemptDoc, command: c.Report, settings: Settings) -> None:
    """Apply the items in order."""
    accept(world, job, attempt, command, settings)
    apply_items(world, job, command.items, settings)


RULES: dict[type[c.Statement], Callable[[World, JobDoc, AttemptDoc, Any, Settings], None]] = {
    c.Accept: accept,
    c.Refuse: refuse,
    c.Report: report,
    c.End: end,
    c.CancelStep: cancel_step,
    c.AddArtifact: add_artifact,
    c.SetPreview: set_preview,
}
