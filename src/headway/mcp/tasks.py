"""Tasks (SEP-2663, io.modelcontextprotocol/tasks): a job as a task, and the three methods by which a client follows it.

A task is the job itself, found by the handle that the call answered (handle.py): it is durable before it is told, any
server answers for it, and it stays as long as its job is kept. A job that failed is a *completed* task whose result is an
error: `failed` is for errors of the protocol alone (specification of 2026-08, "Task Status"). Called by server.py and kinds.py.
"""

from __future__ import annotations

from collections.abc import Awaitable, Callable
from typing import Any

import mcp_types as types

from headway.mcp import handle, inputs, words
from headway.mcp.caller import Caller
from headway.mcp.outcome import outcome
from headway.model.job import JobDoc, is_final

POLL_MS = 1_000


class TaskParams(types.RequestParams):
    """Which task."""

    task_id: str


class UpdateParams(TaskParams):
    """Answers by the keys of `inputRequests`."""

    input_responses: dict[str, Any]


async def get(caller: Caller, params: TaskParams) -> dict[str, Any]:
    """`tasks/get`."""
    job, secret = await _found(caller, params)
    return task_of(job, secret, caller.now)


async def update(caller: Caller, params: UpdateParams) -> dict[str, Any]:
    """`tasks/update`: answers on their way to the job; acknowledged once they are durable."""
    job, _ = await _found(caller, params)
    await inputs.give(caller.client, job.get("id", ""), params.input_responses)
    return {"resultType": "complete"}


async def cancel(caller: Caller, params: TaskParams) -> dict[str, Any]:
    """`tasks/cancel`: the job is asked to stop. What has ended already is acknowledged too."""
    job, _ = await _found(caller, params)
    if not is_final(job):
        await caller.client.cancel(job.get("id", ""), "the agent cancelled the task")
    return {"resultType": "complete"}


METHODS: dict[str, tuple[type[TaskParams], Callable[[Caller, Any], Awaitable[dict[str, Any]]]]] = {
    "tasks/get": (TaskParams, get),
    "tasks/update": (UpdateParams, update),
    "tasks/cancel": (TaskParams, cancel),
}


async def _found(caller: Caller, params: TaskParams) -> tuple[JobDoc, str]:
    id, secret = handle.job_of(params.task_id)
    job = await caller.client.get(id)
    handle.check(job, secret)
    return job, secret


def task_of(job: JobDoc, secret: str, now: str, *, result_type: str = "complete") -> dict[str, Any]:
    """A job as a task of the wire; as the answer to a call its `result_type` is `task`, and it has no result yet."""
    task: dict[str, Any] = {
        "resultType": result_type,
        "taskId": handle.as_handle(job.get("id", ""), secret),
        "status": _status(job),
        "statusMessage": words.status(job, now),
        "createdAt": job.get("created_at", ""),
        "lastUpdatedAt": _updated_at(job),
        "ttlMs": None,
        "pollIntervalMs": POLL_MS,
    }
    return task if result_type == "task" else task | _more(task["status"], job, now)


def _status(job: JobDoc) -> str:
    if is_final(job):
        return "cancelled" if job.get("state") == "cancelled" else "completed"
    question = inputs.asked(job)
    return "input_required" if question and inputs.as_request(question, addresses=True) else "working"


def _more(status: str, job: JobDoc, now: str) -> dict[str, Any]:
    if status == "completed":
        return {"result": outcome(job, now).model_dump(by_alias=True, mode="json", exclude_none=True)}
    question = inputs.asked(job)
    if status != "input_required" or question is None:
        return {}
    request = inputs.as_request(question, addresses=True)
    dumped = request and request.model_dump(by_alias=True, mode="json", exclude_none=True)
    return {"inputRequests": {question["request"]: dumped}}


def _updated_at(job: JobDoc) -> str:
    asked: Any = job.get("input") or {}
    cancel: Any = job.get("cancel") or {}
    said = [
        job.get("created_at"), job.get("queued_at"), job.get("started_at"), job.get("finished_at"),
        job.get("progress", {}).get("at"), asked.get("asked_at"), cancel.get("requested_at"),
    ]  # fmt: skip
    return max(each for each in said if each)
