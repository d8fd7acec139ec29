"""The TABLE of the lifecycle, walked: every command in every state, and the cancel table of the architecture."""

from __future__ import annotations

import pytest

from headway.errors import HeadwayError, InvalidInput, NotFound, Refused
from headway.model import command as c
from headway.model.decide import RULES
from headway.model.job import JobState
from headway.model.lifecycle import HINTS, TABLE, apply_to_job
from headway.model.report import InputRequested, InputTaken
from headway.testing.factories import Lab

STATES = [state.value for state in JobState]
COMMANDS = {
    c.Cancel: lambda job: c.Cancel(job=job),
    c.Retry: lambda job: c.Retry(job=job, id="again"),
    c.SetPriority: lambda job: c.SetPriority(job=job, priority=7),
    c.Hold: lambda job: c.Hold(job=job),
    c.Unhold: lambda job: c.Unhold(job=job),
    c.AnswerInput: lambda job: c.AnswerInput(job=job, request="r", action="accept"),
    c.Unblock: lambda job: c.Unblock(job=job),
    c.Elapse: lambda job: c.Elapse(job=job),
    c.Delete: lambda job: c.Delete(job=job),
    c.Compact: lambda job: c.Compact(job=job),
}
WAITING, FINAL = {"scheduled", "blocked", "queued"}, {"completed", "failed", "cancelled"}
LAWFUL = {
    c.Cancel: set(STATES) - {"completed", "failed"},
    c.Retry: FINAL,
    c.SetPriority: WAITING,
    c.Hold: WAITING,
    c.Unhold: WAITING,
    c.AnswerInput: {"running"},
    c.Unblock: set(STATES),
    c.Elapse: set(STATES),
    c.Delete: FINAL,
    c.Compact: FINAL,
}


@pytest.fixture
def lab():
    return Lab()


# -- the table -----------------------------------------------------------------------------------------------------


def test_every_command_about_a_job_has_its_row_and_every_command_its_rule():
    commands = {each for each in vars(c).values() if isinstance(each, type) and issubclass(each, c.Command)}
    roots = {c.Command, c.JobCommand, c.WorkerCommand, c.Statement}

    assert set(RULES) == commands - roots
    assert set(TABLE) == set(LAWFUL) == {each for each, rule in RULES.items() if rule is apply_to_job}


def test_every_command_that_can_be_refused_says_what_to_do_instead():
    refusing = {command for command, row in TABLE.items() if len(row) < len(STATES)}

    assert refusing == set(HINTS)


@pytest.mark.parametrize("state", STATES)
@pytest.mark.parametrize("command", COMMANDS, ids=lambda each: each.__name__)
def test_a_cell_is_lawful_or_refused_by_name_with_nothing_changed(lab, command, state):
    job = lab.job(state)

    if state in LAWFUL[command]:
        [answer] = lab.together(COMMANDS[command](job))
        lawful = not isinstance(answer, HeadwayError) or answer.state == "not waiting for this input"
        assert lawful, answer
        return
    with lab.nothing_changes(), pytest.raises(Refused) as refused:
        lab.do(COMMANDS[command](job))

    assert refused.value.state == state
    assert refused.value.entity == f"job {job}"
    assert refused.value.hint == HINTS[command]


@pytest.mark.parametrize("command", COMMANDS, ids=lambda each: each.__name__)
def test_an_unknown_job_is_named(lab, command):
    with lab.nothing_changes(), pytest.raises(NotFound) as missing:
        lab.do(COMMANDS[command]("nowhere"))

    assert str(missing.value) == "No job has the id 'nowhere'."


@pytest.mark.parametrize(
    ("command", "state", "sentence"),
    [
        (c.Cancel, "completed", "cancel refused: job {} is completed. It has ended; its outcome stays."),
        (c.Retry, "running", "retry refused: job {} is running. Only an ended job can be retried; cancel it first."),
        (c.SetPriority, "running", "priority refused: job {} is running. Only a waiting job has a place in the order."),
        (c.Hold, "running", "hold refused: job {} is running. Only a waiting job can be held; cancel it to stop it."),
        (c.Unhold, "failed", "release refused: job {} is failed. Only a waiting job can be held."),
        (c.Delete, "queued", "delete refused: job {} is queued. Only an ended job can be deleted; cancel it first."),
        (c.Compact, "queued", "compact refused: job {} is queued. Only the log of an ended job is thinned."),
        (c.AnswerInput, "queued", "answer refused: job {} is queued. Only a running job can be waiting for input."),
    ],
    ids=lambda each: getattr(each, "__name__", ""),
)
def test_a_refusal_is_a_sentence(lab, command, state, sentence):
    job = lab.job(state)

    with pytest.raises(Refused) as refused:
        lab.do(COMMANDS[command](job))

    assert str(refused.value) == sentence.format(job)


def test_a_refused_command_refuses_alone(lab):
    done, waiting = lab.job("completed"), lab.job("queued")

    first, refused, last = lab.together(c.Hold(job=waiting), c.Cancel(job=done), c.SetPriority(job=waiting, priority=3))

    assert isinstance(refused, HeadwayError)
    assert (first, last) == (None, None)
    assert lab.types() == ["job.held", "job.priority_changed"]


# -- the cancel table ----------------------------------------------------------------------------------------------


@pytest.mark.parametrize("state", ["scheduled", "blocked", "queued", "held"])
def test_a_waiting_job_is_cancelled_at_once(lab, state):
    job = lab.job(state)

    answer = lab.do(c.Cancel(job=job, by="ann", reason="not needed"))

    assert answer == {"state": "cancelled"}
    assert lab.types() == ["job.cancel_requested", "job.cancelled"]
    assert lab.state(job) == "cancelled(cancelled)"
    receipt = lab.doc(job)["cancel"]
    assert (receipt["requested_by"], receipt["reason"]) == ("ann", "not needed")
    assert "cleaned" not in receipt
    assert "held" not in lab.doc(job)


def test_an_offer_is_withdrawn(lab):
    job = lab.job("offered")

    answer = lab.do(c.Cancel(job=job))

    assert answer == {"state": "cancelled"}
    assert lab.types() == ["job.cancel_requested", "job.attempt_ended", "job.cancelled"]
    assert lab.attempt(job)["reason"] == "withdrawn"
    assert "cleaned" not in lab.doc(job)["cancel"]


def test_a_running_job_is_asked_to_stop_and_is_cancelled_when_it_has(lab):
    job = lab.job("running")

    assert lab.do(c.Cancel(job=job, by="ann")) == {"state": "cancelling"}
    for step in ("delivered", "acknowledged", "stopped"):
        lab.wait(1)
        lab.step(job, step, n=0 if step == "delivered" else lab.doc(job).get("soft", {}).get("n", 0) + 1)
    lab.end(job, "cancelled")
    lab.step(job, "cleaned")

    receipt = lab.doc(job)["cancel"]
    assert lab.state(job) == "cancelled(cancelled)"
    assert receipt["cleaned"] == "done"
    steps = [receipt[f"{step}_at"] for step in ("requested", "delivered", "acknowledged", "stopped", "cleaned")]
    assert steps == sorted(steps)
    assert len(set(steps)) == 4


@pytest.mark.parametrize(
    ("outcome", "state"),
    [
        ("cancelled", "cancelled(cancelled)"),
        ("errored", "cancelled(cancelled)"),
        ("rejected", "cancelled(cancelled)"),
        ("timed_out", "cancelled(cancelled)"),
        ("released", "cancelled(cancelled)"),
        ("crashed", "cancelled(worker_lost)"),
        ("succeeded", "completed"),
    ],
)
def test_however_it_ends_while_cancelling_it_is_never_tried_again(lab, outcome, state):
    job = lab.job("cancelling", max_attempts=5)

    lab.end(job, outcome)

    assert lab.state(job) == state
    assert ("job.cancel_too_late" in lab.types()) is (outcome == "succeeded")


def test_a_job_whose_worker_falls_silent_while_cancelling_is_cancelled_when_the_lease_ends(lab):
    job = lab.job("cancelling", max_attempts=5)

    lab.do(c.Stale(worker="w/1", instance="i1"))
    assert lab.state(job) == "cancelling"
    lab.do(c.Lose(worker="w/1", instance="i1"))

    assert lab.state(job) == "cancelled(worker_lost)"
    assert lab.doc(job)["cancel"]["cleaned"] == "not run"


def test_a_live_worker_that_does_not_stop_is_fenced_long_past_the_grace(lab):
    job = lab.job("cancelling", options={"cancel_grace_s": 2})

    lab.wait(2 + lab.settings.cancel_overdue_s - 0.001)
    lab.look(job)
    assert lab.state(job) == "cancelling"
    lab.wait(0.001)
    lab.look(job)

    assert lab.state(job) == "cancelled(cancelled)"
    assert lab.attempt(job)["reason"] == "abandoned"
    assert lab.doc(job)["cancel"]["cleaned"] == "not run"
    assert "fenced" in lab.end(job, "succeeded", result=b"1")


def test_a_silent_worker_is_not_overdue_its_lease_decides(lab):
    job = lab.job("cancelling")
    lab.do(c.Stale(worker="w/1", instance="i1"))

    lab.wait(3600)
    lab.look(job)

    assert lab.state(job) == "cancelling"


@pytest.mark.parametrize("state", ["cancelling", "cancelled"])
def test_a_second_cancel_changes_nothing(lab, state):
    job = lab.job(state)

    with lab.nothing_changes():
        answer = lab.do(c.Cancel(job=job, by="bob"))

    assert answer == {"state": state}


def test_a_handler_that_cancels_itself_is_cancelled_without_a_receipt(lab):
    job = lab.job("running")

    lab.end(job, "cancelled", reason="nothing to do")

    assert lab.state(job) == "cancelled(cancelled)"
    assert lab.attempt(job)["reason"] == "nothing to do"
    assert "cancel" not in lab.doc(job)


# -- while it waits ------------------------------------------------------------------------------------------------


def test_a_priority_that_is_set_again_changes_nothing(lab):
    job = lab.job("queued", priority=3)

    with lab.nothing_changes():
        lab.do(c.SetPriority(job=job, priority=3))
    lab.do(c.SetPriority(job=job, priority=4))

    assert lab.last("job.priority_changed").data["old"] == 3
    assert lab.doc(job)["priority"] == 4


def test_a_held_job_is_not_offered_until_it_is_released(lab):
    job = lab.job("held")

    with lab.nothing_changes():
        lab.do(c.Hold(job=job))
    assert lab.claim() == []
    lab.do(c.Unhold(job=job))
    with lab.nothing_changes():
        lab.do(c.Unhold(job=job))

    assert lab.claim() == [job]


# -- input ---------------------------------------------------------------------------------------------------------


SURE = {"type": "object", "properties": {"yes": {"type": "boolean"}}, "required": ["yes"]}


def asking(lab):
    job = lab.job("running")
    lab.report(job, InputRequested(request="r1", message="Go on?", schema=SURE))
    return job


def test_an_answer_reaches_the_log_once_and_ends_the_waiting(lab):
    job = asking(lab)
    assert lab.doc(job)["input"]["message"] == "Go on?"

    lab.do(c.AnswerInput(job=job, request="r1", action="accept", content={"yes": True}, by="ann"))

    given = lab.last("job.input_given")
    assert given.data["answer"] == {"action": "accept", "content": {"yes": True}}
    assert given.attempt == 1
    assert "input" not in lab.doc(job)


def test_answers_are_kept_in_order_until_the_worker_has_them(lab):
    job = asking(lab)
    lab.do(c.AnswerInput(job=job, request="r1", action="accept", content={"yes": True, "path": None}))
    lab.report(job, InputRequested(request="r2", message="Sure?"))
    lab.do(c.AnswerInput(job=job, request="r2", action="decline"))

    kept = lab.doc(job)["soft"]["answers"]
    lab.report(job, InputTaken(request="r1"), InputTaken(request="r1"), InputTaken(request="r0"))
    less = lab.doc(job)["soft"]["answers"]
    lab.report(job, InputTaken(request="r2"))

    assert [(each["request"], each["action"], each["content"]) for each in kept] == [
        ("r1", "accept", {"yes": True, "path": None}),
        ("r2", "decline", None),
    ]
    assert [each["request"] for each in less] == ["r2"]
    assert "answers" not in lab.doc(job)["soft"]
    assert lab.last("job.noted").data["input_taken"] == "r2"


def test_an_answer_that_nobody_fetched_goes_with_its_attempt(lab):
    job = asking(lab)
    lab.do(c.AnswerInput(job=job, request="r1", action="decline"))

    lab.end(job, "errored")

    assert "answers" not in lab.doc(job)["soft"]


@pytest.mark.parametrize("request_id", ["r0", "r2"])
def test_an_answer_to_something_else_is_refused(lab, request_id):
    job = asking(lab)

    with lab.nothing_changes(), pytest.raises(Refused) as refused:
        lab.do(c.AnswerInput(job=job, request=request_id, action="accept"))

    assert str(refused.value) == f"answer refused: job {job} is not waiting for this input. Look at its `input`."


@pytest.mark.parametrize(
    ("content", "sentence"),
    [
        ({}, "content.yes: is required. It takes yes."),
        ({"yes": "no"}, 'content.yes: "no" is not true or false.'),
        (None, "content: null is not an object."),
    ],
)
def test_an_answer_that_does_not_fit_what_was_asked_is_refused_by_its_field(lab, content, sentence):
    job = asking(lab)

    with lab.nothing_changes(), pytest.raises(InvalidInput) as refused:
        lab.do(c.AnswerInput(job=job, request="r1", action="accept", content=content))

    assert str(refused.value) == sentence


@pytest.mark.parametrize("schema", [None, {"type": 7}, ["no schema"]])
def test_where_the_schema_is_none_every_answer_is_taken(lab, schema):
    job = lab.job("running")
    lab.report(job, InputRequested(request="r1", message="Go on?", schema=schema))

    lab.do(c.AnswerInput(job=job, request="r1", action="accept", content="as you like"))

    assert "input" not in lab.doc(job)


@pytest.mark.parametrize(
    ("url", "kept"),
    [
        ("https://example.org/sign?in=1", True),
        ("http://h", True),
        ("javascript:alert(1)", False),
        ("https://", False),
        ("https://h/\x1b[2J", False),
        ("https://h/" + "x" * 2_048, False),
    ],
)
def test_a_page_to_answer_on_is_kept_where_it_is_one_that_people_may_open(lab, url, kept):
    job = lab.job("running")

    lab.report(job, InputRequested(request="r1", message="Sign in", url=url))

    assert lab.doc(job)["input"].get("url") == (url if kept else None)


def test_an_answer_of_an_unknown_sort_is_refused_with_the_known_ones(lab):
    job = asking(lab)

    with lab.nothing_changes(), pytest.raises(InvalidInput) as wrong:
        lab.do(c.AnswerInput(job=job, request="r1", action="maybe"))

    assert str(wrong.value) == "action: 'maybe' is unknown. One of accept, decline, cancel."


@pytest.mark.parametrize("how", ["cancel", "lost", "error"])
def test_a_job_that_no_longer_runs_waits_for_no_input(lab, how):
    job = asking(lab)

    if how == "cancel":
        lab.do(c.Cancel(job=job))
    elif how == "lost":
        lab.do(c.Lose(worker="w/1", instance="i1"))
    else:
        lab.end(job, "errored")

    assert "input" not in lab.doc(job)


# -- after its end -------------------------------------------------------------------------------------------------


def test_a_deleted_job_is_gone_and_its_end_is_told(lab):
    job = lab.job("completed")

    lab.do(c.Delete(job=job))

    assert lab.doc(job) == {}
    assert lab.last("job.deleted").data["was"] == "completed"
    with pytest.raises(NotFound):
        lab.do(c.Delete(job=job))


def test_a_job_deleted_in_the_same_commit_is_not_found_again(lab):
    job = lab.job("completed")

    deleted, again = lab.together(c.Delete(job=job), c.Retry(job=job, id="x"))

    assert deleted is None
    assert isinstance(again, NotFound)


def test_a_checkpoint_is_the_whole_document(lab):
    job = lab.job("completed", labels={"a": "b"})
    before = {key: value for key, value in lab.doc(job).items() if key != "seq"}

    lab.do(c.Compact(job=job))

    after = lab.doc(job)
    event = lab.last("job.compacted")
    assert {key: value for key, value in after.items() if key != "seq"} == before
    assert {**event.data["put"], "soft": event.data["soft"]} == before
    assert after["seq"] == event.seq
