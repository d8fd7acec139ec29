"""A tool as its server defines it, and the kind that it becomes.

Theory. The definition is all that a person or a model goes by when a tool is chosen: name, title, description, schemas,
annotations. Its hash over canonical JSON is what the server pins; whatever else differs between two answers of a server
(icons, `_meta`, order) is no other tool. Descriptions are text of strangers: kept as they are, bounded, and escaped by who
shows them. Pure, and without the SDK: takes what `tools/list` said as JSON. Called by `engine.py`.
"""

from __future__ import annotations

import fnmatch
import hashlib
import re
from collections.abc import Iterable, Iterator, Mapping
from typing import Any, cast

import msgspec

from headway.connectors.mcp.config import Server, ToolOptions
from headway.connectors.mcp.secrets import Secrets, cut
from headway.errors import InvalidInput
from headway.model.schema import check_schema

Json = dict[str, Any]

MOST_TOOLS = 1_000
DEFINITION_BYTES = 65_536
_NAME_CHARS = 128
_TITLE_CHARS = 200
_NAME = re.compile(rf"[A-Za-z0-9_./-]{{1,{_NAME_CHARS}}}")
_HASHED = ("name", "title", "description", "inputSchema", "outputSchema", "annotations")
_HINTS = {
    "readOnlyHint": "read_only",
    "destructiveHint": "destructive",
    "idempotentHint": "idempotent",
    "openWorldHint": "open_world",
}
_REPEATABLE = 3  # attempts where the server says that calling again does no harm


class Tool(msgspec.Struct, frozen=True, kw_only=True):
    """A tool that can be a kind. `name` is the server's; `definition` the hash; `task_support` of 2025-11-25."""

    name: str
    kind: str
    title: str
    description: str
    schema: Json
    output: Json | None
    annotations: dict[str, bool]
    definition: str
    task_support: str | None = None

    @property
    def repeatable(self) -> bool:
        """The server says that calling it twice does no more than calling it once."""
        return self.annotations.get("read_only", False) or self.annotations.get("idempotent", False)

    @property
    def confirm(self) -> bool:
        """The server says that it destroys: a person is asked first."""
        return self.annotations.get("destructive", False) and not self.annotations.get("read_only", False)


class LeftOut(msgspec.Struct, frozen=True):
    """A tool that is no kind, and why, in words."""

    name: str
    reason: str


def tools_of(server: Server, listed: Iterable[Json], secrets: Secrets) -> tuple[list[Tool], list[LeftOut]]:
    """The tools of a whole `tools/list` that the config wants, and those that can not be kinds."""
    tools: dict[str, Tool] = {}
    left_out: list[LeftOut] = []
    for number, entry in enumerate(listed):
        name = cut(secrets.hide(str(entry.get("name", ""))), _NAME_CHARS)
        if number >= MOST_TOOLS:
            left_out.append(LeftOut("the others", f"a server has at most {MOST_TOOLS:,} tools here"))
            break
        if not wanted(server, name):
            continue
        try:
            tool = tool_of(server, secrets.hide_in(entry))
        except InvalidInput as problem:
            left_out.append(LeftOut(name, f"{problem.field} {problem.problem}"))
            continue
        if tools.setdefault(tool.kind, tool) is not tool:
            left_out.append(LeftOut(name, "another tool has that name"))
    return list(tools.values()), left_out


def wanted(server: Server, name: str) -> bool:
    """Whether the config includes a tool of this name."""
    return any(fnmatch.fnmatchcase(name, glob) for glob in server.include) and not any(
        fnmatch.fnmatchcase(name, glob) for glob in server.exclude
    )


def tool_of(server: Server, entry: Json) -> Tool:
    """One entry of `tools/list`. InvalidInput says why it is no kind."""
    name = entry.get("name")
    if not isinstance(name, str) or not _NAME.fullmatch(name) or name in (".", ".."):
        raise InvalidInput("its name", f"is not 1 to {_NAME_CHARS} letters, digits and _ - . /")
    size = len(msgspec.json.encode(entry))
    if size > DEFINITION_BYTES:
        raise InvalidInput("its definition", f"has {size:,} bytes; the limit is {DEFINITION_BYTES:,}")
    schema, output = entry.get("inputSchema"), entry.get("outputSchema")
    check_schema(schema, "inputSchema")
    if output is not None:
        check_schema(output, "outputSchema")
    annotations = _object(entry.get("annotations"))
    return Tool(
        name=name,
        kind=f"mcp.{server.name}.{name.replace('/', '.')}",
        title=cut(_text(entry.get("title")) or _text(annotations.get("title")), _TITLE_CHARS),
        description=_text(entry.get("description")),
        schema=cast("Json", schema),
        output=cast("Json | None", output),
        annotations={
            ours: annotations[hint] for hint, ours in _HINTS.items() if isinstance(annotations.get(hint), bool)
        },
        definition=definition_hash(entry),
        task_support=_text(_object(entry.get("execution")).get("taskSupport")) or None,
    )


def definition_hash(entry: Mapping[str, Any]) -> str:
    """sha256, hexadecimal, of what defines a tool; a key that is absent and one that is null are the same."""
    defining = {key: entry[key] for key in _HASHED if entry.get(key) is not None}
    return hashlib.sha256(msgspec.json.encode(defining, order="deterministic")).hexdigest()


def options_of(server: Server, tool: Tool) -> Json:
    """What `Job.from_schema` is told beside the schemas: the annotations' meaning, where the config does not say more."""
    its = server.tools.get(tool.name, ToolOptions())
    attempts = its.max_attempts or (_REPEATABLE if tool.repeatable else 1)
    options: Json = {
        "title": tool.title,
        "description": tool.description,
        "annotations": tool.annotations,
        "confirm": tool.confirm if its.confirm is None else its.confirm,
        "definition": tool.definition,
        "service": f"mcp:{server.name}",
        "max_attempts": attempts,
        "progress_timeout": server.progress_timeout if its.progress_timeout is None else its.progress_timeout,
        "timeout": its.timeout,
        "queue": its.queue,
    }
    return {key: value for key, value in options.items() if value is not None}


_TEXT: Json = {"type": "string"}
_RESULT: Json = {
    "content": {"type": "array", "items": {"type": "object", "properties": {"type": _TEXT}, "required": ["type"]}},
    "server": _TEXT,
    "protocol": _TEXT,
    "structured_artifact": _TEXT,
}
_SHARED = ("$defs", "definitions")


def result_schema(output: Json | None) -> Json:
    """The schema of the job's result, the tool's own output schema below `structured`. Its definitions move to the root,
    where its references look for them; one that refers elsewhere is left open.
    """
    whole: Json = {"type": "object", "properties": dict(_RESULT), "required": ["content", "server", "protocol"]}
    if output is None or not all(ref.startswith(tuple(f"#/{each}/" for each in _SHARED)) for ref in _refs(output)):
        return whole
    own = {key: value for key, value in output.items() if key not in (*_SHARED, "$schema", "$id")}
    whole["properties"]["structured"] = own
    return whole | {key: output[key] for key in ("$schema", *_SHARED) if key in output}


def _refs(schema: Any) -> Iterator[str]:
    if isinstance(schema, list):
        for each in cast("list[Any]", schema):
            yield from _refs(each)
    elif isinstance(schema, dict):
        for key, value in cast("Json", schema).items():
            if key in ("$ref", "$dynamicRef") and isinstance(value, str):
                yield value
            yield from _refs(value)


def _text(value: Any) -> str:
    return value if isinstance(value, str) else ""


def _object(value: Any) -> Json:
    return cast("Json", value) if isinstance(value, dict) else {}
