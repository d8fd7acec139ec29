"""What time does: expiry, times that come, offers not taken, timeout and stall; and that deaf time counts for nobody."""

from __future__ import annotations

import pytest

from headway.clock import iso
from headway.model import command as c
from headway.model.elapse import due_at, heard_s
from headway.model.report import InputRequested, Progressed, StageStarted, StepDone, Warned
from headway.testing.clock import START
from headway.testing.factories import Lab


@pytest.fixture
def lab():
    return Lab()


def due_in(lab, job):
    """Seconds from now until the job is to be looked at."""
    at = due_at(lab.doc(job))
    return None if at is None else (at - lab.now) / 1000


def passes(lab, job, seconds, deaf=()):
    """State just before so much time has passed, and then."""
    lab.wait(seconds - 0.001)
    lab.look(job, deaf=deaf)
    before = lab.state(job)
    lab.wait(0.001)
    lab.look(job, deaf=deaf)
    return before, lab.state(job)


# -- while it waits ------------------------------------------------------------------------------------------------


def test_a_scheduled_job_is_queued_when_its_time_comes(lab):
    job = lab.job("scheduled", run_at=START + 5_000)

    assert due_in(lab, job) == 5
    assert passes(lab, job, 5) == ("scheduled", "queued")


@pytest.mark.parametrize("state", ["scheduled", "blocked", "queued", "held"])
def test_a_job_that_waits_too_long_expires(lab, state):
    job = lab.job(state, expires_s=10)

    assert due_in(lab, job) == 10
    assert passes(lab, job, 10)[1] == "failed(expired)"
    assert lab.doc(job)["error"]["message"] == "It did not start before it expired."


def test_a_job_that_ever_started_does_not_expire(lab):
    job = lab.job("running", expires_s=10)
    lab.end(job, "released")

    lab.wait(60)
    lab.look(job)

    assert lab.state(job) == "queued"
    assert due_in(lab, job) is None


def test_a_job_that_was_only_offered_does(lab):
    job = lab.job("offered", expires_s=10)
    lab.refuse(job)

    assert passes(lab, job, 10) == ("queued", "failed(expired)")


# -- offers --------------------------------------------------------------------------------------------------------


def test_an_offer_that_nobody_accepts_goes_elsewhere_and_counts_for_nothing(lab):
    job = lab.job("offered")

    assert passes(lab, job, lab.settings.accept_s) == ("running", "queued")

    assert lab.attempt(job)["outcome"] == "released"
    assert lab.doc(job)["tries"] == 0
    assert list(lab.doc(job)["avoid"]) == ["w/1"]


# -- timeout -------------------------------------------------------------------------------------------------------


def test_an_attempt_that_runs_too_long_times_out_however_much_it_progresses(lab):
    job = lab.job("running", options={"timeout_s": 60, "progress_timeout_s": 50})
    lab.wait(40)
    lab.report(job, Progressed(current=1, total=2))

    assert due_in(lab, job) == 20
    assert passes(lab, job, 20) == ("running", "failed(timeout)")
    assert lab.last("job.attempt_ended").data["by"] == "server"


def test_each_attempt_has_the_whole_timeout(lab):
    job = lab.job("running", max_attempts=2, options={"timeout_s": 60, "backoff_s": 0})
    lab.wait(60)
    lab.look(job)
    lab.look(job)
    lab.offer(job)
    lab.accept(job)

    assert passes(lab, job, 60) == ("running", "failed(timeout)")


def test_completion_and_timeout_meet_in_one_order_and_the_first_wins(lab):
    early, late = (lab.job("running", options={"timeout_s": 60}) for _ in range(2))
    lab.wait(60)
    end = {"attempt": 1, "worker": "w/1", "n": 1, "outcome": "succeeded", "result": b"1"}

    lab.together(c.End(job=early, **end), c.Elapse(job=early))
    lab.together(c.Elapse(job=late), c.End(job=late, **end))

    assert lab.state(early) == "completed"
    assert lab.state(late) == "failed(timeout)"
    assert lab.attempt(late)["late"] == "succeeded"


# -- stall ---------------------------------------------------------------------------------------------------------


def stalling(lab, kind="crawl"):
    return lab.job("running", options={"progress_timeout_s": 30}, kind=kind)


def test_an_attempt_without_progress_stalls(lab):
    job = stalling(lab)

    assert due_in(lab, job) == 30
    assert passes(lab, job, 30) == ("running", "failed(stalled)")


@pytest.mark.parametrize(
    ("options", "said"),
    [({"timeout_s": 7_200}, "ran longer than 2h 00m"), ({"progress_timeout_s": 30}, "no progress for 30s")],
    ids=["timeout", "stall"],
)
def test_an_attempt_that_is_ended_for_time_has_the_time_it_had_as_its_reason(lab, options, said):
    job = lab.job("running", options=options)

    lab.wait(7_200)
    lab.look(job)

    assert lab.attempt(job)["reason"] == said
    assert lab.last("job.attempt_ended").data["reason"] == said  # what its worker is told with the fence
    assert lab.doc(job)["error"]["message"] == said


@pytest.mark.parametrize(
    "item",
    [Progressed(current=5, total=9), Progressed(message="still at it"), StageStarted(stage="s"), StepDone(name="one")],
    ids=lambda item: type(item).__name__,
)
def test_evidence_of_progress_winds_the_clock_up_again(lab, item):
    job = stalling(lab)
    lab.wait(20)
    lab.report(job, item)

    assert passes(lab, job, 30) == ("running", "failed(stalled)")


@pytest.mark.parametrize("item", [Progressed(current=5, total=9), Warned(message="x")], ids=["same count", "warning"])
def test_saying_the_same_again_is_no_progress(lab, item):
    job = stalling(lab)
    lab.report(job, Progressed(current=5, total=9))
    lab.wait(20)
    lab.report(job, item)

    assert due_in(lab, job) == 10
    assert passes(lab, job, 10) == ("running", "failed(stalled)")


def test_a_stage_may_have_a_patience_of_its_own(lab):
    plan = [{"name": "load", "weight": 1, "progress_timeout_s": 300}, {"name": "run", "weight": 9}]
    lab.worker(kinds=({"name": "train", "plan": plan},))
    job = stalling(lab, kind="train")
    lab.report(job, StageStarted(stage="load"))

    assert passes(lab, job, 299) == ("running", "running")
    lab.report(job, StageStarted(stage="run"))
    assert passes(lab, job, 30) == ("running", "failed(stalled)")


def test_the_reason_of_a_stall_is_the_patience_of_the_stage_where_it_has_one(lab):
    plan = [{"name": "load", "weight": 1, "progress_timeout_s": 300}, {"name": "run", "weight": 9}]
    lab.worker(kinds=({"name": "train", "plan": plan},))
    job = stalling(lab, kind="train")
    lab.report(job, StageStarted(stage="load"))

    assert passes(lab, job, 300) == ("running", "failed(stalled)")
    assert lab.attempt(job)["reason"] == "no progress for 5m 00s"


def test_the_clock_stands_while_the_worker_is_silent_and_starts_anew_when_it_is_back(lab):
    job = stalling(lab)
    lab.wait(20)
    lab.do(c.Stale(worker="w/1", instance="i1"))
    lab.wait(3_600)
    lab.look(job)
    assert lab.state(job) == "running"

    lab.do(c.Back(worker="w/1", instance="i1"))

    assert passes(lab, job, 30) == ("running", "failed(stalled)")


def test_the_clock_starts_anew_after_a_reconnect(lab):
    job = stalling(lab)
    lab.do(c.Disconnect(worker="w/1", instance="i1"))
    lab.wait(29)
    lab.look(job)
    lab.wait(29)
    lab.look(job)

    lab.worker(running=((job, 1, 0),))

    assert passes(lab, job, 30) == ("running", "failed(stalled)")


def test_the_clock_stands_while_a_person_is_asked(lab):
    job = stalling(lab)
    lab.report(job, InputRequested(request="r", message="Go on?"))
    lab.wait(3_600)
    lab.look(job)
    assert lab.state(job) == "running"

    lab.do(c.AnswerInput(job=job, request="r", action="accept"))

    assert passes(lab, job, 30) == ("running", "failed(stalled)")


# -- deaf time -----------------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("deaf", "heard"),
    [
        ((), 100),
        (((10, 30),), 80),
        (((-50, 30),), 70),
        (((90, 500),), 90),
        (((-50, 500),), 0),
        (((10, 20), (40, 50)), 80),
        (((-50, -10), (200, 300)), 100),
    ],
)
def test_time_that_the_server_could_not_hear_does_not_count(deaf, heard):
    intervals = tuple((START + 1000 * begin, START + 1000 * end) for begin, end in deaf)

    assert heard_s(iso(START), START + 100_000, intervals) == heard


def test_an_instant_that_never_was_is_no_time_ago():
    assert heard_s(None, START, ()) == 0.0


@pytest.mark.parametrize(
    ("options", "state"), [({"timeout_s": 30}, "failed(timeout)"), ({"progress_timeout_s": 30}, "failed(stalled)")]
)
def test_deadlines_shift_by_the_time_the_server_was_deaf(lab, options, state):
    job = lab.job("running", options=options)
    deaf = ((lab.now + 10_000, lab.now + 70_000),)

    assert passes(lab, job, 90, deaf=deaf) == ("running", state)


def test_an_offer_and_an_overdue_cancel_do_too(lab):
    offered, cancelling = lab.job("offered"), lab.job("cancelling", options={"cancel_grace_s": 0})
    deaf = ((lab.now, lab.now + 600_000),)
    lab.wait(600)

    lab.look(offered, deaf=deaf)
    lab.look(cancelling, deaf=deaf)

    assert (lab.state(offered), lab.state(cancelling)) == ("running", "cancelling")


def test_expiry_is_a_promise_to_who_submitted_and_does_not(lab):
    job = lab.job("queued", expires_s=10)
    deaf = ((lab.now, lab.now + 600_000),)
    lab.wait(600)

    lab.look(job, deaf=deaf)

    assert lab.state(job) == "failed(expired)"


# -- when to look --------------------------------------------------------------------------------------------------


@pytest.mark.parametrize("state", ["completed", "failed", "cancelled"])
def test_nobody_looks_at_a_final_job(lab, state):
    job = lab.job(state, expires_s=10, options={"timeout_s": 5})

    assert due_in(lab, job) is None


@pytest.mark.parametrize(
    ("state", "fields", "seconds"),
    [
        ("queued", {}, None),
        ("running", {}, None),
        ("offered", {}, 1),
        ("cancelling", {"options": {"cancel_grace_s": 7}}, 7),
        ("running", {"options": {"timeout_s": 9}}, 9),
        ("running", {"options": {"timeout_s": 9, "progress_timeout_s": 3}}, 3),
        ("scheduled", {"run_at": START + 60_000, "expires_s": 20}, 20),
        ("blocked", {}, None),
    ],
)
def test_a_job_is_looked_at_no_later_than_its_deadline(lab, state, fields, seconds):
    job = lab.job(state, **fields)

    assert due_in(lab, job) == seconds
