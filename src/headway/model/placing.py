"""Which of the workers could take a job, and what keeps it from the others: the rules of `world.fits` and of free slots.

Of those that serve its kind: who is there, has the approved definition, takes its queue, has its labels, has an engine that
lives and is free, has room.
Called by `waiting.py`.
"""

from __future__ import annotations

import shlex
from collections import Counter
from collections.abc import Iterator
from typing import Any

from headway.clock import from_iso, iso
from headway.model.duration import duration_text
from headway.model.obstacle import NAMED, NEXT, Document, Reason, Situation, listed, more, reason, some
from headway.model.services import matches, slots_of


def obstacles(situation: Situation) -> Iterator[Reason]:
    """Who serves its kind, and then, of those: who is there, takes its queue, has its labels, has an engine, has room."""
    job = situation.job
    kind, namespace = job.get("kind", ""), job.get("namespace", "default")
    serving = [
        worker
        for worker in situation.workers
        if kind in (worker.get("kinds") or ()) and worker.get("namespace", "default") == namespace
    ]
    if not serving:
        hint = "Start a worker that has it: headway worker MODULE:APP."
        yield reason("no_worker", f"No worker serves the kind {kind}.", hint, kind=kind)
        return
    left = serving
    for narrow in (_there, _of_its_definition, _of_its_queue, _with_its_labels, _with_its_service, _with_room_there):
        left, obstacle = narrow(situation, left)
        if obstacle is not None:
            yield obstacle
            return
    yield from _room(situation, left)


Narrowed = tuple[list[Document], Reason | None]


def _there(situation: Situation, workers: list[Document]) -> Narrowed:
    away = {worker["id"]: why for worker in workers if (why := _absence(situation, worker))}
    left = [worker for worker in workers if worker["id"] not in away]
    if left:
        return left, None
    kind = situation.job.get("kind", "")
    text = f"No worker that serves the kind {kind} is online: {listed(away)}."
    hint = "Start one of them again, or another: headway worker MODULE:APP."
    return left, reason("no_worker_online", text, hint, kind=kind, workers=some(away), **more(away))


def _absence(situation: Situation, worker: Document) -> str:
    """Why a worker is offered nothing at all; "" for one that may be."""
    state = worker.get("state", "unknown")
    if state != "online":
        return state
    heard = worker.get("heard_at")
    silent_s = (situation.now - from_iso(heard)) / 1000 if heard else 0.0
    return f"not heard for {duration_text(silent_s)}" if silent_s >= situation.stale_s else ""


def _of_its_definition(situation: Situation, workers: list[Document]) -> Narrowed:
    """Those whose last told definition is the pinned one."""
    kind = situation.job.get("kind", "")
    pinned = situation.kind.get("definition")
    told: dict[str, str | None] = {worker["id"]: worker.get("definitions", {}).get(kind) for worker in workers}
    others = {id: definition or "none" for id, definition in told.items() if definition != pinned}
    left = [worker for worker in workers if worker["id"] not in others]
    if left or not others:
        return left, None
    facts: dict[str, Any] = {"kind": kind, "workers": some(others), **more(others)}
    if changed := situation.kind.get("quarantine"):
        text = f"The definition of {kind} changed at {changed.get('seen_at')}, and nobody has approved the new one."
        return left, reason("kind_quarantined", text, f"headway kinds approve {shlex.quote(kind)}", **facts)
    text = f"No worker that is there has the approved definition of {kind}: {listed(dict.fromkeys(others, 'another'))}."
    hint = f"Have them tell theirs again, then approve it: headway workers repair {shlex.quote(next(iter(others)))}"
    return left, reason("kind_quarantined", text, hint, **facts)


def _of_its_queue(situation: Situation, workers: list[Document]) -> Narrowed:
    queue = situation.job.get("queue", "")
    left = [worker for worker in workers if not worker.get("queues") or queue in worker["queues"]]
    if left:
        return left, None
    others = {worker["id"]: worker["queues"] for worker in workers}
    text = f"No worker takes jobs of queue {queue}; those that serve its kind take others."
    hint = f"headway worker MODULE:APP --queue {shlex.quote(queue)}"
    return left, reason("queue_not_served", text, hint, queue=queue, workers=some(others), **more(others))


def _with_its_labels(situation: Situation, workers: list[Document]) -> Narrowed:
    requires = situation.job.get("requires", {})
    missing = {
        worker["id"]: absent
        for worker in workers
        if (absent := dict(sorted(requires.items() - (worker.get("labels") or {}).items())))
    }
    left = [worker for worker in workers if worker["id"] not in missing]
    if left:
        return left, None
    wanted = [f"{name}={value}" for name, value in sorted(requires.items())]
    hint = " ".join(["headway worker MODULE:APP", *(f"--label {shlex.quote(each)}" for each in wanted)])
    text = f"No worker that is there has all of the labels {', '.join(wanted)}."
    return left, reason("requires", text, hint, requires=requires, workers=some(missing), **more(missing))


def _with_its_service(situation: Situation, workers: list[Document]) -> Narrowed:
    """An engine of the sort that it needs, and that lives."""
    wanted = situation.needs.get(situation.job.get("kind", ""))
    left = [worker for worker in workers if wanted is None or slots_of(_services_of(situation, worker), wanted)]
    if left or wanted is None:
        return left, None
    away = {worker["id"]: _engines(situation, worker, wanted) for worker in workers}
    said = " ".join(each for engines in list(away.values())[:3] for each in engines)
    text = f"No {wanted} that it could run on is there. {said}"
    hint = f"Look at it and at its machine, or {_another(wanted)}."
    facts = {id: " ".join(engines) for id, engines in away.items()}
    return left, reason("service_away", text, hint, service=wanted, workers=some(facts), **more(facts))


def _another(wanted: str) -> str:
    """The way to one more such engine; MCP servers have names in a config file and no target (docs/topics/mcp.md)."""
    type, _, name = wanted.partition(":")
    if type == "mcp":
        return f"start another worker whose headway.toml has [mcp.servers.{name or 'NAME'}]"
    return "start another one and a worker for it: headway worker --connector TYPE=TARGET"


def _services_of(situation: Situation, worker: Document) -> list[Document]:
    return [service for service in situation.services if service.get("worker") == worker["id"]]


def _engines(situation: Situation, worker: Document, wanted: str) -> list[str]:
    """A sentence for each engine of the worker that it could have run on."""
    found = [service for service in _services_of(situation, worker) if matches(service, wanted)]
    return [_engine(service, worker) for service in found] or [f"{worker['id']} has none."]


def _engine(service: Document, worker: Document) -> str:
    """`comfyui 127.0.0.1:8188 of basic-1/1 is unreachable since …: connection refused.`"""
    why = service.get("reason") or service.get("error")
    since = f" since {service['changed_at']}" if "changed_at" in service else ""
    slots = "" if service.get("slots", 1) else ", and has no slots"
    name = f"{service.get('type')} {service.get('name')} of {worker['id']}"
    return f"{name} is {service.get('status')}{since}{slots}{f': {why}' if why else ''}."


def _with_room_there(situation: Situation, workers: list[Document]) -> Narrowed:
    """A free slot of such an engine: what its worker runs of all kinds that need one takes one."""
    wanted = situation.needs.get(situation.job.get("kind", ""))
    if wanted is None:
        return workers, None
    needing = (job for job in situation.active if situation.needs.get(job.get("kind", "")) == wanted)
    held = Counter(job.get("worker") or "" for job in needing)
    slots = {worker["id"]: slots_of(_services_of(situation, worker), wanted) for worker in workers}
    left = [worker for worker in workers if held[worker["id"]] < slots[worker["id"]]]
    if left:
        return left, None
    full = {id: {"slots": number, "held": held[id]} for id, number in slots.items()}
    counted = {id: f"{each['held']} of {each['slots']}" for id, each in full.items()}
    text = f"All slots of {wanted} are taken: {listed(counted)}."
    hint = f"Wait, or {_another(wanted)}."
    return left, reason("service_full", text, hint, service=wanted, workers=some(full), **more(full))


def _room(situation: Situation, workers: list[Document]) -> Iterator[Reason]:
    """Those that it avoids, those without a free slot; if neither is true of one, it starts there."""
    now_text = iso(situation.now)
    held = Counter(job.get("worker") or "" for job in situation.active)
    until = situation.job.get("avoid", {})
    avoided = {worker["id"]: until[worker["id"]] for worker in workers if until.get(worker["id"], "") > now_text}
    full = {
        worker["id"]: {"slots": slots, "held": held[worker["id"]]}
        for worker in workers
        if worker["id"] not in avoided and held[worker["id"]] >= (slots := int(worker.get("slots") or 1))
    }
    if free := [worker["id"] for worker in workers if worker["id"] not in {*avoided, *full}]:
        text = "A worker with a free slot is there; unless others come first, it starts within a second."
        yield reason(NEXT, text, workers=free[:NAMED], **more(free))
        return
    if full:
        counted = {id: f"{each['held']} of {each['slots']}" for id, each in full.items()}
        text = f"All slots are taken: {listed(counted)}."
        hint = "Wait, or start another worker: headway worker MODULE:APP --slots N."
        yield reason("slots_full", text, hint, workers=some(full), **more(full))
    if avoided:
        text = f"It did not succeed at {listed(avoided)}, and stays away from there for a while."
        yield reason("avoided", text, workers=some(avoided), until=min(avoided.values()), **more(avoided))
