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
from headway.model.agreement import compare, hear_again, settle
from headway.model.change import is_elsewhere, note_problem, worker_event
from headway.model.ending import Ending, end_attempt
from headway.model.event import Event
from headway.model.job import JobDoc, Outcome
from headway.model.kind_check import sorted_out
from headway.model.kinds import learn, of_worker, refused
from headway.model.load import extended
from headway.model.names import checked_name
from headway.model.services import forget_services, report_services, silence_service, tell
from headway.model.settings import Settings
from headway.model.world import World

REQUIRED = ("machine", "instance")


# -- workers -------------------------------------------------------------------------------------------------------


def connect(world: World, command: c.Connect, settings: Settings) -> dict[str, Any]:
    """A hello: register or merge the worker, settle what it holds, learn its kinds and services."""
    profile = command.profile
    for field in REQUIRED:
        if not profile.get(field):
            raise InvalidInput(field, "is missing in the worker's hello", hint=f"Set {field} and connect again.")
    checked_name("worker", command.worker)
    old = world.workers.get(command.worker) or {}
    if old.get("namespace", command.namespace) != command.namespace:
        said = f"worker {command.worker} belongs to namespace {old['namespace']!r}"
        raise InvalidInput("namespace", said, hint="Give this worker another id, or use a token of that namespace.")
    same = old.get("instance") == profile["instance"]
    kinds, faults = sorted_out(command.kinds)
    _register(world, command, old, kinds, same=same)
    world.put(world.heard, command.worker, (world.now, None))
    for kind in kinds.values():
        learn(world, kind, command.worker)
    left_out = refused(world, command.worker, faults)
    not_taken = [*left_out, *tell(world, command.worker, command.services, settings)]
    answer = settle(world, command, settings)
    if services := [each for each in world.services.values() if each.get("worker") == command.worker]:
        answer["services"] = services
    if left_out:
        answer["taken"] = list(kinds)
    return answer | ({"refused": not_taken} if not_taken else {})


def _register(
    world: World, command: c.Connect, old: Mapping[str, Any], kinds: Mapping[str, Mapping[str, Any]], *, same: bool
) -> None:
    draining = same and bool(old.get("draining"))
    change: dict[str, Any] = {key: value for key, value in command.profile.items() if value not in (None, "")}
    labels = change.pop("labels", None)
    change |= {"id": command.worker, "namespace": command.namespace, "state": "draining" if draining else "online"}
    names, definitions = of_worker(kinds)
    change |= {"connected_at": world.now_text, "heard_at": world.now_text, "kinds": names}
    if command.server:
        change["server"] = command.server
    over = ("stale_at", "disconnected_at", "left_at", "lost_at", "problems", "reason")
    change |= {key: None for key in (over if draining else (*over, "draining", "drained_by")) if key in old}
    was_away = same and old.get("state") in ("stale", "disconnected", "lost")
    whole: dict[str, Any] = {} if labels is None else {"labels": labels}
    if definitions or "definitions" in old:
        whole["definitions"] = definitions
    words = {"put": whole} if whole else {}
    worker_event(world, command.worker, "worker.back" if was_away else "worker.connected", set=change, **words)


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
        forget_services(world, command.worker, "its worker left")
        for id in sorted(world.held_by.get(command.worker, ())):
            job = world.jobs[id] or JobDoc()
            if not job.get("adopted"):
                end_attempt(world, job, Ending(outcome=Outcome.RELEASED, reason="its worker stopped"), settings)
        if not world.held_by.get(command.worker):
            change["left_at"] = world.now_text
    if command.reason:
        change["reason"] = command.reason
    words = {"goodbye": True} if command.goodbye else {}
    worker_event(world, command.worker, "worker.disconnected", set=change, **words)


def _same_instance(world: World, id: str, instance: str) -> Mapping[str, Any] | None:
    worker = world.workers.get(id)
    return worker if worker and worker.get("instance") == instance else None


def stale(world: World, command: c.Stale, settings: Settings) -> None:
    """Nothing heard for `stale_s`: said, and no more offers."""
    worker = _same_instance(world, command.worker, command.instance)
    if worker and worker.get("state") in ("online", "draining"):
        change = {"state": "stale", "stale_at": world.now_text}
        worker_event(world, command.worker, "worker.stale", set=change)


def back(world: World, command: c.Back, settings: Settings) -> None:
    """Heard again on the same link."""
    worker = _same_instance(world, command.worker, command.instance)
    if worker is None or worker.get("state") != "stale":
        return
    state = "draining" if worker.get("draining") else "online"
    worker_event(world, command.worker, "worker.back", set={"state": state, "stale_at": None})
    for id in sorted(world.held_by.get(command.worker, ())):
        hear_again(world, world.jobs[id] or JobDoc())


def lose(world: World, command: c.Lose, settings: Settings) -> int:
    """The lease is over: every attempt is lost, each to its own fate. Answer: how many."""
    worker = _same_instance(world, command.worker, command.instance)
    if worker is None or worker.get("state") in ("lost", "problem"):
        return 0
    held = sorted(world.held_by.get(command.worker, ()))
    change = {"state": "lost", "lost_at": world.now_text}
    worker_event(world, command.worker, "worker.lost", set=change, jobs=len(held))
    cause = f": {worker['reason']}" if worker.get("reason") else ""
    forget_services(world, command.worker, f"its worker was lost{cause}")
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
    worker_event(world, command.worker, "worker.draining", set=change)


def cut(world: World, command: c.Cut, settings: Settings) -> None:
    """The server that has the link follows the log, and closes it."""
    worker = world.workers.get(command.worker)
    if worker is None:
        raise NotFound("worker", command.worker)
    if worker.get("state") not in ("online", "draining", "stale") or "server" not in worker:
        state = worker.get("state", "unknown")
        raise Refused("disconnect", state, entity=f"worker {command.worker}", hint="There is no link to cut.")
    words = {"server": worker["server"], "for_good": command.for_good, "reason": command.reason, "by": command.by}
    worker_event(world, command.worker, "worker.disconnect_requested", **words)


def problem(world: World, command: c.Problem, settings: Settings) -> None:
    """Show it on the board with its problem, and raise an alert. Nothing it had is blanked."""
    worker = world.workers.get(command.worker)
    if worker is None:
        change: dict[str, Any] = {"id": command.worker, "namespace": command.namespace, "state": "problem"}
        change |= {key: value for key, value in command.profile.items() if value}
        note_problem(world, command.worker, command.problem, change)
    else:
        note_problem(world, command.worker, command.problem)


def hear(world: World, command: c.Hear, settings: Settings) -> None:
    """Soft, and said: a viewer who came long ago must see the same age as one who comes only now (I9, I12)."""
    world.put(world.heard, command.worker, (command.at, command.load))
    worker = world.workers.get(command.worker)
    if not worker:
        return
    heard_at = max(iso(command.at), worker.get("heard_at", ""))  # another server may have heard it later
    change: dict[str, Any] = {"heard_at": heard_at}
    if command.load is None:
        worker_event(world, command.worker, "worker.loaded", set=change)
        return
    if series := extended(worker.get("load_series", {}), command.at, command.load):
        change["load_series"] = series
    worker_event(world, command.worker, "worker.loaded", set=change, put={"load": command.load})


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
    c.ServiceSilent: silence_service,
    c.Compare: compare,
    c.Note: note,
}
