"""How jobs come into being: submitted, waiting for other jobs, retried; and how blocked ones go on.

A kind's declared defaults fill what the submit leaves open. Called by `decide.py` (Submit), the TABLE of
`lifecycle.py` (Retry, Unblock) and `offering.py` (adopted work).
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

import msgspec

from headway.clock import iso
from headway.errors import InvalidInput, Refused, TooLarge
from headway.model import command as c
from headway.model.change import finish, fresh, job_event, later, queue
from headway.model.job import INLINE_BYTES, MOST_PRIORITY, JobDoc, JobState, is_final
from headway.model.names import checked_name
from headway.model.settings import Settings
from headway.model.world import World

S = JobState

DURATIONS = ("timeout_s", "progress_timeout_s", "cancel_grace_s", "backoff_s", "backoff_cap_s")
ON_LOST = ("abort", "continue")
SERVER_KINDS = "headway."
"""How the names of kinds begin that a server runs itself; nobody submits them."""

_as_json = msgspec.json.decode


def submit(world: World, command: c.Submit, settings: Settings) -> dict[str, Any]:
    """Make a job, or meet the one that holds its unique key."""
    if command.unique and (existing := _unique_holder(world, command)):
        return {"id": existing, "created": False}
    if world.job(command.id) is not None:
        raise Refused(
            "submit", "there already", entity=f"job {command.id}", hint="Every submit needs an id of its own."
        )
    upstream = [_upstream(world, command, id) for id in command.after]
    check_size("args", command.args, settings.args_bytes)
    job = _new_job(world, command, settings)
    if any(_holds_back(each) for each in upstream):
        state = S.BLOCKED
    elif command.run_at is not None and command.run_at > world.now:
        state = S.SCHEDULED
    else:
        state = S.QUEUED
    _announce(world, job, state, command.args)
    if any(_is_broken(each) for each in upstream):
        _give_up(world, fresh(world, job))
    if command.unique:
        world.put(world.uniques, (command.namespace, command.unique), command.id)
    return {"id": command.id, "created": True}


def _upstream(world: World, command: c.Submit, id: str) -> JobDoc:
    job = world.job(id)
    if job is None or job.get("namespace") != command.namespace:
        raise InvalidInput("after", f"no job has the id {id!r}", hint="Submit the job it waits for first.")
    return job


def _holds_back(upstream: JobDoc) -> bool:
    return upstream.get("state") != S.COMPLETED


def _is_broken(upstream: JobDoc) -> bool:
    return is_final(upstream) and upstream.get("state") != S.COMPLETED


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
    options: dict[str, Any] = {**(defaults.get("options") or {}), **_checked(command.options)}
    tries = command.max_attempts if command.max_attempts is not None else defaults.get("max_attempts")
    if tries is not None and tries < 1:
        raise InvalidInput("max_attempts", f"{tries} is less than 1", hint="1 means: no retries.")
    priority = checked_priority(command.priority if command.priority is not None else defaults.get("priority", 0))
    job = JobDoc(
        id=command.id,
        namespace=command.namespace,
        kind=checked_name("kind", command.kind),
        queue=checked_name("queue", command.queue or defaults.get("queue") or "default"),
        priority=priority,
        labels={**(defaults.get("labels") or {}), **command.labels},
        args_bytes=len(command.args),
        created_at=world.now_text,
        max_attempts=tries or settings.max_attempts,
        attempt=0,
        tries=0,
        options=options,  # type: ignore[typeddict-item]
    )
    job.update(_optional(world, command, defaults))  # type: ignore[typeddict-item]
    return job


def checked_priority(priority: Any) -> int:
    """A priority that a store can hold; one that it can not would fail the commands of others in its batch."""
    if not isinstance(priority, int) or abs(priority) > MOST_PRIORITY:
        most = f"{MOST_PRIORITY:,}"
        raise InvalidInput(
            "priority", f"{priority!r} is no priority", hint=f"Give a whole number from -{most} to {most}."
        )
    return priority


def _optional(world: World, command: c.Submit, defaults: Mapping[str, Any]) -> dict[str, Any]:
    """What only some jobs have."""
    expires_s = command.expires_s if command.expires_s is not None else defaults.get("expires_s")
    found = {
        "requires": command.requires or defaults.get("requires") or None,
        "run_at": iso(command.run_at) if command.run_at is not None else None,
        "expires_at": later(world, expires_s) if expires_s is not None else None,
        "unique": command.unique,
        "unique_until": later(world, command.unique_ttl_s) if command.unique_ttl_s is not None else None,
        "limit_key": command.limit_key,
        "after": list(command.after) or None,
        "parent": command.parent,
        "retry_of": command.retry_of,
        "submitted_by": command.submitted_by,
    }
    return {key: value for key, value in found.items() if value is not None}


def _checked(options: dict[str, Any]) -> dict[str, Any]:
    for key, value in options.items():
        if key in DURATIONS:
            if value is not None and (isinstance(value, bool) or not isinstance(value, int | float) or value < 0):
                raise InvalidInput(f"options.{key}", f"{value!r} is not a duration", hint="Give seconds, 0 or more.")
        elif key != "on_lost":
            known = ", ".join([*DURATIONS, "on_lost"])
            raise InvalidInput(f"options.{key}", "is unknown", hint=f"Options are {known}.")
        elif value not in ON_LOST:
            raise InvalidInput("options.on_lost", f"{value!r} is unknown", hint=f"One of {', '.join(ON_LOST)}.")
    return options


def _announce(world: World, job: JobDoc, state: JobState, args: bytes) -> None:
    """Small args travel in the event; the row has them whole."""
    put = {"args": json_of("args", args)} if len(args) <= INLINE_BYTES else None
    world.put(world.args, job.get("id", ""), args)
    whole: dict[str, Any] = {**job, "state": state.value}
    if state == S.QUEUED:
        whole["queued_at"] = world.now_text
    job_event(world, job, "job.submitted", whole, put=put)
    if state == S.BLOCKED:
        job_event(world, job, "job.blocked", words={"after": job.get("after")})


def json_of(field: str, text: bytes) -> Any:
    """The value of a JSON text; InvalidInput names the field."""
    try:
        return _as_json(text)
    except msgspec.DecodeError as problem:
        raise InvalidInput(field, f"not JSON: {problem}") from None


def check_size(what: str, text: bytes, limit: int) -> None:
    """TooLarge names what, with the way out."""
    if len(text) > limit:
        raise TooLarge(what, len(text), limit, hint="Keep large content in a file or artifact and pass its name.")


# -- waiting for others --------------------------------------------------------------------------------------------


def unblock(world: World, job: JobDoc, command: c.Unblock, settings: Settings) -> None:
    """Queue it when all it waits for has completed; give it up when one of those did not.

    Without a look at everything it waits for (a command that names less), nothing is decided.
    """
    ids = job.get("after", [])
    if any(id not in world.jobs for id in ids):
        return
    upstream = [world.job(id) for id in ids]
    if any(each is None or _is_broken(each) for each in upstream):
        _give_up(world, job)
    elif not any(each is not None and _holds_back(each) for each in upstream):
        if job.get("run_at", "") > world.now_text:
            job_event(world, job, "job.scheduled", {"state": S.SCHEDULED.value})
        else:
            queue(world, job)


def _give_up(world: World, job: JobDoc) -> None:
    """Nobody will make what it waits for."""
    finish(world, job, S.CANCELLED, {"reason": "upstream_failed"})


# -- retry ---------------------------------------------------------------------------------------------------------


def retry(world: World, job: JobDoc, command: c.Retry, settings: Settings) -> dict[str, Any]:
    """A new job of the same lineage; the old one stays as it ended (I5)."""
    if job.get("adopted"):
        of_ours = job.get("kind", "").startswith(SERVER_KINDS)
        hint = "Ask the server for the same again." if of_ours else "Start it again in the engine that ran it."
        raise Refused("retry", "adopted", entity=f"job {job.get('id')}", hint=hint)
    if newer := job.get("retried_by"):
        raise Refused("retry", "retried already", entity=f"job {job.get('id')}", hint=f"Its newest retry is {newer}.")
    again = c.Submit(
        id=command.id,
        kind=job.get("kind", ""),
        args=_input_again(job, command),
        namespace=job.get("namespace", "default"),
        queue=job.get("queue"),
        priority=job.get("priority"),
        labels=job.get("labels", {}),
        requires=job.get("requires", {}),
        limit_key=job.get("limit_key"),
        parent=job.get("parent"),
        max_attempts=job.get("max_attempts"),
        options={**job.get("options", {})},
        retry_of=job.get("id"),
        submitted_by=command.by or None,
    )
    answer = submit(world, again, settings)
    job_event(world, job, "job.retried", {"retried_by": command.id})
    return answer


def _input_again(job: JobDoc, command: c.Retry) -> bytes:
    if command.args is not None:
        return command.args
    if command.original_args:
        return command.original_args
    if "args" in job:
        return msgspec.json.encode(job["args"])
    raise InvalidInput("args", "the original input was not loaded", hint="Pass it as original_args.")
