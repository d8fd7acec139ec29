"""Who was heard when, and that time in which the server could not hear counts for nobody, and never twice."""

from __future__ import annotations

import pytest

from headway.hub.roster import KEPT_DEAF_MS, Roster
from headway.model.settings import Settings
from headway.testing.clock import START, VirtualClock


@pytest.fixture
def clock():
    return VirtualClock()


@pytest.fixture
def roster(clock):
    return Roster(clock, Settings())


def at(seconds):
    return START + round(seconds * 1000)


def test_silence_is_counted_from_the_last_word(roster, clock):
    roster.hear("w/1")
    clock.skip(12)

    assert roster.silence_s("w/1", clock.now()) == 12
    roster.hear("w/1")
    assert roster.silence_s("w/1", clock.now()) == 0
    assert roster.last_heard("w/1") == at(12)


def test_a_worker_nobody_ever_heard_is_not_silent(roster, clock):
    assert roster.last_heard("w/9") is None
    assert roster.silence_s("w/9", clock.now()) == 0


def test_what_the_store_remembers_does_not_outdo_what_was_heard(roster, clock):
    clock.skip(10)
    roster.hear("w/1")
    roster.recall("w/1", at(3))
    roster.recall("w/2", at(3))

    assert (roster.last_heard("w/1"), roster.last_heard("w/2")) == (at(10), at(3))


@pytest.mark.parametrize(
    ("deaf", "heard"),
    [
        ([], 100), ([(10, 30)], 80), ([(10, 30), (20, 50)], 60), ([(20, 50), (10, 30)], 60), ([(10, 30), (30, 40)], 70),
        ([(10, 20), (60, 70), (15, 65)], 40), ([(10, 20), (40, 50)], 80), ([(-50, 10), (90, 500)], 80),
    ],
)  # fmt: skip
def test_deaf_time_counts_for_nobody_and_never_twice(roster, clock, deaf, heard):
    roster.hear("w/1")
    clock.skip(100)
    for begin, until in deaf:
        roster.was_deaf(at(begin), at(until))

    assert roster.silence_s("w/1", clock.now()) == heard
    assert roster.deaf == tuple(sorted(roster.deaf))


def test_old_deaf_time_is_forgotten(roster, clock):
    roster.was_deaf(at(0), at(1))
    clock.skip(KEPT_DEAF_MS / 1000 + 2)
    roster.was_deaf(clock.now() - 1_000, clock.now())

    assert len(roster.deaf) == 1


def test_what_was_heard_is_written_once_with_the_newest_load(roster, clock):
    roster.hear("w/1", {"cpu": 1})
    roster.hear("w/1", {"cpu": 2})
    roster.hear("w/2")

    first, second = roster.take_heard()

    assert (first.worker, first.load, first.at) == ("w/1", {"cpu": 2}, at(0))
    assert (second.worker, second.load) == ("w/2", None)
    assert roster.take_heard() == []
