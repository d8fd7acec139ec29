"""Why a job is not running: every obstacle that stands in its way now, in words, with the way out.

The same rules by which a claim is decided (`world.fits`, `offering._may_run`, the dispatcher's free slots), read the other
way round: not *which job for this worker* but *what keeps this job from every worker*. Where nothing does, that is said too
(`next`): it starts within a second. Pure: what it looks at comes in as a `Situation`. Called by REST (server/why.py).
"""

from __future__ import annotations

import shlex
from collections import Counter
from collections.abc import Callable, Iterable, Iterator
from typing import Any

from headway.clock import from_iso
from headway.model.duration import duration_text
from headway.model.job import WAITING, AttemptDoc, JobDoc, current_attempt
from headway.model.obstacle import NAMED, NEXT, Reason, Situation, more, reason, some
from headway.model.placing import obstacles
from headway.model.world import limit_keys

Rule = Callable[[Situation], Iterable[Reason]]


def reasons(situation: Situation) -> list[Reason]:
    """All of them, what the job itself waits for first; empty for a job that runs or has ended."""
    job = situation.job
    rules = (_adopted,) if job.get("adopted") and job.get("state") in WAITING else RULES.get(job.get("state", ""), ())
    found = [each for rule in rules for each in rule(situation)]
    return [each for each in found if each["code"] != NEXT or len(found) == 1]


# -- the job itself -----------------------------------------------------------------------------------------------------


def _held(situation: Situation) -> Iterator[Reason]:
    if situation.job.get("held"):
        hint = f"Release it: POST /api/v1/jobs/{situation.job.get('id')}/release."
        yield reason("held", "Somebody holds it.", hint)


def _adopted(situation: Situation) -> Iterator[Reason]:
    """Nothing else stands in its way: it is offered to nobody."""
    text = "Another engine runs it, and has not begun it again yet; no worker is offered it."
    yield reason("adopted", text, "Look into the engine that runs it.", external_id=situation.job.get("external_id"))


def _scheduled(situation: Situation) -> Iterator[Reason]:
    run_at = situation.job.get("run_at")
    if run_at is None:
        return
    left_s = max(0.0, (from_iso(run_at) - situation.now) / 1000)
    when = f"at {run_at}, in {duration_text(left_s)}" if left_s else "now"
    ended = current_attempt(situation.job)
    if ended is None:
        yield reason("scheduled", f"It is to start {when}.", run_at=run_at, left_s=left_s)
        return
    number, outcome = situation.job.get("attempt", 0), ended.get("outcome", "")
    text = f"Attempt {number} {_ENDED.get(outcome, outcome)}; the next one is {when}."
    said: dict[str, Any] = {"error": error} if (error := ended.get("error")) else {}
    yield reason("retry_scheduled", text, run_at=run_at, left_s=left_s, attempt=number, outcome=outcome, **said)


_ENDED = {"errored": "raised an error", "lost": "was lost with its worker", "timed_out": "took too long"}


def _blocked(situation: Situation) -> Iterator[Reason]:
    ids = situation.job.get("after", [])
    found = {id: situation.upstream.get(id) for id in ids}
    states = {id: (job or JobDoc(state="deleted")).get("state", "") for id, job in found.items()}
    waits_for = {id: state for id, state in states.items() if state != "completed"}
    if not waits_for:
        yield reason("blocked", "All that it waited for has completed; it is looked at next.", jobs={})
        return
    one = len(waits_for) == 1
    text = f"It waits for job {next(iter(waits_for))}." if one else f"It waits for {len(waits_for)} jobs."
    hint = f"headway watch {' '.join(list(waits_for)[:NAMED])}"
    yield reason("blocked", text, hint, jobs=some(waits_for), **more(waits_for))


# -- queues and limits --------------------------------------------------------------------------------------------------


def _queue_paused(situation: Situation) -> Iterator[Reason]:
    if paused := situation.queue.get("paused"):
        name = situation.job.get("queue", "")
        by = f" by {paused['by']}" if paused.get("by") else ""
        because = f": {paused['reason']}" if paused.get("reason") else ""
        text = f"Queue {name} is paused{by} since {paused['at']}{because}."
        yield reason("queue_paused", text, f"headway queues resume {shlex.quote(name)}", queue=name, paused=paused)


def _limits(situation: Situation) -> Iterator[Reason]:
    counted = Counter(key for job in situation.active for key in limit_keys(job))
    for key in limit_keys(situation.job):
        limit = situation.queue.get("limit") if key[0] == "queue" else situation.kind.get(_LIMIT_OF[key[0]])
        if limit is not None and counted[key] >= limit:
            yield _LIMITED[key[0]](key, limit, counted[key])


_LIMIT_OF = {"kind": "limit", "key": "key_limit"}


def _jobs(number: int) -> str:
    return "1 job" if number == 1 else f"{number} jobs"


def _queue_limit(key: tuple[str, ...], limit: int, running: int) -> Reason:
    text = f"Queue {key[1]} runs {_jobs(running)}, and may run {limit} at a time."
    hint = f"headway queues limit {shlex.quote(key[1])} {limit + 1}"
    return reason("queue_limit", text, hint, queue=key[1], limit=limit, running=running)


def _kind_limit(key: tuple[str, ...], limit: int, running: int) -> Reason:
    text = f"Kind {key[1]} runs {_jobs(running)}, and may run {limit} at a time."
    return reason("kind_limit", text, _KIND_HINT.format(key[1], "limit"), kind=key[1], limit=limit, running=running)


def _key_limit(key: tuple[str, ...], limit: int, running: int) -> Reason:
    text = f"Kind {key[1]} runs {_jobs(running)} for the key {key[2]}, and may run {limit} at a time for each."
    hint = _KIND_HINT.format(key[1], "key_limit")
    return reason("key_limit", text, hint, kind=key[1], limit_key=key[2], limit=limit, running=running)


_KIND_HINT = 'Change it: PATCH /api/v1/kinds/{} with {{"{}": …}}.'
_LIMITED: dict[str, Callable[[tuple[str, ...], int, int], Reason]] = {
    "queue": _queue_limit,
    "kind": _kind_limit,
    "key": _key_limit,
}


# -- while it runs ------------------------------------------------------------------------------------------------------


def _offered(situation: Situation) -> Iterator[Reason]:
    attempt = current_attempt(situation.job) or AttemptDoc()
    if attempt.get("phase") == "offered":
        worker, at = attempt.get("worker", ""), attempt.get("offered_at", "")
        yield reason("offered", f"It is offered to {worker}, which has not accepted yet.", worker=worker, offered_at=at)


def _needs_input(situation: Situation) -> Iterator[Reason]:
    if asked := situation.job.get("input"):
        hint = f"Answer it: POST /api/v1/jobs/{situation.job.get('id')}/input."
        text = f"It asks, and waits for an answer: {asked.get('message') or asked.get('request')}"
        yield reason("needs_input", text, hint, request=asked.get("request"))


def _silent(situation: Situation) -> Iterator[Reason]:
    """Nobody knows how far it is: not an obstacle, but why nothing moves."""
    id = situation.job.get("worker")
    worker = next((worker for worker in situation.workers if worker["id"] == id), None)
    if worker is not None and worker.get("state") in ("stale", "disconnected"):
        text = f"Its worker {id} is {worker['state']} since {worker.get('state_at') or worker.get('heard_at')}."
        yield reason(
            "worker_away", text, "It is tried elsewhere when its lease ends.", worker=id, state=worker["state"]
        )


RULES: dict[str, tuple[Rule, ...]] = {
    "scheduled": (_held, _scheduled),
    "blocked": (_held, _blocked),
    "queued": (_held, _queue_paused, _limits, obstacles),
    "running": (_offered, _needs_input, _silent),
}
"""What is looked at in each state; in others nothing is waited for."""
