"""How rules write: the events by which a job changes, and the few moves that several rules share.

`job_event` is the only maker of `job.*` events. A change of state always brings `was`, the state that was left: counts
fold from it. Called by the rules of jobs, attempts and workers; decides nothing itself.
"""

from __future__ import annotations

from typing import Any

from headway.clock import iso
from headway.model.event import Event
from headway.model.job import JobDoc, JobState
from headway.model.world import World

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
