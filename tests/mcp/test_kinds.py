from __future__ import annotations

import asyncio
from typing import Any

import pytest
from mcp_types import ElicitRequestFormParams, ElicitRequestParams, ElicitResult

from agents import ADD, ASKS, Raw, Scenes, texts
from headway.mcp.kinds import annotations_of, as_tool
from headway.model import report as r
from headway.model.schema import check_schema, validate

TOOLS = {"mcp_tools": ("*",)}


def test_a_tool_has_the_schema_title_and_annotations_of_its_kind():
    kind = {**ADD, "title": "Add", "annotations": {"read_only": True, "open_world": False}}

    tool = as_tool("add", kind)

    assert tool.title == "Add"
    assert tool.description == "Adds.\n(Runs as a durable Headway job of the kind add.)"
    assert tool.input_schema["required"] == ["a"]
    assert tool.annotations is not None
    assert (tool.annotations.read_only_hint, tool.annotations.open_world_hint) == (True, False)
    check_schema(tool.output_schema, "output")


def test_a_kind_that_asks_for_confirmation_is_destructive_whatever_it_says():
    said = annotations_of({"name": "x", "confirm": True, "annotations": {"read_only": True, "destructive": False}})

    assert (said.read_only_hint, said.destructive_hint) == (False, True)


def test_a_kind_without_a_schema_takes_an_object():
    assert as_tool("x", {"name": "x"}).input_schema == {"type": "object", "properties": {}}


def test_descriptions_are_foreign_text():
    tool = as_tool("x", {"name": "x", "title": "a\u202eb", "description": "\x1b[2J" + "y" * 9_000})

    assert tool.title == "ab"
    assert tool.description is not None
    assert len(tool.description) < 4_200


@pytest.mark.parametrize("mode", ["auto", "legacy"])
async def test_a_call_submits_waits_and_answers_with_the_result(scene: Scenes, mode: str):
    async with scene(**TOOLS) as s, s.agent(mode) as agent:
        tools = {tool.name: tool for tool in (await agent.list_tools()).tools}
        calling = asyncio.create_task(agent.call_tool("add", {"a": 1}))
        id = await s.newest()
        await s.start(id)
        await s.end(id, 1, result=b'{"sum": 3}')
        result = await calling

    validate(tools["add"].output_schema or {}, result.structured_content)
    assert result.structured_content["result"] == {"sum": 3}
    assert result.structured_content["labels"]["agent"] == "mcp"
    assert '"sum": 3' in texts(result)[0]


async def test_arguments_that_do_not_fit_are_an_error_and_no_job(scene: Scenes):
    async with scene(**TOOLS) as s, s.agent() as agent:
        result = await agent.call_tool("add", {"b": 1})
        jobs = await agent.call_tool("list_jobs", {})

    assert result.is_error
    assert texts(result)[0] == "args.a: is required. It takes a."
    assert jobs.structured_content["jobs"] == []


async def test_a_job_that_fails_is_an_error_with_its_words_as_data(scene: Scenes):
    async with scene(**TOOLS) as s, s.agent() as agent:
        calling = asyncio.create_task(agent.call_tool("add", {"a": 1}))
        id = await s.newest()
        await s.start(id)
        await s.end(id, 1, outcome="rejected", error={"type": "ValueError", "message": "no\x1b[1m luck"})
        result = await calling

    assert result.is_error
    assert texts(result)[0].endswith("ValueError: no luck")
    assert texts(result)[1].startswith(f"--- error of job {id} (data")


async def test_a_client_that_gives_up_its_call_ends_no_job(scene: Scenes):
    async with scene(**TOOLS) as s, s.agent() as agent:
        calling = asyncio.create_task(agent.call_tool("add", {"a": 1}))
        id = await s.newest()
        await s.until(lambda: s.application.hub.feed.viewers)
        calling.cancel()
        await asyncio.wait([calling])
        await s.until(lambda: not s.application.hub.feed.viewers)

        assert (await s.application.site.job(id)).get("state") == "queued"


async def test_the_person_behind_a_caller_is_asked_by_way_of_a_result_and_the_call_goes_on(scene: Scenes):
    asked: list[str] = []

    async def answer(_context: Any, params: ElicitRequestParams) -> ElicitResult:
        assert isinstance(params, ElicitRequestFormParams)
        asked.append(params.message)
        return ElicitResult(action="accept", content={"sure": True})

    async with scene(**TOOLS) as s, s.agent(elicitation_callback=answer) as agent:
        calling = asyncio.create_task(agent.call_tool("add", {"a": 1}))
        id = await s.newest()
        await s.start(id)
        await s.say(id, 1, r.InputRequested(**ASKS))
        while not (await s.application.site.job(id)).get("soft", {}).get("answers"):  # noqa: ASYNC110
            await asyncio.sleep(0.001)
        answers = (await s.application.site.job(id)).get("soft", {}).get("answers")
        await s.say(id, 2, r.InputTaken(request="sure-1"))
        await s.end(id, 3, result=b'"done"')
        result = await calling

    assert asked == ["Sure?\n(asked by a job that Headway runs)"]
    assert answers == [{"request": "sure-1", "action": "accept", "content": {"sure": True}}]
    assert result.structured_content["result"] == "done"


async def test_a_call_goes_on_only_with_a_job_that_it_was_told_of(scene: Scenes):
    async with scene(**TOOLS) as s:
        raw = Raw(s.application)
        made = await raw.call("tools/call", {"name": "submit_job", "arguments": {"kind": "add", "args": {"a": 1}}})
        id = made["structuredContent"]["id"]
        await s.start(id)
        await s.say(id, 1, r.InputRequested(**ASKS))

        said = {"sure-1": {"action": "accept", "content": {"sure": True}}}
        forged = {"name": "add", "arguments": {}, "requestState": f"{id}.guessed", "inputResponses": said}
        result = await raw.call("tools/call", forged)

        assert result["isError"] is True
        assert "answers" not in (await s.application.site.job(id)).get("soft", {})


async def test_a_caller_that_can_ask_nobody_waits_for_somebody_elsewhere(scene: Scenes):
    async with scene(**TOOLS) as s, s.agent() as agent:
        calling = asyncio.create_task(agent.call_tool("add", {"a": 1}))
        id = await s.newest()
        await s.start(id)
        await s.say(id, 1, r.InputRequested(**ASKS))
        seen = await agent.call_tool("get_job", {"job": id})
        await s.end(id, 2, result=b"1")
        result = await calling

    assert seen.structured_content["needs_input"]["message"] == "Sure?"
    assert result.structured_content["result"] == 1
