"""What a tool gave, in a few words: one table for the command line and the built-in page."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import pytest

from headway.model.toolresult import tool_facts

CASES = json.loads((Path(__file__).parents[1] / "tool_facts.json").read_text(encoding="utf-8"))


@pytest.mark.parametrize("case", CASES, ids=lambda case: case["of"])
def test_a_tools_result_is_said_by_its_text_or_its_plain_values(case: Any):
    assert tool_facts(case["result"]) == case["facts"]


@pytest.mark.parametrize(
    "result",
    [None, "text", [1], {"content": [{"text": "x"}]}, {"content": "x", "server": "s", "protocol": "p"}],
)
def test_what_is_no_tools_result_says_nothing(result: Any):
    assert tool_facts(result) == ""
