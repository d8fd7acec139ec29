"""The live picture: the newest stands, viewers need no other, it goes with its attempt, its versions never repeat."""

from __future__ import annotations

import pytest

from headway.clock import iso
from headway.model import command as c
from headway.model.fold import fold
from headway.protocol.resuming import conflate
from headway.testing.factories import Lab


@pytest.fixture
def lab():
    return Lab()


def show(lab, job, key, label=None):
    picture = {"key": key, "type": "image/jpeg", "size": 3} | ({"label": label} if label else {})
    answer = lab.say(c.SetPreview, job, preview=picture, n=0)
    assert answer == {}
    return lab.last("job.previewed")


def test_the_newest_picture_is_the_jobs_and_the_event_says_whose_place_it_took(lab):
    job = lab.job("running")

    first = show(lab, job, "a", label="KSampler")
    second = show(lab, job, "b")

    shown = lab.doc(job)["preview"]
    assert shown == {"version": 2, "type": "image/jpeg", "size": 3, "key": "b", "at": iso(lab.now)}
    assert ("left" in first.data, second.data["left"]) == (False, "a")


def test_a_viewer_that_got_only_the_newest_has_the_same_document(lab):
    job = lab.job("running")
    before = lab.doc(job)

    events = [show(lab, job, "a", label="KSampler"), show(lab, job, "b")]
    kept, left_out = conflate(events)

    assert (kept, left_out) == ([events[1]], 1)
    assert fold(before, events[1])["preview"] == fold(fold(before, events[0]), events[1])["preview"]


def test_pictures_of_two_jobs_are_no_substitute_for_one_another(lab):
    one, two = lab.job("running"), lab.job("running")

    _, left_out = conflate([show(lab, one, "a"), show(lab, two, "b")])

    assert left_out == 0


@pytest.mark.parametrize("outcome", ["succeeded", "errored", "released", "cancelled"])
def test_it_goes_with_its_attempt_and_the_end_names_its_file(lab, outcome):
    job = lab.job("running", max_attempts=3)
    show(lab, job, "a")

    lab.end(job, outcome)

    ended = next(event for event in lab.events if event.type == "job.attempt_ended")
    assert "preview" not in lab.doc(job)
    assert ended.data["left"] == "a"


def test_it_goes_when_its_worker_is_lost(lab):
    job = lab.job("running", max_attempts=3)
    show(lab, job, "a")

    lab.do(c.Lose(worker="w/1", instance="i1"))

    assert "preview" not in lab.doc(job)


def test_an_end_without_a_picture_names_no_file(lab):
    job = lab.job("running")

    lab.end(job, "succeeded")

    assert all("left" not in event.data for event in lab.events)


def test_the_next_attempt_counts_on(lab):
    job = lab.job("running", max_attempts=3)
    show(lab, job, "a")
    lab.end(job, "released")
    lab.offer(job)
    lab.accept(job)

    show(lab, job, "b")

    assert lab.doc(job)["preview"]["version"] == 2


def test_a_picture_of_an_attempt_that_is_over_is_fenced(lab):
    job = lab.job("running")
    lab.end(job, "succeeded")

    with lab.nothing_changes():
        answer = lab.say(c.SetPreview, job, preview={"key": "a"}, n=0, attempt=1, worker="w/1")

    assert "fenced" in answer
