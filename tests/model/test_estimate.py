"""Estimates: what is said, with which basis, and when nothing is said."""

from __future__ import annotations

import math

import pytest
from hypothesis import given, strategies as st

from headway.clock import iso
from headway.model.estimate import estimate
from headway.model.past import PACE

START = 1_795_348_800_000


def at(seconds: float) -> str:
    return iso(START + round(seconds * 1000))


def started(plan=(), **stages: tuple):
    """An attempt that started at second 0; `stages`: name=(state, began, fraction[, ended])."""
    attempt = {"started_at": at(0), "plan": [{"name": name, "weight": weight} for name, weight in plan], "stages": {}}
    for name, (state, began, fraction, *ended) in stages.items():
        stage = {"state": state, "started_at": at(began), "fraction": fraction}
        if ended:
            stage["ended_at"] = at(ended[0])
        attempt["stages"]["" if name == "whole" else name] = stage
    return attempt


def guess(attempt, samples=(), *, after: float, overall=None):
    return estimate(samples, attempt, overall, START + round(after * 1000))


PLAN = (("parse", 1.0), ("embed", 1.0))
RUN = [("", 100.0), ("parse", 20.0), ("embed", 80.0)]


class TestUnknown:
    def test_nothing_is_said_before_the_attempt_started(self):
        assert estimate(RUN, {"phase": "offered"}, None, START) is None

    def test_nothing_is_said_without_past_runs_and_without_a_fraction(self):
        assert guess(started(), after=10) is None

    def test_nothing_is_said_of_a_pace_too_young_to_tell(self):
        assert guess(started(whole=("running", 0, 0.01)), overall=0.01, after=10) is None

    def test_a_plan_of_which_nothing_is_known_yet_has_no_estimate(self):
        assert guess(started(PLAN, parse=("running", 0, None)), after=10) is None


class TestPace:
    def test_without_past_runs_the_pace_of_this_attempt_speaks(self):
        found = guess(started(whole=("running", 0, 0.25)), overall=0.25, after=10)

        assert found["p50_s"] == 30.0
        assert found["basis"] == "this attempt's pace"
        assert found["low_s"] < 30 < found["high_s"]
        assert found["at"] == at(10)

    def test_stages_to_come_are_told_by_their_weights_with_wide_doubt(self):
        found = guess(started((("a", 1.0), ("b", 3.0)), a=("running", 0, 0.5)), overall=0.125, after=10)

        assert found["p50_s"] == pytest.approx(10 + 60)
        assert found["high_s"] - found["low_s"] > 60

    def test_the_range_narrows_as_the_fraction_grows(self):
        early = guess(started(whole=("running", 0, 0.1)), overall=0.1, after=10)
        late = guess(started(whole=("running", 0, 0.8)), overall=0.8, after=80)

        assert (late["high_s"] - late["low_s"]) / late["p50_s"] < (early["high_s"] - early["low_s"]) / early["p50_s"]


class TestTheLeastThatIsLeft:
    """A workflow of three nodes, two of them instant: its overall counts nodes, the middle one 40 steps of 1 s."""

    def at_step(self, current: int, total: int, samples=(), **more: tuple):
        nodes = {"load": ("completed", 0, 1.0, 0.1), "sample": ("running", 0.1, current / total), **more}
        attempt = started(whole=("running", 0, 1 / 3), **nodes)
        return guess(attempt, samples, overall=1 / 3, after=0.1 + current)

    def test_is_what_the_running_stage_still_needs_though_the_overall_jumped(self):
        found = self.at_step(6, 40)

        assert found["p50_s"] == found["low_s"] == 34.0
        assert found["high_s"] > 40
        assert found["basis"] == "this attempt's pace"

    def test_holds_from_the_first_step_on(self):
        found = self.at_step(1, 100)

        assert found["low_s"] == 99.0
        assert found["high_s"] > 99

    def test_bounds_from_below_alone(self):
        assert self.at_step(39, 40)["p50_s"] == pytest.approx(2 * 39.1, abs=0.1)

    def test_is_told_by_the_deepest_stage_and_of_several_by_the_longest(self):
        inner = {"sample/pass": ("running", 10.1, 0.5), "sample/other": ("running", 15.1, 0.1)}

        assert self.at_step(20, 40, **inner)["low_s"] == 45.0

    def test_is_nothing_of_a_stage_that_is_over_or_does_not_count(self):
        without = guess(started(whole=("running", 0, 1 / 3)), overall=1 / 3, after=6.1)
        beside = {"sample": ("completed", 0.1, 0.15, 6), "save": ("running", 6, None), "wait": ("running", 6, 0.0)}

        assert self.at_step(6, 40, **beside) == without

    def test_is_told_by_past_runs_where_there_are_some_of_the_stage(self):
        past = [("", 20.0), ("load", 0.1), ("sample", 19.8)] * 5

        assert self.at_step(6, 40, past)["p50_s"] < 20

    def test_bounds_a_planned_stage_too_whose_pace_is_too_young_to_be_a_forecast(self):
        plan = (("load", 1.0), ("sample", 1.0))
        stages = {"load": ("completed", 0, 1.0, 0.1), "sample": ("running", 0.1, 0.01)}

        assert guess(started(plan, **stages), overall=0.5, after=1.1)["low_s"] == 99.0


class TestHistory:
    def test_past_runs_speak_from_the_first_second(self):
        found = guess(started(), [("", 60.0)] * 5, after=0)

        assert found["p50_s"] == 60.0
        assert found["basis"] == "from 5 past runs"

    def test_one_past_run_is_called_rough_and_has_no_range(self):
        found = guess(started(), [("", 60.0)], after=0)

        assert (found["low_s"], found["p50_s"], found["high_s"]) == (None, 60.0, None)
        assert found["basis"] == "rough: 1 past run"

    def test_one_past_run_and_a_pace_have_a_range_and_both_are_named(self):
        found = guess(started(whole=("running", 0, 0.2)), [("", 60.0)], overall=0.2, after=10)

        assert found["basis"] == "from 1 past run and this attempt's pace"
        assert found["low_s"] < found["p50_s"] < found["high_s"]

    def test_time_that_went_by_is_taken_off(self):
        assert guess(started(), [("", 60.0)] * 5, after=20)["p50_s"] == pytest.approx(40, abs=0.5)

    def test_a_run_that_takes_longer_than_all_before_still_has_time_left(self):
        found = guess(started(), [("", 60.0)] * 5, after=90)

        assert found["p50_s"] > 0
        assert found["low_s"] >= 0

    def test_a_run_with_three_hundred_times_the_work_is_told_by_its_count_once_it_outlived_its_fellows(self):
        past = [("", 3.9), ("find", 2.5), ("hash", 1.4), ("", 2.6), ("find", 1.6), ("hash", 1.0)]
        plan = (("find", 1.0), ("hash", 9.0))

        found = guess(started(plan, find=("completed", 0, 1.0, 2), hash=("running", 2, 0.04)), past, after=15)

        assert found["p50_s"] == pytest.approx(13 / 0.04 - 13, rel=0.2)
        assert found["low_s"] < found["p50_s"] < found["high_s"]
        assert found["basis"] == "this attempt's pace"

    def test_so_is_a_job_without_stages(self):
        found = guess(started(whole=("running", 0, 0.05)), [("", 1.0), ("", 1.2)], overall=0.05, after=20)

        assert found["p50_s"] == pytest.approx(380, rel=0.2)

    def test_each_stage_is_told_by_its_own_past_whatever_its_weight(self):
        found = guess(started(PLAN), RUN * 5, after=0)

        assert found["p50_s"] == pytest.approx(100, rel=0.01)

    def test_a_run_that_was_slow_so_far_is_expected_to_stay_slow(self):
        slow, fast = ([("", 100 * k), ("parse", 20 * k), ("embed", 80 * k)] for k in (1.5, 0.7))
        attempt = started(PLAN, parse=("completed", 0, 1.0, 30))

        found = guess(attempt, [*slow, *RUN, *fast] * 3, after=30)

        assert 90 < found["p50_s"] < 125

    def test_old_runs_are_forgotten(self):
        found = guess(started(), [*[("", 60.0)] * 24, *[("", 6000.0)] * 100], after=0)

        assert found["p50_s"] == 60.0

    def test_even_runs_outweigh_a_pace_that_bent_in_the_past(self):
        """Ten runs took 100 s although half of the count was always passed at 30 s."""
        samples = [("", 100.0), (PACE, math.log(0.3) / math.log(0.5))] * 10

        found = guess(started(whole=("running", 0, 0.5)), samples, overall=0.5, after=30)

        assert found["p50_s"] == pytest.approx(70, abs=3)

    def test_a_pace_outweighs_runs_of_very_different_length(self):
        samples = [sample for length in (5, 500, 50, 1000, 20) for sample in (("", length), (PACE, 1.0))]

        found = guess(started(whole=("running", 0, 0.5)), samples, overall=0.5, after=100)

        assert found["p50_s"] == pytest.approx(100, abs=5)
        assert found["basis"] == "this attempt's pace"


NESTED = [{"name": "a", "weight": 1.0, "stages": [{"name": "x", "weight": 1.0}, {"name": "y", "weight": 1.0}]}]


class TestNested:
    def test_the_leaves_of_a_nested_plan_are_added_up(self):
        samples = [("", 30.0), ("a", 30.0), ("a/x", 10.0), ("a/y", 20.0)] * 4
        attempt = {"started_at": at(0), "plan": NESTED, "stages": {"a": {"state": "running", "started_at": at(0)}}}

        assert guess(attempt, samples, after=0)["p50_s"] == pytest.approx(30, rel=0.01)

    def test_a_completed_parent_completes_its_children(self):
        stages = {"a": {"state": "completed", "started_at": at(0), "ended_at": at(5)}}
        attempt = {"started_at": at(0), "plan": NESTED, "stages": stages}

        assert guess(attempt, after=5)["p50_s"] == 0


seconds = st.floats(0.001, 1e6)


@given(
    st.lists(st.tuples(st.sampled_from(["", "parse", "embed", PACE, "parse" + PACE]), seconds), max_size=30),
    st.one_of(st.none(), st.floats(0, 1)),
    st.one_of(st.none(), st.floats(0, 1)),
    st.floats(0, 1e6),
    st.booleans(),
)
def test_an_estimate_is_a_finite_ordered_range_that_is_never_negative(samples, fraction, overall, after, planned):
    attempt = started(PLAN if planned else (), **{"parse" if planned else "whole": ("running", 0, fraction)})

    found = guess(attempt, samples, overall=overall, after=after)

    if found is not None:
        low, high = (found["p50_s"] if bound is None else bound for bound in (found["low_s"], found["high_s"]))
        assert 0 <= low <= found["p50_s"] <= high < math.inf
        assert found["basis"]
