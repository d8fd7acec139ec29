"""The fold: RFC 7396 with its own examples, whole values, what is soft, and counts."""

from __future__ import annotations

import copy

import pytest
from hypothesis import given, strategies as st

from headway.model.event import Event
from headway.model.fold import changes, fold, fold_counts, merge

JSON = st.recursive(
    st.none() | st.booleans() | st.integers(0, 9) | st.text("ab", max_size=2),
    lambda inner: st.lists(inner, max_size=2) | st.dictionaries(st.sampled_from("abc"), inner, max_size=3),
    max_leaves=8,
)
OBJECTS = st.dictionaries(st.sampled_from("abcd"), JSON, max_size=4)


@pytest.mark.parametrize(
    ("target", "patch", "result"),
    [
        ({"a": "b"}, {"a": "c"}, {"a": "c"}),
        ({"a": "b"}, {"b": "c"}, {"a": "b", "b": "c"}),
        ({"a": "b"}, {"a": None}, {}),
        ({"a": "b", "b": "c"}, {"a": None}, {"b": "c"}),
        ({"a": ["b"]}, {"a": "c"}, {"a": "c"}),
        ({"a": "c"}, {"a": ["b"]}, {"a": ["b"]}),
        ({"a": {"b": "c"}}, {"a": {"b": "d", "c": None}}, {"a": {"b": "d"}}),
        ({"a": [{"b": "c"}]}, {"a": [1]}, {"a": [1]}),
        ({"e": None}, {"a": 1}, {"e": None, "a": 1}),
        ({}, {"a": {"bb": {"ccc": None}}}, {"a": {"bb": {}}}),
        ({"a": "foo"}, {"a": {"b": None}}, {"a": {}}),
    ],
)
def test_a_patch_merges_as_rfc_7396_shows(target, patch, result):
    assert merge(target, patch) == result


@given(OBJECTS, OBJECTS)
def test_neither_argument_is_changed(target, patch):
    before = copy.deepcopy((target, patch))

    merge(target, patch)

    assert (target, patch) == before


@given(OBJECTS, OBJECTS)
def test_a_patch_applied_twice_is_applied_once(target, patch):
    once = merge(target, patch)

    assert merge(once, patch) == once


@given(OBJECTS, OBJECTS)
def test_nothing_that_a_patch_removes_is_left(target, patch):
    merged = merge(target, patch)

    assert not [key for key, value in patch.items() if value is None and key in merged]


def test_whole_values_replace_and_their_nulls_survive():
    event = Event(type="job.completed", at=0, seq=7, data={"put": {"result": {"none": None}}})

    assert fold({"result": {"old": 1}}, event) == {"result": {"none": None}, "seq": 7}


def test_what_is_soft_is_kept_apart_and_numbers_no_document():
    event = Event(type="job.logged", at=0, seq=7, data={"soft": {"n": 2, "log_lines": None}})

    assert fold({"a": 1, "seq": 3, "soft": {"n": 1, "log_lines": 9}}, event) == {"a": 1, "seq": 3, "soft": {"n": 2}}
    assert not changes(event)


def test_an_event_that_only_tells_changes_nothing():
    event = Event(type="job.blocked", at=0, seq=7, data={"after": ["x"]})

    assert fold({"a": 1, "seq": 3}, event) == {"a": 1, "seq": 3}


def told(was, state, queue="q", deleted=False):
    return Event(type="job.x", at=0, queue=queue, data={"set": {"state": state}, "was": was, "deleted": deleted})


def test_counts_follow_jobs_through_their_states():
    counts = {}
    for event in (told(None, "queued"), told(None, "queued"), told("queued", "running"), told(None, "queued", "p")):
        fold_counts(counts, event)
    assert counts == {"q": {"queued": 1, "running": 1}, "p": {"queued": 1}}

    fold_counts(counts, told("queued", "queued", deleted=True))
    fold_counts(counts, told("running", "running", deleted=True))

    assert counts == {"p": {"queued": 1}}


@pytest.mark.parametrize(
    "event",
    [
        Event(type="job.progressed", at=0, queue="q", data={"set": {"steps": 1}}),
        Event(type="job.x", at=0, data={"set": {"state": "queued"}, "was": None}),
        Event(type="queue.paused", at=0, queue="q", data={"set": {"state": "queued"}, "was": None}),
    ],
)
def test_what_moves_no_job_counts_nothing(event):
    counts = {}

    fold_counts(counts, event)

    assert counts == {}
