"""Five hundred seeded clusters, and the proof that the simulator would notice: rules broken on purpose are found."""

from __future__ import annotations

import logging
from collections.abc import Callable
from typing import Any

import pytest

from headway.hub.dispatcher import Dispatcher
from headway.hub.linked import LinkedWorker
from headway.hub.roster import Roster
from headway.model import attempt, change, offering, services, world as worlds
from headway.model.event import Event
from headway.model.job import is_claimable
from headway.protocol.serving import Serving
from headway.testing.simulator import Violation, simulate
from headway.testing.simulator.server import Server, WorkerEnd

SEEDS = 500
TOGETHER = 20
"""Seeds of one test: few enough that workers of the test run share them evenly."""


@pytest.fixture(autouse=True)
def quiet():
    logging.disable(logging.CRITICAL)
    yield
    logging.disable(logging.NOTSET)


@pytest.mark.parametrize("first", range(0, SEEDS, TOGETHER))
def test_nothing_that_must_hold_is_violated(first):
    for seed in range(first, first + TOGETHER):
        simulate(seed)


def test_a_seed_is_a_world_that_happens_the_same_way_again():
    first, second = [], []

    simulate(7, trace=first.append)
    simulate(7, trace=second.append)

    assert first == second
    assert len(first) > 100


# -- rules broken on purpose ---------------------------------------------------------------------------------------


def found(most: int = 60, step: int = 1) -> str:
    """What the first seed that notices says."""
    for seed in range(0, most, step):
        try:
            simulate(seed)
        except Violation as violation:
            return str(violation)
    return "nothing"


def test_a_broken_fence_is_noticed(monkeypatch: pytest.MonkeyPatch):
    def speaks_for(job, now, command) -> bool:
        return now.get("worker") == command.worker

    monkeypatch.setattr(attempt, "_speaks_for", speaks_for)

    assert "over" in found()


def test_statements_applied_out_of_turn_are_noticed(monkeypatch: pytest.MonkeyPatch):
    monkeypatch.setattr(attempt, "_last_n", lambda job, now: NEVER)

    assert "follows" in found()


class _Never(int):
    """A last number that any next one follows."""

    def __add__(self, other) -> int:
        return self

    def __eq__(self, other) -> bool:
        return True

    def __ne__(self, other) -> bool:
        return False

    __hash__ = int.__hash__


NEVER = _Never()


def test_a_job_that_is_counted_wrongly_is_noticed(monkeypatch: pytest.MonkeyPatch):
    original: Callable[..., None] = change.job_event

    def forgetful(world, job, type, change=None, **more: Any) -> None:
        original(world, job if type != "job.retry_scheduled" else {**job, "state": "queued"}, type, change, **more)

    for module in (change, attempt, __import__("headway.model.ending", fromlist=["ending"])):
        monkeypatch.setattr(module, "job_event", forgetful)

    assert "counts differ" in found()


def test_a_change_that_is_not_in_the_log_is_noticed(monkeypatch: pytest.MonkeyPatch):
    original = worlds.World.add

    def meddling(self, event: Event) -> None:
        original(self, event)
        if event.type == "job.started":
            self.jobs[event.subject] = {**self.jobs[event.subject], "steps": 1}

    monkeypatch.setattr(worlds.World, "add", meddling)

    assert "steps: None instead of 1" in found()


def test_offers_that_never_reach_a_worker_are_noticed(monkeypatch: pytest.MonkeyPatch):
    monkeypatch.setattr(WorkerEnd, "offer", lambda self, job, args, checkpoints: None)

    assert "is still" in found()


def test_a_leader_that_does_not_ask_what_other_servers_heard_is_noticed(monkeypatch: pytest.MonkeyPatch):
    def recall(self: Roster, worker: str, at: int) -> None:
        self._heard.setdefault(worker, at)

    monkeypatch.setattr(Roster, "recall", recall)

    assert "still" in found()


def test_a_worker_that_is_lost_while_its_link_stands_is_noticed(monkeypatch: pytest.MonkeyPatch):
    monkeypatch.setattr(Server, "_given_up", lambda self, worker: None)

    assert "has its link, and is lost" in found(400, 5)  # worlds of short leases


def test_a_job_that_runs_under_a_definition_that_nobody_approved_is_noticed(monkeypatch: pytest.MonkeyPatch):
    monkeypatch.setattr(offering, "_may_run", lambda world, job, worker, definitions: is_claimable(job))

    assert "is pinned" in found()


def test_a_list_of_kinds_that_is_lost_while_the_store_is_away_is_noticed(monkeypatch: pytest.MonkeyPatch):
    monkeypatch.setattr(Serving, "again", lambda self: [])

    assert "has told" in found(200)


def test_a_dispatcher_that_does_not_hear_of_other_kinds_is_noticed(monkeypatch: pytest.MonkeyPatch):
    monkeypatch.setattr(Dispatcher, "serve", lambda self, *told: None)

    assert "is still queued" in found()


def test_an_engine_that_is_given_more_than_it_has_slots_is_noticed(monkeypatch: pytest.MonkeyPatch):
    monkeypatch.setattr(LinkedWorker, "room", lambda self: dict.fromkeys(self.needs.values(), 99))

    assert "its engine has 2 slots" in found(200)


def test_an_engine_given_up_that_is_not_told_of_again_is_noticed(monkeypatch: pytest.MonkeyPatch):
    monkeypatch.setattr(services, "tell", lambda world, worker, told, settings: [])

    assert "stands as" in found()
