"""Worker and server compare what runs: at a hello, and while the link stands."""

from __future__ import annotations

import pytest

from headway.clock import iso
from headway.model import command as c
from headway.model.report import Progressed
from headway.testing.factories import Lab


@pytest.fixture
def lab():
    return Lab()


def compare(lab: Lab, *running: tuple[str, int], **more: str) -> None:
    lab.do(c.Compare(**{"worker": "w/1", "instance": "i1", "running": running, **more}))


def problems(lab: Lab) -> list[str]:
    return [each["problem"] for each in lab.worker_doc().get("problems", [])]


# -- while the link stands -----------------------------------------------------------------------------------------


def test_what_its_worker_names_goes_on(lab):
    job = lab.job("running")

    with lab.nothing_changes():
        compare(lab, (job, 1))
        compare(lab, (job, 1), ("elsewhere", 3))


def test_an_attempt_not_named_twice_in_a_row_is_lost_and_its_worker_has_a_problem(lab):
    job = lab.job("running", max_attempts=2)
    registration = {key: lab.worker_doc()[key] for key in ("machine", "state", "instance", "kinds", "slots")}
    compare(lab)
    once = lab.state(job), lab.attempt(job)["missed_at"]
    lab.wait(15)
    compare(lab)

    text = f"Attempt 1 of job {job} ran here, and its worker did not name it twice."
    assert once == ("running", iso(lab.now - 15_000))
    assert lab.attempt(job, 1)["outcome"] == "lost"
    assert lab.attempt(job, 1)["reason"] == "its worker no longer knows it"
    assert problems(lab) == [text]
    assert lab.last("system.alert").data == {"about": "worker w/1", "message": text}
    assert {key: lab.worker_doc()[key] for key in registration} == registration
    assert "fenced" in lab.report(job, Progressed(current=1), n=1, attempt=1)


def test_being_named_again_forgives_the_first_time(lab):
    job = lab.job("running")
    compare(lab)
    compare(lab, (job, 1))
    forgiven = lab.attempt(job)
    compare(lab)

    assert "missed_at" not in forgiven
    assert lab.state(job) == "running"


def test_a_hello_that_names_it_forgives_too(lab):
    job = lab.job("running")
    compare(lab)
    lab.worker(running=((job, 1, 0),))

    compare(lab)

    assert lab.state(job) == "running"
    assert problems(lab) == []


def test_the_number_of_the_attempt_counts(lab):
    job = lab.job("running")
    for _ in range(2):
        compare(lab, (job, 2))

    assert lab.attempt(job, 1)["outcome"] == "lost"


def test_an_offer_on_its_way_and_an_orphan_are_not_missed(lab):
    orphan = lab.job("adopted")
    lab.worker(instance="i2")
    lab.job("offered")

    with lab.nothing_changes():
        compare(lab, instance="i2")
        compare(lab, instance="i2")
    assert "orphaned_at" in lab.attempt(orphan)


def test_a_late_word_of_a_link_that_is_over_is_not_compared(lab):
    job = lab.job("running")
    lab.worker(server="s2", running=((job, 1, 0),))

    with lab.nothing_changes():
        compare(lab, instance="i0")
        compare(lab, server="s1")
        compare(lab, worker="w/9")


def test_a_late_word_of_the_process_that_adopted_it_does_not_make_an_orphan_lost(lab):
    orphan = lab.job("adopted")
    lab.worker(instance="i2")

    with lab.nothing_changes():
        compare(lab, instance="i1")
        compare(lab, instance="i1")
    assert lab.state(orphan) == "running"


def test_who_is_cancelled_and_not_known_any_more_is_cancelled(lab):
    job = lab.job("cancelling")
    compare(lab)
    compare(lab)

    assert lab.doc(job)["state"] == "cancelled"


def test_many_are_said_in_one_problem(lab):
    jobs = [lab.job("running") for _ in range(5)]
    compare(lab)
    compare(lab)

    named = ", ".join(f"attempt 1 of job {job}" for job in jobs[:3])
    assert problems(lab) == [f"A{named[1:]} (and 2 more) ran here, and its worker did not name it twice."]


# -- at a hello ----------------------------------------------------------------------------------------------------


def test_the_same_process_that_does_not_know_what_it_started_has_a_problem(lab):
    job = lab.job("running")

    lab.worker()

    assert lab.attempt(job, 1)["outcome"] == "lost"
    assert problems(lab) == [f"Attempt 1 of job {job} runs here, and its worker does not know it any more."]
    assert "system.alert" in lab.types()
    assert lab.worker_doc()["state"] == "online"


def test_a_new_process_or_an_offer_that_did_not_arrive_is_no_problem(lab):
    lab.job("offered")
    lab.worker()
    lab.job("running")
    lab.worker(instance="i2")

    assert problems(lab) == []


def test_who_names_what_it_was_never_given_has_a_problem(lab):
    mine = lab.job("running")
    lab.worker("w/2")
    other = lab.job("running", worker="w/2")

    answer = lab.worker(running=((mine, 1, 0), (mine, 7, 0), (other, 1, 0), ("nowhere", 1, 0)))

    assert len(answer["fenced"]) == 3
    named = f"Attempt 7 of job {mine}, attempt 1 of job {other}, attempt 1 of job nowhere"
    assert problems(lab) == [f"{named} is said to run there, and was never given to this worker."]


def test_what_ended_while_it_was_away_is_no_surprise(lab):
    done, lost = lab.job("running"), lab.job("running")
    lab.end(done, "succeeded")
    lab.do(c.Lose(worker="w/1", instance="i1"))

    answer = lab.worker(running=((done, 1, 1), (lost, 1, 0)))

    assert len(answer["fenced"]) == 2
    assert problems(lab) == []


def test_a_hello_that_agrees_ends_the_problem(lab):
    job = lab.job("running")
    compare(lab)
    compare(lab)
    before = problems(lab)

    lab.worker()

    assert (len(before), problems(lab)) == (1, [])
    assert lab.attempt(job, 1)["outcome"] == "lost"
