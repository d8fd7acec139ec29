"""A tool as its server defines it: the kind it becomes, its hash, and what is left out."""

from __future__ import annotations

from typing import Any

import pytest

from headway.connectors.mcp.config import Server, server_of
from headway.connectors.mcp.definition import (
    DEFINITION_BYTES,
    MOST_TOOLS,
    definition_hash,
    options_of,
    result_schema,
    tool_of,
    tools_of,
)
from headway.connectors.mcp.secrets import Secrets
from headway.errors import InvalidInput
from headway.model.schema import validate

ECHO: dict[str, Any] = {"name": "echo", "inputSchema": {"type": "object"}}


@pytest.fixture
def it() -> Server:
    return server_of("it", {"command": "x"})


def test_the_hash_is_of_what_defines_a_tool_and_of_nothing_else():
    base = definition_hash(ECHO)

    same = [{**ECHO, "icons": []}, {**ECHO, "_meta": {"a": 1}}, {**ECHO, "title": None}, dict(reversed(ECHO.items()))]
    others = [
        {**ECHO, "description": "x"},
        {**ECHO, "title": "x"},
        {**ECHO, "annotations": {"readOnlyHint": True}},
        {**ECHO, "outputSchema": {"type": "object"}},
        {**ECHO, "inputSchema": {"type": "object", "properties": {}}},
    ]
    assert {definition_hash(each) for each in same} == {base}
    assert len({base, *map(definition_hash, others)}) == 6


@pytest.mark.parametrize(
    ("annotations", "repeatable", "confirm"),
    [
        ({}, False, False),
        ({"readOnlyHint": True}, True, False),
        ({"idempotentHint": True}, True, False),
        ({"destructiveHint": True}, False, True),
        ({"destructiveHint": True, "readOnlyHint": True}, True, False),
        ({"destructiveHint": "yes"}, False, False),
    ],
)
def test_annotations_say_what_may_be_repeated_and_who_is_asked(
    it: Server, annotations: dict[str, Any], repeatable: bool, confirm: bool
):
    tool = tool_of(it, {**ECHO, "annotations": annotations})

    options = options_of(it, tool)

    assert options["max_attempts"] == (3 if repeatable else 1)
    assert options["confirm"] is confirm


def test_the_config_s_word_is_above_the_server_s():
    more = {"echo": {"confirm": True, "max_attempts": 5, "progress_timeout": "30s", "timeout": "1h", "queue": "slow"}}
    server = server_of("it", {"command": "x", "tools": more})

    options = options_of(server, tool_of(server, {**ECHO, "annotations": {"readOnlyHint": True}}))

    given = {key: options[key] for key in more["echo"]}
    assert given == more["echo"]


@pytest.mark.parametrize(
    ("more", "problem"),
    [
        ({"name": "a b"}, "its name is not 1 to 128"),
        ({"name": "x" * 129}, "its name is not 1 to 128"),
        ({"name": ".."}, "its name is not 1 to 128"),
        ({"name": 7}, "its name is not 1 to 128"),
        ({"description": "x" * DEFINITION_BYTES}, "its definition has"),
        ({"inputSchema": {"type": "nonsense"}}, "inputSchema is not a JSON Schema"),
        ({"inputSchema": {"$ref": "https://example.com/schema"}}, "inputSchema is not a JSON Schema"),
        ({"outputSchema": {"type": 7}}, "outputSchema is not a JSON Schema"),
    ],
)
def test_what_is_no_kind_is_left_out_by_name_and_the_others_are_taken(it: Server, more: dict[str, Any], problem: str):
    tools, left_out = tools_of(it, [{**ECHO, **more}, {**ECHO, "name": "fine"}], Secrets())

    assert [tool.kind for tool in tools] == ["mcp.it.fine"]
    assert len(left_out) == 1
    assert left_out[0].reason.startswith(problem)


def test_a_slash_is_a_dot_and_who_comes_second_is_left_out(it: Server):
    tools, left_out = tools_of(it, [{**ECHO, "name": "a/b"}, {**ECHO, "name": "a.b"}], Secrets())

    assert [(tool.kind, tool.name) for tool in tools] == [("mcp.it.a.b", "a/b")]
    assert [each.reason for each in left_out] == ["another tool has that name"]


def test_a_server_has_at_most_so_many_tools(it: Server):
    tools, left_out = tools_of(it, ({**ECHO, "name": f"t{n}"} for n in range(MOST_TOOLS + 5)), Secrets())

    assert len(tools) == MOST_TOOLS
    assert [each.reason for each in left_out] == ["a server has at most 1,000 tools here"]


def test_titles_are_cut_descriptions_kept_and_secrets_hidden(it: Server):
    entry = {**ECHO, "annotations": {"title": "T" * 300}, "description": "token s3cr3t \u202e"}

    (tool,), _ = tools_of(it, [entry], Secrets(["s3cr3t"]))

    assert len(tool.title) == 200
    assert tool.description == "token [hidden] \u202e"


def test_a_schema_that_is_missing_is_no_schema(it: Server):
    with pytest.raises(InvalidInput, match="inputSchema: is not a JSON Schema object"):
        tool_of(it, {"name": "echo"})


def test_the_result_s_schema_has_the_tool_s_own_below_structured():
    output = {
        "type": "object",
        "properties": {"a": {"$ref": "#/$defs/A"}},
        "required": ["a"],
        "$defs": {"A": {"type": "integer"}},
    }
    schema = result_schema(output)
    result = {"content": [{"type": "text"}], "server": "it", "protocol": "x"}

    validate(schema, result | {"structured": {"a": 1}})
    validate(schema, result)
    with pytest.raises(InvalidInput, match=r"structured\.a"):
        validate(schema, result | {"structured": {"a": "x"}})


def test_an_output_schema_that_refers_to_itself_is_left_open():
    output = {"type": "object", "properties": {"child": {"$ref": "#"}}}

    assert result_schema(output) == result_schema(None)
