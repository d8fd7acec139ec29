"""A workflow as a graph, and ComfyUI's objections as sentences: bodies as a real 0.3.64 gives them."""

from __future__ import annotations

from typing import Any

import pytest

from headway.connectors.comfyui.failures import InvalidWorkflow
from headway.connectors.comfyui.workflow import bad_outputs, cut, graph_of, objections, refusal


def node(type: str = "N", title: str | None = None, **inputs: Any) -> dict[str, Any]:
    return {"class_type": type, "inputs": inputs} | ({"_meta": {"title": title}} if title else {})


CHAIN = {"1": node("EmptyImage", width=8), "2": node("ImageBlur", "Soften", image=["1", 0]), "9": node("SaveImage", images=["2", 0])}  # fmt: skip


def test_a_graph_knows_titles_links_and_where_it_ends():
    graph = graph_of(CHAIN)

    assert [node.title for node in graph.nodes.values()] == ["EmptyImage", "Soften", "SaveImage"]
    assert graph.nodes["9"].feeds == ("2",)
    assert graph.sinks == ["9"]
    assert graph.nodes["2"].named == "Soften (node 2)"


def test_what_an_output_needs_is_all_that_feeds_it_and_nothing_else():
    graph = graph_of({**CHAIN, "5": node(), "6": node(image=["5", 0])})

    assert graph.needed(["9"]) == {"1", "2", "9"}


def test_what_feeds_only_known_nodes_is_not_needed():
    graph = graph_of({**CHAIN, "9": node(images=["2", 0], mask=["1", 0])})

    assert graph.needed(["9"], known={"2"}) == {"1", "2", "9"}
    assert graph_of(CHAIN).needed(["9"], known={"2"}) == {"2", "9"}


def test_a_value_that_looks_like_a_link_and_names_no_node_is_a_value():
    graph = graph_of({"1": node(size=["512", 0], pair=[1, 2], link=["1", "0"])})

    assert graph.nodes["1"].feeds == ()


@pytest.mark.parametrize(
    ("workflow", "words"),
    [
        ([], "no JSON object"),
        ({}, "no nodes"),
        ({"nodes": [{"id": 1}], "links": []}, "as ComfyUI's editor saves it"),
        ({"1": {"inputs": {}}}, "Node 1 of the workflow has no class_type"),
        ({"1": 5}, "Node 1 of the workflow has no class_type"),
        ({"prompt": CHAIN}, 'What stands below "prompt" is the workflow'),
        ({"1": {"class_type": "N", "inputs": []}}, "inputs of node 1"),
    ],
)
def test_what_is_no_workflow_is_refused_with_the_way_out(workflow: Any, words: str):
    with pytest.raises(InvalidWorkflow, match=words) as refused:
        graph_of(workflow)

    assert "Export (API)" in str(refused.value)


def test_more_nodes_than_anybody_draws_are_refused():
    with pytest.raises(InvalidWorkflow, match="20,001 nodes"):
        graph_of({str(id): node() for id in range(20_001)})


def test_titles_are_cut_and_lose_control_characters():
    graph = graph_of({"1": node(title="a\x1b[31m\n b" + "x" * 500)})

    assert graph.nodes["1"].title.startswith("a [31m bx")
    assert len(graph.nodes["1"].title) == 80


def test_a_chain_of_thousands_of_nodes_is_walked():
    chain = {str(id): node(image=[str(id - 1), 0]) for id in range(5_000)}

    graph = graph_of(chain)

    assert len(graph.needed(graph.sinks)) == 5_000
    assert graph.loop() == []


def test_a_text_is_cut_to_one_line():
    assert cut("a\n\tb" + "x" * 200, 10) == "a bxxxxxx…"


TOO_SMALL = {
    "error": {"type": "prompt_outputs_failed_validation", "message": "Prompt outputs failed validation", "details": ""},
    "node_errors": {
        "2": {
            "errors": [
                {
                    "type": "value_smaller_than_min",
                    "message": "Value 0 smaller than min of 1",
                    "details": "blur_radius",
                    "extra_info": {"input_name": "blur_radius", "received_value": 0},
                }
            ],
            "dependent_outputs": ["9"],
            "class_type": "ImageBlur",
        }
    },
}


def test_a_refusal_names_node_input_and_reason():
    said = refusal(TOO_SMALL, graph_of(CHAIN))

    assert said == (
        'ComfyUI refused the workflow: Soften (node 2), input "blur_radius": '
        "Value 0 smaller than min of 1 – blur_radius (received '0')"
    )


def test_a_refusal_of_no_node_says_what_comfyui_says():
    body = {"error": {"message": "Prompt has no outputs", "details": ""}, "node_errors": {}}

    assert refusal(body, graph_of(CHAIN)) == "ComfyUI refused the workflow: Prompt has no outputs"


def test_nodes_that_feed_one_another_are_named_for_comfyui_does_not():
    body = {"error": {"message": "Prompt outputs failed validation", "details": ""}, "node_errors": {}}
    graph = graph_of({"1": node(a=["3", 0]), "2": node(a=["1", 0]), "3": node(a=["2", 0]), "9": node(a=["3", 0])})

    assert refusal(body, graph).endswith("nodes 2 → 3 → 1 → 2 feed one another in a loop")


@pytest.mark.parametrize("body", [None, [], "no", {"error": 5, "node_errors": [1]}, {"node_errors": {"2": 7}}])
def test_a_refusal_that_is_none_still_is_a_sentence(body: Any):
    assert refusal(body, graph_of(CHAIN)) == "ComfyUI refused the workflow: it did not say why"


def test_many_objections_are_counted():
    errors = {str(id): {"errors": [{"message": "bad"}], "class_type": "N"} for id in range(8)}

    assert refusal({"node_errors": errors}, graph_of(CHAIN)).endswith("N (node 4): bad; and 3 more")


def test_outputs_that_will_not_be_made_are_those_that_depend_on_an_error():
    assert bad_outputs(TOO_SMALL["node_errors"]) == {"9"}
    assert bad_outputs({"1": {"dependent_outputs": 5}}) == set()
    assert objections(None, graph_of(CHAIN)) == []
