"""R6: whatever meets a running attempt at about the same time, in either order, comes out as the tables say."""

from __future__ import annotations

import logging
from typing import Any

import pytest

from headway.model import attempt, command as c, decide, elapse, ending, fleet, lifecycle
from headway.model.event import Event
from headway.model.job import JobState
from headway.testing.races import RIVALS, Rival, Violation, race

RUNS = 40
"""Seeds of each pair; three hundred by `python -m headway.testing.races`."""


@pytest.fixture(autouse=True)
def quiet():
    logging.disable(logging.CRITICAL)
    yield
    logging.disable(logging.NOTSET)


@pytest.mark.parametrize("first", RIVALS)
def test_two_that_meet_one_attempt_leave_one_outcome_and_the_loser_is_on_record(first: Rival):
    for second in RIVALS:
        for seed in range(RUNS):
            race(first, second, seed)


def test_a_race_happens_the_same_way_again():
    first, second = (race(Rival.DRAIN, Rival.STALL, 4).lab.log for _ in range(2))

    assert first == second
    assert len(first) > 10


# -- rules broken on purpose ---------------------------------------------------------------------------------------


def found(first: Rival, second: Rival) -> str:
    """What the first of these races that notices says."""
    for seed in range(40):
        try:
            race(first, second, seed)
        except Violation as violation:
            return str(violation)
    return "nothing"


def test_an_attempt_that_speaks_after_its_end_is_noticed(monkeypatch: pytest.MonkeyPatch):
    monkeypatch.setattr(attempt, "_speaks_for", lambda job, now, command: now.get("worker") == command.worker)

    assert found(Rival.TIMEOUT, Rival.COMPLETE) != "nothing"
    assert found(Rival.COMPLETE, Rival.ERROR) != "nothing"


def test_a_late_word_that_is_kept_by_nobody_is_noticed(monkeypatch: pytest.MonkeyPatch):
    monkeypatch.setattr(attempt, "_fence", lambda world, job, command: {"fenced": "over"})

    assert "late was ''" in found(Rival.LEASE_END, Rival.COMPLETE)


def test_a_final_state_that_is_left_is_noticed(monkeypatch: pytest.MonkeyPatch):
    row = lifecycle.TABLE[c.Cancel] | {JobState.COMPLETED: lifecycle.cancel_running}
    monkeypatch.setitem(lifecycle.TABLE, c.Cancel, row)

    assert "'cancelling', not 'completed'" in found(Rival.COMPLETE, Rival.CANCEL)


def test_a_retry_of_what_was_to_stop_is_noticed(monkeypatch: pytest.MonkeyPatch):
    monkeypatch.setattr(ending, "_cancelled", lambda world, job, end: ending.queue(world, job))

    assert "not 'cancelled(cancelled)'" in found(Rival.CANCEL, Rival.ERROR)


def test_a_success_that_a_cancel_swallows_is_noticed(monkeypatch: pytest.MonkeyPatch):
    whole = ending._complete

    def complete(world: Any, job: Any, end: Any) -> None:
        cancelling = job.get("state") == JobState.CANCELLING
        (ending._cancelled if cancelling else whole)(world, job, end)

    monkeypatch.setattr(ending, "_complete", complete)

    assert "not 'completed'" in found(Rival.CANCEL, Rival.COMPLETE)


def test_a_lease_that_ends_for_a_newer_process_is_noticed(monkeypatch: pytest.MonkeyPatch):
    monkeypatch.setattr(fleet, "_same_instance", lambda world, id, instance: world.workers.get(id))

    assert "worker was 'lost', not 'online'" in found(Rival.REPLACE, Rival.LEASE_END)


def test_a_stall_counted_while_nothing_is_heard_is_noticed(monkeypatch: pytest.MonkeyPatch):
    monkeypatch.setattr(elapse, "_is_fresh", lambda world, job: True)

    assert "not 'running'" in found(Rival.DISCONNECT, Rival.STALL)


def test_a_loss_held_against_who_was_told_to_go_is_noticed(monkeypatch: pytest.MonkeyPatch):
    monkeypatch.setattr(ending, "_drained", lambda world, job: False)

    assert "not 'queued'" in found(Rival.DRAIN, Rival.LEASE_END)


def test_a_registration_that_the_end_of_a_lease_blanks_is_noticed(monkeypatch: pytest.MonkeyPatch):
    whole = fleet.lose

    def lose(world: Any, command: c.Lose, settings: Any) -> int:
        world.add(Event(type="worker.lost", at=world.now, subject=command.worker, data={"set": {"labels": None}}))
        return whole(world, command, settings)

    monkeypatch.setitem(decide.RULES, c.Lose, lose)

    assert "the registration became" in found(Rival.LEASE_END, Rival.COMPLETE)
