"""What time does to a job: expiry, a time that has come, an offer not taken, timeout, stall, a cancel that is overdue.

Theory. The store keeps `due_at` by index: the earliest instant at which looking may be worth while, never later than
the real deadline, and never None while there is one. The sweeper sends `Elapse` for what is due; the rules here know
the real deadline, of which time that the server could not hear does not count (I9). So a job may be looked at often,
and nothing happens. Expiry alone is wall-clock time: it is a promise to who submitted, no judgement on a worker.
"""

from __future__ import annotations

from headway.clock import from_iso
from headway.model import command as c
from headway.model.change import finish, queue
from headway.model.duration import duration_text
from headway.model.ending import Ending, end_attempt
from headway.model.job import FINAL, WAITING, AttemptDoc, JobDoc, JobState, Outcome, current_attempt
from headway.model.progress import quiet_s
from headway.model.retry import NOT_ACCEPTED
from headway.model.settings import Settings
from headway.model.world import World

S = JobState

EXPIRED = "It did not start before it expired."
ORPHANED = "its worker's new process did not ask for it"

LOOK_S = 1.0
"""An offer is looked at from so soon on: however short `accept_s` is, the index must not hide it."""


def due_at(job: JobDoc) -> int | None:
    """The earliest instant (ms) at which `Elapse` may have something to do, or None. The store keeps it by index."""
    state = job.get("state")
    if state is None or state in FINAL:
        return None
    if state in WAITING:
        return _first(_expiry(job), job.get("run_at") if state == S.SCHEDULED else None)
    attempt = current_attempt(job) or AttemptDoc()
    if attempt.get("phase") == "offered":
        return _plus(attempt.get("offered_at"), LOOK_S)
    if "orphaned_at" in attempt:
        return _plus(attempt["orphaned_at"], LOOK_S)
    if state == S.CANCELLING:
        receipt = job.get("cancel", {})
        return _plus(receipt.get("requested_at"), receipt.get("grace_s", 0.0))
    over = _plus(attempt.get("started_at"), job.get("options", {}).get("timeout_s"))
    stalled = _plus(_stall_base(attempt), quiet_s(job, attempt))
    return stalled if over is None else over if stalled is None else min(over, stalled)


def _first(*texts: str | None) -> int | None:
    known = [text for text in texts if text]
    return from_iso(min(known)) if known else None


def _expiry(job: JobDoc) -> str | None:
    """When it expires; a job that ever started does not."""
    return None if "started_at" in job else job.get("expires_at")


def _plus(text: str | None, seconds: float | None) -> int | None:
    return None if text is None or seconds is None else from_iso(text) + round(seconds * 1000)


def _stall_base(attempt: AttemptDoc) -> str | None:
    bases = (attempt.get("started_at"), attempt.get("progress_at"), attempt.get("heard_from"))
    return max((each for each in bases if each), default=None)


def heard_s(since: str | None, now: int, deaf: tuple[tuple[int, int], ...]) -> float:
    """Seconds from `since` to `now` in which the server could hear (I9); 0 for an unset instant.

    `deaf` are intervals (ms) that do not overlap.
    """
    if since is None:
        return 0.0
    start = from_iso(since)
    lost = sum(max(0, min(until, now) - max(begin, start)) for begin, until in deaf)
    return (now - start - lost) / 1000


# -- the rules -----------------------------------------------------------------------------------------------------


def elapse_waiting(world: World, job: JobDoc, command: c.Elapse, settings: Settings) -> None:
    """Expiry, then the time of a scheduled job."""
    expires = _expiry(job)
    if expires and expires <= world.now_text:
        finish(world, job, S.FAILED, {"reason": "expired", "error": {"type": "expired", "message": EXPIRED}})
    elif job.get("state") == S.SCHEDULED and job.get("run_at", "") <= world.now_text:
        queue(world, job)


def elapse_running(world: World, job: JobDoc, command: c.Elapse, settings: Settings) -> None:
    """Offer not accepted, total timeout, stall: in this order."""
    attempt = current_attempt(job) or AttemptDoc()
    if attempt.get("phase") == "offered":
        if heard_s(attempt.get("offered_at"), world.now, command.deaf) >= settings.accept_s:
            end_attempt(world, job, Ending(outcome=Outcome.RELEASED, reason=NOT_ACCEPTED), settings)
        return
    if _is_orphan(world, attempt, command, settings):
        end_attempt(world, job, Ending(outcome=Outcome.LOST, reason=ORPHANED, dice=command.dice), settings)
        return
    timeout = job.get("options", {}).get("timeout_s")
    if timeout is not None and heard_s(attempt.get("started_at"), world.now, command.deaf) >= timeout:
        reason = f"ran longer than {duration_text(timeout)}"
        end_attempt(world, job, Ending(outcome=Outcome.TIMED_OUT, reason=reason, dice=command.dice), settings)
    elif (quiet := _stalled_s(world, job, attempt, command.deaf)) is not None:
        reason = f"no progress for {duration_text(quiet)}"
        end_attempt(world, job, Ending(outcome=Outcome.STALLED, reason=reason, dice=command.dice), settings)


def _is_orphan(world: World, attempt: AttemptDoc, command: c.Elapse, settings: Settings) -> bool:
    """Adopted work that the new process of its worker has not asked for within a lease's time."""
    return "orphaned_at" in attempt and heard_s(attempt["orphaned_at"], world.now, command.deaf) >= settings.lease_s


def _stalled_s(world: World, job: JobDoc, attempt: AttemptDoc, deaf: tuple[tuple[int, int], ...]) -> float | None:
    """How long it may be without progress, if it was; or None.

    The clock stands while its worker is silent and while it waits for input.
    """
    quiet = quiet_s(job, attempt)
    if quiet is None or "input" in job or not _is_fresh(world, job):
        return None
    return quiet if heard_s(_stall_base(attempt), world.now, deaf) >= quiet else None


def _is_fresh(world: World, job: JobDoc) -> bool:
    worker = world.workers.get(job.get("worker") or "")
    return worker is None or worker.get("state") in ("online", "draining")


def elapse_cancelling(world: World, job: JobDoc, command: c.Elapse, settings: Settings) -> None:
    """A live worker that did not stop long past the grace is fenced; the job is cancelled. A silent one has its lease."""
    attempt = current_attempt(job) or AttemptDoc()
    if _is_orphan(world, attempt, command, settings):
        end_attempt(world, job, Ending(outcome=Outcome.LOST, reason=ORPHANED, dice=command.dice), settings)
        return
    receipt = job.get("cancel", {})
    limit = receipt.get("grace_s", settings.cancel_grace_s) + settings.cancel_overdue_s
    if _is_fresh(world, job) and heard_s(receipt.get("requested_at"), world.now, command.deaf) >= limit:
        end_attempt(world, job, Ending(outcome=Outcome.CANCELLED, reason="abandoned"), settings)
