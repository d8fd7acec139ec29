"""The working copy of a batch: what is taken back is taken back whole, and what is counted stays exact."""

from __future__ import annotations

import copy

import pytest

from headway.model import command as c
from headway.model.decide import decide
from headway.model.event import Event
from headway.model.job import is_claimable, visible
from headway.model.settings import Settings
from headway.model.world import World, fits

NOW = 1_790_000_000_000


def world():
    made = World(NOW)
    made.held_by = {"w/1": set(), "w/2": set()}
    return made


def told(id, state, was=None, **more: str | None):
    doc = {"id": id, "state": state, "queue": "q", "kind": "k", "limit_key": "x", **more}
    return Event(type="job.x", at=NOW, subject=id, job=id, queue="q", kind="k", data={"set": doc, "was": was})


def contents(made):
    return copy.deepcopy({name: value for name, value in vars(made).items() if name != "_undo"})


def test_what_a_refused_command_did_is_taken_back_whole():
    made = world()
    made.add(told("A", "running", worker="w/1"))
    before = contents(made)
    mark = made.mark()

    made.add(told("A", "queued", "running", worker=None))
    made.add(told("A", "running", "queued", worker="w/2"))
    made.add(told("B", "queued"))
    made.put(made.args, "B", b"{}")
    made.put(made.uniques, ("n", "k"), "B")
    made.put(made.uniques, ("n", "k"), "C")
    made.new_checkpoints.append(("B", "k", 1))
    made.deleted.append("A")
    made.stamp = ("B", 1)
    made.rewind(mark)

    assert contents(made) == before
    assert made.active["key", "k", "x"] == 1
    assert made.held_by == {"w/1": {"A"}, "w/2": set()}


def test_a_job_that_goes_from_one_worker_to_the_next_is_held_by_one():
    made = world()
    made.add(told("A", "running", worker="w/1"))

    made.add(told("A", "running", "running", worker="w/2"))

    assert made.held_by == {"w/1": set(), "w/2": {"A"}}
    assert made.active["queue", "q"] == 1


def test_a_rule_that_fails_leaves_no_trace(monkeypatch):
    made = world()
    monkeypatch.setitem(
        decide.__globals__["RULES"], c.Note, lambda world, command, settings: made.add(told("A", "x")) or 1 / 0
    )

    with pytest.raises(ZeroDivisionError):
        decide(made, c.Note(name="system.x"), Settings())

    assert made.events == []
    assert made.jobs == {}


def test_events_of_users_fold_into_nothing():
    made = world()

    made.add(Event(type="jobs.done", at=NOW, subject="A", data={"set": {"state": "x"}}))

    assert made.jobs == {}


def test_claimable_is_queued_and_neither_held_nor_adopted():
    assert is_claimable({"state": "queued"})
    assert not is_claimable({"state": "queued", "held": True})
    assert not is_claimable({"state": "queued", "adopted": True})
    assert not is_claimable({"state": "running"})
    assert not fits(None, c.Claim(worker="w", limit=1, kinds=("k",)))


def test_viewers_see_the_document_without_what_is_soft():
    job = {"id": "A", "soft": {"n": 1}}

    assert visible(job) == {"id": "A"}
    assert job == {"id": "A", "soft": {"n": 1}}
    assert visible({"id": "A"}) == {"id": "A"}
