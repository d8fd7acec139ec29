"""What is forgotten and what is not: the window of replay, points of progress, old jobs; and rows stay folds."""

from __future__ import annotations

import pytest

from headway.hub.ledger import commit_batch
from headway.hub.retention import Retention, thinned
from headway.hub.verify import verify
from headway.model import command as c, report as r
from headway.model.settings import Settings
from headway.testing.clock import VirtualClock
from headway.testing.factories import Lab

HOUR, DAY = 3_600, 86_400


class LabLedger:
    """The ledger as far as retention knows it, over the laboratory."""

    def __init__(self, lab) -> None:
        self._lab = lab
        self.entries = []

    async def execute_all(self, commands):
        self.entries.append(list(commands))
        return commit_batch(self._lab.store, commands, self._lab.now, self._lab.settings).results


class Clock(VirtualClock):
    """The laboratory's time."""

    def __init__(self, lab) -> None:
        super().__init__()
        self._lab = lab

    def now(self):
        return self._lab.now


@pytest.fixture
def lab():
    return Lab(settings=Settings(progress_points=5))


@pytest.fixture
def retention(lab):
    return Retention(LabLedger(lab), lab.store, Clock(lab), lab.settings)


def long_job(lab, reports=40):
    job = lab.job("running")
    for step in range(reports):
        lab.wait(1)
        lab.report(job, r.Progressed(current=step + 1, total=reports + 1))
    lab.end(job, "succeeded", result=b"1")
    return job


def types(lab, job):
    with lab.store.reading() as reading:
        return [event.type for event in reading.events_of(job)]


async def test_within_the_window_nothing_is_forgotten(lab, retention):
    job = long_job(lab)
    before = types(lab, job)
    lab.wait(23 * HOUR)

    done = await retention.tidy()

    assert (done.thinned, done.deleted, done.purged) == (0, 0, 0)
    assert types(lab, job) == before


async def test_a_job_that_showed_many_pictures_keeps_none_of_those_events(lab, retention):
    job = lab.job("running")
    for step in range(6):
        lab.wait(1)
        lab.say(c.SetPreview, job, preview={"key": f"{step}", "type": "image/png", "size": 1}, n=0)
    lab.end(job, "succeeded", result=b"1")
    lab.wait(25 * HOUR)
    await retention.tidy()
    lab.wait(25 * HOUR)

    await retention.tidy()

    assert types(lab, job) == ["job.compacted"]
    assert verify(lab.store).differences == []


async def test_a_job_that_ended_before_the_window_keeps_a_checkpoint_and_few_points(lab, retention):
    job = long_job(lab)
    lab.wait(25 * HOUR)

    await retention.tidy()
    lab.wait(25 * HOUR)
    lab.submit()
    await retention.tidy()

    with lab.store.reading() as reading:
        [checkpoint] = reading.events_of(job)
    points = checkpoint.data["points"]["1"]
    assert len(points) == 5
    assert points[0][1] < points[-1][1] == pytest.approx(40 / 41)
    assert lab.doc(job)["result"] == 1
    assert verify(lab.store).different == 0


async def test_a_short_job_is_left_as_it_is(lab, retention):
    job = long_job(lab, reports=5)
    before = types(lab, job)
    for _ in range(3):
        lab.wait(25 * HOUR)
        await retention.tidy()

    assert types(lab, job) == before


async def test_a_job_that_still_runs_is_left_as_it_is(lab, retention):
    job = lab.job("running")
    for step in range(40):
        lab.report(job, r.Progressed(current=step, total=40))
    lab.wait(25 * HOUR)

    done = await retention.tidy()

    assert done.thinned == 0
    assert lab.end(job, "succeeded") == {"ack": 41}
    assert verify(lab.store).different == 0


async def test_a_job_is_thinned_once(lab, retention):
    long_job(lab)
    lab.wait(25 * HOUR)
    first = await retention.tidy()
    lab.wait(HOUR)

    second = await retention.tidy()

    assert (first.thinned, second.thinned) == (1, 0)


async def test_the_window_is_a_number_of_events_too(lab):
    retention = Retention(LabLedger(lab), lab.store, Clock(lab), Settings(retain_events=10))
    for _ in range(30):
        lab.submit()

    done = await retention.tidy()

    assert done.first_seq == lab.store.disk.head.seq - 9
    assert verify(lab.store).different == 0


async def test_what_no_job_needs_is_purged_behind_the_window(lab, retention):
    lab.do(c.Note(name="system.announced", data={"text": "hello"}))
    lab.wait(25 * HOUR)
    lab.do(c.Note(name="system.announced"))

    done = await retention.tidy()

    assert done.purged == 3
    with lab.store.reading() as reading:
        assert [event.data for event in reading.events(0)] == [{}]
        assert reading.first_seq() == done.first_seq == 4


async def test_jobs_go_thirty_days_after_their_end_and_not_after_their_beginning(lab, retention):
    old, waiting = lab.job("completed"), lab.job("running")
    lab.wait(29 * DAY)
    lab.end(waiting, "succeeded")
    lab.wait(2 * DAY)

    done = await retention.tidy()

    assert done.deleted == 1
    assert lab.doc(old) == {}
    assert lab.state(waiting) == "completed"


async def test_housekeeping_goes_in_small_entries(lab):
    ledger = LabLedger(lab)
    for _ in range(250):
        lab.job("cancelled")
    lab.wait(31 * DAY)

    done = await Retention(ledger, lab.store, Clock(lab), lab.settings).tidy()

    assert done.deleted == 250
    assert max(map(len, ledger.entries)) <= 100
    assert lab.store.disk.jobs == {}


@pytest.mark.parametrize(
    ("number", "most", "kept"),
    [(0, 5, []), (3, 5, [0, 1, 2]), (9, 5, [0, 2, 4, 6, 8]), (100, 3, [0, 50, 99]), (4, 1, [3]), (4, 0, [])],
)
def test_points_are_thinned_evenly_with_both_ends(number, most, kept):
    points = [(str(place), float(place)) for place in range(number)]

    assert [int(place) for _, place in thinned(points, most)] == kept
