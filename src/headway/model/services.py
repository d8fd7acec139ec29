"""Services: the engines behind a worker, as it tells of them, and what its silence makes of them.

Theory. A worker tells always of all its services, each entry whole. What anybody waits for (status, slots, reason, job, …)
is told by `service.changed`; a sign of life and the load by `service.loaded`, which viewers may conflate. Both are folded,
so that snapshot, live and REST agree at every cursor (I12). `seen_at` is the engine's last sign of life by the server's
clock: the worker says how long ago, for no clock is shared. A service that nobody can speak for is `unknown`, with
the reason: its worker was lost, left or named it no more; or nothing was heard for `service_unknown_s` of hearing time (I9).
Must never know what engines are. Called by `fleet.py`, `decide.py`, the dispatcher and the sweeper (room, silence).
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from typing import Any

from headway.clock import from_iso, iso
from headway.errors import InvalidInput
from headway.model import command as c
from headway.model.change import board_event, is_elsewhere, note_problem
from headway.model.elapse import heard_s
from headway.model.service_check import checked_service
from headway.model.settings import Settings
from headway.model.world import World

Document = Mapping[str, Any]

USABLE = frozenset({"idle", "busy", "error"})
"""Statuses of an engine that lives: its slots count, and its silence is its own. Of the others its worker speaks."""
OURS = frozenset({"id", "namespace", "worker", "changed_at", "seen_at", "load", "seq"})
"""Fields of the document that are not the worker's, or are told apart."""
SEEN_STEP_MS = 1_000
"""A sign of life that is newer by less is not told: ages are computed by the worker, and jitter by as much as a link does."""

LEFT_OUT = "its worker does not name it any more"
"""Lists for people leave those out (`gone_at`), until they are named again."""


# -- what a worker tells -------------------------------------------------------------------------------------------


def report_services(world: World, command: c.ReportServices, settings: Settings) -> list[dict[str, str]]:
    """All services of a worker, as it sees them now. Answer: what was not taken, `{field, message}` each."""
    worker = world.workers.get(command.worker) or {}
    if command.instance and (worker.get("instance") != command.instance or is_elsewhere(worker, command.server)):
        return []  # a late word of a link that is over
    return tell(world, command.worker, command.services, settings)


def tell(world: World, worker: str, services: Sequence[Document], settings: Settings) -> list[dict[str, str]]:
    """Take each that is whole. Another is left as it was, and its fault stands with the worker as a problem."""
    known = {id: each for id, each in world.services.items() if each.get("worker") == worker}
    named: set[str] = set()
    faults: list[InvalidInput] = []
    for place, service in enumerate(services):
        named.add(f"{worker}/{service.get('name')}")
        try:
            whole = checked_service(service, f"services[{place}]")
        except InvalidInput as fault:
            faults.append(fault)
            continue
        _take(world, worker, known.get(f"{worker}/{whole['name']}", {}), whole, settings)
    for id in sorted(known.keys() - named):
        _leave_out(world, known[id])
    for fault in faults:
        note_problem(world, worker, str(fault), once=True)
    return [{"field": fault.field, "message": str(fault)} for fault in faults]


def _take(world: World, worker: str, old: Document, told: dict[str, Any], settings: Settings) -> None:
    load, age_s = told.pop("load", None), told.pop("age_s", None)
    seen_at = _seen_at(world, old, age_s, told["status"])
    if told["status"] in USABLE and age_s is not None and age_s >= settings.service_unknown_s:
        told |= _unknown(_silent(settings))
    now = {key: value for key, value in told.items() if value is not None}
    change: dict[str, Any] = {key: value for key, value in now.items() if old.get(key) != value}
    change |= dict.fromkeys(old.keys() - now.keys() - OURS)
    type = "service.changed" if change else "service.loaded"
    put = {key: change.pop(key) for key, value in now.items() if key in change and isinstance(value, dict)}
    if load is None:
        change |= {"load": None} if "load" in old else {}
    elif load != old.get("load") or type == "service.changed":
        put["load"] = load
    if seen_at is not None and (type == "service.changed" or _is_newer(seen_at, old.get("seen_at"))):
        change["seen_at"] = seen_at
    if not change and not put:
        return
    if type == "service.changed":
        change |= {"id": f"{worker}/{told['name']}", "worker": worker}
        change["namespace"] = (world.workers.get(worker) or {}).get("namespace", "default")
        if "status" in change:
            change["changed_at"] = world.now_text
    _event(world, type, worker, told["name"], change, put)


def _seen_at(world: World, old: Document, age_s: float | None, status: str) -> str | None:
    """Never earlier than what was known. An engine that lives and whose age is not told has been seen just now."""
    if age_s is None and status not in USABLE:
        return old.get("seen_at")
    at = iso(max(world.now - round((age_s or 0.0) * 1000), 0))
    return max(at, old.get("seen_at", ""))


def _is_newer(seen_at: str, before: str | None) -> bool:
    return before is None or from_iso(seen_at) - from_iso(before) >= SEEN_STEP_MS


def _event(world: World, type: str, worker: str, name: str, change: dict[str, Any], put: dict[str, Any]) -> None:
    data: dict[str, Any] = {"set": change} if change else {}
    if put:
        data["put"] = put
    namespace = (world.workers.get(worker) or {}).get("namespace", "default")
    board_event(world, type, f"{worker}/{name}", namespace, worker, **data)


# -- what nobody can tell any more ---------------------------------------------------------------------------------


def forget_services(world: World, worker: str, reason: str) -> None:
    """Nobody speaks for the services of this worker any more."""
    for id in sorted(world.services):
        if world.services[id].get("worker") == worker:
            _forget(world, world.services[id], reason)


def _forget(world: World, service: Document, reason: str) -> None:
    """Unknown for this reason. What was unknown before stays so for the reason it had, as long as nobody speaks of it."""
    if service.get("status") == "unknown":
        return
    _event(world, "service.changed", service["worker"], service["name"], _forgotten(world, service, reason), {})


def _leave_out(world: World, service: Document) -> None:
    """Its worker speaks, and not of it: gone since now (`gone_at`), whatever was the reason that nobody knew before."""
    if "gone_at" in service:
        return
    change = {"reason": LEFT_OUT} if service.get("status") == "unknown" else _forgotten(world, service, LEFT_OUT)
    change["gone_at"] = world.now_text
    _event(world, "service.changed", service["worker"], service["name"], change, {})


def _forgotten(world: World, service: Document, reason: str) -> dict[str, Any]:
    gone = {key: None for key in ("job", "error") if key in service}
    return {"status": "unknown", "reason": reason, "changed_at": world.now_text, **gone}


def _unknown(reason: str) -> dict[str, Any]:
    return {"status": "unknown", "reason": reason, "job": None, "error": None}


def _silent(settings: Settings) -> str:
    return f"nothing heard of it for {settings.service_unknown_s:g} s"


def silence_service(world: World, command: c.ServiceSilent, settings: Settings) -> None:
    """Unknown, unless something was heard of it meanwhile."""
    service = world.services.get(f"{command.worker}/{command.name}", {})
    since = silent_since(service, world.workers.get(command.worker) or {})
    if since is not None and heard_s(since, world.now, command.deaf) >= settings.service_unknown_s:
        _forget(world, service, _silent(settings))


def silent_since(service: Document, worker: Document) -> str | None:
    """The last evidence of how it is: its own sign of life, or its worker's where it gives none; None: no evidence to age."""
    status = service.get("status")
    if status in USABLE:
        return service.get("seen_at") or service.get("changed_at")
    return None if status in (None, "unknown") else worker.get("heard_at")


# -- room ----------------------------------------------------------------------------------------------------------


def matches(service: Document, wanted: str) -> bool:
    """True where this is a service as a kind wants it: `type`, or `type:name`."""
    type, _, name = wanted.partition(":")
    return service.get("type") == type and (not name or service.get("name") == name)


def slots_of(services: Iterable[Document], wanted: str) -> int:
    """How many jobs those of them take at once that are as wanted and live."""
    usable = (each for each in services if matches(each, wanted) and each.get("status") in USABLE)
    return sum(int(each.get("slots", 1)) for each in usable)
