"""R6 over real links: two rivals cross on the wire, and one outcome comes of it, whichever was first."""

from __future__ import annotations

import itertools
import logging

import pytest

from headway.model import attempt
from headway.protocol.leasing import Leaseholder
from headway.testing.races import RIVALS, Rival
from headway.testing.races.links import meet
from headway.testing.simulator import Violation

pytestmark = pytest.mark.timeout(180)
RUNS = 1
"""Seeds of each pair; more by `python -m headway.testing.races.links`."""


@pytest.fixture(autouse=True)
def quiet():
    logging.disable(logging.CRITICAL)
    yield
    logging.disable(logging.NOTSET)


@pytest.mark.parametrize("first", RIVALS)
def test_whichever_comes_first_there_is_one_outcome(first: Rival):
    for one, other in itertools.combinations_with_replacement(RIVALS, 2):
        if one is first:
            for seed in range(RUNS):
                meet(one, other, seed)


# -- rules broken on purpose ---------------------------------------------------------------------------------------


def found(first: Rival, second: Rival) -> str:
    for seed in range(10):
        try:
            meet(first, second, seed)
        except Violation as violation:
            return str(violation)
    return "nothing"


def test_a_word_of_an_attempt_that_is_over_and_stands_is_noticed(monkeypatch: pytest.MonkeyPatch):
    monkeypatch.setattr(attempt, "_speaks_for", lambda job, now, command: now.get("worker") == command.worker)

    assert found(Rival.COMPLETE, Rival.TIMEOUT) != "nothing"


def test_a_late_word_that_nobody_keeps_is_noticed(monkeypatch: pytest.MonkeyPatch):
    monkeypatch.setattr(attempt, "_fence", lambda world, job, command: {"fenced": "over"})

    assert "is on record" in found(Rival.COMPLETE, Rival.TIMEOUT)


def test_a_worker_that_goes_on_past_its_lease_is_noticed(monkeypatch: pytest.MonkeyPatch):
    monkeypatch.setattr(Leaseholder, "_fence_self", lambda self, now: None)

    assert "still runs" in found(Rival.LEASE_END, Rival.LEASE_END)
