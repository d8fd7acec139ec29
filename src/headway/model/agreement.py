"""Do a worker and this server agree on what it runs? Settled at its hello, and compared while its link stands.

Theory. A hello names every attempt of which something is still to be said; what it does not name ends, each to its own
fate, and what it names beyond that is fenced. A heartbeat names them too, now and then: what is started here and was not
named twice in a row is lost, long before a stall clock would tell. Where the same process and the server do not agree
although nothing happened that would explain it, the worker is shown with a problem, and an alert is raised; its
registration stays untouched. Called by `fleet.py` and `decide.py`.
"""

from __future__ import annotations

from typing import Any

from headway.model import command as c
from headway.model.change import is_elsewhere, job_event, note_problem
from headway.model.ending import Ending, end_attempt
from headway.model.job import AttemptDoc, JobDoc, Outcome, current_attempt
from headway.model.settings import Settings
from headway.model.world import World

UNKNOWN_THERE = "its worker no longer knows it"
NAMED = 3
"""Attempts that a problem names; the rest is counted."""


# -- a hello -------------------------------------------------------------------------------------------------------


def settle(world: World, command: c.Connect, settings: Settings) -> dict[str, Any]:
    """Compare what the worker says it runs with what it holds here."""
    said = {(job, attempt) for job, attempt, _ in command.running}
    instance = command.profile["instance"]
    yours: list[dict[str, Any]] = []
    unknown_there: list[tuple[str, int]] = []
    for id in sorted(world.held_by.get(command.worker, ())):
        job = world.jobs[id] or JobDoc()
        attempt = current_attempt(job) or AttemptDoc()
        number = job.get("attempt", 0)
        if (id, number) in said:
            hear_again(world, job, instance)
            yours.append({"job": id, "attempt": number, "n": job.get("soft", {}).get("n", 0)})
        elif job.get("adopted") and attempt.get("instance") != instance:
            _orphan(world, job, attempt)
        else:
            ending = _given_up(attempt, instance, command.dice)
            unknown_there += [(id, number)] if ending.outcome == Outcome.LOST else []
            end_attempt(world, job, ending, settings)
    held = {(each["job"], each["attempt"]) for each in yours}
    fenced = [(job, attempt) for job, attempt, _ in command.running if (job, attempt) not in held]
    _disagree(world, command.worker, unknown_there, "runs here, and its worker does not know it any more")
    strange = [each for each in fenced if not _was_given(world, command.worker, *each)]
    _disagree(world, command.worker, strange, "is said to run there, and was never given to this worker")
    answer: dict[str, Any] = {
        "yours": yours,
        "fenced": [{"job": job, "attempt": attempt} for job, attempt in fenced],
    }
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
    return Ending(outcome=Outcome.LOST, reason=UNKNOWN_THERE, dice=dice)


def hear_again(world: World, job: JobDoc, instance: str | None = None) -> None:
    """The stall clock starts anew: what was made meanwhile is still in the worker's buffer."""
    number = job.get("attempt", 0)
    attempt = current_attempt(job) or AttemptDoc()
    change: dict[str, Any] = {"heard_from": world.now_text}
    more: dict[str, Any] = {}
    if "missed_at" in attempt and instance is not None:
        change["missed_at"] = None
    if instance is not None and attempt.get("instance") != instance:
        change["instance"] = instance
        change |= {"orphaned_at": None} if "orphaned_at" in attempt else {}
    starts = instance is not None and attempt.get("phase") == "offered"
    if starts:
        change |= {"phase": "started", "started_at": world.now_text}
        more = {"started_at": job.get("started_at") or world.now_text}
    type = "job.started" if starts else "job.noted"
    job_event(world, job, type, {"attempts": {str(number): change}, **more}, attempt=number)


# -- while the link stands -----------------------------------------------------------------------------------------


def compare(world: World, command: c.Compare, settings: Settings) -> None:
    """Attempts that are started here and that their worker did not name twice in a row are lost."""
    worker = world.workers.get(command.worker) or {}
    if worker.get("instance") != command.instance or is_elsewhere(worker, command.server):
        return
    said = set(command.running)
    lost: list[tuple[str, int]] = []
    for id in sorted(world.held_by.get(command.worker, ())):
        job = world.jobs[id] or JobDoc()
        attempt, number = current_attempt(job) or AttemptDoc(), job.get("attempt", 0)
        if attempt.get("phase") != "started" or attempt.get("instance") != command.instance:
            continue  # an offer is on its way; an orphan has its own clock
        if (id, number) not in said and "missed_at" in attempt:
            lost.append((id, number))
            end_attempt(world, job, Ending(outcome=Outcome.LOST, reason=UNKNOWN_THERE, dice=command.dice), settings)
        elif ((id, number) in said) == ("missed_at" in attempt):
            change = {"missed_at": None if (id, number) in said else world.now_text}
            job_event(world, job, "job.noted", {"attempts": {str(number): change}}, attempt=number)
    _disagree(world, command.worker, lost, "ran here, and its worker did not name it twice")


# -- a problem -----------------------------------------------------------------------------------------------------


def _was_given(world: World, worker: str, id: str, number: int) -> bool:
    """True where the server knows of this attempt of the worker, however it ended: then the fence is no surprise."""
    job = world.job(id) or JobDoc()
    return job.get("attempts", {}).get(str(number), AttemptDoc()).get("worker") == worker


def _disagree(world: World, worker: str, attempts: list[tuple[str, int]], what: str) -> None:
    if not attempts:
        return
    named = ", ".join(f"attempt {number} of job {id}" for id, number in attempts[:NAMED])
    more = f" (and {len(attempts) - NAMED} more)" if len(attempts) > NAMED else ""
    note_problem(world, worker, f"{named[0].upper()}{named[1:]}{more} {what}.")
