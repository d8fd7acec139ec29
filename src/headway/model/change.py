"""How rules write: the events by which jobs and the board change, and the few moves that several rules share.

`job_event` is the only maker of `job.*` events. A change of state always brings `was`, the state that was left: counts
fold from it. Called by the rules of jobs, attempts and workers; decides nothing itself.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from headway.clock import iso
from headway.model.event import Event
from headway.model.job import JobDoc, JobState
from headway.model.world import World

KEPT_PROBLEMS = 5
"""The newest problems of a worker that its document holds."""
LONGEST_WAIT_S = 10 * 365 * 86_400.0


def job_event(
    world: World,
    job: JobDoc,
    type: str,
    change: dict[str, Any] | None = None,
    *,
    attempt: int | None = None,
    put: dict[str, Any] | None = None,
    soft: dict[str, Any] | None = None,
    extra: dict[str, Any] | None = None,
    words: dict[str, Any] | None = None,
    worker: str | None = None,
) -> None:
    """Add an event about `job`: `change` is its `set`, `words` are what else its data says.

    While a numbered statement is applied, the job's first event carries its `n` too: n stands exactly when they do.
    """
    id = job["id"]  # pyright: ignore[reportTypedDictNotRequiredAccess]
    data: dict[str, Any] = {}
    if change:
        data["set"] = change
        if "state" in change:
            data["was"] = job.get("state")
    if put:
        data["put"] = put
    if (stamp := world.stamp) and stamp[0] == id:
        soft = {**(soft or {}), "n": stamp[1]}
        world.stamp = None
    if soft:
        data["soft"] = soft
    if words:
        data.update(words)
    world.add(
        Event(
            type=type,
            at=world.now,
            subject=id,
            namespace=job.get("namespace", "default"),
            job=id,
            attempt=attempt,
            worker=worker or job.get("worker"),
            queue=job.get("queue"),
            kind=job.get("kind"),
            labels=job.get("labels") or None,
            data=data,
            extra=extra,
        )
    )


def board_event(
    world: World, type: str, subject: str, namespace: str = "default", worker: str | None = None, **data: Any
) -> None:
    """Add an event about anything but a job."""
    world.add(Event(type=type, at=world.now, subject=subject, namespace=namespace, worker=worker, data=data))


def worker_event(world: World, id: str, type: str, **data: Any) -> None:
    """Add an event about a worker; a new state brings the instant of its change."""
    worker = world.workers.get(id) or {}
    change: dict[str, Any] = data.get("set") or {}
    if change.get("state", worker.get("state")) != worker.get("state"):
        change["state_at"] = world.now_text
    board_event(world, type, id, worker.get("namespace", "default"), id, **data)


def note_problem(
    world: World, worker: str, text: str, change: Mapping[str, Any] | None = None, *, once: bool = False
) -> None:
    """Show a worker with a problem, and raise an alert. `once`: not where it stands there already."""
    before: list[Any] = (world.workers.get(worker) or {}).get("problems") or []
    if once and any(each["problem"] == text for each in before):
        return
    problems = [*before, {"problem": text, "at": world.now_text}][-KEPT_PROBLEMS:]
    worker_event(world, worker, "worker.problem", set={"problems": problems, **(change or {})}, problem=text)
    board_event(world, "system.alert", "", worker=worker, about=f"worker {worker}", message=text)


def is_elsewhere(worker: Mapping[str, Any], server: str) -> bool:
    """True where the worker is linked to another server than this one."""
    return bool(server) and worker.get("server", server) != server


def fresh(world: World, job: JobDoc) -> JobDoc:
    """The job as the events so far have made it."""
    return world.jobs[job.get("id", "")] or job


def later(world: World, seconds: float) -> str:
    """The instant so many seconds from now, as documents write it."""
    return iso(world.now + round(min(max(seconds, 0.0), LONGEST_WAIT_S) * 1000))


def cleared(job: JobDoc, *keys: str) -> dict[str, None]:
    """A patch that removes those of the keys that the job has."""
    return {key: None for key in keys if key in job}


def queue(world: World, job: JobDoc, *, avoid: str | None = None, avoid_s: float = 0.0) -> None:
    """Make it claimable; for `avoid_s` by any other worker than `avoid` first."""
    change: dict[str, Any] = {"state": JobState.QUEUED.value, "queued_at": world.now_text}
    change |= cleared(job, "worker", "estimate")
    over: dict[str, Any] = {id: None for id, until in job.get("avoid", {}).items() if until <= world.now_text}
    if avoid:
        over[avoid] = later(world, avoid_s)
    if over:
        change["avoid"] = over
    job_event(world, job, "job.queued", change, attempt=job.get("attempt") or None)


def finish(
    world: World, job: JobDoc, state: JobState, change: dict[str, Any], put: dict[str, Any] | None = None
) -> None:
    """The one door into a final state."""
    whole: dict[str, Any] = {"state": state.value, "finished_at": world.now_text}
    whole |= cleared(job, "estimate", "input", "held", "avoid")
    whole |= change
    job_event(world, job, f"job.{state.value}", whole, attempt=job.get("attempt") or None, put=put)
