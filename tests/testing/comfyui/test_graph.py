"""What runs, in which order, and what counts as the same."""

from typing import Any

from headway.testing.comfyui.graph import cycle, link_of, order, signatures


def node(kind: str = "X", **inputs: Any) -> dict[str, Any]:
    return {"class_type": kind, "inputs": inputs}


def test_only_a_pair_of_id_and_slot_is_a_link():
    assert link_of(["1", 0]) == ("1", 0)
    assert [link_of(value) for value in (["1"], [1, 0], "1", {"1": 0})] == [None] * 4


def test_a_node_runs_after_what_it_needs_and_what_nobody_needs_does_not_run():
    prompt = {"9": node(a=["2", 0], b=["1", 0]), "2": node(a=["1", 0]), "1": node(), "5": node()}

    assert order(prompt, ["9"], set()) == ["1", "2", "9"]


def test_behind_a_cached_node_nothing_runs_and_a_cached_output_is_told_again():
    prompt = {"9": node(a=["2", 0]), "2": node(a=["1", 0]), "1": node()}

    assert order(prompt, ["9"], {"1", "2"}) == ["9"]
    assert order(prompt, ["9"], {"1", "2", "9"}) == ["9"]


def test_two_nodes_are_the_same_by_everything_before_them():
    one = {"1": node(color=1), "2": node("Y", a=["1", 0])}
    same = {"7": node("Y", a=["5", 0]), "5": node(color=1)}
    other = {"1": node(color=2), "2": node("Y", a=["1", 0])}

    assert signatures(one)["2"] == signatures(same)["7"]
    assert signatures(one)["2"] != signatures(other)["2"]


def test_what_hangs_on_a_broken_link_or_in_a_loop_is_never_the_same_as_anything():
    prompt = {"1": node(), "2": node(a=["77", 0]), "3": node(a=["3", 0]), "4": node(a=["2", 0])}

    assert list(signatures(prompt)) == ["1"]


def test_many_ways_to_one_node_cost_no_more_than_one():
    prompt = {"0": node()} | {str(at): node(a=[str(at - 1), 0], b=[str(at - 1), 0]) for at in range(1, 200)}

    assert len(signatures(prompt)) == 200
    assert len(order(prompt, ["199"], set())) == 200
    assert cycle(prompt, "199") == []


def test_a_loop_is_found_from_its_end():
    prompt = {"9": node(a=["2", 0]), "2": node(a=["3", 0]), "3": node(a=["2", 0])}

    assert cycle(prompt, "9") == ["2", "3", "2"]
