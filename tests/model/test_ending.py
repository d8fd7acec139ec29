"""How attempts end and what becomes of the job: tries, backoff, elsewhere, and who is to blame."""

from __future__ import annotations

import pytest

from headway.clock import from_iso
from headway.model import command as c
from headway.model.retry import EXECUTOR_DIED
from headway.testing.factories import Lab


@pytest.fixture
def lab():
    return Lab()


@pytest.mark.parametrize(
    ("outcome", "state"),
    [
        ("errored", "failed(error)"),
        ("rejected", "failed(rejected)"),
        ("timed_out", "failed(timeout)"),
        ("stalled", "failed(stalled)"),
        ("crashed", "failed(crashed)"),
        ("lost", "failed(worker_lost)"),
        ("cancelled", "cancelled(cancelled)"),
        ("succeeded", "completed"),
        ("released", "queued"),
        ("refused", "queued"),
    ],
)
def test_what_becomes_of_a_job_with_one_try(lab, outcome, state):
    job = lab.job("running")

    lab.end(job, outcome)

    assert lab.state(job) == state
    assert lab.doc(job)["tries"] == (0 if outcome in ("released", "refused") else 1)
    assert lab.attempt(job)["counted"] is (outcome not in ("released", "refused"))


@pytest.mark.parametrize(
    ("outcome", "state"),
    [
        ("errored", "scheduled"),
        ("timed_out", "scheduled"),
        ("rejected", "failed(rejected)"),
        ("stalled", "queued"),
        ("crashed", "queued"),
        ("lost", "queued"),
    ],
)
def test_what_becomes_of_a_job_with_tries_left(lab, outcome, state):
    job = lab.job("running", max_attempts=2)

    lab.end(job, outcome)

    assert lab.state(job) == state
    assert ("worker" in lab.doc(job)) is state.startswith("failed")


@pytest.mark.parametrize("outcome", ["stalled", "crashed", "lost"])
def test_what_failed_on_a_worker_goes_elsewhere_for_thirty_seconds(lab, outcome):
    job = lab.job("running", max_attempts=2)
    lab.worker("w/2")
    lab.end(job, outcome)

    assert lab.claim("w/1") == []
    lab.wait(30)

    assert lab.claim("w/1") == [job]
    assert lab.attempt(job)["number"] == 2


def test_the_other_worker_takes_it_at_once(lab):
    job = lab.job("running", max_attempts=2)
    lab.worker("w/2")

    lab.end(job, "crashed")

    assert lab.claim("w/2") == [job]


def test_workers_that_need_not_be_avoided_any_more_are_forgotten(lab):
    job = lab.job("running", max_attempts=9)
    lab.end(job, "crashed")
    lab.wait(31)
    lab.worker("w/2")
    lab.offer(job, "w/2")

    lab.end(job, "crashed")

    assert list(lab.doc(job)["avoid"]) == ["w/2"]


@pytest.mark.parametrize(("dice", "seconds"), [(0.0, 2.0), (0.5, 3.0), (1.0, 4.0)])
def test_a_retry_waits_exponentially_and_with_jitter(lab, dice, seconds):
    job = lab.job("running", max_attempts=9, options={"backoff_s": 2})
    lab.end(job, "errored", dice=1.0)
    lab.wait(2)
    lab.look(job)
    lab.offer(job)

    lab.end(job, "errored", dice=dice)

    event = lab.last("job.retry_scheduled")
    assert event.data["after_s"] == seconds
    assert from_iso(lab.doc(job)["run_at"]) == lab.now + 1000 * seconds


def test_the_wait_is_capped(lab):
    job = lab.job("running", max_attempts=9, options={"backoff_s": 100, "backoff_cap_s": 5})

    lab.end(job, "errored", dice=1.0)

    assert lab.last("job.retry_scheduled").data["after_s"] == 5.0


def test_a_handler_may_say_when_to_try_again(lab):
    job = lab.job("running", max_attempts=2)

    lab.end(job, "errored", retry_after_s=7.5)

    assert from_iso(lab.doc(job)["run_at"]) == lab.now + 7_500
    lab.wait(7.499)
    lab.look(job)
    assert lab.state(job) == "scheduled"
    lab.wait(0.001)
    lab.look(job)
    assert lab.state(job) == "queued"


def test_to_ask_for_a_retry_does_not_give_more_tries(lab):
    job = lab.job("running")

    lab.end(job, "errored", retry_after_s=7.5)

    assert lab.state(job) == "failed(error)"


def test_a_wait_beyond_all_reason_is_cut(lab):
    job = lab.job("running", max_attempts=2)

    lab.end(job, "errored", retry_after_s=1e15)

    assert lab.doc(job)["run_at"].startswith("2036")


def test_the_last_error_is_told_in_words_when_nobody_said_any(lab):
    job = lab.job("running")

    lab.end(job, "crashed")

    assert lab.doc(job)["error"] == {"type": "crashed", "message": "Its process died."}


def test_every_outcome_that_fails_has_its_words():
    from headway.model.job import Outcome
    from headway.model.retry import REASONS, SENTENCES

    assert set(REASONS) == set(SENTENCES) == set(Outcome) - {Outcome.SUCCEEDED}


# -- who is to blame -----------------------------------------------------------------------------------------------


def test_a_job_under_which_executors_die_is_stopped_and_others_are_not_blamed(lab):
    poison, neighbour = lab.job("running"), lab.job("running")

    for death in range(3):
        if death:
            lab.offer(poison)
        lab.end(poison, "released", reason=EXECUTOR_DIED)
        if death == 0:
            lab.end(neighbour, "released", reason=EXECUTOR_DIED)

    assert lab.state(poison) == "failed(crashed)"
    assert lab.state(neighbour) == "queued"
    assert lab.doc(neighbour)["tries"] == 0


def test_after_an_executor_died_under_it_a_job_is_to_run_alone(lab):
    job = lab.job("running")
    assert "alone" not in lab.attempt(job)

    lab.end(job, "released", reason=EXECUTOR_DIED)
    lab.offer(job)

    assert lab.attempt(job)["alone"] is True


def test_what_is_lost_with_a_drained_worker_counts_for_nothing(lab):
    job = lab.job("running")
    lab.do(c.Drain(worker="w/1"))
    lab.do(c.Disconnect(worker="w/1", instance="i1"))

    lab.do(c.Lose(worker="w/1", instance="i1"))

    assert lab.state(job) == "queued"
    assert lab.doc(job)["tries"] == 0
    assert lab.attempt(job)["counted"] is False


def test_a_completed_job_leaves_durations_for_estimates(lab):
    job = lab.job("running")
    lab.wait(4)

    lab.end(job, "succeeded")

    with lab.store.reading() as reading:
        assert reading.samples("crawl") == [("", 4.0)]


@pytest.mark.parametrize("outcome", ["errored", "cancelled", "lost"])
def test_only_completed_jobs_do(lab, outcome):
    job = lab.job("running")

    lab.end(job, outcome)

    with lab.store.reading() as reading:
        assert reading.samples("crawl") == []


@pytest.mark.parametrize("state", ["running", "cancelling"])
def test_a_cancelled_attempt_may_say_what_was_done_till_then(lab, state):
    job = lab.job(state)

    lab.end(job, "cancelled", result=b'{"done":3}')

    assert lab.state(job) == "cancelled(cancelled)"
    assert (lab.doc(job)["result"], lab.doc(job)["result_bytes"]) == ({"done": 3}, 10)


def test_a_result_beside_any_other_outcome_is_not_kept(lab):
    job = lab.job("cancelling")

    lab.end(job, "errored", result=b'{"done":3}')

    assert lab.state(job) == "cancelled(cancelled)"
    assert "result" not in lab.doc(job)
