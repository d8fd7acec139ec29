"""The fold of one prompt's events, in the order in which a real 0.3.64 says them, and in worse ones."""

from __future__ import annotations

import random
from typing import Any

import pytest

from headway.connectors.comfyui.events import Said
from headway.connectors.comfyui.progress import Progress
from headway.connectors.comfyui.workflow import graph_of

CHAIN = graph_of(
    {
        "1": {"class_type": "EmptyImage", "inputs": {}},
        "2": {"class_type": "KSampler", "inputs": {"image": ["1", 0]}},
        "3": {"class_type": "VAEDecode", "inputs": {"image": ["2", 0]}},
        "9": {"class_type": "SaveImage", "inputs": {"images": ["3", 0]}},
    }
)


def state(**nodes: tuple[float, float, str]) -> Said:
    told = {id[1:]: {"value": v, "max": m, "state": s, "node_id": id[1:]} for id, (v, m, s) in nodes.items()}
    return Said("progress_state", {"nodes": told})


def step(node: str, value: Any, most: Any) -> Said:
    return Said("progress", {"node": node, "value": value, "max": most})


def executing(node: str | None) -> Said:
    return Said("executing", {"node": node, "display_node": node})


NORMAL = [
    Said("execution_start", {}),
    Said("execution_cached", {"nodes": []}),
    state(_1=(0, 1, "running")), executing("1"), state(_1=(1, 1, "finished")),
    state(_1=(1, 1, "finished"), _2=(0, 1, "running")), executing("2"),
    *(step("2", value, 20) for value in range(1, 21)),
    state(_1=(1, 1, "finished"), _2=(20, 20, "finished")),
    executing("3"), state(_3=(1, 1, "finished")),
    executing("9"), Said("executed", {"node": "9", "output": {}}), state(_9=(1, 1, "finished")),
    Said("execution_success", {}),
    executing(None),
]  # fmt: skip


def folded(*events: Said) -> Progress:
    progress = Progress(CHAIN)
    for event in events:
        progress.apply(event)
    return progress


def test_a_prompt_goes_from_nothing_to_all_of_its_nodes():
    progress = Progress(CHAIN)

    shares = [progress.apply(event) or progress.done for event in NORMAL]

    assert shares == sorted(shares)
    assert (shares[0], shares[-1], progress.total) == (0, 4, 4)
    assert progress.finished == ["1", "2", "3", "9"]


def test_the_running_node_counts_by_its_steps():
    progress = folded(*NORMAL[:7], step("2", 5, 20))

    assert progress.done == 1.25
    assert (progress.running, progress.steps) == ("2", (5, 20))


def test_a_node_of_one_step_has_no_steps_to_show():
    assert folded(executing("1"), step("1", 0, 1)).steps is None


def test_cached_nodes_are_done_and_named():
    progress = folded(Said("execution_start", {}), Said("execution_cached", {"nodes": ["2", "1", "77"]}))

    assert progress.cached == ["1", "2"]
    assert progress.done == 2


def test_what_only_cached_nodes_would_have_used_is_not_run_and_counts_as_done():
    progress = folded(Said("execution_cached", {"nodes": ["3"]}))

    assert (progress.done, progress.cached) == (3, ["3"])


def test_a_prompt_that_is_cached_as_a_whole_has_run_nothing():
    progress = folded(
        Said("execution_start", {}), Said("execution_cached", {"nodes": ["9", "3", "1", "2"]}),
        Said("executed", {"node": "9", "output": {}}), state(_9=(1, 1, "finished")), Said("execution_success", {}),
    )  # fmt: skip

    assert (progress.done, progress.total, progress.finished, len(progress.cached)) == (4, 4, [], 4)


def test_without_states_of_nodes_the_next_one_says_that_the_one_before_is_done():
    progress = folded(executing("1"), executing("2"))

    assert (progress.finished, progress.running) == (["1"], "2")


def test_with_states_of_nodes_the_next_one_says_nothing_of_the_one_before():
    progress = folded(state(_1=(0, 1, "running")), executing("1"), executing("2"))

    assert progress.finished == []


def test_what_a_node_makes_while_it_runs_counts_for_the_node_it_stands_in():
    made = {"value": 3, "max": 4, "state": "running", "node_id": "2.0.1", "display_node_id": "2"}
    over = {**made, "value": 4, "state": "finished"}

    progress = folded(Said("progress_state", {"nodes": {"2.0.1": made}}))
    progress.apply(Said("progress_state", {"nodes": {"2.0.1": over}}))

    assert progress.finished == []
    assert progress.done == 0.75


def test_an_event_that_comes_late_or_twice_takes_nothing_back():
    progress = folded(*NORMAL[:20])
    before = progress.done

    for late in (step("2", 1, 20), executing("1"), NORMAL[0], NORMAL[1], state(_2=(1, 20, "running"))):
        progress.apply(late)

    assert progress.done == before


def test_outputs_that_will_not_be_made_are_not_waited_for():
    two = graph_of({"1": {"class_type": "A"}, "8": {"class_type": "S", "inputs": {"i": ["1", 0]}}, "9": {"class_type": "S"}})  # fmt: skip
    progress = Progress(two)

    progress.begin(["9"])

    assert progress.total == 1


@pytest.mark.parametrize("seed", range(200))
def test_it_never_goes_backwards_whatever_is_lost_doubled_or_out_of_order(seed: int):
    dice = random.Random(seed)
    events = [event for event in NORMAL for _ in range(dice.choice((0, 1, 1, 2)))]
    dice.shuffle(events) if seed % 2 else None
    progress = Progress(CHAIN)
    shares: list[float] = []

    for event in events:
        progress.apply(event)
        shares.append(progress.done / progress.total)

    assert shares == sorted(shares)
    assert all(share <= 1 for share in shares)


@pytest.mark.parametrize(
    "event",
    [
        step("2", "x", 4), step("2", 1, 0), step("2", 1, float("nan")), step("2", float("inf"), 4), step("2", -3, 4),
        step("2", True, 4), step("77", 1, 2), Said("progress", {}), Said("progress_state", {"nodes": 5}),
        Said("progress_state", {"nodes": {"2": 7}}), Said("execution_cached", {"nodes": "all"}), executing("77"),
        Said("executed", {"node": 9}), Said("no such event", {"node": "1"}),
    ],
)  # fmt: skip
def test_what_makes_no_sense_changes_nothing(event: Said):
    progress = folded(event)

    assert progress.done == 0
