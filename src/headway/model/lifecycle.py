"""The life of a job: which command is lawful in which state, and what it makes happen.

Theory. A job is a document with one of eight states. A command about a job is looked up in TABLE by (command,
state): found, its rule answers with events, which alone change the document; not found, it is `Refused` and
nothing changes (I1). Time is a command too (`Elapse`): timeout, stall, expiry and completion meet here in one
order, and the first committed wins (I5). Rules are functions `(world, job, command, settings) -> answer` that add
events to the world. How jobs begin is in `submit.py`, what time does in `elapse.py`, how attempts end in `ending.py`,
what workers say in `attempt.py`; `decide.py` puts all together.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from headway.errors import InvalidInput, NotFound, Refused
from headway.model import command as c
from headway.model.change import cleared, finish, fresh, job_event
from headway.model.elapse import elapse_cancelling, elapse_running, elapse_waiting
from headway.model.ending import Ending, end_attempt
from headway.model.job import ACTIVE, FINAL, WAITING, AttemptDoc, JobDoc, JobState, Outcome, current_attempt
from headway.model.schema import check_schema, validate
from headway.model.settings import Settings
from headway.model.submit import checked_priority, retry, unblock
from headway.model.world import World

S = JobState
Rule = Callable[[World, JobDoc, Any, Settings], Any]

ANSWERS = ("accept", "decline", "cancel")


# -- cancel --------------------------------------------------------------------------------------------------------


def cancel_waiting(world: World, job: JobDoc, command: c.Cancel, settings: Settings) -> dict[str, Any]:
    """Nobody runs it: it is cancelled at once."""
    _ask_to_stop(world, job, command, settings, {})
    finish(world, fresh(world, job), S.CANCELLED, {"reason": "cancelled"})
    return {"state": S.CANCELLED.value}


def cancel_running(world: World, job: JobDoc, command: c.Cancel, settings: Settings) -> dict[str, Any]:
    """An offered job is withdrawn; a started one is asked to stop."""
    attempt = current_attempt(job) or AttemptDoc()
    _ask_to_stop(world, job, command, settings, {"state": S.CANCELLING.value, **cleared(job, "estimate", "input")})
    if attempt.get("phase") == "offered":
        end_attempt(world, fresh(world, job), Ending(outcome=Outcome.CANCELLED, reason="withdrawn"), settings)
    return {"state": fresh(world, job).get("state")}


def cancel_again(world: World, job: JobDoc, command: c.Cancel, settings: Settings) -> dict[str, Any]:
    """A second cancel, or one of a cancelled job, changes nothing."""
    return {"state": job.get("state")}


def _ask_to_stop(world: World, job: JobDoc, command: c.Cancel, settings: Settings, change: dict[str, Any]) -> None:
    """The receipt begins: who asked, when, why."""
    grace = job.get("options", {}).get("cancel_grace_s", settings.cancel_grace_s)
    receipt: dict[str, Any] = {"requested_at": world.now_text, "grace_s": grace}
    if command.by:
        receipt["requested_by"] = command.by
    if command.reason:
        receipt["reason"] = command.reason
    job_event(world, job, "job.cancel_requested", {"cancel": receipt, **change}, attempt=job.get("attempt") or None)


# -- while it waits ------------------------------------------------------------------------------------------------


def set_priority(world: World, job: JobDoc, command: c.SetPriority, settings: Settings) -> None:
    """Move it in the order of its queue."""
    if job.get("priority") != checked_priority(command.priority):
        job_event(
            world, job, "job.priority_changed", {"priority": command.priority}, words={"old": job.get("priority")}
        )


def hold(world: World, job: JobDoc, command: c.Hold, settings: Settings) -> None:
    """A condition beside the state: it waits where it is and is not offered."""
    if not job.get("held"):
        job_event(world, job, "job.held", {"held": True}, words={"by": command.by or None})


def unhold(world: World, job: JobDoc, command: c.Unhold, settings: Settings) -> None:
    """Lift the hold."""
    if job.get("held"):
        job_event(world, job, "job.released", {"held": None})


# -- while it runs -------------------------------------------------------------------------------------------------


def answer_input(world: World, job: JobDoc, command: c.AnswerInput, settings: Settings) -> None:
    """Give the handler what it asked for; its stall clock starts anew. The tail of the log brings it to the worker, and
    it is kept until the worker has it: who was linked at this moment does not matter.
    """
    asked = job.get("input")
    if not asked or asked.get("request") != command.request:
        raise Refused("answer", "not waiting for this input", entity=f"job {command.job}", hint="Look at its `input`.")
    if command.action not in ANSWERS:
        raise InvalidInput("action", f"{command.action!r} is unknown", hint=f"One of {', '.join(ANSWERS)}.")
    if command.action == "accept":
        _check_content(asked.get("schema"), command.content)
    change = {"input": None, "attempts": {str(job.get("attempt")): {"heard_from": world.now_text}}}
    answer = {"action": command.action, "content": command.content}
    words = {"request": command.request, "answer": answer, "by": command.by or None}
    kept = {"answers": [*job.get("soft", {}).get("answers", []), {"request": command.request, **answer}]}
    job_event(world, job, "job.input_given", change, attempt=job.get("attempt"), soft=kept, words=words)


def _check_content(schema: Any, content: Any) -> None:
    """What a worker gave as a schema may be none: then nothing is checked here, and the handler sees what comes."""
    try:
        check_schema(schema, "schema")
    except InvalidInput:
        return
    validate(schema, content, "content")


# -- after its end -------------------------------------------------------------------------------------------------


def delete(world: World, job: JobDoc, command: c.Delete, settings: Settings) -> None:
    """Remove the row and its log; the event that says so stays."""
    job_event(world, job, "job.deleted", {"state": job.get("state")}, words={"deleted": True})
    world.deleted.append(job.get("id", ""))


def compact(world: World, job: JobDoc, command: c.Compact, settings: Settings) -> None:
    """A checkpoint: from here on the row is the fold of this event and later ones, and older ones may be thinned (I3)."""
    whole: dict[str, Any] = {key: value for key, value in job.items() if key not in ("seq", "soft")}
    soft: dict[str, Any] = {**job.get("soft", {})}
    job_event(world, job, "job.compacted", put=whole, soft=soft, words={"checkpoint": True, "points": command.points})


# -- the table -----------------------------------------------------------------------------------------------------

_WAITING = tuple(WAITING)
_FINAL = tuple(FINAL)


def _nothing(world: World, job: JobDoc, command: Any, settings: Settings) -> None:
    """Lawful, and already so."""


def _row(*cells: tuple[tuple[JobState, ...], Rule]) -> dict[JobState, Rule]:
    return {state: rule for states, rule in cells for state in states}


TABLE: dict[type[c.JobCommand], dict[JobState, Rule]] = {
    c.Cancel: _row(
        (_WAITING, cancel_waiting), ((S.RUNNING,), cancel_running), ((S.CANCELLING, S.CANCELLED), cancel_again)
    ),
    c.Retry: _row((_FINAL, retry)),
    c.SetPriority: _row((_WAITING, set_priority)),
    c.Hold: _row((_WAITING, hold)),
    c.Unhold: _row((_WAITING, unhold)),
    c.AnswerInput: _row(((S.RUNNING,), answer_input)),
    c.Unblock: _row(((S.BLOCKED,), unblock), ((S.SCHEDULED, S.QUEUED, *ACTIVE, *_FINAL), _nothing)),
    c.Elapse: _row(
        (_WAITING, elapse_waiting), ((S.RUNNING,), elapse_running), ((S.CANCELLING,), elapse_cancelling),
        (_FINAL, _nothing),
    ),
    c.Delete: _row((_FINAL, delete)),
    c.Compact: _row((_FINAL, compact)),
}  # fmt: skip
"""Command -> state -> rule. A missing cell is a refusal. docs/reference/lifecycle.md is generated from it."""


def apply_to_job(world: World, command: c.JobCommand, settings: Settings) -> Any:
    """Look the command up and run its rule; Refused names command and state, NotFound the job."""
    job = world.job(command.job)
    if job is None:
        raise NotFound("job", command.job)
    state = JobState(job["state"])  # pyright: ignore[reportTypedDictNotRequiredAccess]
    rule = TABLE[type(command)].get(state)
    if rule is None:
        raise Refused(_verb(command), state, entity=f"job {command.job}", hint=HINTS[type(command)])
    return rule(world, job, command, settings)


def _verb(command: c.Command) -> str:
    return _VERBS.get(type(command)) or type(command).__name__.lower()


_VERBS: dict[type, str] = {c.Unhold: "release", c.SetPriority: "priority", c.AnswerInput: "answer"}
HINTS: dict[type[c.JobCommand], str] = {
    c.Cancel: "It has ended; its outcome stays.",
    c.Retry: "Only an ended job can be retried; cancel it first.",
    c.SetPriority: "Only a waiting job has a place in the order.",
    c.Hold: "Only a waiting job can be held; cancel it to stop it.",
    c.Unhold: "Only a waiting job can be held.",
    c.Delete: "Only an ended job can be deleted; cancel it first.",
    c.Compact: "Only the log of an ended job is thinned.",
    c.AnswerInput: "Only a running job can be waiting for input.",
}
"""What to do instead, for every command that a state may refuse."""
