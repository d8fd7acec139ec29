"""How attempts begin: offered to a worker with a free slot, or adopted from an engine that runs them already.

A claim is decided here, against exact limits; what may be tried at all was chosen by the store. Called by
`decide.py`. The plan of an attempt is frozen here (I8).
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Mapping
from typing import Any

from headway.errors import InvalidInput, Refused
from headway.model import command as c
from headway.model.change import cleared, fresh, is_elsewhere, job_event
from headway.model.ending import Ending, end_attempt, record_end
from headway.model.job import (
    KEPT_ATTEMPTS,
    MOST_ATTEMPTS,
    WAITING,
    AttemptDoc,
    JobDoc,
    JobState,
    Outcome,
    is_claimable,
    is_final,
)
from headway.model.past import learned_plan
from headway.model.progress import make_plan
from headway.model.retry import EXECUTOR_DIED
from headway.model.settings import Settings
from headway.model.submit import submit
from headway.model.world import World, limit_keys

PRESENT = ("online", "draining", "stale", "disconnected")
"""States of a worker that may hold attempts: its lease is not over."""


def claim(world: World, command: c.Claim, settings: Settings) -> list[str]:
    """Offer the best queued jobs that fit, up to the limit; answer with their ids."""
    worker = world.workers.get(command.worker)
    if worker is None or worker.get("state") != "online" or is_elsewhere(worker, command.server):
        return []
    offered: list[str] = []
    room = Counter(command.room)
    definitions: Mapping[str, str] = worker.get("definitions") or {}
    for id in world.candidates_of(command):
        if len(offered) >= command.limit:
            break
        job = world.job(id)
        if job is None or not _may_run(world, job, command.worker, definitions):
            continue
        service = command.needs.get(job.get("kind", ""))
        if service is None or room[service] > 0:
            _offer(world, job, command.worker, worker)
            offered.append(id)
            room[service or ""] -= 1
    return offered


def _may_run(world: World, job: JobDoc, worker: str, definitions: Mapping[str, str]) -> bool:
    """`definitions`: those that the worker told last. Only the pinned one is run."""
    if not is_claimable(job) or job.get("avoid", {}).get(worker, "") > world.now_text:
        return False
    queue = world.queues.get(job.get("queue", "")) or {}
    if queue.get("paused"):
        return False
    name = job.get("kind", "")
    kind = world.kinds.get(name) or {}
    if kind.get("definition") != definitions.get(name):
        return False
    for key in limit_keys(job):
        limit = queue.get("limit") if key[0] == "queue" else kind.get("limit" if key[0] == "kind" else "key_limit")
        if limit is not None and world.active[key] >= limit:
            return False
    return True


def _offer(world: World, job: JobDoc, worker_id: str, worker: Mapping[str, Any]) -> None:
    """Begin attempt + 1 on the worker."""
    number = job.get("attempt", 0) + 1
    attempt: dict[str, Any] = {
        "number": number, "worker": worker_id, "instance": worker.get("instance"), "phase": "offered",
        "offered_at": world.now_text,
    }  # fmt: skip
    kind_name = job.get("kind", "")
    kind = world.kinds.get(kind_name) or {}
    plan: Any = kind.get("plan")
    if not plan and (samples := world.samples.get(kind_name)) and any(path for path, _ in samples):
        plan = learned_plan(samples)
    if plan:
        attempt["plan"] = plan
    if definition := kind.get("definition"):
        attempt["definition"] = definition
    if any(each.get("reason") == EXECUTOR_DIED for each in job.get("attempts", {}).values()):
        attempt["alone"] = True
    _begin_attempt(world, job, "job.offered", attempt, {})


PER_ATTEMPT = ("progress", "details", "estimate", "input", "steps", "last_steps", "log_cut", "preview")
"""Parts of the job's document that tell of its current attempt, and start anew with the next."""


def _begin_attempt(world: World, job: JobDoc, type: str, attempt: dict[str, Any], more: dict[str, Any]) -> None:
    number, worker = attempt["number"], attempt["worker"]
    attempts: dict[str, Any] = {str(number): attempt}
    kept = job.get("attempts", {})
    if len(kept) >= KEPT_ATTEMPTS:
        attempts[min(kept, key=int)] = None
    change: dict[str, Any] = {
        "state": JobState.RUNNING.value,
        "attempt": number,
        "worker": worker,
        "attempts": attempts,
    }
    change |= cleared(job, *PER_ATTEMPT)
    change |= more
    soft: dict[str, Any] | None = {"n": None, "log_bytes": None} if "soft" in job else None
    job_event(world, job, type, change, attempt=number, soft=soft, worker=worker)


# -- adopted work --------------------------------------------------------------------------------------------------


def begin(world: World, command: c.Begin, settings: Settings) -> dict[str, Any]:
    """Adopt outside work: job and attempt in one commit; the same external id again means the same job.

    The engine counts attempts itself and may tell of them out of order: an older one never moves the job, and who
    reports about it is answered `fenced`.
    """
    worker = world.workers.get(command.worker) or {}
    if worker.get("state") not in PRESENT:
        raise Refused(
            "begin", str(worker.get("state", "unknown")), entity=f"worker {command.worker}", hint="Say hello first."
        )
    if worker.get("instance") != command.instance:  # its word was under way; nobody would ever speak of the attempt
        hint = f"Process {worker.get('instance')} has this worker's name now."
        raise Refused("begin", "replaced", entity=f"process {command.instance}", hint=hint)
    if command.attempt is not None and not 1 <= command.attempt <= MOST_ATTEMPTS:
        hint = f"Count from 1, to {MOST_ATTEMPTS:,} at most."
        raise InvalidInput("attempt", f"{command.attempt} is no number of an attempt", hint=hint)
    existing = world.externals.get((command.namespace, command.external_id))
    job = world.job(existing) if existing else None
    if job is None:
        plan = make_plan(command.plan, "plan")
        job = _adopt(world, command, settings)
        return _begun(world, job, command, command.attempt or 1, plan, created=True)
    number = _number_of(job, command)
    if is_final(job) or number <= job.get("attempt", 0):
        n = job.get("soft", {}).get("n", 0) if number == job.get("attempt") else 0
        _found_again(world, job, command, number)
        return {"id": job.get("id"), "attempt": number, "created": False, "n": n}
    plan = make_plan(command.plan, "plan")
    superseded = Ending(outcome=Outcome.RELEASED, reason=f"its engine began attempt {number}")
    if job.get("state") == JobState.CANCELLING:  # never tried again: the new attempt is fenced
        end_attempt(world, job, superseded, settings)
        return {"id": job.get("id"), "attempt": number, "created": False, "n": 0}
    if job.get("state") == JobState.RUNNING:
        record_end(world, job, superseded)
        job = fresh(world, job)
    return _begun(world, job, command, number, plan, created=False)


def _found_again(world: World, job: JobDoc, command: c.Begin, number: int) -> None:
    """The worker's new process knows the attempt of the old one: it goes on there."""
    attempt = job.get("attempts", {}).get(str(number), AttemptDoc())
    same = number == job.get("attempt") and attempt.get("worker") == command.worker
    if same and attempt.get("phase") == "started" and attempt.get("instance") != command.instance:
        change: dict[str, Any] = {"instance": command.instance, "heard_from": world.now_text}
        if "orphaned_at" in attempt:
            change["orphaned_at"] = None
        job_event(world, job, "job.noted", {"attempts": {str(number): change}}, attempt=number)


def _number_of(job: JobDoc, command: c.Begin) -> int:
    """The engine's own number; without one: the live attempt, or the next when the job waits for the engine."""
    if command.attempt is not None:
        return command.attempt
    return job.get("attempt", 0) + (job.get("state") in WAITING)


def _adopt(world: World, command: c.Begin, settings: Settings) -> JobDoc:
    asked = c.Submit(
        id=command.id, kind=command.kind, args=command.args, namespace=command.namespace,
        queue=command.queue, labels=command.labels, options=command.options, submitted_by=command.submitted_by,
    )  # fmt: skip
    submit(world, asked, settings)
    world.put(world.externals, (command.namespace, command.external_id), command.id)
    return world.jobs[command.id] or JobDoc()


def _begun(world: World, job: JobDoc, command: c.Begin, number: int, plan: Any, *, created: bool) -> dict[str, Any]:
    attempt: dict[str, Any] = {
        "number": number, "worker": command.worker, "instance": command.instance, "phase": "started",
        "offered_at": world.now_text, "started_at": world.now_text,
    }  # fmt: skip
    if plan:
        attempt["plan"] = plan
    more: dict[str, Any] = {"adopted": True, "external_id": command.external_id}
    more |= {"started_at": job.get("started_at") or world.now_text}
    _begin_attempt(world, job, "job.started", attempt, more)
    return {"id": job.get("id"), "attempt": number, "created": created, "n": 0}
