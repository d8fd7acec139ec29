"""The life of a job: which command is lawful in which state, and what it makes happen.

Theory. A job is a document with one of eight states. A command about a job is looked up in TABLE by (command,
state): found, its rule answers with events, which alone change the document; not found, it is `Refused` and
nothing changes (I1). Time is a command too (`Elapse`): timeout, stall, expiry and completion meet here in one
order, and the first committed wins (I5). Rules are functions `(world, job, command) -> answer` that add events to
the world. What workers say about attempts is in `attempt.py`; `decide.py` puts all together.
"""

from __future__ import annotations

import json
from collections.abc import Callable, Mapping
from typing import Any

from headway.clock import from_iso, iso
from headway.errors import InvalidInput, NotFound, Refused
from headway.model import command as c
from headway.model.event import Event
from headway.model.fold import merge
from headway.model.job import (
    FINAL,
    INLINE_BYTES,
    UNCOUNTED,
    AttemptDoc,
    JobDoc,
    JobState,
    Outcome,
    current_attempt,
    is_final,
)
from headway.model.retry import AT_ONCE, ELSEWHERE, EXECUTOR_DIED, FATAL_RELEASES, REASONS, backoff_s
from headway.model.settings import Settings
from headway.model.world import World

S = JobState
Rule = Callable[[World, JobDoc, Any, Settings], Any]
_DEFAULTS = Settings()


# -- events --------------------------------------------------------------------------------------------------------


def job_event(
    world: World,
    job: JobDoc,
    type: str,
    *,
    attempt: int | None = None,
    extra: dict[str, Any] | None = None,
    **data: Any,
) -> None:
    """Add an event about `job`; the keyword arguments are its data. A change of state brings `was` with it.

    While a numbered statement is applied, the job's first event carries its `n` too: n stands exactly when they do.
    """
    id = job["id"]  # pyright: ignore[reportTypedDictNotRequiredAccess]
    change: Any = data.get("set")
    if change and "state" in change and "was" not in data:
        data["was"] = job.get("state")
    if world.stamp and world.stamp[0] == id:
        _, number, n = world.stamp
        data["set"] = merge(change or {}, {"attempts": {number: {"n": n}}}, keep_null=True)
        world.stamp = None
    world.add(
        Event(
            type=type,
            at=world.now,
            subject=id,
            namespace=job.get("namespace", "default"),
            job=id,
            attempt=attempt,
            worker=job.get("worker"),
            queue=job.get("queue"),
            kind=job.get("kind"),
            labels=job.get("labels") or None,
            data=data,
            extra=extra,
        )
    )


def fresh(world: World, job: JobDoc) -> JobDoc:
    """The job as the events so far have made it."""
    return world.jobs[job.get("id", "")] or job


# -- submit --------------------------------------------------------------------------------------------------------


def submit(world: World, command: c.Submit, settings: Settings) -> dict[str, Any]:
    """Make a job, or meet the one that holds its unique key."""
    if command.unique and (existing := _unique_holder(world, command)):
        return {"id": existing, "created": False}
    blockers = [id for id in command.after if not is_final(_known(world, id))]
    job = _new_job(world, command, settings)
    if any(_known(world, id).get("state") in (S.FAILED, S.CANCELLED) for id in command.after):
        first = JobDoc(**{**job, "state": S.BLOCKED})  # type: ignore[typeddict-item]
        _submitted(world, first, command.args)
        _finish(world, first, S.FAILED, "job.failed", reason="upstream_failed")
    else:
        run_later = command.run_at is not None and command.run_at > world.now
        job["state"] = S.BLOCKED if blockers else S.SCHEDULED if run_later else S.QUEUED
        if job["state"] == S.QUEUED:
            job["queued_at"] = world.now_text
        _submitted(world, job, command.args)
    if command.unique:
        world.uniques[command.namespace, command.unique] = command.id
    return {"id": command.id, "created": True}


def _known(world: World, id: str) -> JobDoc:
    if (job := world.job(id)) is None:
        raise InvalidInput("after", f"no job has the id {id!r}", hint="Submit the job it waits for first.")
    return job


def _unique_holder(world: World, command: c.Submit) -> str | None:
    """The id of the job that holds the key: an unfinished one, or one whose time-to-live is not over."""
    holder = world.uniques.get((command.namespace, command.unique or ""))
    job = world.job(holder) if holder else None
    if job is None:
        return None
    if until := job.get("unique_until"):
        return holder if until > world.now_text else None
    return None if is_final(job) else holder


def _new_job(world: World, command: c.Submit, settings: Settings) -> JobDoc:
    kind: Mapping[str, Any] = world.kinds.get(command.kind) or {}
    defaults: Mapping[str, Any] = kind.get("defaults") or {}
    declared: dict[str, Any] = defaults.get("options") or {}
    options = declared | command.options
    job = JobDoc(
        id=command.id,
        namespace=command.namespace,
        kind=command.kind,
        queue=command.queue or defaults.get("queue") or "default",
        priority=command.priority if command.priority is not None else defaults.get("priority", 0),
        labels=dict(command.labels),
        args_bytes=len(command.args),
        created_at=world.now_text,
        max_attempts=command.max_attempts or defaults.get("max_attempts") or settings.max_attempts,
        attempt=0,
        tries=0,
        options=options,  # type: ignore[typeddict-item]
    )
    optional = {
        "requires": dict(command.requires) or defaults.get("requires") or None,
        "run_at": iso(command.run_at) if command.run_at is not None else None,
        "expires_at": _later(world, command.expires_s if command.expires_s is not None else defaults.get("expires_s")),
        "unique": command.unique,
        "unique_until": _later(world, command.unique_ttl_s),
        "limit_key": command.limit_key,
        "after": list(command.after) or None,
        "parent": command.parent,
        "retry_of": command.retry_of,
        "submitted_by": command.submitted_by,
    }
    job.update({key: value for key, value in optional.items() if value is not None})  # type: ignore[typeddict-item]
    return job


def _later(world: World, seconds: float | None) -> str | None:
    return None if seconds is None else iso(world.now + round(seconds * 1000))


def _submitted(world: World, job: JobDoc, args: bytes) -> None:
    """Announce a new job. Small args travel in the event; the row has them whole."""
    data: dict[str, Any] = {"set": dict(job), "was": None}
    if len(args) <= INLINE_BYTES:
        data["put"] = {"args": json.loads(args)}
    world.args[job.get("id", "")] = args
    job_event(world, job, "job.submitted", **data)
    if job.get("state") == S.QUEUED:
        return
    if job.get("state") == S.BLOCKED:
        job_event(world, job, "job.blocked", after=job.get("after"))


# -- what people ask of a job --------------------------------------------------------------------------------------


def cancel_waiting(world: World, job: JobDoc, command: c.Cancel, settings: Settings) -> dict[str, Any]:
    """Nobody runs it: it is cancelled at once."""
    _cancel_requested(world, job, command, settings)
    _finish(world, fresh(world, job), S.CANCELLED, "job.cancelled", reason="cancelled")
    return {"state": S.CANCELLED}


def cancel_running(world: World, job: JobDoc, command: c.Cancel, settings: Settings) -> dict[str, Any]:
    """An offered job is withdrawn; a started one is asked to stop."""
    attempt = current_attempt(job)
    _cancel_requested(world, job, command, settings)
    if attempt and attempt.get("phase") == "offered":
        end_attempt(world, fresh(world, job), Outcome.CANCELLED, settings=settings, reason="withdrawn")
    return {"state": fresh(world, job).get("state")}


def cancel_again(world: World, job: JobDoc, command: c.Cancel, settings: Settings) -> dict[str, Any]:
    """A second cancel, or one of a cancelled job, changes nothing."""
    return {"state": job.get("state")}


def _cancel_requested(world: World, job: JobDoc, command: c.Cancel, settings: Settings) -> None:
    grace = job.get("options", {}).get("cancel_grace_s", settings.cancel_grace_s)
    receipt: dict[str, Any] = {"requested_at": world.now_text, "requested_by": command.by or None}
    receipt |= {"reason": command.reason or None, "grace_s": grace}
    change: dict[str, Any] = {"cancel": receipt}
    if job.get("state") == S.RUNNING:
        change["state"] = S.CANCELLING
        change["estimate"] = None
    job_event(world, job, "job.cancel_requested", set=change, attempt=job.get("attempt"))


def retry(world: World, job: JobDoc, command: c.Retry, settings: Settings) -> dict[str, Any]:
    """A new job of the same lineage; the old one stays as it ended (I5)."""
    if job.get("adopted"):
        raise Refused("retry", "adopted", entity=job.get("id", ""), reason="the engine that ran it retries it")
    if newer := job.get("retried_by"):
        raise Refused("retry", "retried", entity=job.get("id", ""), hint=f"Its newest retry is {newer}.")
    options: dict[str, Any] = dict(job.get("options", {}))
    again = c.Submit(
        id=command.id,
        kind=job.get("kind", ""),
        args=command.args if command.args is not None else command.original_args,
        namespace=job.get("namespace", "default"),
        queue=job.get("queue"),
        priority=job.get("priority"),
        labels=job.get("labels", {}),
        requires=job.get("requires", {}),
        limit_key=job.get("limit_key"),
        parent=job.get("parent"),
        max_attempts=job.get("max_attempts"),
        options=options,
        retry_of=job.get("id"),
        submitted_by=command.by or None,
    )
    answer = submit(world, again, settings)
    job_event(world, job, "job.retried", set={"retried_by": command.id})
    return answer


def set_priority(world: World, job: JobDoc, command: c.SetPriority, settings: Settings) -> None:
    """Move it in the order of its queue."""
    if job.get("priority") != command.priority:
        job_event(world, job, "job.priority_changed", set={"priority": command.priority}, old=job.get("priority"))


def hold(world: World, job: JobDoc, command: c.Hold, settings: Settings) -> None:
    """A condition beside the state: it waits where it is and is not offered."""
    if not job.get("held"):
        job_event(world, job, "job.held", set={"held": True}, by=command.by or None)


def unhold(world: World, job: JobDoc, command: c.Unhold, settings: Settings) -> None:
    """Lift the hold."""
    if job.get("held"):
        job_event(world, job, "job.released", set={"held": None})


def answer_input(world: World, job: JobDoc, command: c.AnswerInput, settings: Settings) -> None:
    """Give the handler what it asked for; the tail of the log brings it to the worker."""
    asked = job.get("input")
    if not asked or asked.get("request") != command.request:
        raise Refused("answer", "not waiting for input", entity=job.get("id", ""))
    if command.action not in ("accept", "decline", "cancel"):
        raise InvalidInput("action", f"{command.action!r} is unknown", hint="Use accept, decline or cancel.")
    answer = {"action": command.action, "content": command.content}
    job_event(
        world, job, "job.input_given", attempt=job.get("attempt"), set={"input": None},
        request=command.request, answer=answer, by=command.by or None,
    )  # fmt: skip


def unblock(world: World, job: JobDoc, command: c.Unblock, settings: Settings) -> None:
    """Queue it when all it waits for has completed; fail it when one of those failed."""
    upstream = [world.job(id) for id in job.get("after", [])]
    if any(each is None or each.get("state") in (S.FAILED, S.CANCELLED) for each in upstream):
        _finish(world, job, S.FAILED, "job.failed", reason="upstream_failed")
    elif all(is_final(each) for each in upstream if each):
        run_at = job.get("run_at")
        if run_at and run_at > world.now_text:
            job_event(world, job, "job.retry_scheduled", set={"state": S.SCHEDULED})
        else:
            queue(world, job)


def delete(world: World, job: JobDoc, command: c.Delete, settings: Settings) -> None:
    """Remove the row and its log; the event that says so stays."""
    job_event(world, job, "job.deleted", set={"state": job.get("state")}, was=job.get("state"), deleted=True)
    world.deleted.append(job.get("id", ""))


def queue(world: World, job: JobDoc, *, avoid: str | None = None, avoid_s: float = 0.0, worker: bool = False) -> None:
    """Make it claimable."""
    change: dict[str, Any] = {"state": S.QUEUED, "queued_at": world.now_text, "worker": None, "estimate": None}
    if avoid:
        change["avoid"] = {avoid: _later(world, avoid_s)}
    job_event(world, job, "job.queued", set=change)


def _finish(world: World, job: JobDoc, state: JobState, type: str, **data: Any) -> None:
    """The one door into a final state."""
    change: dict[str, Any] = {"state": state, "finished_at": world.now_text, "estimate": None, "input": None}
    if reason := data.pop("reason", None):
        change["reason"] = reason
    if error := data.pop("error", None):
        change["error"] = error
    change.update(data.pop("set", {}))
    job_event(world, job, type, set=change, attempt=job.get("attempt") or None, **data)


# -- the end of an attempt -----------------------------------------------------------------------------------------


def end_attempt(
    world: World,
    job: JobDoc,
    outcome: Outcome,
    *,
    settings: Settings,
    reason: str = "",
    error: Mapping[str, str] | None = None,
    result: bytes | None = None,
    retry_after_s: float | None = None,
    by: str = "server",
    dice: float = 0.5,
) -> None:
    """End the current attempt and say what becomes of the job. Everything that ends attempts comes through here."""
    attempt = current_attempt(job) or AttemptDoc()
    number = job.get("attempt", 0)
    counted = outcome not in UNCOUNTED and not (outcome == Outcome.LOST and _drained(world, job))
    ended: dict[str, Any] = {"phase": "ended", "outcome": outcome, "ended_at": world.now_text, "counted": counted}
    ended |= {"error": dict(error) if error else None, "released": reason or None}
    change: dict[str, Any] = {"attempts": {str(number): {k: v for k, v in ended.items() if v is not None}}}
    if counted:
        change["tries"] = job.get("tries", 0) + 1
    job_event(
        world, job, "job.attempt_ended", attempt=number, set=change,
        outcome=outcome, by=by, reason=reason or None,
    )  # fmt: skip
    job = fresh(world, job)
    if outcome == Outcome.SUCCEEDED:
        _complete(world, job, attempt, result)
    elif job.get("state") == S.CANCELLING:
        code = "worker_lost" if outcome in (Outcome.LOST, Outcome.CRASHED) else "cancelled"
        _finish(world, job, S.CANCELLED, "job.cancelled", reason=code, set=_unclean(job, outcome))
    elif outcome == Outcome.CANCELLED:
        _finish(world, job, S.CANCELLED, "job.cancelled", reason=reason or "cancelled")
    else:
        _try_again(world, job, outcome, settings, reason, error, retry_after_s, dice)


def _unclean(job: JobDoc, outcome: Outcome) -> dict[str, Any]:
    """A receipt that never saw the clean-up says so."""
    if outcome in (Outcome.LOST, Outcome.CRASHED) and "cleaned_at" not in job.get("cancel", {}):
        return {"cancel": {"cleaned": "not run"}}
    return {}


def _drained(world: World, job: JobDoc) -> bool:
    worker = world.workers.get(job.get("worker") or "") or {}
    return worker.get("state") == "draining" or bool(worker.get("draining"))


def _complete(world: World, job: JobDoc, attempt: AttemptDoc, result: bytes | None) -> None:
    if job.get("state") == S.CANCELLING:
        job_event(world, job, "job.cancel_too_late", attempt=job.get("attempt"))
    text = result if result is not None else b"null"
    world.results[job.get("id", "")] = text
    data: dict[str, Any] = {"set": {"result_bytes": len(text), "progress": {"overall": 1.0, "at": world.now_text}}}
    if len(text) <= INLINE_BYTES:
        data["put"] = {"result": json.loads(text)}
    _finish(world, job, S.COMPLETED, "job.completed", **data)


def _try_again(
    world: World,
    job: JobDoc,
    outcome: Outcome,
    settings: Settings,
    reason: str,
    error: Mapping[str, str] | None,
    retry_after_s: float | None,
    dice: float,
) -> None:
    released = [each for each in job.get("attempts", {}).values() if each.get("released") == EXECUTOR_DIED]
    poisonous = reason == EXECUTOR_DIED and len(released) >= FATAL_RELEASES
    final_reason = "crashed" if poisonous else REASONS[outcome]
    spent = job.get("tries", 0) >= job.get("max_attempts", 1) and outcome not in UNCOUNTED
    lost_adopted = bool(job.get("adopted"))
    if poisonous or spent or lost_adopted or outcome == Outcome.REJECTED:
        said = dict(error) if error else {"type": outcome.value, "message": reason or _SENTENCES.get(outcome, outcome)}
        _finish(world, job, S.FAILED, "job.failed", reason=final_reason, error=said)
    elif outcome in AT_ONCE and retry_after_s is None:
        queue(world, job, avoid=job.get("worker") if outcome in ELSEWHERE else None, avoid_s=settings.avoid_s)
    else:
        options = job.get("options", {})
        wait = retry_after_s
        if wait is None:
            base = options.get("backoff_s", settings.backoff_s)
            wait = backoff_s(job.get("tries", 1), base, options.get("backoff_cap_s", settings.backoff_cap_s), dice)
        change = {"state": S.SCHEDULED, "run_at": _later(world, wait), "worker": None, "estimate": None}
        job_event(world, job, "job.retry_scheduled", set=change, after_s=round(wait, 3), outcome=outcome)


_SENTENCES = {
    Outcome.TIMED_OUT: "It ran longer than its timeout.",
    Outcome.STALLED: "It made no progress for its progress_timeout.",
    Outcome.CRASHED: "Its process died.",
    Outcome.LOST: "Its worker was silent past its lease.",
    Outcome.ERRORED: "Its handler failed.",
}


# -- time ----------------------------------------------------------------------------------------------------------


def due_at(job: JobDoc) -> int | None:
    """The earliest instant (ms) at which `Elapse` may have something to do, or None. The store keeps it by index."""
    state = job.get("state")
    if state in FINAL or state is None:
        return None
    if state in (S.SCHEDULED, S.BLOCKED, S.QUEUED):
        expires = job.get("expires_at") if job.get("tries", 0) == 0 else None
        texts = [expires, job.get("run_at") if state == S.SCHEDULED else None]
        known = [text for text in texts if text]
        return from_iso(min(known)) if known else None
    attempt = current_attempt(job) or AttemptDoc()
    if attempt.get("phase") == "offered":
        return _plus(attempt.get("offered_at"), _DEFAULTS.accept_s)
    if state == S.CANCELLING:
        receipt = job.get("cancel", {})
        return _plus(receipt.get("requested_at"), receipt.get("grace_s", 0.0) + _DEFAULTS.cancel_overdue_s)
    options = job.get("options", {})
    total_s, stall_s = options.get("timeout_s"), options.get("progress_timeout_s")
    if total_s is None and stall_s is None:  # most jobs, at every report
        return None
    limits = [_plus(attempt.get("started_at"), total_s), _plus(_stall_base(attempt), stall_s)]
    return min((each for each in limits if each is not None), default=None)


def _plus(text: str | None, seconds: float | None) -> int | None:
    return None if text is None or seconds is None else from_iso(text) + round(seconds * 1000)


def _stall_base(attempt: AttemptDoc) -> str | None:
    bases = (attempt.get("started_at"), attempt.get("progress_at"), attempt.get("heard_from"))
    return max((each for each in bases if each), default=None)


def heard_s(since: str | None, now: int, deaf: tuple[tuple[int, int], ...]) -> float:
    """Seconds from `since` to `now` in which the server could hear (I9); 0 for an unset instant."""
    if since is None:
        return 0.0
    start = from_iso(since)
    lost = sum(max(0, min(until, now) - max(begin, start)) for begin, until in deaf)
    return (now - start - lost) / 1000


def elapse_waiting(world: World, job: JobDoc, command: c.Elapse, settings: Settings) -> None:
    """Expiry, then the time of a scheduled job."""
    expires = job.get("expires_at")
    if expires and expires <= world.now_text and job.get("tries", 0) == 0:
        _finish(world, job, S.FAILED, "job.failed", reason="expired")
    elif job.get("state") == S.SCHEDULED and job.get("run_at", "") <= world.now_text:
        queue(world, job)


def elapse_running(world: World, job: JobDoc, command: c.Elapse, settings: Settings) -> None:
    """Offer not accepted, total timeout, stall: in this order. A silent worker's stall clock stands still (08 W5)."""
    attempt = current_attempt(job) or AttemptDoc()
    if attempt.get("phase") == "offered":
        if heard_s(attempt.get("offered_at"), world.now, command.deaf) >= settings.accept_s:
            end_attempt(world, job, Outcome.RELEASED, settings=settings, reason="not accepted")
        return
    options = job.get("options", {})
    timeout, quiet = options.get("timeout_s"), options.get("progress_timeout_s")
    if timeout is not None and heard_s(attempt.get("started_at"), world.now, command.deaf) >= timeout:
        end_attempt(world, job, Outcome.TIMED_OUT, settings=settings, dice=command.dice)
    elif (
        quiet is not None and _is_fresh(world, job) and heard_s(_stall_base(attempt), world.now, command.deaf) >= quiet
    ):
        end_attempt(world, job, Outcome.STALLED, settings=settings, dice=command.dice)


def _is_fresh(world: World, job: JobDoc) -> bool:
    worker = world.workers.get(job.get("worker") or "")
    return worker is None or worker.get("state") in ("online", "draining")


def elapse_cancelling(world: World, job: JobDoc, command: c.Elapse, settings: Settings) -> None:
    """A live worker that did not stop long past the grace is fenced; the job is cancelled."""
    receipt = job.get("cancel", {})
    limit = receipt.get("grace_s", settings.cancel_grace_s) + settings.cancel_overdue_s
    if _is_fresh(world, job) and heard_s(receipt.get("requested_at"), world.now, command.deaf) >= limit:
        end_attempt(world, job, Outcome.CANCELLED, settings=settings, reason="abandoned")


# -- the table -----------------------------------------------------------------------------------------------------

_WAITING = (S.SCHEDULED, S.BLOCKED, S.QUEUED)
_FINAL = (S.COMPLETED, S.FAILED, S.CANCELLED)
_ACTIVE = (S.RUNNING, S.CANCELLING)


def _nothing(world: World, job: JobDoc, command: Any, settings: Settings) -> None:
    """Lawful, and already so."""


def _row(*cells: tuple[tuple[JobState, ...], Rule]) -> dict[JobState, Rule]:
    return {state: rule for states, rule in cells for state in states}


TABLE: dict[type[c.JobCommand], dict[JobState, Rule]] = {
    c.Cancel: _row(
        (_WAITING, cancel_waiting), ((S.RUNNING,), cancel_running), ((S.CANCELLING, S.CANCELLED), cancel_again)
    ),
    c.Retry: _row((_FINAL, retry)),
    c.SetPriority: _row((_WAITING, set_priority)),
    c.Hold: _row((_WAITING, hold)),
    c.Unhold: _row((_WAITING, unhold)),
    c.AnswerInput: _row(((S.RUNNING,), answer_input)),
    c.Unblock: _row(((S.BLOCKED,), unblock), ((S.SCHEDULED, S.QUEUED, *_ACTIVE, *_FINAL), _nothing)),
    c.Elapse: _row(
        (_WAITING, elapse_waiting), ((S.RUNNING,), elapse_running), ((S.CANCELLING,), elapse_cancelling),
        (_FINAL, _nothing),
    ),
    c.Delete: _row((_FINAL, delete)),
}  # fmt: skip
"""Command -> state -> rule. A missing cell is a refusal. docs/reference/lifecycle.md is generated from it."""


def apply_to_job(world: World, command: c.JobCommand, settings: Settings) -> Any:
    """Look the command up and run its rule; Refused names command and state, NotFound the job."""
    job = world.job(command.job)
    if job is None:
        raise NotFound("job", command.job)
    state = JobState(job["state"])  # pyright: ignore[reportTypedDictNotRequiredAccess]
    rule = TABLE[type(command)].get(state)
    if rule is None:
        raise Refused(_verb(command), state, entity=f"job {command.job}", hint=_HINTS.get(type(command), ""))
    return rule(world, job, command, settings)


def _verb(command: c.Command) -> str:
    return _VERBS.get(type(command)) or type(command).__name__.lower()


_VERBS: dict[type, str] = {c.Unhold: "release", c.SetPriority: "priority", c.AnswerInput: "answer"}
_HINTS: dict[type, str] = {
    c.Cancel: "It has ended; its outcome stays.",
    c.Retry: "Only an ended job can be retried; cancel it first.",
    c.SetPriority: "Only a waiting job has a place in the order.",
    c.Hold: "Only a waiting job can be held; cancel it to stop it.",
    c.Delete: "Only an ended job can be deleted; cancel it first.",
    c.AnswerInput: "It is not running.",
}
