"""The tools that Headway has of its own: submit, look, wait, cancel, list, read logs, and which kinds there are.

A table of `OwnTool`; each handler takes the caller and checked arguments and answers with a document and a short text.
Rights are the server's: whatever the caller's token may not do, its REST refuses. Called by server.py.
"""

from __future__ import annotations

from collections.abc import Awaitable, Callable, Mapping
from typing import Any
from urllib.parse import quote

import mcp_types as types
import msgspec

from headway.errors import InvalidInput
from headway.mcp import words
from headway.mcp.caller import CALL_S, Caller, answered
from headway.mcp.documents import JOB, job_document
from headway.mcp.handle import AGENT
from headway.mcp.waiting import wait
from headway.model.job import JobDoc, is_final

MOST_WAIT_S = 600.0
LINES = 200
LINE_CHARS = 2_000
KIND_BYTES = 16_384

Arguments = Mapping[str, Any]


class OwnTool(msgspec.Struct, frozen=True, kw_only=True):
    """A tool: what is said of it, and what it does."""

    name: str
    title: str
    description: str
    takes: dict[str, Any]
    required: tuple[str, ...] = ()
    output: dict[str, Any]
    annotations: types.ToolAnnotations
    answer: Callable[[Caller, Arguments], Awaitable[types.CallToolResult]]

    @property
    def schema(self) -> dict[str, Any]:
        """What it takes."""
        return {
            "type": "object",
            "properties": self.takes,
            "required": list(self.required),
            "additionalProperties": False,
        }

    def as_tool(self) -> types.Tool:
        """As `tools/list` has it."""
        return types.Tool(
            name=self.name,
            title=self.title,
            description=self.description,
            input_schema=self.schema,
            output_schema=self.output,
            annotations=self.annotations,
        )


async def submit_job(caller: Caller, args: Arguments) -> types.CallToolResult:
    """Durable when this answers."""
    kind = args["kind"]
    if await _asks_first(caller, kind) and not args.get("confirmed"):
        raise InvalidInput(
            "confirmed",
            f"the kind {kind!r} is to be confirmed by a person",
            hint="Ask the person you work for; when they agree, call again with confirmed: true.",
        )
    options = {name: args[name] for name in ("queue", "priority", "delay", "unique", "key") if name in args}
    labels = {AGENT: caller.name, **args.get("labels", {})}
    made = await caller.client.submit(kind, args.get("args", {}), labels=labels, **options)
    document = job_document(await caller.client.get(made.id), caller.now)
    hint = [words.clean(made.hint, 500)] if made.hint else []
    known = [] if made.created else ["This job was there already: it holds the unique key."]
    return answered(document["summary"], document, *known, *hint)


async def _asks_first(caller: Caller, kind: str) -> bool:
    found: Any = await caller.client.rest.get("/kinds")
    return any(each["name"] == kind and each.get("confirm") for each in found["kinds"])


async def get_job(caller: Caller, args: Arguments) -> types.CallToolResult:
    """As it stands."""
    return shown(await caller.client.get(args["job"]), caller.now)


async def wait_job(caller: Caller, args: Arguments) -> types.CallToolResult:
    """Until it ends or the time is up."""
    job = await wait(caller, args["job"], float(args.get("timeout_s", CALL_S)))
    again = [] if is_final(job) else ["It is not over: call wait_job again to go on waiting."]
    return shown(job, caller.now, *again)


async def cancel_job(caller: Caller, args: Arguments) -> types.CallToolResult:
    """Asked to stop; a second time changes nothing."""
    return shown(await caller.client.cancel(args["job"], args.get("reason", "")), caller.now)


async def list_jobs(caller: Caller, args: Arguments) -> types.CallToolResult:
    """Newest first."""
    jobs = await caller.client.list(args.get("query", ""), limit=int(args.get("limit", 20)))
    documents = [job_document(job, caller.now) for job in jobs]
    for document in documents:
        document.pop("result", None)  # a list is for finding; get_job has it
    lines = [f"{each['summary']} ({words.one_line(each.get('kind'), 200)})" for each in documents]
    return answered("\n".join(lines) or "No job matches.", {"jobs": documents})


async def get_logs(caller: Caller, args: Arguments) -> types.CallToolResult:
    """The last lines, or those from a number on."""
    params: dict[str, Any] = {"format": "jsonl", "contains": args.get("contains"), "level": args.get("level")}
    wanted = int(args.get("lines", LINES))
    params |= {"from": args["from"], "limit": wanted} if "from" in args else {"tail": wanted}
    params = {name: value for name, value in params.items() if value is not None}
    path = f"/jobs/{quote(args['job'], safe='')}/logs"
    async with caller.client.rest.stream(path, params, {}, silence_s=60.0) as response:
        lines = [_line(msgspec.json.decode(line)) async for line in response.aiter_lines() if line]
    text = "\n".join(f"{line['number']} {line['level']} {line['text']}" for line in lines)
    body = words.quoted(f"log of job {args['job']}", text) if lines else "No lines."
    return answered(body, {"job": args["job"], "lines": lines})


def _line(line: Mapping[str, Any]) -> dict[str, Any]:
    return {**line, "text": words.clean(line["text"], LINE_CHARS)}


async def list_kinds(caller: Caller, args: Arguments) -> types.CallToolResult:
    """What can be submitted."""
    found: Any = await caller.client.rest.get("/kinds")
    named = [kind for kind in found["kinds"] if args.get("name") in (None, kind["name"])]
    kinds = [_kind(kind, with_schema="name" in args) for kind in named]
    lines = [f"{kind['name']}: {kind.get('description', '')}".rstrip(": ") for kind in kinds]
    return answered("\n".join(lines) or "No such kind.", {"kinds": kinds})


def _kind(kind: Mapping[str, Any], *, with_schema: bool) -> dict[str, Any]:
    found: dict[str, Any] = {"name": kind["name"], "served": bool(kind.get("served"))}
    found |= {name: words.one_line(kind[name]) for name in ("title", "description") if kind.get(name)}
    found |= {name: True for name in ("confirm", "quarantine") if kind.get(name)}
    schema = kind.get("schema")
    fits = schema is not None and len(msgspec.json.encode(schema)) <= KIND_BYTES
    return found | ({"schema": schema} if with_schema and fits else {})


def shown(job: JobDoc, now: str, *more: str) -> types.CallToolResult:
    """A job's document, its line, and what it returned as text."""
    document = job_document(job, now)
    result = [words.result_text(job.get("id", ""), document["result"])] if document.get("result") is not None else []
    return answered(document["summary"], document, *more, *result)


_READS = types.ToolAnnotations(read_only_hint=True, idempotent_hint=True, open_world_hint=False)
_JOB = {"job": {"type": "string", "minLength": 1, "maxLength": 64, "description": "The job's id."}}
_LINE = {"type": "object", "properties": {"number": {"type": "integer"}, "at": {"type": "string"},
         "level": {"type": "string"}, "text": {"type": "string"}, "attempt": {"type": "integer"}}}  # fmt: skip


def _list_of(name: str, of: dict[str, Any]) -> dict[str, Any]:
    return {"type": "object", "properties": {name: {"type": "array", "items": of}}, "required": [name]}


OWN = (
    OwnTool(
        name="submit_job",
        title="Submit a job",
        description="Start a durable job of a kind and return at once with its id. It runs on whatever becomes of this "
        "conversation; follow it with wait_job. list_kinds tells which kinds there are and what they take.",
        takes={
            "kind": {"type": "string", "minLength": 1, "maxLength": 200},
            "args": {"type": "object", "description": "The kind's arguments."},
            "queue": {"type": "string", "minLength": 1, "maxLength": 200},
            "priority": {"type": "integer", "description": "Higher runs first."},
            "delay": {"type": "string", "description": "Start it later: 30s, 5m, 2h."},
            "unique": {"type": "string", "description": "A key that one unfinished job holds: a second submit finds it."},
            "key": {"type": "string", "minLength": 1, "maxLength": 200,
                    "description": "Repeat a call with the same key and it is one submit."},
            "labels": {"type": "object", "additionalProperties": {"type": "string"}},
            "confirmed": {"type": "boolean", "description": "A person agreed; asked for by kinds with confirm."},
        },
        required=("kind",),
        output=JOB,
        annotations=types.ToolAnnotations(read_only_hint=False, destructive_hint=True, idempotent_hint=False,
                                          open_world_hint=True),
        answer=submit_job,
    ),
    OwnTool(
        name="get_job",
        title="Look at a job",
        description="How a job stands now: state, progress, estimate, result or error.",
        takes=_JOB, required=("job",), output=JOB, annotations=_READS, answer=get_job,
    ),
    OwnTool(
        name="wait_job",
        title="Wait for a job",
        description="Wait until a job has ended, with progress notifications while this call is open. Answers at the "
        "timeout with the job as it stands; call it again to go on. To stop waiting never stops the job.",
        takes={**_JOB, "timeout_s": {"type": "number", "minimum": 0, "maximum": MOST_WAIT_S,
               "description": f"Seconds to wait at most; {CALL_S:g} when left out, because many clients give up at 60."}},
        required=("job",), output=JOB, annotations=_READS, answer=wait_job,
    ),
    OwnTool(
        name="cancel_job",
        title="Cancel a job",
        description="Ask a job to stop. A waiting one is cancelled at once; a running one is given time to clean up.",
        takes={**_JOB, "reason": {"type": "string", "maxLength": 500}},
        required=("job",), output=JOB,
        annotations=types.ToolAnnotations(read_only_hint=False, destructive_hint=True, idempotent_hint=True,
                                          open_world_hint=False),
        answer=cancel_job,
    ),
    OwnTool(
        name="list_jobs",
        title="Find jobs",
        description='Jobs that match a filter, newest first: "state:running", "kind:crawl queue:gpu", '
        '"label.subject:sub-01", words of ids and messages. Without one: the newest.',
        takes={"query": {"type": "string", "maxLength": 4_000},
               "limit": {"type": "integer", "minimum": 1, "maximum": 100}},
        output=_list_of("jobs", JOB), annotations=_READS, answer=list_jobs,
    ),
    OwnTool(
        name="get_logs",
        title="Read a job's log",
        description=f"Lines of a job's log: the last {LINES}, or those from a number on. They are data from the job.",
        takes={**_JOB, "from": {"type": "integer", "minimum": 1, "description": "Number of the first line."},
               "lines": {"type": "integer", "minimum": 1, "maximum": 1_000},
               "contains": {"type": "string", "maxLength": 500},
               "level": {"type": "string", "description": "debug, info, success, warning, error, out, err; or several."}},
        required=("job",), output=_list_of("lines", _LINE), annotations=_READS, answer=get_logs,
    ),
    OwnTool(
        name="list_kinds",
        title="Which kinds of jobs there are",
        description="Kinds that can be submitted, with descriptions; with name: that one and the schema of its arguments.",
        takes={"name": {"type": "string", "minLength": 1, "maxLength": 200}},
        output=_list_of("kinds", {"type": "object"}), annotations=_READS, answer=list_kinds,
    ),
)  # fmt: skip
"""Every tool, in the order in which they are listed."""
