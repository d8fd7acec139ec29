"""The arithmetic of progress: plans, fractions, overalls; never backwards, never 1 before the end."""

from __future__ import annotations

import pytest
from hypothesis import given, strategies as st

from headway.errors import InvalidInput
from headway.model.job import AttemptDoc, JobDoc, StageDoc
from headway.model.progress import ALMOST, fraction_of, make_plan, overall_of, quiet_s

NAMES = st.sampled_from(["a", "b", "c"])
PLANS = st.recursive(
    st.dictionaries(NAMES, st.floats(0.01, 100), min_size=1),
    lambda inner: st.dictionaries(
        NAMES, st.fixed_dictionaries({"weight": st.floats(0.01, 100), "stages": inner}), min_size=1
    ),
    max_leaves=6,
)


def test_a_plan_is_read_in_every_form_people_write():
    assert make_plan(["a", "b"]) == [{"name": "a", "weight": 1.0}, {"name": "b", "weight": 1.0}]
    assert make_plan({"a": 1, "b": 3}) == [{"name": "a", "weight": 1.0}, {"name": "b", "weight": 3.0}]
    assert make_plan({"a": {"weight": 2, "stages": ["x"], "progress_timeout_s": 9}}) == [
        {"name": "a", "weight": 2.0, "progress_timeout_s": 9.0, "stages": [{"name": "x", "weight": 1.0}]}
    ]
    assert make_plan(None) == make_plan([]) == make_plan({}) == []


@given(PLANS)
def test_a_plan_that_was_made_is_made_again_the_same(declared):
    plan = make_plan(declared)

    assert make_plan(plan) == plan


@pytest.mark.parametrize(
    ("declared", "sentence"),
    [
        ("abc", 'stages: \'abc\' is not a plan. Write {"download": 1, "parse": 3}.'),
        ({"a": 0}, "stages.a: weight 0 is not a positive number. Weights are relative: 1, 3, 6."),
        ({"a": "1"}, "stages.a: weight '1' is not a positive number. Weights are relative: 1, 3, 6."),
        ({"a": True}, "stages.a: weight True is not a positive number. Weights are relative: 1, 3, 6."),
        ({"a/b": 1}, "stages.a/b: 'a/b' is not a stage name. Use a non-empty text without '/'."),
        ([""], "stages.: '' is not a stage name. Use a non-empty text without '/'."),
        ([7], "stages.7: 7 is not a stage name. Use a non-empty text without '/'."),
        (
            {"a": {"stages": {"b": -1}}},
            "stages.a.b: weight -1 is not a positive number. Weights are relative: 1, 3, 6.",
        ),
        (
            {"a": {"progress_timeout_s": 0}},
            "stages.a: progress_timeout_s 0 is not a duration. Give seconds, above 0.",
        ),
    ],
)
def test_what_is_no_plan_is_refused_with_its_place(declared, sentence):
    with pytest.raises(InvalidInput) as wrong:
        make_plan(declared)

    assert str(wrong.value) == sentence


@pytest.mark.parametrize(
    ("current", "total", "fraction"),
    [
        (1, 4, 0.25), (0, 4, 0.0), (5, 4, 1.0), (-1, 4, 0.0), (1, 0, None), (1, -4, None), (None, 4, None),
        (1, None, None), (float("inf"), 4, None), (float("nan"), 4, None), (1, float("nan"), None),
    ],
)  # fmt: skip
def test_a_fraction_is_known_or_it_is_not(current, total, fraction):
    assert fraction_of(current, total) == fraction


STAGES = st.dictionaries(
    st.sampled_from(["", "a", "b", "a/b", "a/b/c", "z"]),
    st.builds(
        lambda state, fraction: StageDoc(state=state, fraction=fraction),
        st.sampled_from(["running", "completed"]),
        st.none() | st.floats(0, 1),
    ),
)


@given(PLANS, STAGES, st.none() | st.floats(0, ALMOST))
def test_an_overall_is_in_range_and_never_below_what_it_was(declared, stages, previous):
    value = overall_of(make_plan(declared), stages, previous)

    assert value is not None
    assert (previous or 0.0) <= value <= ALMOST


@given(PLANS, STAGES, st.sampled_from(["a", "b", "a/b"]), st.floats(0, 1), st.floats(0, 1))
def test_more_of_a_stage_is_never_less_of_the_whole(declared, stages, path, less, more):
    less, more = sorted((less, more))
    plan = make_plan(declared)

    before = overall_of(plan, {**stages, path: StageDoc(state="running", fraction=less)}, None)
    after = overall_of(plan, {**stages, path: StageDoc(state="running", fraction=more)}, None)

    assert before is not None
    assert after is not None
    assert before <= after + 1e-12


def test_without_a_plan_only_the_unnamed_stage_tells():
    assert overall_of([], {"": StageDoc(fraction=0.5)}, None) == 0.5
    assert overall_of([], {}, None) is None
    assert overall_of([], {"": StageDoc(fraction=0.5), "a": StageDoc(fraction=1.0)}, 0.25) == 0.5
    assert overall_of([], {"a": StageDoc(fraction=0.5)}, 0.25) == 0.25


@pytest.mark.parametrize(
    ("stage", "seconds"), [(None, 60.0), ("a", 5.0), ("a/x", 7.0), ("a/y", 5.0), ("b", 60.0), ("nowhere", 60.0)]
)
def test_the_present_stage_may_have_a_patience_of_its_own(stage, seconds):
    inner = [{"name": "x", "progress_timeout_s": 7}, {"name": "y"}]
    attempt = AttemptDoc(plan=make_plan([{"name": "a", "progress_timeout_s": 5, "stages": inner}, "b"]))
    job = JobDoc(options={"progress_timeout_s": 60.0}, progress={"stage": stage})

    assert quiet_s(job, attempt) == seconds
