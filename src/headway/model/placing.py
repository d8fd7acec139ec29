"""Which of the workers could take a job, and what keeps it from the others: the rules of `world.fits` and of free slots.

Of those that serve its kind: who is there, takes its queue, has its labels, has room. Called by `waiting.py`.
"""

from __future__ import annotations

import shlex
from collections import Counter
from collections.abc import Iterator

from headway.clock import from_iso, iso
from headway.model.duration import duration_text
from headway.model.obstacle import NAMED, NEXT, Document, Reason, Situation, listed, more, reason, some


def obstacles(situation: Situation) -> Iterator[Reason]:
    """Who serves its kind, and then, of those: who is there, takes its queue, has its labels, has room."""
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
    for narrow in (_there, _of_its_queue, _with_its_labels):
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
