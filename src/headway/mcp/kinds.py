"""Kinds of jobs as tools of their own: what is said of one, and what a call of it does.

A call submits a job and waits with its progress; a client that takes tasks gets a task (tasks.py). A person is asked
through the client where that can be done; else the job waits for one. Called by server.py.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

import mcp_types as types
from mcp.shared.exceptions import MCPError

from headway.mcp import handle, inputs, words
from headway.mcp.caller import CALL_S, Caller
from headway.mcp.documents import JOB
from headway.mcp.naming import Kind
from headway.mcp.outcome import outcome
from headway.mcp.tasks import task_of
from headway.mcp.waiting import wait
from headway.model.job import JobDoc

DESCRIPTION_CHARS = 4_000
PERSON_S = 600.0
"""How long a person is given to answer within a call."""
Answer = types.CallToolResult | types.InputRequiredResult | dict[str, Any]


def as_tool(name: str, kind: Kind) -> types.Tool:
    """As `tools/list` has it: the kind's own schema, title and annotations; what it returns is the `result` of a job."""
    schema: dict[str, Any] = {"properties": {}, **(kind.get("schema") or {}), "type": "object"}
    said = words.clean(kind.get("description") or "", DESCRIPTION_CHARS)
    return types.Tool(
        name=name,
        title=words.one_line(kind.get("title") or kind["name"], 200),
        description=f"{said}\n(Runs as a durable Headway job of the kind {words.one_line(kind['name'], 200)}.)".strip(),
        input_schema=schema,
        output_schema=output_of(kind),
        annotations=annotations_of(kind),
    )


def output_of(kind: Kind) -> dict[str, Any]:
    """A job's document, its `result` as the kind declares it; it is not there while the job goes on."""
    result = kind.get("output") or JOB["properties"]["result"]
    return {**JOB, "properties": {**JOB["properties"], "result": result}}


def annotations_of(kind: Kind) -> types.ToolAnnotations:
    """The kind's own; what asks for confirmation is destructive, whatever else is said of it."""
    said: Mapping[str, Any] = kind.get("annotations") or {}
    confirm = bool(kind.get("confirm"))
    return types.ToolAnnotations(
        read_only_hint=False if confirm else said.get("read_only"),
        destructive_hint=True if confirm else said.get("destructive"),
        idempotent_hint=said.get("idempotent"),
        open_world_hint=said.get("open_world"),
    )


async def call_kind(caller: Caller, kind: Kind, params: types.CallToolRequestParams) -> Answer:
    """Submit, wait, answer. A call that brings the state of an earlier one goes on with its job."""
    if params.request_state is not None:
        job, secret = await _resumed(caller, params)
    else:
        secret = handle.new_secret()
        labels = handle.labels_of(secret, caller.name)
        job = (await caller.client.submit(kind["name"], params.arguments or {}, labels=labels)).id
        if caller.takes_tasks:
            return task_of(await caller.client.get(job), secret, caller.now, result_type="task")
    return await _waited(caller, job, secret)


async def _resumed(caller: Caller, params: types.CallToolRequestParams) -> tuple[str, str]:
    job, secret = handle.job_of(params.request_state or "")
    handle.check(await caller.client.get(job), secret)
    await inputs.give(caller.client, job, params.input_responses or {})
    return job, secret


async def _waited(caller: Caller, id: str, secret: str) -> Answer:
    """Until it has ended, the time is up, or a person must be asked by way of a result."""
    clock = caller.client.rest.clock
    end = clock.monotonic() + CALL_S
    while True:
        job = await wait(caller, id, max(end - clock.monotonic(), 0.0), lambda seen: _request(caller, seen))
        request = _request(caller, job)
        if request is None or clock.monotonic() >= end:
            return outcome(job, caller.now)
        if caller.is_modern:
            state = handle.as_handle(id, secret)
            return types.InputRequiredResult(input_requests={job["input"]["request"]: request}, request_state=state)  # type: ignore[typeddict-item, index]
        if not await _ask_back(caller, job, request):
            return outcome(job, caller.now)
        end = clock.monotonic() + CALL_S


def _request(caller: Caller, job: JobDoc) -> types.ElicitRequest | None:
    question = inputs.asked(job) if caller.can_be_asked else None
    return inputs.as_request(question, addresses=caller.opens_addresses) if question else None


async def _ask_back(caller: Caller, job: JobDoc, request: types.ElicitRequest) -> bool:
    """By a request of our own, where the connection carries one (stdio, until 2025-11-25). False: nobody answered."""
    question = inputs.asked(job) or {}
    try:
        answer = await caller.context.session.send_request(request, types.ElicitResult, PERSON_S)
    except MCPError:
        return False
    await inputs.give(caller.client, job.get("id", ""), {question["request"]: answer})
    return True
