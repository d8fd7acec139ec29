"""Workers, services and what they bring: what becomes of their documents, and of the attempts a worker holds.

Theory. A worker's document is made by its hello and never blanked by a later one: a hello merges. Its states:
`online` → `stale` (nothing heard) → `online` (back) or `lost` (lease over); `draining`; `disconnected` (link
ended, lease runs on); `problem` (refused, shown with why). That it drains stays with it (`draining`) through all of
them, until another process takes its place. A process is told by its `instance`: attempts of another instance of the
same worker died with that process. When it was heard and its load are told like all
else (`worker.loaded`); what rows have of it beside the document is soft (I3).
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import Any

from headway.clock import iso
from headway.errors import InvalidInput, NotFound, Refused
from headway.model import command as c
from headway.model.change import job_event
from headway.model.ending import Ending, end_attempt
from headway.model.event import Event
from headway.model.job import AttemptDoc, JobDoc, Outcome, current_attempt
from headway.model.load import extended
from headway.model.names import checked_name
from headway.model.progress import make_plan
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
    change: dict[str, Any] = data.get("set") or {}
    if change.get("state", worker.get("state")) != worker.get("state"):
        change["state_at"] = world.now_text
    _add(world, type, id, worker.get("namespace", "default"), id, **data)


# -- workers -------------------------------------------------------------------------------------------------------


def connect(world: World, command: c.Connect, settings: Settings) -> dict[str, Any]:
    """A hello: register or merge the worker, settle what it holds, learn its kinds and services."""
    profile = command.profile
    for field in REQUIRED:
        if not profile.get(field):
            raise InvalidInput(field, "is missing in the worker's hello", hint=f"Set {field} and connect again.")
    checked_name("worker", command.worker)
    for kind in command.kinds:
        checked_name("kinds.name", kind["name"])
    old = world.workers.get(command.worker) or {}
    if old.get("namespace", command.namespace) != command.namespace:
        said = f"worker {command.worker} belongs to namespace {old['namespace']!r}"
        raise InvalidInput("namespace", said, hint="Give this worker another id, or use a token of that namespace.")
    same = old.get("instance") == profile["instance"]
    _register(world, command, old, same=same)
    world.put(world.heard, command.worker, (world.now, None))
    for kind in command.kinds:
        _learn_kind(world, kind, command.worker)
    named = {service.get("name") for service in command.services}
    gone = [each for each in world.services.values() if each.get("worker") == command.worker]
    absent = tuple({"name": each.get("name"), "status": "unknown"} for each in gone if each.get("name") not in named)
    _services(world, command.worker, (*command.services, *absent))
    return _settle(world, command, settings)


def _register(world: World, command: c.Connect, old: Mapping[str, Any], *, same: bool) -> None:
    draining = same and bool(old.get("draining"))
    change: dict[str, Any] = {key: value for key, value in command.profile.items() if value not in (None, "")}
    labels = change.pop("labels", None)
    change |= {"id": command.worker, "namespace": command.namespace, "state": "draining" if draining else "online"}
    change |= {
        "connected_at": world.now_text,
        "heard_at": world.now_text,
        "kinds": sorted(kind["name"] for kind in command.kinds),
    }
    if command.server:
        change["server"] = command.server
    over = ("stale_at", "disconnected_at", "left_at", "lost_at", "problems", "reason")
    change |= {key: None for key in (over if draining else (*over, "draining", "drained_by")) if key in old}
    was_away = same and old.get("state") in ("stale", "disconnected", "lost")
    words = {"put": {"labels": labels}} if labels is not None else {}
    _worker_event(world, command.worker, "worker.back" if was_away else "worker.connected", set=change, **words)


def _learn_kind(world: World, kind: Mapping[str, Any], worker: str) -> None:
    """Keep the newest definition of a kind; limits set at run time stay."""
    name = kind["name"]
    old = world.kinds.get(name) or {}
    whole = {key: kind[key] for key in ("schema", "output", "plan", "defaults") if key in kind}
    if "plan" in whole:
        whole["plan"] = make_plan(whole["plan"], f"kinds.{name}.plan")
    if old and old.get("hash") == kind.get("hash") and all(old.get(key) == value for key, value in whole.items()):
        return
    rest = {key: value for key, value in kind.items() if key not in whole}
    if old.get("limits_set"):
        rest = {key: value for key, value in rest.items() if key not in ("limit", "key_limit")}
    _add(world, "kind.registered", name, worker=worker, set=rest | {"registered_at": world.now_text}, put=whole)


def _settle(world: World, command: c.Connect, settings: Settings) -> dict[str, Any]:
    """Compare what the worker says it runs with what it holds here."""
    said = {(job, attempt) for job, attempt, _ in command.running}
    instance = command.profile["instance"]
    yours: list[dict[str, Any]] = []
    for id in sorted(world.held_by.get(command.worker, ())):
        job = world.jobs[id] or JobDoc()
        attempt = current_attempt(job) or AttemptDoc()
        if (id, job.get("attempt", 0)) in said:
            _heard_again(world, job, instance)
            yours.append({"job": id, "attempt": job.get("attempt", 0), "n": job.get("soft", {}).get("n", 0)})
        elif job.get("adopted") and attempt.get("instance") != instance:
            _orphan(world, job, attempt)
        else:
            end_attempt(world, job, _given_up(attempt, instance, command.dice), settings)
    held = {(each["job"], each["attempt"]) for each in yours}
    fenced = [{"job": job, "attempt": attempt} for job, attempt, _ in command.running if (job, attempt) not in held]
    answer: dict[str, Any] = {"yours": yours, "fenced": fenced}
    if (world.workers.get(command.worker) or {}).get("draining"):
        answer["draining"] = True
    return answer


def _orphan(world: World, job: JobDoc, attempt: AttemptDoc) -> None:
    """Its engine may run it still: the new process has a lease's time to say so (`begin`), then it is lost."""
    if "orphaned_at" not in attempt:
        number = job.get("attempt", 0)
        change = {"attempts": {str(number): {"orphaned_at": world.now_text}}}
        job_event(world, job, "job.noted", change, attempt=number)


def _given_up(attempt: AttemptDoc, instance: str, dice: float) -> Ending:
    """How an attempt ended that its worker does not name."""
    if attempt.get("instance") != instance:
        return Ending(outcome=Outcome.CRASHED, reason="its worker's process was replaced", dice=dice)
    if attempt.get("phase") == "offered":
        return Ending(outcome=Outcome.RELEASED, reason="the offer did not arrive")
    return Ending(outcome=Outcome.LOST, reason="its worker no longer knows it", dice=dice)


def _heard_again(world: World, job: JobDoc, instance: str | None = None) -> None:
    """The stall clock starts anew: what was made meanwhile is still in the worker's buffer."""
    number = job.get("attempt", 0)
    attempt = current_attempt(job) or AttemptDoc()
    change: dict[str, Any] = {"heard_from": world.now_text}
    more: dict[str, Any] = {}
    if instance is not None and attempt.get("instance") != instance:
        change["instance"] = instance
        change |= {"orphaned_at": None} if "orphaned_at" in attempt else {}
    starts = instance is not None and attempt.get("phase") == "offered"
    if starts:
        change |= {"phase": "started", "started_at": world.now_text}
        more = {"started_at": job.get("started_at") or world.now_text}
    type = "job.started" if starts else "job.noted"
    job_event(world, job, type, {"attempts": {str(number): change}, **more}, attempt=number)


def disconnect(world: World, command: c.Disconnect, settings: Settings) -> None:
    """The link ended. Its attempts keep their lease, unless it said goodbye: then they are released.

    Adopted work goes on in its engine, whatever becomes of who tells of it: it keeps the lease in any case. A worker that
    holds nothing has left (`left_at`): no lease is waited for, it is never lost.
    A server that hears late of a link's end is not heeded once the worker is linked to another.
    """
    worker = _same_instance(world, command.worker, command.instance)
    if worker is None or worker.get("state") in ("disconnected", "lost") or is_elsewhere(worker, command.server):
        return
    change: dict[str, Any] = {"state": "disconnected", "disconnected_at": world.now_text}
    if command.goodbye:
        for id in sorted(world.held_by.get(command.worker, ())):
            job = world.jobs[id] or JobDoc()
            if not job.get("adopted"):
                end_attempt(world, job, Ending(outcome=Outcome.RELEASED, reason="its worker stopped"), settings)
        if not world.held_by.get(command.worker):
            change["left_at"] = world.now_text
    if command.reason:
        change["reason"] = command.reason
    words = {"goodbye": True} if command.goodbye else {}
    _worker_event(world, command.worker, "worker.disconnected", set=change, **words)


def _same_instance(world: World, id: str, instance: str) -> Mapping[str, Any] | None:
    worker = world.workers.get(id)
    return worker if worker and worker.get("instance") == instance else None


def is_elsewhere(worker: Mapping[str, Any], server: str) -> bool:
    """True where the worker is linked to another server than this one."""
    return bool(server) and worker.get("server", server) != server


def stale(world: World, command: c.Stale, settings: Settings) -> None:
    """Nothing heard for `stale_s`: said, and no more offers."""
    worker = _same_instance(world, command.worker, command.instance)
    if worker and worker.get("state") in ("online", "draining"):
        change = {"state": "stale", "stale_at": world.now_text}
        _worker_event(world, command.worker, "worker.stale", set=change)


def back(world: World, command: c.Back, settings: Settings) -> None:
    """Heard again on the same link."""
    worker = _same_instance(world, command.worker, command.instance)
    if worker is None or worker.get("state") != "stale":
        return
    state = "draining" if worker.get("draining") else "online"
    _worker_event(world, command.worker, "worker.back", set={"state": state, "stale_at": None})
    for id in sorted(world.held_by.get(command.worker, ())):
        _heard_again(world, world.jobs[id] or JobDoc())


def lose(world: World, command: c.Lose, settings: Settings) -> int:
    """The lease is over: every attempt is lost, each to its own fate. Answer: how many."""
    worker = _same_instance(world, command.worker, command.instance)
    if worker is None or worker.get("state") in ("lost", "problem"):
        return 0
    held = sorted(world.held_by.get(command.worker, ()))
    change = {"state": "lost", "lost_at": world.now_text}
    _worker_event(world, command.worker, "worker.lost", set=change, jobs=len(held))
    for id in held:
        end_attempt(world, world.jobs[id] or JobDoc(), Ending(outcome=Outcome.LOST, dice=command.dice), settings)
    return len(held)


def drain(world: World, command: c.Drain, settings: Settings) -> None:
    """No more offers; what runs goes on. A second drain changes nothing."""
    worker = world.workers.get(command.worker)
    if worker is None:
        raise NotFound("worker", command.worker)
    if worker.get("state") in ("lost", "disconnected", "problem"):
        raise Refused("drain", worker["state"], entity=f"worker {command.worker}", hint="It is not connected.")
    if worker.get("draining"):
        return
    change: dict[str, Any] = {"draining": True, "drained_by": command.by or None}
    if worker.get("state") == "online":
        change["state"] = "draining"
    _worker_event(world, command.worker, "worker.draining", set=change)


def cut(world: World, command: c.Cut, settings: Settings) -> None:
    """The server that has the link follows the log, and closes it."""
    worker = world.workers.get(command.worker)
    if worker is None:
        raise NotFound("worker", command.worker)
    if worker.get("state") not in ("online", "draining", "stale") or "server" not in worker:
        state = worker.get("state", "unknown")
        raise Refused("disconnect", state, entity=f"worker {command.worker}", hint="There is no link to cut.")
    words = {"server": worker["server"], "for_good": command.for_good, "reason": command.reason, "by": command.by}
    _worker_event(world, command.worker, "worker.disconnect_requested", **words)


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
    """Soft, and said: a viewer who came long ago must see the same age as one who comes only now (I9, I12)."""
    world.put(world.heard, command.worker, (command.at, command.load))
    worker = world.workers.get(command.worker)
    if not worker:
        return
    heard_at = max(iso(command.at), worker.get("heard_at", ""))  # another server may have heard it later
    change: dict[str, Any] = {"heard_at": heard_at}
    if command.load is None:
        _worker_event(world, command.worker, "worker.loaded", set=change)
        return
    if series := extended(worker.get("load_series", {}), command.at, command.load):
        change["load_series"] = series
    _worker_event(world, command.worker, "worker.loaded", set=change, put={"load": command.load})


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
    c.Cut: cut,
    c.Problem: problem,
    c.Hear: hear,
    c.ReportServices: report_services,
    c.Note: note,
}
