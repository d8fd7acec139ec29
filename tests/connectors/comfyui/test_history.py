"""Entries of the history and documents of jobs, as one `Ended`."""

from __future__ import annotations

from typing import Any

import pytest

from headway.connectors.comfyui.history import ended_of_history, ended_of_job, node_error, out_of_memory, traceback_of
from headway.connectors.comfyui.workflow import graph_of

GRAPH = graph_of({"3": {"class_type": "KSampler", "inputs": {}, "_meta": {"title": "Draw"}}})
START = ["execution_start", {"prompt_id": "P", "timestamp": 1_000}]
SUCCESS = ["execution_success", {"prompt_id": "P", "timestamp": 3_500}]
ERROR = [
    "execution_error",
    {
        "node_id": "3", "node_type": "KSampler", "exception_type": "builtins.ValueError", "exception_message": "no\n",
        "traceback": ["  File x\n", "  line 1\n"], "timestamp": 2_000,
    },
]  # fmt: skip
INTERRUPTED = ["execution_interrupted", {"node_id": "3", "timestamp": 2_000}]
OUTPUTS = {"9": {"images": [{"filename": "a.png", "subfolder": "", "type": "output"}]}}


def entry(status: str, *messages: Any) -> dict[str, Any]:
    return {"outputs": OUTPUTS, "status": {"status_str": status, "completed": status == "success", "messages": list(messages)}}  # fmt: skip


def test_success_has_outputs_and_how_long_it_took():
    ended = ended_of_history(entry("success", START, SUCCESS))

    assert ended is not None
    assert (ended.outcome, ended.outputs, ended.executed_s) == ("success", OUTPUTS, 2.5)


def test_an_interrupt_is_told_from_an_error_by_its_last_message():
    stopped, failed = (ended_of_history(entry("error", START, each)) for each in (INTERRUPTED, ERROR))

    assert stopped is not None
    assert failed is not None
    assert (stopped.outcome, failed.outcome) == ("interrupted", "error")


@pytest.mark.parametrize(
    ("status", "outcome"), [("completed", "success"), ("failed", "error"), ("cancelled", "interrupted")]
)
def test_a_job_of_the_newer_generation_says_it_outright(status: str, outcome: str):
    ended = ended_of_job({"id": "P", "status": status, "outputs": OUTPUTS})

    assert ended is not None
    assert (ended.outcome, ended.has_outputs) == (outcome, True)


def test_an_interrupt_that_an_early_newer_generation_calls_failed_is_an_interrupt():
    status = {"status_str": "error", "messages": [START, INTERRUPTED]}

    ended = ended_of_job({"status": "failed", "execution_status": status, "outputs": {}})

    assert ended is not None
    assert ended.outcome == "interrupted"


@pytest.mark.parametrize("status", ["pending", "in_progress", None, "surprise"])
def test_a_job_that_is_not_over_has_not_ended(status: str | None):
    assert ended_of_job({"status": status}) is None


def test_a_job_without_outputs_sends_us_to_the_history():
    ended = ended_of_job({"status": "completed"})

    assert ended is not None
    assert not ended.has_outputs


@pytest.mark.parametrize("odd", [None, 5, [], "x"])
def test_what_is_no_entry_is_none(odd: Any):
    assert ended_of_history(odd) is None


@pytest.mark.parametrize("odd", [{}, {"status": 5, "outputs": []}, {"status": {"messages": [5, [], ["x"], ["x", 7]]}}])
def test_an_odd_entry_is_read_as_far_as_it_goes(odd: Any):
    ended = ended_of_history(odd)

    assert ended is not None
    assert (ended.outcome, ended.outputs, ended.events, ended.executed_s) == ("success", {}, [], None)


def test_a_failed_node_is_named_with_its_exception():
    assert node_error(ERROR[1], GRAPH) == "Draw (node 3) failed: ValueError: no"
    assert node_error({"node_id": "3.1", "node_type": "Loop"}, GRAPH).startswith("Loop (node 3.1) failed: error")
    assert node_error({}, GRAPH) == "ComfyUI failed: it did not say why"
    assert traceback_of(ERROR[1]) == "File x\n  line 1"


@pytest.mark.parametrize(
    ("kind", "message", "so"),
    [
        ("torch.OutOfMemoryError", "Allocation on device ", True),
        ("torch.cuda.OutOfMemoryError", "CUDA out of memory.", True),
        ("builtins.MemoryError", "", True),
        ("RuntimeError", "MPS backend out of memory", True),
        ("ValueError", "no such sampler", False),
    ],
)
def test_want_of_memory_is_told_from_other_failures(kind: str, message: str, so: bool):
    assert out_of_memory({"exception_type": kind, "exception_message": message}) is so
