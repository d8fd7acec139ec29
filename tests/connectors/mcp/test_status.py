"""What the board says of a server, row by row of the table."""

from __future__ import annotations

from typing import Any

import pytest

from headway.connectors.mcp.definition import LeftOut
from headway.connectors.mcp.status import State, said_of

UP = {"heard": True, "problem": None}


@pytest.mark.parametrize(
    ("state", "jobs", "leftover", "said"),
    [
        ({}, [], 0, {"status": "starting", "reason": None}),
        ({"misconfigured": "no TOKEN"}, [], 0, {"status": "error", "error": "no TOKEN"}),
        ({"heard": True, "problem": "gone"}, ["J"], 0, {"status": "unreachable", "reason": "gone", "job": "J"}),
        ({**UP, "silent_s": 45.2}, [], 0, {"status": "unreachable", "reason": "it has said nothing for 45 s and does not answer"}),
        ({**UP, "silent_s": 45.2}, ["J"], 0, {"status": "busy", "reason": "it has said nothing for 45 s and does not answer; its calls go on"}),
        (UP, ["J", "K"], 0, {"status": "busy", "job": "J", "reason": None, "slots": 3}),
        (UP, [], 1, {"status": "busy", "slots": 2, "reason": "a call that was told to stop goes on"}),
        (UP, [], 5, {"status": "busy", "slots": 0, "reason": "5 calls that were told to stop go on"}),
        (UP, [], 0, {"status": "idle", "reason": None, "job": None, "slots": 3}),
        ({**UP, "stale": "too long"}, [], 0, {"status": "idle", "reason": "its tools stay as they were: too long"}),
        ({**UP, "left_out": [LeftOut("a", "bad")]}, [], 0, {"status": "idle", "reason": "1 tool is left out (a: bad)"}),
    ],
)  # fmt: skip
def test_a_status_follows_what_is_known(state: dict[str, Any], jobs: list[str], leftover: int, said: dict[str, Any]):
    found = said_of(State(**state), 3, jobs, leftover)

    assert {key: found[key] for key in said} == said


def test_a_few_of_many_that_are_left_out_are_named():
    found = said_of(State(heard=True, problem=None, left_out=[LeftOut(str(n), "bad") for n in range(5)]), 3, [], 0)

    assert found["reason"] == "5 tools are left out (0: bad; 1: bad; 2: bad; and 2 more)"


def test_the_load_counts_tools_calls_and_leftovers():
    found = said_of(State(heard=True, problem=None, tools=7), 3, ["J"], 1)

    assert found["load"] == {"tools": 7, "calls": 1, "leftover": 1}
