"""Samples of past runs, and what is learned from them."""

from __future__ import annotations

import pytest

from headway.clock import iso
from headway.model.past import PACE, durations, learned_plan, past_of

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


PLAN = (("parse", 1.0), ("embed", 1.0))
RUN = [("", 100.0), ("parse", 20.0), ("embed", 80.0)]


class TestSamples:
    def test_the_whole_comes_first_then_the_stages_in_their_order(self):
        attempt = started(PLAN, embed=("running", 20, 0.9), parse=("completed", 0, 1.0, 20))

        assert durations(attempt, START + 100_000) == RUN

    def test_a_stage_that_passed_half_of_its_count_tells_how_its_pace_bent(self):
        attempt = started(whole=("running", 0, 1.0))
        attempt["stages"][""] |= {"half_at": at(25), "half": 0.5}

        assert durations(attempt, START + 100_000) == [("", 100.0), (PACE, 2.0)]

    @pytest.mark.parametrize(
        "half", [{"half_at": at(0), "half": 0.5}, {"half_at": at(100), "half": 0.5}, {"half_at": at(50), "half": 0.95}]
    )
    def test_a_half_that_can_not_be_told_from_start_or_end_is_no_sample(self, half):
        attempt = started(whole=("running", 0, 1.0))
        attempt["stages"][""] |= half

        assert durations(attempt, START + 100_000) == [("", 100.0)]

    def test_stages_beside_a_count_of_the_whole_are_of_one_run_alone(self):
        attempt = started(whole=("running", 0, 1.0), node=("completed", 0, 1.0, 20))
        del attempt["plan"]

        assert durations(attempt, START + 100_000) == [("", 100.0)]
        assert durations(attempt | {"plan": [{"name": "node", "weight": 1.0}]}, START + 100_000)[1:] == [("node", 20.0)]

    def test_an_attempt_that_never_started_has_none(self):
        assert durations({"phase": "offered"}, START) == []

    def test_more_runs_make_the_spread_smaller(self):
        few, many = past_of([("", 10.0)] * 2), past_of([("", 10.0)] * 20)

        assert many.stages[""].spread < few.stages[""].spread


class TestTogether:
    def test_stages_that_were_slow_and_fast_with_one_another_move_together(self):
        samples = [(path, value * k) for k in (0.5, 2, 1, 0.7, 1.5) * 4 for path, value in RUN]

        assert past_of(samples).together > 0.8

    def test_stages_that_balance_one_another_do_not(self):
        samples = [
            sample for k in (10, -10, 5, -5, 0) * 4 for sample in (("", 100.0), ("a", 50.0 + k), ("b", 50.0 - k))
        ]

        assert past_of(samples).together < 0.2


class TestLearnedPlan:
    def test_stages_on_which_past_runs_agree_get_their_median_durations_as_weights(self):
        assert learned_plan(RUN * 3) == [{"name": "parse", "weight": 20.0}, {"name": "embed", "weight": 80.0}]

    def test_samples_read_backwards_give_the_same_plan(self):
        assert learned_plan(list(reversed(RUN)) * 3) == learned_plan(RUN * 3)

    def test_nested_stages_are_part_of_their_parents(self):
        runs = [("", 100.0), ("parse", 100.0), ("parse/a", 40.0), ("parse" + PACE, 1.0)] * 3

        assert learned_plan(runs) == [{"name": "parse", "weight": 100.0}]

    @pytest.mark.parametrize(
        "runs",
        [
            [],
            [("", 100.0)] * 5,
            [*RUN, ("", 100.0), ("", 100.0), ("", 100.0)],
            [("", 100.0), ("parse", 10.0)] * 5,
        ],
        ids=["no runs", "no stages", "most runs lack the stages", "the stages explain a tenth of the time"],
    )
    def test_no_plan_is_learned_where_past_runs_do_not_agree(self, runs):
        assert learned_plan(runs) == []
