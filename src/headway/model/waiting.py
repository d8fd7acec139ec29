"""Why a job is not running: every obstacle that stands in its way now, in words, with the way out.

The same rules by which a claim is decided (`world.fits`, `offering._may_run`, the dispatcher's free slots), read the other
way round: not *which job for this worker* but *what keeps this job from every worker*. Where nothing does, that is said too
(`next`): it starts within a second. Pure: what it looks at comes in as a `Situation`. Called by REST (server/why.py).
"""

from __future__ import annotations

import shlex
from collections import Counter
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from typing import Any

import msgspec

from headway.clock import from_iso, iso
from headway.model.duration import duration_text
from headway.model.job import WAITING, AttemptDoc, JobDoc, current_attempt
from headway.model.world import limit_keys

Document = dict[str, Any]
Reason = dict[str, Any]
"""`code`, `text` (one sentence), `hint` (the way out, where there is one), and the facts it was said from."""

NEXT = "next"
"""The code of a job that nothing stands in the way of."""
NAMED = 20
"""Workers or jobs that a reason names; `more` counts the rest."""


class Situation(msgspec.Struct, kw_only=True):
    """A job and all that decides whether it may run. `active` are the running and cancelling jobs of everybody,
    `upstream` those it waits for (None: deleted), `now` in ms. A worker that was silent for `stale_s` counts as away.
    """

    job: JobDoc
    now: int
    queue: Mapping[str, Any] = {}
    kind: Mapping[str, Any] = {}
    workers: Sequence[Document] = ()
    active: Sequence[JobDoc] = ()
    upstream: Mapping[str, JobDoc | None] = {}
    stale_s: float = 15.0


Rule = Callable[[Situation], Iterable[Reason]]


def reasons(situation: Situation) -> list[Reason]:
    """All of them, what the job itself waits for first; empty for a job that runs or has ended."""
    job = situation.job
    rules = (_adopted,) if job.get("adopted") and job.get("state") in WAITING else RULES.get(job.get("state", ""), ())
    found = [reason for rule in rules for reason in rule(situation)]
    return [reason for reason in found if reason["code"] != NEXT or len(found) == 1]


def _reason(code: str, text: str, hint: str = "", **facts: Any) -> Reason:
    return {"code": code, "text": text, **({"hint": hint} if hint else {}), **facts}


# -- the job itself ------------------------------------------------------------------------------------------------


def _held(situation: Situation) -> Iterator[Reason]:
    if situation.job.get("held"):
        hint = f"Release it: POST /api/v1/jobs/{situation.job.get('id')}/release."
        yield _reason("held", "Somebody holds it.", hint)


def _adopted(situation: Situation) -> Iterator[Reason]:
    """Nothing else stands in its way: it is offered to nobody."""
    text = "Another engine runs it, and has not begun it again yet; no worker is offered it."
    yield _reason("adopted", text, "Look into the engine that runs it.", external_id=situation.job.get("external_id"))


def _scheduled(situation: Situation) -> Iterator[Reason]:
    run_at = situation.job.get("run_at")
    if run_at is None:
        return
    left_s = max(0.0, (from_iso(run_at) - situation.now) / 1000)
    when = f"at {run_at}, in {duration_text(left_s)}" if left_s else "now"
    ended = current_attempt(situation.job)
    if ended is None:
        yield _reason("scheduled", f"It is to start {when}.", run_at=run_at, left_s=left_s)
        return
    number, outcome = situation.job.get("attempt", 0), ended.get("outcome", "")
    text = f"Attempt {number} {_ENDED.get(outcome, outcome)}; the next one is {when}."
    more: dict[str, Any] = {"error": error} if (error := ended.get("error")) else {}
    yield _reason("retry_scheduled", text, run_at=run_at, left_s=left_s, attempt=number, outcome=outcome, **more)


_ENDED = {"errored": "raised an error", "lost": "was lost with its worker", "timed_out": "took too long"}


def _blocked(situation: Situation) -> Iterator[Reason]:
    ids = situation.job.get("after", [])
    found = {id: situation.upstream.get(id) for id in ids}
    states = {id: (job or JobDoc(state="deleted")).get("state", "") for id, job in found.items()}
    waits_for = {id: state for id, state in states.items() if state != "completed"}
    if not waits_for:
        yield _reason("blocked", "All that it waited for has completed; it is looked at next.", jobs={})
        return
    one = len(waits_for) == 1
    text = f"It waits for job {next(iter(waits_for))}." if one else f"It waits for {len(waits_for)} jobs."
    hint = f"headway watch {' '.join(list(waits_for)[:NAMED])}"
    yield _reason("blocked", text, hint, jobs=_some(waits_for), **_more(waits_for))


# -- queues and limits ---------------------------------------------------------------------------------------------


def _queue_paused(situation: Situation) -> Iterator[Reason]:
    if paused := situation.queue.get("paused"):
        name = situation.job.get("queue", "")
        by = f" by {paused['by']}" if paused.get("by") else ""
        because = f": {paused['reason']}" if paused.get("reason") else ""
        text = f"Queue {name} is paused{by} since {paused['at']}{because}."
        yield _reason("queue_paused", text, f"headway queues resume {shlex.quote(name)}", queue=name, paused=paused)


def _limits(situation: Situation) -> Iterator[Reason]:
    counted = Counter(key for job in situation.active for key in limit_keys(job))
    for key in limit_keys(situation.job):
        limit = situation.queue.get("limit") if key[0] == "queue" else situation.kind.get(_LIMIT_OF[key[0]])
        if limit is not None and counted[key] >= limit:
            yield _LIMITED[key[0]](key, limit, counted[key])


_LIMIT_OF = {"kind": "limit", "key": "key_limit"}


def _queue_limit(key: tuple[str, ...], limit: int, running: int) -> Reason:
    text = f"Queue {key[1]} runs {running} jobs; its limit is {limit}."
    hint = f"headway queues limit {shlex.quote(key[1])} {limit + 1}"
    return _reason("queue_limit", text, hint, queue=key[1], limit=limit, running=running)


def _kind_limit(key: tuple[str, ...], limit: int, running: int) -> Reason:
    text = f"{running} jobs of kind {key[1]} run; the limit is {limit}."
    return _reason("kind_limit", text, _KIND_HINT.format(key[1], "limit"), kind=key[1], limit=limit, running=running)


def _key_limit(key: tuple[str, ...], limit: int, running: int) -> Reason:
    text = f"{running} jobs of kind {key[1]} run for the key {key[2]}; the limit for each key is {limit}."
    hint = _KIND_HINT.format(key[1], "key_limit")
    return _reason("key_limit", text, hint, kind=key[1], limit_key=key[2], limit=limit, running=running)


_KIND_HINT = 'Change it: PATCH /api/v1/kinds/{} with {{"{}": …}}.'
_LIMITED: dict[str, Callable[[tuple[str, ...], int, int], Reason]] = {
    "queue": _queue_limit,
    "kind": _kind_limit,
    "key": _key_limit,
}


# -- workers -------------------------------------------------------------------------------------------------------


def _workers(situation: Situation) -> Iterator[Reason]:
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
        yield _reason("no_worker", f"No worker serves the kind {kind}.", hint, kind=kind)
        return
    left = serving
    for narrow in (_there, _of_its_queue, _with_its_labels):
        left, reason = narrow(situation, left)
        if reason is not None:
            yield reason
            return
    yield from _room(situation, left)


Narrowed = tuple[list[Document], Reason | None]


def _there(situation: Situation, workers: list[Document]) -> Narrowed:
    away = {worker["id"]: why for worker in workers if (why := _absence(situation, worker))}
    left = [worker for worker in workers if worker["id"] not in away]
    if left:
        return left, None
    kind = situation.job.get("kind", "")
    text = f"No worker that serves the kind {kind} is online: {_listed(away)}."
    hint = "Start one of them again, or another: headway worker MODULE:APP."
    return left, _reason("no_worker_online", text, hint, kind=kind, workers=_some(away), **_more(away))


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
    return left, _reason("queue_not_served", text, hint, queue=queue, workers=_some(others), **_more(others))


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
    return left, _reason("requires", text, hint, requires=requires, workers=_some(missing), **_more(missing))


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
        yield _reason(NEXT, text, workers=free[:NAMED], **_more(free))
        return
    if full:
        counted = {id: f"{each['held']} of {each['slots']}" for id, each in full.items()}
        text = f"All slots are taken: {_listed(counted)}."
        hint = "Wait, or start another worker: headway worker MODULE:APP --slots N."
        yield _reason("slots_full", text, hint, workers=_some(full), **_more(full))
    if avoided:
        text = f"It was given back by {_listed(avoided)}, and stays away from there for a while."
        yield _reason("avoided", text, workers=_some(avoided), until=min(avoided.values()), **_more(avoided))


# -- while it runs -------------------------------------------------------------------------------------------------


def _offered(situation: Situation) -> Iterator[Reason]:
    attempt = current_attempt(situation.job) or AttemptDoc()
    if attempt.get("phase") == "offered":
        worker, at = attempt.get("worker", ""), attempt.get("offered_at", "")
        yield _reason(
            "offered", f"It is offered to {worker}, which has not accepted yet.", worker=worker, offered_at=at
        )


def _needs_input(situation: Situation) -> Iterator[Reason]:
    if asked := situation.job.get("input"):
        hint = f"Answer it: POST /api/v1/jobs/{situation.job.get('id')}/input."
        text = f"It asks, and waits for an answer: {asked.get('message') or asked.get('request')}"
        yield _reason("needs_input", text, hint, request=asked.get("request"))


def _silent(situation: Situation) -> Iterator[Reason]:
    """Nobody knows how far it is: not an obstacle, but why nothing moves."""
    id = situation.job.get("worker")
    worker = next((worker for worker in situation.workers if worker["id"] == id), None)
    if worker is not None and worker.get("state") in ("stale", "disconnected"):
        text = f"Its worker {id} is {worker['state']} since {worker.get('state_at') or worker.get('heard_at')}."
        yield _reason(
            "worker_away", text, "It is tried elsewhere when its lease ends.", worker=id, state=worker["state"]
        )


# -- saying it -----------------------------------------------------------------------------------------------------


def _some(found: Mapping[str, Any]) -> dict[str, Any]:
    return dict(list(found.items())[:NAMED])


def _more(found: Sequence[str] | Mapping[str, Any]) -> dict[str, Any]:
    return {"more": len(found) - NAMED} if len(found) > NAMED else {}


def _listed(found: Mapping[str, str]) -> str:
    """`gpu/1 (stale), gpu/2 (lost) and 3 more`."""
    shown = [f"{id} ({word})" for id, word in list(found.items())[:3]]
    rest = f" and {len(found) - 3} more" if len(found) > 3 else ""
    return ", ".join(shown) + rest


RULES: dict[str, tuple[Rule, ...]] = {
    "scheduled": (_held, _scheduled),
    "blocked": (_held, _blocked),
    "queued": (_held, _queue_paused, _limits, _workers),
    "running": (_offered, _needs_input, _silent),
}
"""What is looked at in each state; in others nothing is waited for."""
