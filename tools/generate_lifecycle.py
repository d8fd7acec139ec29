"""docs/reference/lifecycle.md: what every command does in every state, as observed in the rules themselves.

Each cell is an experiment in `headway.testing.factories.Lab`: a job is brought into the state, the command is given, and
the page says what became of it. So the page can not tell of rules that are not there.
"""

from __future__ import annotations

import sys
from collections.abc import Callable
from typing import Any

from reference import code, publish, table

from headway.errors import CallerError
from headway.model import command as c
from headway.model.job import FINAL, WAITING, JobState, Outcome
from headway.model.lifecycle import HINTS, TABLE
from headway.model.report import InputRequested
from headway.testing.clock import START
from headway.testing.factories import WORKER, Lab

STATES = ("scheduled", "blocked", "queued", "offered", "running", "cancelling", "completed", "failed", "cancelled")
"""`running` has two columns: an attempt that is offered, and one that is started."""

FAR = START + 3_600_000
Move = tuple[str, str]
moves: dict[Move, set[str]] = {}
"""(state, state) -> what made jobs move so, gathered from every experiment of this page."""


def page() -> str:
    """The whole page; the diagram comes last to be made and first to be read."""
    commands, cancels, endings, times = command_table(), cancel_table(), ending_table(), time_table()
    return f"""# Lifecycle

Each job is in one of eight states, of which three are final. A command that the table does not list for a state is
refused and changes nothing. Every cell was observed by running it.

{diagram()}

`running` begins with an offer to a worker; the attempt is *started* once the worker has accepted it.

## Commands

{commands}

*same*: lawful, and the state stays. *refused*: the command is answered with 409 and nothing changes; the hint says what
to do instead:

{table(("command", "hint of a refusal"), ((name_of(each), hint) for each, hint in HINTS.items()))}

*elapse* is what time does; the table below shows it with deadlines set, and *unblock* what the end of another job does. *retry* makes a new job of the same lineage and
leaves this one as it is. *delete* removes the job; an event that says so stays. A job that is `held` stays in its state
and is not offered; one that waits for input stays `running`.

## Cancel

{cancels}

A cancel that is repeated changes nothing. The job carries a receipt (`cancel`): requested, delivered, acknowledged,
stopped, cleaned up or "not run", each with its time.

## How an attempt ends

{endings}

A try is an attempt that counts toward `max_attempts`.

## What time and other jobs do

{times}
"""


# -- experiments ---------------------------------------------------------------------------------------------------


def observe(lab: Lab, job: str, cause: str, act: Callable[[], object]) -> str:
    """Do it, note how the job moved, and say what became of it."""
    before = str(lab.doc(job).get("state", ""))
    try:
        act()
    except CallerError:
        return "refused"
    note_moves(lab, job, cause)
    after = lab.state(job)
    if not lab.doc(job):
        return "deleted"
    return "same" if after.partition("(")[0] == before else code(after)


def note_moves(lab: Lab, job: str, cause: str) -> None:
    """Every change of state that the last command's events tell of."""
    for event in lab.events:
        became = (event.data.get("set") or {}).get("state")
        if event.job == job and became and "was" in event.data and not event.data.get("deleted"):
            moves.setdefault((event.data["was"] or "[*]", became), set()).add(cause)


def name_of(command: type[c.Command]) -> str:
    """As people say it."""
    words = {"SetPriority": "set priority", "AnswerInput": "answer input", "Unhold": "release a hold"}
    return words.get(command.__name__, command.__name__.lower())


def given(command: type[c.JobCommand], lab: Lab, job: str) -> c.JobCommand:
    """The command with what it needs, such that only the state can refuse it."""
    more: dict[type, dict[str, Any]] = {
        c.Retry: {"id": "J9999"},
        c.SetPriority: {"priority": 7},
        c.AnswerInput: {"request": "1.1", "action": "accept"},
        c.Unblock: {"after": tuple(lab.doc(job).get("after", ()))},
    }
    return command(job=job, **more.get(command, {}))


def in_state(lab: Lab, state: str, command: type[c.JobCommand]) -> str:
    """A job in the state, with what the command is about."""
    job = lab.job(state)
    if command is c.Unhold and state in WAITING:
        lab.do(c.Hold(job=job))
    if command is c.AnswerInput and state == "running":
        lab.report(job, InputRequested(request="1.1", message="Go on?"))
    return job


# -- tables --------------------------------------------------------------------------------------------------------


def command_table() -> str:
    """Command x state."""
    rows = []
    for command in TABLE:
        cells = []
        for state in STATES:
            lab = Lab()
            job = in_state(lab, state, command)
            if command is c.Unblock and state == "blocked":
                end_upstream(lab, job)
            cells.append(observe(lab, job, name_of(command), lambda: lab.do(given(command, lab, job))))  # noqa: B023
        check_row(command, cells)
        rows.append((f"**{name_of(command)}**", *cells))
    return table(("command", *STATES), rows)


def check_row(command: type[c.JobCommand], cells: list[str]) -> None:
    """A cell is refused if and only if TABLE has no rule for it; else this script tests the wrong thing."""
    for state, cell in zip(STATES, cells, strict=True):
        known = JobState("running" if state == "offered" else state) in TABLE[command]
        needs_question = command is c.AnswerInput and state == "offered"
        if (cell != "refused") != known and not needs_question:
            sys.exit(f"lifecycle: {name_of(command)} in {state} was {cell}, and TABLE says {known}")


def end_upstream(lab: Lab, job: str, outcome: str = "succeeded") -> None:
    """What the blocked job waits for is over."""
    (first,) = lab.doc(job).get("after", ())
    lab.worker("w/2", kinds=("crawl",), queues=("elsewhere",))
    lab.offer(first, "w/2")
    lab.accept(first)
    lab.end(first, outcome)


def cancel_table() -> str:
    """Who asked when, and what came of it."""

    def then(cause: str, act: Callable[[Lab, str], object], state: str = "cancelling", **fields: Any) -> str:
        lab = Lab()
        job = lab.job(state, **fields)
        return observe(lab, job, cause, lambda: act(lab, job))

    def cancel(lab: Lab, job: str) -> None:
        lab.do(c.Cancel(job=job))

    def lose(lab: Lab, _: str) -> None:
        lab.do(c.Lose(worker=WORKER, instance="i1"))

    rows: list[tuple[str, str]] = [
        ("is scheduled, blocked or queued", then("cancel", cancel, "queued")),
        ("is offered: the offer is withdrawn", then("cancel", cancel, "offered")),
        ("is running", then("cancel", cancel, "running")),
        ("… then its worker stops it", then("stopped", lambda lab, job: lab.end(job, "cancelled"))),
        ("… then it succeeds all the same (`cancel_too_late` is noted)",
         then("succeeded", lambda lab, job: lab.end(job, "succeeded"))),
        ("… then it fails, with tries left",
         then("errored", lambda lab, job: lab.end(job, "errored"), max_attempts=3)),
        ("… then its worker is silent past its lease", then("lost", lose, max_attempts=3)),
        ("… then a live worker does not stop it in time", then("time", let_pass)),
        ("is cancelling or cancelled already", then("cancel", cancel)),
        ("is completed or failed", then("cancel", cancel, "completed")),
    ]  # fmt: skip
    return table(("a cancel meets a job that", "the job is then"), rows)


def let_pass(lab: Lab, job: str) -> None:
    """More time than any deadline of the job."""
    lab.wait(100)
    lab.do(c.Back(worker=WORKER, instance="i1"))
    lab.look(job)


def ending_table() -> str:
    """Outcome of an attempt -> the job, with and without tries left."""
    return table(
        ("outcome", "with tries left", "after the last try", "a try", "who says so"),
        (
            (code(outcome), became(outcome, 2)[0], became(outcome, 1)[0], became(outcome, 1)[1], SAID_BY[outcome])
            for outcome in Outcome
        ),
    )


SAID_BY = {
    Outcome.SUCCEEDED: "the handler returned",
    Outcome.ERRORED: "the handler raised",
    Outcome.REJECTED: "the handler raised `Reject`, or its result can not be kept",
    Outcome.CANCELLED: "the worker, or the server for an offer",
    Outcome.TIMED_OUT: "`timeout` is over",
    Outcome.STALLED: "no progress for `progress_timeout`",
    Outcome.CRASHED: "its process died",
    Outcome.LOST: "its worker was silent past its lease",
    Outcome.RELEASED: "its worker gave it back, or did not accept in time",
    Outcome.REFUSED: "its worker did not take it",
}


def became(outcome: Outcome, tries: int) -> tuple[str, str]:
    """What the job became, and whether it was a try."""
    lab = Lab()
    job = lab.job("offered" if outcome == Outcome.REFUSED else "running", max_attempts=tries)
    acts: dict[Outcome, Callable[[], object]] = {
        Outcome.REFUSED: lambda: lab.refuse(job),
        Outcome.LOST: lambda: lab.do(c.Lose(worker=WORKER, instance="i1")),
    }
    seen = observe(lab, job, outcome.value, acts.get(outcome, lambda: lab.end(job, outcome.value)))
    return seen, "yes" if lab.attempt(job, 1).get("counted") else "no"


def time_table() -> str:
    """Deadlines, and what happens when they are over."""

    def over(state: str, **fields: Any) -> str:
        lab = Lab()
        job = lab.job(state, **fields)
        return observe(lab, job, "time", lambda: let_pass(lab, job))

    def after(outcome: str, **fields: Any) -> str:
        lab = Lab()
        job = lab.job("blocked", **fields)
        end_upstream(lab, job, outcome)
        return observe(lab, job, "unblock", lambda: lab.do(given(c.Unblock, lab, job)))

    rows = [
        ("`blocked`: the job it waits for completed", after("succeeded")),
        ("`blocked`: … and its own time has not come", after("succeeded", run_at=FAR)),
        ("`blocked`: the job it waits for failed or was cancelled", after("rejected")),
        ("`scheduled`: its time has come", over("scheduled")),
        *((f"`{state}`: `expires` is over before its first start", over(state, expires_s=5, **more))
          for state, more in (("scheduled", {"run_at": FAR}), ("blocked", {}), ("queued", {}))),
        ("offered: not accepted within `accept_s`", over("offered")),
        ("started: `timeout` is over, no tries left", over("running", options={"timeout_s": 5})),
        ("started: `timeout` is over, tries left", over("running", options={"timeout_s": 5}, max_attempts=2)),
        ("started: `progress_timeout` is over, no tries left", over("running", options={"progress_timeout_s": 5})),
        ("started: `progress_timeout` is over, tries left",
         over("running", options={"progress_timeout_s": 5}, max_attempts=2)),
        ("started: no deadline set", over("running")),
    ]  # fmt: skip
    return table(("what happens", "the job is then"), rows)


# -- the diagram ---------------------------------------------------------------------------------------------------


def diagram() -> str:
    """Every observed change of state, drawn; waiting states in the order of the model."""
    for state in ("scheduled", "blocked", "queued"):
        lab = Lab()
        job = lab.submit(**{"scheduled": {"run_at": lab.now + 1}, "blocked": {"after": (lab.submit(),)}}.get(state, {}))
        note_moves(lab, job, "submit")
    lab = Lab()
    job = lab.job("queued")
    lab.offer(job)
    moves.setdefault(("queued", lab.doc(job).get("state", "")), set()).add("offer")
    lines = [
        f"    {old} --> {new}: {', '.join(sorted(causes))}" for (old, new), causes in sorted(moves.items(), key=place)
    ]
    ends = [f"    {state.value} --> [*]" for state in JobState if state in FINAL]
    return "\n".join(["```mermaid", "stateDiagram-v2", *lines, *ends, "```"])


def place(move: tuple[Move, set[str]]) -> tuple[int, int]:
    """By the order in which states are declared, the beginning first."""
    order = ["[*]", *(state.value for state in JobState)]
    (old, new), _ = move
    return order.index(old), order.index(new)


if __name__ == "__main__":
    sys.exit(publish("lifecycle", page))
