"""The fence and the numbers: what a worker may say of an attempt, and what becomes of what comes late or twice."""

from __future__ import annotations

import pytest

from headway.errors import InvalidInput
from headway.model import command as c
from headway.model.report import Custom, Progressed, Warned
from headway.testing.factories import Lab

PROGRESS = Progressed(current=1, total=4)


@pytest.fixture
def lab():
    return Lab()


# -- the fence -----------------------------------------------------------------------------------------------------


def lost_and_running_elsewhere(lab):
    """Attempt 1 was lost with w/1; attempt 2 runs on w/2."""
    job = lab.job("running", max_attempts=3)
    lab.report(job, PROGRESS)
    lab.do(c.Lose(worker="w/1", instance="i1"))
    lab.worker("w/2")
    lab.offer(job, "w/2")
    lab.accept(job)
    return job


def test_a_stale_attempt_changes_nothing_and_is_recorded_once(lab):
    job = lost_and_running_elsewhere(lab)
    stated = {"attempt": 1, "worker": "w/1"}

    answer = lab.report(job, PROGRESS, n=2, **stated)
    assert lab.types() == ["job.report_fenced"]
    with lab.nothing_changes():
        again = lab.report(job, PROGRESS, n=3, **stated)

    assert answer == again == {"fenced": "attempt 1 is over; the job is running, attempt 2"}
    assert lab.attempt(job, 1)["fenced"] is True
    assert "progress" not in lab.doc(job)


def test_a_result_that_comes_too_late_is_recorded_once_and_never_applied(lab):
    job = lost_and_running_elsewhere(lab)

    answer = lab.end(job, "succeeded", result=b"1", n=2, attempt=1, worker="w/1")
    assert lab.types() == ["job.late_result"]
    with lab.nothing_changes():
        lab.end(job, "succeeded", result=b"1", n=3, attempt=1, worker="w/1")

    assert "fenced" in answer
    assert lab.attempt(job, 1)["late"] == "succeeded"
    assert lab.attempt(job, 1)["outcome"] == "lost"
    assert lab.state(job) == "running"


@pytest.mark.parametrize("statement", [c.Accept, c.Refuse])
def test_an_answer_to_a_withdrawn_offer_is_fenced_and_not_worth_recording(lab, statement):
    job = lab.job("offered")
    lab.do(c.Cancel(job=job))

    with lab.nothing_changes():
        answer = lab.say(statement, job)

    assert "fenced" in answer


def test_a_worker_can_not_speak_for_another(lab):
    job = lab.job("running")
    lab.worker("w/2")

    with lab.nothing_changes():
        answer = lab.end(job, "succeeded", worker="w/2")

    assert answer == {"fenced": "attempt 1 is not of worker w/2"}


@pytest.mark.parametrize("attempt", [0, 2, 99])
def test_an_attempt_that_never_was_is_fenced(lab, attempt):
    job = lab.job("running")

    with lab.nothing_changes():
        assert "fenced" in lab.end(job, "succeeded", attempt=attempt, worker="w/1", n=1)


def test_a_job_that_never_was_is_fenced(lab):
    with lab.nothing_changes():
        assert lab.do(c.Accept(job="nowhere", attempt=1, worker="w/1")) == {"fenced": "no such job"}


def test_a_delivery_note_of_a_cancel_that_came_too_late_is_no_word_of_the_worker(lab):
    job = lab.job("cancelling")
    lab.end(job, "cancelled")

    with lab.nothing_changes():
        lab.step(job, "delivered", n=0)


# -- the numbers ---------------------------------------------------------------------------------------------------


def test_statements_are_applied_once_and_in_order(lab):
    job = lab.job("running")

    assert lab.report(job, Progressed(current=1, total=4), n=1) == {"ack": 1}
    with lab.nothing_changes():
        assert lab.report(job, Progressed(current=3, total=4), n=3) == {"ack": 1}
        assert lab.report(job, Progressed(current=1, total=4), n=1) == {"ack": 1}
    assert lab.report(job, Progressed(current=2, total=4), n=2) == {"ack": 2}

    assert lab.doc(job)["progress"]["current"] == 2


@pytest.mark.parametrize(
    "items", [(), (Custom(name="a.b"),), (Warned(message="x"), Warned(message="y"))], ids=["none", "custom", "two"]
)
def test_a_number_stands_exactly_when_its_statement_does(lab, items):
    job = lab.job("running")

    assert lab.report(job, *items) == {"ack": 1}

    assert lab.doc(job)["soft"]["n"] == 1
    assert sum("n" in event.data.get("soft", {}) for event in lab.events) == 1


def test_a_statement_that_is_refused_has_no_number(lab):
    job = lab.job("running")

    with lab.nothing_changes(), pytest.raises(InvalidInput):
        lab.end(job, "exploded", n=1)

    assert lab.end(job, "succeeded", n=1) == {"ack": 1}


def test_an_outcome_that_is_resent_because_its_ack_was_lost_is_acknowledged_again(lab):
    job = lab.job("running")
    lab.report(job, PROGRESS)
    lab.end(job, "succeeded", result=b"1")

    with lab.nothing_changes():
        assert lab.end(job, "succeeded", result=b"1", n=2) == {"ack": 2}
        assert lab.report(job, PROGRESS, n=1) == {"ack": 2}


def test_an_outcome_that_is_resent_after_the_next_attempt_began_is_acknowledged_too(lab):
    job = lab.job("running", max_attempts=2, options={"backoff_s": 0})
    lab.end(job, "errored")
    lab.look(job)
    lab.offer(job)

    with lab.nothing_changes():
        assert lab.end(job, "errored", n=1, attempt=1) == {"ack": 1}


def test_each_attempt_counts_its_statements_from_one(lab):
    job = lost_and_running_elsewhere(lab)

    assert lab.report(job, PROGRESS, n=1) == {"ack": 1}


def test_numbers_go_on_after_the_end_for_the_clean_up(lab):
    job = lab.job("cancelling")
    lab.end(job, "cancelled", n=1)

    assert lab.step(job, "cleaned", n=2, note="half") == {"ack": 2}
    with lab.nothing_changes():
        assert lab.step(job, "cleaned", n=2) == {"ack": 2}

    assert lab.doc(job)["cancel"]["cleaned"] == "half"
    assert lab.attempt(job)["n"] == 2
    assert lab.state(job) == "cancelled(cancelled)"


def test_a_clean_up_is_no_annotation_of_a_job_that_was_not_cancelled(lab):
    job = lab.job("running")
    lab.end(job, "succeeded")

    assert "fenced" in lab.step(job, "cleaned", n=2)


# -- accept and refuse ---------------------------------------------------------------------------------------------


def test_an_accepted_offer_is_started_once(lab):
    job = lab.job("offered")
    lab.wait(1)

    lab.accept(job)
    assert lab.types() == ["job.started"]
    with lab.nothing_changes():
        lab.accept(job)

    assert lab.doc(job)["started_at"] == lab.attempt(job)["started_at"] > lab.attempt(job)["offered_at"]


@pytest.mark.parametrize(
    "say", [lambda lab, job: lab.report(job, PROGRESS), lambda lab, job: lab.end(job, "succeeded")]
)
def test_whatever_a_worker_says_of_an_offer_accepts_it(lab, say):
    job = lab.job("offered")

    say(lab, job)

    assert lab.types()[0] == "job.started"


@pytest.mark.parametrize("outcome", ["released", "refused"])
def test_an_offer_given_back_was_never_started(lab, outcome):
    job = lab.job("offered")

    lab.end(job, outcome)

    assert lab.types() == ["job.attempt_ended", "job.queued"]
    assert "started_at" not in lab.doc(job)


def test_a_refused_offer_goes_elsewhere_first_and_counts_for_nothing(lab):
    job = lab.job("offered")
    lab.worker("w/2")

    lab.refuse(job, reason="no CUDA")

    assert lab.state(job) == "queued"
    assert (lab.attempt(job)["outcome"], lab.attempt(job)["reason"]) == ("refused", "no CUDA")
    assert lab.doc(job)["tries"] == 0
    assert lab.claim("w/1") == []
    assert lab.claim("w/2") == [job]


def test_a_no_op_job_makes_five_events(lab):
    job, seen = lab.submit(), []
    for command in (
        c.Claim(worker="w/1", limit=1, kinds=("crawl",)),
        c.Accept(job=job, attempt=1, worker="w/1"),
        c.End(job=job, attempt=1, worker="w/1", n=1, outcome="succeeded", result=b"null"),
    ):
        lab.do(command)
        seen += lab.types()

    assert seen == ["job.offered", "job.started", "job.attempt_ended", "job.completed"]


# -- results and errors --------------------------------------------------------------------------------------------


def test_a_result_is_in_the_document_while_it_is_small(lab):
    job = lab.job("running")

    lab.end(job, "succeeded", result=b'{"files":3,"none":null}')

    assert lab.doc(job)["result"] == {"files": 3, "none": None}
    assert lab.doc(job)["progress"]["overall"] == 1.0


def test_a_large_result_is_kept_beside_the_document(lab):
    job = lab.job("running")
    large = b'"' + b"x" * 5_000 + b'"'

    lab.end(job, "succeeded", result=large)

    assert "result" not in lab.doc(job)
    assert lab.doc(job)["result_bytes"] == len(large)
    with lab.store.reading() as reading:
        assert reading.result(job) == large


def test_a_result_over_the_limit_fails_the_job_at_once_with_the_way_out(lab):
    job = lab.job("running", max_attempts=9)

    lab.end(job, "succeeded", result=b'"' + b"x" * lab.settings.result_bytes + b'"')

    assert lab.state(job) == "failed(rejected)"
    said = "The result has 262,146 bytes; the limit is 262,144. Keep it as an artifact and return its name."
    assert lab.doc(job)["error"] == {"type": "TooLarge", "message": said}


def test_a_result_that_is_not_json_is_refused_by_name(lab):
    job = lab.job("running")

    with lab.nothing_changes(), pytest.raises(InvalidInput) as wrong:
        lab.end(job, "succeeded", result=b"{oops")

    assert str(wrong.value).startswith("result: not JSON: ")


def test_an_unknown_outcome_is_answered_with_the_known_ones(lab):
    job = lab.job("running")

    with pytest.raises(InvalidInput) as wrong:
        lab.end(job, "exploded")

    assert str(wrong.value) == (
        "outcome: 'exploded' is unknown. One of succeeded, errored, rejected, cancelled, timed_out, stalled, crashed, "
        "lost, released, refused."
    )


def test_an_error_stays_on_the_attempt_and_with_the_last_one_on_the_job(lab):
    job = lab.job("running", max_attempts=2, options={"backoff_s": 0})
    error = {"type": "ValueError", "message": "no", "traceback": "…"}

    lab.end(job, "errored", error=error)
    assert "error" not in lab.doc(job)
    lab.look(job)
    lab.offer(job)
    lab.end(job, "errored", error=error)

    assert lab.attempt(job, 1)["error"] == lab.attempt(job, 2)["error"] == lab.doc(job)["error"] == error


# -- the receipt and artifacts -------------------------------------------------------------------------------------


def test_each_step_of_a_receipt_is_written_once(lab):
    job = lab.job("cancelling")
    lab.step(job, "acknowledged")
    first = lab.doc(job)["cancel"]["acknowledged_at"]
    lab.wait(1)

    lab.step(job, "acknowledged")

    assert lab.types() == ["job.noted"]
    assert lab.doc(job)["cancel"]["acknowledged_at"] == first


def test_a_step_of_a_cancel_that_nobody_asked_for_writes_no_receipt(lab):
    job = lab.job("running")

    lab.step(job, "acknowledged")

    assert "cancel" not in lab.doc(job)


def test_an_unknown_step_is_answered_with_the_known_ones(lab):
    job = lab.job("cancelling")

    with lab.nothing_changes(), pytest.raises(InvalidInput) as wrong:
        lab.step(job, "vanished")

    assert str(wrong.value) == "step: 'vanished' is unknown. One of delivered, acknowledged, stopped, cleaned."


def test_an_artifact_is_the_jobs_from_its_event_on(lab):
    job = lab.job("running")

    lab.say(c.AddArtifact, job, name="report.html", artifact={"size": 3, "sha256": "ab"}, n=0)

    kept = lab.doc(job)["artifacts"]["report.html"]
    assert (kept["size"], kept["sha256"], kept["attempt"]) == (3, "ab", 1)
    assert lab.last("job.artifact_added").data["name"] == "report.html"


def test_an_artifact_of_an_attempt_that_is_over_is_fenced(lab):
    job = lost_and_running_elsewhere(lab)

    with lab.nothing_changes():
        answer = lab.say(c.AddArtifact, job, name="x", artifact={}, n=0, attempt=1, worker="w/1")

    assert "fenced" in answer
