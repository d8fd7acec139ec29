from __future__ import annotations

import asyncio
from typing import Any

import pytest

from agents import ASKS, Raw, Scenes
from headway.mcp import handle
from headway.mcp.caller import TASKS
from headway.mcp.tasks import task_of
from headway.model import report as r

TOOLS = {"mcp_tools": ("*",)}


def job(**more: Any) -> Any:
    return {"id": "01J", "state": "running", "created_at": "2026-11-22T08:00:00.000Z", **more}


def test_a_running_job_is_a_working_task_with_its_status_in_words():
    running = job(
        progress={"overall": 0.42, "stage": "encode", "at": "2026-11-22T08:00:09.000Z"},
        estimate={"p50_s": 12.0, "basis": "x", "at": "2026-11-22T08:00:09.000Z"},
        started_at="2026-11-22T08:00:05.000Z",
    )

    task = task_of(running, "secret", "2026-11-22T08:00:09.000Z")

    assert task == {
        "resultType": "complete",
        "taskId": "01J.secret",
        "status": "working",
        "statusMessage": '42 % · stage "encode" · about 12s left',
        "createdAt": "2026-11-22T08:00:00.000Z",
        "lastUpdatedAt": "2026-11-22T08:00:09.000Z",
        "ttlMs": None,
        "pollIntervalMs": 1000,
    }


def test_a_job_that_failed_is_a_completed_task_whose_result_is_an_error():
    task = task_of(job(state="failed", error={"type": "E", "message": "m"}), "s", "")

    assert task["status"] == "completed"
    assert task["result"]["isError"] is True


def test_a_cancelled_job_is_a_cancelled_task_without_a_result():
    task = task_of(job(state="cancelled", reason="asked"), "s", "")

    assert (task["status"], "result" in task) == ("cancelled", False)


def test_the_answer_to_a_call_has_no_result_however_fast_the_job_was():
    task = task_of(job(state="completed", result=1), "s", "", result_type="task")

    assert (task["resultType"], "result" in task) == ("task", False)


async def test_a_call_is_answered_with_a_task_that_is_durable_and_followed_to_its_result(scene: Scenes):
    async with scene(**TOOLS) as s:
        raw = Raw(s.application, extensions={TASKS: {}})

        task = await raw.call("tools/call", {"name": "add", "arguments": {"a": 1}})
        id = task["taskId"].partition(".")[0]
        queued = await raw.call("tasks/get", {"taskId": task["taskId"]})
        await s.start(id)
        await s.say(id, 1, r.Progressed(current=42, total=100))
        running = await raw.call("tasks/get", {"taskId": task["taskId"]})
        await s.end(id, 2, result=b'{"sum": 3}')
        done = await raw.call("tasks/get", {"taskId": task["taskId"]})

    assert (task["resultType"], task["status"]) == ("task", "working")
    assert (queued["status"], queued["statusMessage"]) == ("working", "queued")
    assert running["statusMessage"].startswith("42 % · 42/100")
    assert done["status"] == "completed"
    assert done["result"]["structuredContent"]["result"] == {"sum": 3}
    assert done["resultType"] == "complete"


async def test_a_task_outlives_the_server_and_is_known_to_another_agent_with_its_id(scene: Scenes):
    async with scene(**TOOLS) as s:
        task = await Raw(s.application, extensions={TASKS: {}}).call(
            "tools/call", {"name": "add", "arguments": {"a": 1}}
        )

    async with scene(**TOOLS) as s:
        again = await Raw(s.application, extensions={TASKS: {}}).call("tasks/get", {"taskId": task["taskId"]})

    assert (again["taskId"], again["status"]) == (task["taskId"], "working")


async def test_a_question_is_asked_by_the_task_and_answered_by_an_update(scene: Scenes):
    async with scene(**TOOLS) as s:
        raw = Raw(s.application, extensions={TASKS: {}})
        task = (await raw.call("tools/call", {"name": "add", "arguments": {"a": 1}}))["taskId"]
        id = task.partition(".")[0]
        await s.start(id)
        await s.say(id, 1, r.InputRequested(**ASKS))

        asked = await raw.call("tasks/get", {"taskId": task})
        ignored = await raw.call("tasks/update", {"taskId": task, "inputResponses": {"other": {"action": "accept"}}})
        said = {"sure-1": {"action": "accept", "content": {"sure": True}}}
        await raw.call("tasks/update", {"taskId": task, "inputResponses": said})
        answers = (await s.application.site.job(id)).get("soft", {}).get("answers")
        await raw.call("tasks/update", {"taskId": task, "inputResponses": said})  # a second time is nobody's

    assert asked["status"] == "input_required"
    assert asked["inputRequests"]["sure-1"]["method"] == "elicitation/create"
    assert asked["inputRequests"]["sure-1"]["params"]["requestedSchema"] == ASKS["schema"]
    assert ignored["resultType"] == "complete"
    assert answers == [{"request": "sure-1", "action": "accept", "content": {"sure": True}}]


async def test_cancelling_a_task_cancels_its_job_and_a_second_time_is_acknowledged(scene: Scenes):
    async with scene(**TOOLS) as s:
        raw = Raw(s.application, extensions={TASKS: {}})
        task = (await raw.call("tools/call", {"name": "add", "arguments": {"a": 1}}))["taskId"]

        acknowledged = [await raw.call("tasks/cancel", {"taskId": task}) for _ in range(2)]
        seen = await raw.call("tasks/get", {"taskId": task})

    assert [each["resultType"] for each in acknowledged] == ["complete", "complete"]
    assert seen["status"] == "cancelled"


@pytest.mark.parametrize("method", ["tasks/get", "tasks/update", "tasks/cancel"])
async def test_an_id_that_is_not_theirs_is_not_there(scene: Scenes, method: str):
    async with scene(**TOOLS) as s:
        raw = Raw(s.application, extensions={TASKS: {}})
        task = (await raw.call("tools/call", {"name": "add", "arguments": {"a": 1}}))["taskId"]
        id = task.partition(".")[0]
        more = {"inputResponses": {}} if method == "tasks/update" else {}

        errors = [
            await raw.error(method, {"taskId": wrong, **more})
            for wrong in (id, handle.as_handle(id, "guessed"), "01NOBODY.x", "…")
        ]

        assert (await s.application.site.job(id)).get("state") == "queued"
    assert {error["code"] for error in errors} == {-32602}
    assert all(error["message"].startswith("No ") for error in errors)


@pytest.mark.parametrize("method", ["tasks/get", "tasks/update", "tasks/cancel"])
async def test_who_does_not_declare_tasks_gets_none_and_is_told_what_is_missing(scene: Scenes, method: str):
    more = {"inputResponses": {}} if method == "tasks/update" else {}

    async with scene(**TOOLS) as s:
        error = await Raw(s.application).error(method, {"taskId": "x.y", **more})

    assert error["code"] == -32021
    assert error["data"]["requiredCapabilities"] == {"extensions": {TASKS: {}}}


async def test_who_does_not_declare_tasks_has_a_plain_call(scene: Scenes):
    async with scene(**TOOLS) as s:
        calling = asyncio.create_task(Raw(s.application).call("tools/call", {"name": "add", "arguments": {"a": 1}}))
        id = await s.newest()
        await s.start(id)
        await s.end(id, 1, result=b"1")
        result = await calling

    assert result["structuredContent"]["result"] == 1


async def test_an_older_client_has_no_tasks_whatever_it_sends(scene: Scenes):
    async with scene(**TOOLS) as s:
        error = await Raw(s.application, version="2025-11-25").error("tasks/get", {"taskId": "x.y"})

    assert error["code"] == -32601
