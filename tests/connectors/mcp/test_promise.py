"""A structured result against the tool's own output schema: in bounds, and without secrets in the sentence."""

from __future__ import annotations

from typing import Any

import msgspec
import pytest
from mcp_types import CallToolResult

from headway.connectors.mcp.config import server_of
from headway.connectors.mcp.definition import Tool, tool_of
from headway.connectors.mcp.promise import broken_promise
from headway.connectors.mcp.secrets import Secrets


def tool(output: dict[str, Any] | None) -> Tool:
    entry = {"name": "counts", "inputSchema": {"type": "object"}, "outputSchema": output}
    return tool_of(server_of("it", {"command": "x"}), entry)


def given(**more: Any) -> CallToolResult:
    return CallToolResult.model_validate({"content": [], **more})


NUMBER = {"type": "object", "properties": {"n": {"type": "integer"}}}


@pytest.mark.parametrize(
    ("output", "more", "said"),
    [
        (None, {}, None),
        (None, {"structuredContent": {"n": "x"}}, None),
        (NUMBER, {"structuredContent": {"n": 1}}, None),
        (NUMBER, {}, "Tool counts has an output schema but did not return structured content"),
        (
            NUMBER,
            {"structuredContent": {"n": "s3cr3t"}},
            'Invalid structured content returned by tool counts: structured.n "[hidden]" is not a whole number',
        ),
    ],
)
def test_it_is_kept_or_the_sentence_says_how_not(output: Any, more: dict[str, Any], said: str | None):
    assert broken_promise(tool(output), given(**more), Secrets(["s3cr3t"])) == said


@pytest.mark.parametrize("pattern", ["^(a+)+$", r"^(?=a)(a+)+\1$"])
def test_a_pattern_that_would_backtrack_for_ages_is_given_up(pattern: str):
    output = {"type": "object", "properties": {"a": {"type": "string", "pattern": pattern}}}

    said = broken_promise(tool(output), given(structuredContent={"a": "a" * 5_000 + "b"}), Secrets())

    assert said is not None
    assert msgspec.json.encode(said)
