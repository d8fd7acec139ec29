"""Workers, services, queues and kinds: what becomes of their documents, and of the attempts a worker holds.

Theory. A worker's document is made by its hello and never blanked by a later one: a hello merges. Its states:
`online` → `stale` (nothing heard) → `online` (back) or `lost` (lease over); `draining`; `disconnected` (link
ended, lease runs on); `problem` (refused, shown with why). A process is told by its `instance`: attempts of
another instance of the same worker died with that process. Last heard and load are soft, outside the fold (I3).
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import Any

from headway.errors import InvalidInput, NotFound, Refused
from headway.model import command as c
from headway.model.event import Event
from headway.model.job import JobDoc, Outcome, current_attempt
from headway.model.lifecycle import end_attempt, job_event
from headway.model.settings import Settings
from headway.model.world import World

REQUIRED = ("machine", "instance")
SERVICE_STATES = frozenset({"starting", "idle", "busy", "error", "unreachable", "unknown"})


def _add(
    world: World, type: str, subject: str, namespace: str = "default", worker: str | None = None, **data: Any
) -> None:
    world.add(Event(type=type, at=world.now, subject=subject, namespace=namespace, worker=worker, data=data))


def _worker_event(world: World, id: str, type: str, **data: Any) -> None:
    worker = world.workers.get(id) or {}
    _add(world, type, id, worker.get("namespace", "default"), id, **data)


# -- workers -------------------------------------------------------------------------------------------------------


def connect(world: World, command: c.Connect, settings: Settings) -> dict[str, Any]:
    """A hello: register or merge the worker, settle what it holds, learn its kinds and services."""
    profile = command.profile
    for field in REQUIRED:
        if not profile.get(field):
            raise InvalidInput(field, "is missing in the worker's hello", hint=f"Set {field} and connect again.")
    old = world.workers.get(command.worker) or {}
    same = old.get("instance") == profile["instance"]
    state = "draining" if same and old.get("state") == "draining" else "online"
    change: dict[str, Any] = {key: value for key, value in profile.items() if value not in (None, "")}
    change |= {"id": command.worker, "namespace": command.namespace, "state": state, "server": command.server or None}
    change |= {"connected_at": world.now_text, "kinds": sorted(kind["name"] for kind in command.kinds)}
    change |= {"stale_at": None, "disconnected_at": None, "lost_at": None, "problems": None, "reason": None}
    type = "worker.back" if same and old.get("state") in ("stale", "disconnected", "lost") else "worker.connected"
    _worker_event(world, command.worker, type, set=change)
    world.heard[command.worker] = (world.now, None)
    for kind in command.kinds:
        _learn_kind(world, kind, command.worker)
    _services(world, command.worker, command.services)
    return _settle(world, command, settings)


def _learn_kind(world: World, kind: Mapping[str, Any], worker: str) -> None:
    """Keep the newest definition of a kind; limits set at run time stay."""
    name = kind["name"]
    old = world.kinds.get(name) or {}
    if old.get("hash") == kind.get("hash") and old.get("defaults") == kind.get("defaults") and old:
        return
    whole = {key: kind[key] for key in ("schema", "output", "plan", "defaults") if key in kind}
    rest = {key: value for key, value in kind.items() if key not in whole}
    if old.get("limits_set"):
        rest = {key: value for key, value in rest.items() if key not in ("limit", "key_limit")}
    _add(world, "kind.registered", name, worker=worker, set=rest | {"registered_at": world.now_text}, put=whole)


def _settle(world: World, command: c.Connect, settings: Settings) -> dict[str, Any]:
    """Compare what the worker says it runs with what it holds here."""
    said = {(job, attempt): n for job, attempt, n in command.running}
    yours: list[dict[str, Any]] = []
    for id in sorted(world.held_by.get(command.worker, ())):
        job = world.jobs[id] or JobDoc()
        attempt = current_attempt(job) or {}
        number = job.get("attempt", 0)
        if (id, number) in said:
            _heard_again(world, job, number, attempt.get("phase") == "offered")
            yours.append({"job": id, "attempt": number, "n": attempt.get("n", 0)})
        elif attempt.get("instance") != command.profile["instance"]:
            if not job.get("adopted") or attempt.get("phase") == "offered":
                end_attempt(world, job, Outcome.CRASHED, settings=settings, reason="its worker's process was replaced",
                            dice=command.dice)  # fmt: skip
        elif attempt.get("phase") == "offered":
            end_attempt(world, job, Outcome.RELEASED, settings=settings, reason="the offer did not arrive")
        else:
            end_attempt(world, job, Outcome.LOST, settings=settings, reason="its worker no longer knows it",
                        dice=command.dice)  # fmt: skip
    held = {(each["job"], each["attempt"]) for each in yours}
    fenced = [{"job": job, "attempt": attempt} for job, attempt in said if (job, attempt) not in held]
    return {"yours": yours, "fenced": fenced}


def _heard_again(world: World, job: JobDoc, number: int, offered: bool) -> None:
    """The stall clock starts anew: what was made meanwhile is still in the worker's buffer (08 W5)."""
    change: dict[str, Any] = {"heard_from": world.now_text}
    more: dict[str, Any] = {}
    if offered:
        change |= {"phase": "started", "started_at": world.now_text}
        more = {"started_at": job.get("started_at") or world.now_text}
    type = "job.started" if offered else "job.noted"
    job_event(world, job, type, attempt=number, set={"attempts": {str(number): change}} | more)


def disconnect(world: World, command: c.Disconnect, settings: Settings) -> None:
    """The link ended. Its attempts keep their lease, unless it said goodbye: then they are released."""
    worker = _same_instance(world, command.worker, command.instance)
    if worker is None or worker.get("state") in ("disconnected", "lost"):
        return
    change = {"state": "disconnected", "disconnected_at": world.now_text, "reason": command.reason or None}
    if command.goodbye:
        for id in sorted(world.held_by.get(command.worker, ())):
            end_attempt(world, world.jobs[id] or JobDoc(), Outcome.RELEASED, settings=settings, reason="worker stopped")
    _worker_event(world, command.worker, "worker.disconnected", set=change, goodbye=command.goodbye or None)


def _same_instance(world: World, id: str, instance: str) -> Mapping[str, Any] | None:
    worker = world.workers.get(id)
    return worker if worker and worker.get("instance") == instance else None


def stale(world: World, command: c.Stale, settings: Settings) -> None:
    """Nothing heard for `stale_s`: said, and no more offers."""
    worker = _same_instance(world, command.worker, command.instance)
    if worker and worker.get("state") in ("online", "draining"):
        draining = worker.get("state") == "draining" or None
        change = {"state": "stale", "stale_at": world.now_text, "draining": draining}
        _worker_event(world, command.worker, "worker.stale", set=change)


def back(world: World, command: c.Back, settings: Settings) -> None:
    """Heard again on the same link."""
    worker = _same_instance(world, command.worker, command.instance)
    if worker is None or worker.get("state") != "stale":
        return
    state = "draining" if worker.get("draining") else "online"
    _worker_event(world, command.worker, "worker.back", set={"state": state, "stale_at": None})
    for id in sorted(world.held_by.get(command.worker, ())):
        job = world.jobs[id] or JobDoc()
        _heard_again(world, job, job.get("attempt", 0), offered=False)


def lose(world: World, command: c.Lose, settings: Settings) -> int:
    """The lease is over: every attempt is lost, each to its own fate. Answer: how many."""
    worker = _same_instance(world, command.worker, command.instance)
    if worker is None or worker.get("state") == "lost":
        return 0
    held = sorted(world.held_by.get(command.worker, ()))
    _worker_event(
        world, command.worker, "worker.lost", set={"state": "lost", "lost_at": world.now_text}, jobs=len(held)
    )
    for id in held:
        end_attempt(world, world.jobs[id] or JobDoc(), Outcome.LOST, settings=settings, dice=command.dice)
    return len(held)


def drain(world: World, command: c.Drain, settings: Settings) -> None:
    """No more offers; what runs goes on."""
    worker = world.workers.get(command.worker)
    if worker is None:
        raise NotFound("worker", command.worker)
    if worker.get("state") in ("lost", "disconnected"):
        raise Refused("drain", worker["state"], entity=f"worker {command.worker}", hint="It is not connected.")
    if worker.get("state") != "draining":
        change = {"state": "draining", "drained_by": command.by or None}
        _worker_event(world, command.worker, "worker.draining", set=change)


def problem(world: World, command: c.Problem, settings: Settings) -> None:
    """Show it on the board with its problem, and raise an alert. Nothing it had is blanked."""
    worker = world.workers.get(command.worker)
    said = {"problem": command.problem, "at": world.now_text}
    before: list[Any] = (worker or {}).get("problems") or []
    problems = [*before, said][-5:]
    change: dict[str, Any] = {"problems": problems}
    if worker is None:
        change |= {"id": command.worker, "namespace": command.namespace, "state": "problem"}
        change |= {key: value for key, value in command.profile.items() if value}
    _worker_event(world, command.worker, "worker.problem", set=change, problem=command.problem)
    _add(world, "system.alert", "", worker=command.worker, about=f"worker {command.worker}", message=command.problem)


def hear(world: World, command: c.Hear, settings: Settings) -> None:
    """Soft: no event unless there is a load to show."""
    world.heard[command.worker] = (command.at, command.load)
    if command.load is not None and world.workers.get(command.worker):
        _worker_event(world, command.worker, "worker.loaded", load=command.load, heard_at=world.now_text)


# -- services ------------------------------------------------------------------------------------------------------


def report_services(world: World, command: c.ReportServices, settings: Settings) -> None:
    """The engines behind a worker, as it sees them now."""
    _services(world, command.worker, command.services)


def _services(world: World, worker: str, services: tuple[dict[str, Any], ...]) -> None:
    for service in services:
        name, status = service.get("name"), service.get("status", "unknown")
        if not name or status not in SERVICE_STATES:
            known = ", ".join(sorted(SERVICE_STATES))
            raise InvalidInput("services", f"{name!r} has status {status!r}", hint=f"Give a name and one of {known}.")
        subject = f"{worker}/{name}"
        old = world.services.get(subject, {})
        change = {key: value for key, value in service.items() if old.get(key) != value}
        change |= {key: None for key in ("error", "job") if key in old and service.get(key) is None}
        if change:
            change |= {"id": subject, "worker": worker, "changed_at": world.now_text}
            _add(world, "service.changed", subject, worker=worker, set=change)


# -- queues and kinds ----------------------------------------------------------------------------------------------


def pause_queue(world: World, command: c.PauseQueue, settings: Settings) -> None:
    """Paused with author and reason; again changes nothing."""
    if not (world.queues.get(command.queue) or {}).get("paused"):
        paused = {"at": world.now_text, "by": command.by or None, "reason": command.reason or None}
        _add(world, "queue.paused", command.queue, set={"name": command.queue, "paused": paused})


def resume_queue(world: World, command: c.ResumeQueue, settings: Settings) -> None:
    """The dispatcher sees this event and offers what waits."""
    if (world.queues.get(command.queue) or {}).get("paused"):
        _add(world, "queue.resumed", command.queue, set={"paused": None}, by=command.by or None)


def limit_queue(world: World, command: c.LimitQueue, settings: Settings) -> None:
    """How many of it may run at once."""
    _check_limit("limit", command.limit)
    change = {"name": command.queue, "limit": command.limit}
    _add(world, "queue.limits_changed", command.queue, set=change, by=command.by or None)


def limit_kind(world: World, command: c.LimitKind, settings: Settings) -> None:
    """Limits set at run time win over those declared in code, and stay."""
    _check_limit("limit", command.limit)
    _check_limit("key_limit", command.key_limit)
    change = {"name": command.kind, "limit": command.limit, "key_limit": command.key_limit, "limits_set": True}
    _add(world, "kind.limits_changed", command.kind, set=change)


def _check_limit(field: str, limit: int | None) -> None:
    if limit is not None and limit < 1:
        raise InvalidInput(field, f"{limit} is not positive", hint="Pause the queue to run nothing; null: no limit.")


def note(world: World, command: c.Note, settings: Settings) -> None:
    """The server's own words."""
    world.add(Event(type=command.name, at=world.now, priority=command.priority, data=command.data))


RULES: dict[type[c.Command], Callable[[World, Any, Settings], Any]] = {
    c.Connect: connect,
    c.Disconnect: disconnect,
    c.Stale: stale,
    c.Back: back,
    c.Lose: lose,
    c.Drain: drain,
    c.Problem: problem,
    c.Hear: hear,
    c.ReportServices: report_services,
    c.PauseQueue: pause_queue,
    c.ResumeQueue: resume_queue,
    c.LimitQueue: limit_queue,
    c.LimitKind: limit_kind,
    c.Note: note,
}
