"""What workers say about attempts, and how attempts begin: offers, adopted work, reports, outcomes.

Theory. The attempt's number is the fence (I4): a statement about any attempt but the current, live one of that
worker changes nothing and is answered `fenced`; recorded once per attempt, a result that came too late as
`late_result`. Statements are numbered `n`, dense per attempt, and applied once, in order: an older one is
acknowledged again, a newer one is answered with the last applied, so that the worker resends from there.
"""

from __future__ import annotations

import json
from collections.abc import Callable, Mapping
from typing import Any

from headway.errors import InvalidInput, NotFound
from headway.model import command as c, report as r
from headway.model.estimate import estimate
from headway.model.event import PREFIXES, PRIORITIES, Event
from headway.model.job import (
    ACTIVE,
    KEPT_ATTEMPTS,
    KEPT_NOTES,
    KEPT_STEPS,
    AttemptDoc,
    JobDoc,
    JobState,
    Outcome,
    StageDoc,
    current_attempt,
)
from headway.model.lifecycle import end_attempt, fresh, job_event, submit
from headway.model.past import durations, learned_plan
from headway.model.progress import fraction_of, make_plan, overall_of
from headway.model.settings import Settings
from headway.model.world import World, limit_keys

# -- offers --------------------------------------------------------------------------------------------------------


def claim(world: World, command: c.Claim, settings: Settings) -> list[str]:
    """Offer the best queued jobs that fit, up to the limit; answer with their ids."""
    worker = world.workers.get(command.worker)
    if worker is None or worker.get("state") != "online":
        return []
    offered: list[str] = []
    for id in world.candidates_of(command):
        if len(offered) >= command.limit:
            break
        job = world.jobs[id]
        if job is not None and _may_run(world, job, command.worker):
            offer(world, job, command.worker, worker)
            offered.append(id)
    return offered


def _may_run(world: World, job: JobDoc, worker: str) -> bool:
    if job.get("state") != JobState.QUEUED or job.get("held"):
        return False
    if job.get("avoid", {}).get(worker, "") > world.now_text:
        return False
    queue = world.queues.get(job.get("queue", "")) or {}
    if queue.get("paused"):
        return False
    kind = world.kinds.get(job.get("kind", "")) or {}
    limits: dict[str, int | None] = {
        "queue": queue.get("limit"),
        "kind": kind.get("limit"),
        "key": kind.get("key_limit"),
    }
    return all(limit is None or world.active[key] < limit for key in limit_keys(job) for limit in [limits[key[0]]])


def offer(world: World, job: JobDoc, worker_id: str, worker: Mapping[str, Any]) -> None:
    """Begin attempt + 1 on the worker, with its plan frozen (I8)."""
    number = job.get("attempt", 0) + 1
    kind = world.kinds.get(job.get("kind", "")) or {}
    plan: Any = kind.get("plan") or learned_plan(world.samples.get(job.get("kind", ""), []))
    attempt: dict[str, Any] = {"number": number, "worker": worker_id, "instance": worker.get("instance")}
    attempt |= {"phase": "offered", "offered_at": world.now_text, "n": 0}
    if plan:
        attempt["plan"] = plan
    _new_attempt(world, job, "job.offered", number, attempt, worker_id)


def _new_attempt(
    world: World, job: JobDoc, type: str, number: int, attempt: dict[str, Any], worker: str, **more: Any
) -> None:
    attempts: dict[str, Any] = {str(number): attempt}
    kept = job.get("attempts", {})
    if len(kept) >= KEPT_ATTEMPTS:
        attempts[min(kept, key=int)] = None
    change: dict[str, Any] = {"state": JobState.RUNNING, "attempt": number, "worker": worker, "attempts": attempts}
    if "progress" in job:
        change["progress"] = None
    change |= more
    job_event(world, {**job, "worker": worker}, type, attempt=number, set=change)  # type: ignore[typeddict-item]


def begin(world: World, command: c.Begin, settings: Settings) -> dict[str, Any]:
    """Adopt outside work: job and attempt in one commit; the same external id again means the same job."""
    existing = world.externals.get((command.namespace, command.external_id))
    job = world.job(existing) if existing else None
    if job is None:
        asked = c.Submit(
            id=command.id, kind=command.kind, args=command.args, namespace=command.namespace,
            queue=command.queue, labels=command.labels, options=command.options,
        )  # fmt: skip
        submit(world, asked, settings)
        job = world.jobs[command.id] or JobDoc()
        world.externals[command.namespace, command.external_id] = command.id
        number = command.attempt or 1
    else:
        number = command.attempt or max(job.get("attempt", 0), 1)
        if job.get("state") not in ("queued", "scheduled", "running") or number <= job.get("attempt", 0):
            return {"id": job.get("id"), "attempt": job.get("attempt"), "created": False}
        if job.get("state") == JobState.RUNNING:
            end_attempt(world, job, Outcome.RELEASED, settings=settings, reason="engine began another attempt")
            job = fresh(world, job)
    attempt: dict[str, Any] = {"number": number, "worker": command.worker, "instance": command.instance, "n": 0}
    attempt |= {"phase": "started", "offered_at": world.now_text, "started_at": world.now_text}
    if plan := make_plan(command.plan, "plan"):
        attempt["plan"] = plan
    more = {"adopted": True, "external_id": command.external_id, "started_at": world.now_text}
    _new_attempt(world, job, "job.started", number, attempt, command.worker, **more)
    return {"id": job.get("id"), "attempt": number, "created": existing is None}


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
        last = attempt.get("n", 0)
        if command.n != last + 1:
            return {"ack": last}
    world.stamp = (command.job, str(command.attempt), command.n) if command.n else None
    try:
        RULES[type(command)](world, job, attempt, command, settings)
        if world.stamp:
            job_event(world, fresh(world, job), "job.noted", attempt=command.attempt)
    finally:
        world.stamp = None
    return {"ack": command.n} if command.n else {}


def _speaks_for(job: JobDoc, attempt: AttemptDoc, command: c.Statement) -> bool:
    return (
        job.get("attempt") == command.attempt
        and attempt.get("worker") == command.worker
        and (attempt.get("phase") != "ended" or _is_annotation(attempt, command))
        and (job.get("state") in ACTIVE or _is_annotation(attempt, command))
    )


def _is_annotation(attempt: AttemptDoc, command: c.Statement) -> bool:
    """`cleaned` may follow the end of its own attempt: it changes the receipt alone (08 W16)."""
    return isinstance(command, c.CancelStep) and command.step == "cleaned" and attempt.get("outcome") == "cancelled"


def _fence(world: World, job: JobDoc, command: c.Statement) -> dict[str, Any]:
    number = str(command.attempt)
    old = job.get("attempts", {}).get(number)
    why = f"attempt {command.attempt} is over; the job is {job.get('state')}, attempt {job.get('attempt')}"
    if old is None:
        return {"fenced": why}
    if (
        old.get("phase") == "ended"
        and old.get("worker") == command.worker
        and command.n
        and command.n <= old.get("n", 0)
    ):
        return {"ack": old.get("n", 0)}
    if isinstance(command, c.End) and "late" not in old:
        change = {"attempts": {number: {"late": command.outcome, "fenced": True}}}
        job_event(world, job, "job.late_result", attempt=command.attempt, set=change, outcome=command.outcome)
    elif not old.get("fenced"):
        change = {"attempts": {number: {"fenced": True}}}
        job_event(world, job, "job.report_fenced", attempt=command.attempt, set=change, by=command.worker)
    return {"fenced": why}


# -- what a statement does -----------------------------------------------------------------------------------------


def accept(world: World, job: JobDoc, attempt: AttemptDoc, command: c.Statement, settings: Settings) -> None:
    """The attempt is started; the clocks of timeout and stall run from here."""
    if attempt.get("phase") != "offered":
        return
    change: dict[str, Any] = {
        "attempts": {str(command.attempt): {"phase": "started", "started_at": world.now_text}},
        "started_at": job.get("started_at") or world.now_text,
    }
    if first := _guess(world, job, {**attempt, "started_at": world.now_text}, None):  # type: ignore[typeddict-item]
        change["estimate"] = first
    job_event(world, job, "job.started", attempt=command.attempt, set=change)


def refuse(world: World, job: JobDoc, attempt: AttemptDoc, command: c.Refuse, settings: Settings) -> None:
    """Not this worker: back to the queue, uncounted, elsewhere first."""
    end_attempt(world, job, Outcome.REFUSED, settings=settings, reason=command.reason or "refused by the worker")


def end(world: World, job: JobDoc, attempt: AttemptDoc, command: c.End, settings: Settings) -> None:
    """The worker's word on how the attempt ended."""
    try:
        outcome = Outcome(command.outcome)
    except ValueError:
        raise InvalidInput("outcome", f"{command.outcome!r} is unknown", hint=f"One of {', '.join(Outcome)}.") from None
    accept(world, job, attempt, command, settings)
    job = fresh(world, job)
    if outcome == Outcome.SUCCEEDED:
        done = current_attempt(job) or AttemptDoc()
        kind = job.get("kind", "")
        world.new_samples += [(kind, stage, seconds) for stage, seconds in durations(done, world.now)]
    end_attempt(
        world, job, outcome, settings=settings, reason=command.reason, error=command.error, result=command.result,
        retry_after_s=command.retry_after_s, by="worker", dice=command.dice,
    )  # fmt: skip


def cancel_step(world: World, job: JobDoc, attempt: AttemptDoc, command: c.CancelStep, settings: Settings) -> None:
    """Write a step of the receipt, each once. `stopped` and `cleaned` make no event of their own type."""
    at = f"{command.step}_at"
    if at not in _STEP_EVENTS:
        raise InvalidInput("step", f"{command.step!r} is unknown", hint="delivered, acknowledged, stopped or cleaned.")
    change: dict[str, Any] = {}
    if at not in job.get("cancel", {}):
        change["cancel"] = {at: world.now_text}
        if command.step == "cleaned":
            change["cancel"]["cleaned"] = command.note or "done"
    if change:
        job_event(world, job, _STEP_EVENTS[at], attempt=command.attempt, set=change, step=command.step)


_STEP_EVENTS = {
    "delivered_at": "job.cancel_delivered",
    "acknowledged_at": "job.cancel_acknowledged",
    "stopped_at": "job.cancel_acknowledged",
    "cleaned_at": "job.cancel_acknowledged",
}


def add_artifact(world: World, job: JobDoc, attempt: AttemptDoc, command: c.AddArtifact, settings: Settings) -> None:
    """The file is on disk; from here on it is the job's."""
    change = {"artifacts": {command.name: {**command.artifact, "attempt": command.attempt, "at": world.now_text}}}
    job_event(world, job, "job.artifact_added", attempt=command.attempt, set=change, name=command.name)


# -- reports -------------------------------------------------------------------------------------------------------


def report(world: World, job: JobDoc, attempt: AttemptDoc, command: c.Report, settings: Settings) -> None:
    """Apply the items in order."""
    accept(world, job, attempt, command, settings)
    for item in command.items:
        job = fresh(world, job)
        ITEMS[type(item)](world, job, current_attempt(job) or attempt, item, settings)


def _progressed(world: World, job: JobDoc, attempt: AttemptDoc, item: r.Progressed, settings: Settings) -> None:
    old = attempt.get("stages", {}).get(item.stage, StageDoc())
    stage: dict[str, Any] = {
        "state": "running", "current": item.current, "total": item.total, "unit": item.unit, "message": item.message,
    }  # fmt: skip
    fraction = fraction_of(item.current, item.total)
    if old.get("total") == item.total and fraction is not None:
        fraction = max(fraction, old.get("fraction") or 0.0)
    stage["fraction"] = fraction
    stage["started_at"] = old.get("started_at", world.now_text)
    if "half_at" in old or (fraction is not None and fraction >= 0.5):  # past.py learns from it how the pace bends
        stage |= {"half_at": old.get("half_at", world.now_text), "half": old.get("half", fraction)}
    data: dict[str, Any] = {"stage": item.stage}
    if old.get("total") is not None and item.total is not None and old.get("total") != item.total:
        data["total_was"] = old.get("total")
    if item.details is not None:
        data["put"] = {"details": _small(item.details, settings.details_bytes)}
    moved = item.current is not None or item.message is not None
    job_event(
        world, job, "job.progressed", attempt=job.get("attempt"),
        set=_progress_patch(world, job, attempt, item.stage, stage, alive=moved), **data,
    )  # fmt: skip


def _progress_patch(
    world: World, job: JobDoc, attempt: AttemptDoc, path: str, stage: dict[str, Any], *, alive: bool = True
) -> dict[str, Any]:
    """The whole of what progress sets, the same keys each time, so that a newer patch covers an older one (R4)."""
    stages: dict[str, StageDoc] = {**attempt.get("stages", {})}
    stages[path] = {**stages.get(path, {}), **stage}  # type: ignore[typeddict-item]
    previous = job.get("progress", {}).get("overall")
    overall = overall_of(attempt.get("plan", []), stages, previous)
    progress = {key: stage.get(key) for key in ("current", "total", "unit", "message")}
    progress |= {"overall": overall, "stage": path or None, "at": world.now_text}
    mine: dict[str, Any] = {"stages": {path: stage}}
    if alive:
        mine["progress_at"] = world.now_text
    after: Any = {**attempt, "stages": stages}
    return {
        "progress": progress,
        "attempts": {str(job.get("attempt")): mine},
        "estimate": _guess(world, job, after, overall),
    }


def _guess(world: World, job: JobDoc, attempt: AttemptDoc, overall: float | None) -> Any:
    samples = world.samples.get(job.get("kind", ""), [])
    return estimate(samples, attempt, overall, world.now)


def _small(value: Any, limit: int) -> Any:
    size = len(json.dumps(value, default=str))
    return value if size <= limit else {"cut": f"{size} bytes; the limit of details is {limit}"}


def _stage_started(world: World, job: JobDoc, attempt: AttemptDoc, item: r.StageStarted, settings: Settings) -> None:
    stage: dict[str, Any] = {"state": "running", "started_at": world.now_text, "ended_at": None}
    stage |= {"current": 0 if item.total is not None else None, "total": item.total, "unit": item.unit}
    stage |= {"fraction": 0.0 if item.total else None, "message": None}
    patch = _progress_patch(world, job, attempt, item.stage, stage)
    job_event(world, job, "job.stage_started", attempt=job.get("attempt"), set=patch, stage=item.stage)


def _stage_completed(
    world: World, job: JobDoc, attempt: AttemptDoc, item: r.StageCompleted, settings: Settings
) -> None:
    old: dict[str, Any] = {**attempt.get("stages", {}).get(item.stage, {})}
    stage = {key: old.get(key) for key in ("current", "total", "unit", "message")}
    stage |= {"state": "completed", "ended_at": world.now_text, "fraction": 1.0}
    stage["started_at"] = old.get("started_at") or world.now_text
    patch = _progress_patch(world, job, attempt, item.stage, stage)
    job_event(world, job, "job.stage_completed", attempt=job.get("attempt"), set=patch, stage=item.stage)


def _step_done(world: World, job: JobDoc, attempt: AttemptDoc, item: r.StepDone, settings: Settings) -> None:
    steps = [*job.get("last_steps", []), item.name[:200]][-KEPT_STEPS:]
    change = {"steps": job.get("steps", 0) + 1, "last_steps": steps} | _alive(world, job)
    job_event(world, job, "job.step_completed", attempt=job.get("attempt"), set=change, step=item.name[:200])


def _alive(world: World, job: JobDoc) -> dict[str, Any]:
    return {"attempts": {str(job.get("attempt")): {"progress_at": world.now_text}}}


def _lines(world: World, job: JobDoc, attempt: AttemptDoc, item: r.LogLines, settings: Settings) -> None:
    """Give the lines their numbers; past the quota they are dropped and the cut is said once."""
    if job.get("log_cut") or not item.lines:
        return
    used = job.get("log_bytes", 0)
    kept: list[tuple[int, int, str, str]] = []
    first = job.get("log_lines", 0) + 1
    for at, level, text in item.lines:
        used += len(text.encode()) + 1
        if used > settings.log_bytes:
            break
        kept.append((first + len(kept), at or world.now, level, text))
    if kept:
        change = {"log_lines": first + len(kept) - 1, "log_bytes": min(used, settings.log_bytes)}
        job_event(
            world, job, "job.logged", attempt=job.get("attempt"), extra={"lines": kept},
            set=change, first=first, last=first + len(kept) - 1,
        )  # fmt: skip
    if len(kept) < len(item.lines):
        said = f"The log is cut here: its quota is {settings.log_bytes:,} bytes."
        job_event(
            world, fresh(world, job), "job.warned", attempt=job.get("attempt"),
            set={"log_cut": said} | _noted(fresh(world, job), "warning", said, world), message=said,
        )  # fmt: skip


def _dropped(world: World, job: JobDoc, attempt: AttemptDoc, item: r.Dropped, settings: Settings) -> None:
    said = f"{item.lines:,} log lines were dropped: {item.reason}."
    _warned(world, job, attempt, r.Warned(message=said), settings)


def _noted(job: JobDoc, level: str, message: str, world: World) -> dict[str, Any]:
    note = {"level": level, "message": message[:2_000], "at": world.now_text}
    counter = "warnings" if level == "warning" else "errors"
    return {counter: job.get(counter, 0) + 1, "notes": [*job.get("notes", []), note][-KEPT_NOTES:]}


def _warned(world: World, job: JobDoc, attempt: AttemptDoc, item: r.Warned, settings: Settings) -> None:
    job_event(
        world, job, "job.warned", attempt=job.get("attempt"),
        set=_noted(job, "warning", item.message, world), message=item.message[:2_000],
    )  # fmt: skip


def _error_noted(world: World, job: JobDoc, attempt: AttemptDoc, item: r.ErrorNoted, settings: Settings) -> None:
    job_event(
        world, job, "job.error_noted", attempt=job.get("attempt"),
        set=_noted(job, "error", item.message, world), message=item.message[:2_000], error=item.kind or None,
    )  # fmt: skip


def _checkpoint(world: World, job: JobDoc, attempt: AttemptDoc, item: r.Checkpoint, settings: Settings) -> None:
    world.new_checkpoints.append((job.get("id", ""), item.key, item.value))
    job_event(world, job, "job.noted", attempt=job.get("attempt"), set=_alive(world, job), checkpoint=item.key)


def _input_requested(
    world: World, job: JobDoc, attempt: AttemptDoc, item: r.InputRequested, settings: Settings
) -> None:
    asked = {"request": item.request, "message": item.message, "schema": item.schema, "asked_at": world.now_text}
    job_event(world, job, "job.input_requested", attempt=job.get("attempt"), put={"input": asked})


def _custom(world: World, job: JobDoc, attempt: AttemptDoc, item: r.Custom, settings: Settings) -> None:
    try:
        emit(world, c.Emit(name=item.name, data=item.data, priority=item.priority, conflate_key=item.conflate_key,
                           job=job.get("id"), namespace=job.get("namespace", "default")), settings)  # fmt: skip
    except InvalidInput as problem:
        _warned(world, job, attempt, r.Warned(message=f"Custom event not taken. {problem}"), settings)


def emit(world: World, command: c.Emit, settings: Settings) -> None:
    """A custom event: outside the reserved prefixes, of a known priority, of a size."""
    prefix, dot, rest = command.name.partition(".")
    if not dot or not rest or prefix in PREFIXES or not command.name.replace(".", "").replace("_", "").isalnum():
        reserved = ", ".join(sorted(PREFIXES))
        raise InvalidInput(
            "type", f"{command.name!r} is not a custom event's name",
            hint=f"Write <prefix>.<name>; the prefixes {reserved} are reserved.",
        )  # fmt: skip
    if command.priority not in PRIORITIES:
        raise InvalidInput("priority", f"{command.priority!r} is unknown", hint=f"One of {', '.join(PRIORITIES)}.")
    size = len(json.dumps(command.data))
    if size > settings.custom_bytes:
        raise InvalidInput("data", f"{size:,} bytes are over the limit of {settings.custom_bytes:,}")
    job = world.job(command.job) if command.job else None
    if command.job and job is None:
        raise NotFound("job", command.job)
    data = {"data": command.data} | ({"conflate_key": command.conflate_key} if command.conflate_key else {})
    about = job or JobDoc()
    world.add(
        Event(
            type=command.name, at=world.now, subject=command.job or "", namespace=command.namespace,
            priority=command.priority, job=command.job, attempt=about.get("attempt"), worker=about.get("worker"),
            queue=about.get("queue"), kind=about.get("kind"), labels=about.get("labels") or None, data=data,
        )
    )  # fmt: skip


RULES: dict[type[c.Statement], Callable[[World, JobDoc, AttemptDoc, Any, Settings], None]] = {
    c.Accept: accept,
    c.Refuse: refuse,
    c.Report: report,
    c.End: end,
    c.CancelStep: cancel_step,
    c.AddArtifact: add_artifact,
}

ITEMS: dict[type[r.Item], Callable[[World, JobDoc, AttemptDoc, Any, Settings], None]] = {
    r.Progressed: _progressed,
    r.StageStarted: _stage_started,
    r.StageCompleted: _stage_completed,
    r.StepDone: _step_done,
    r.LogLines: _lines,
    r.Dropped: _dropped,
    r.Warned: _warned,
    r.ErrorNoted: _error_noted,
    r.Checkpoint: _checkpoint,
    r.InputRequested: _input_requested,
    r.Custom: _custom,
}
