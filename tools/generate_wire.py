"""clients/typescript/src/wire.ts: the types of frames, documents and answers, made from spec/*.schema.json.

Writes spec/documents.schema.json first, so that both come from the code. With `--check` it fails where the repository
differs (`make docs`). The result is formatted as biome wants it. What a schema can not say (data of events,
tuples) is in the tables here.
"""

from __future__ import annotations

import inspect
import sys
from collections.abc import Iterator
from pathlib import Path
from typing import Any

from headway.protocol import schema as frames
from headway.server import documents

ROOT = Path(__file__).resolve().parent.parent
WIRE = ROOT / "clients" / "typescript" / "src" / "wire.ts"
SCHEMA = ROOT / "spec" / documents.FILE
WIDTH = 110

Schema = dict[str, Any]

HEAD = """\
// What goes over the wire: frames of the viewer link, documents, and what REST takes and answers.
// Made by tools/generate_wire.py from spec/*.schema.json; change headway's own types, not this.
// Optional fields are left out rather than null. Instants are ISO 8601 texts (UTC, milliseconds); durations end in _s or _ms.

/** Any JSON object. Whole numbers beyond 2^53 in it are bigint, exact. */
export interface JsonObject {
  readonly [key: string]: unknown
}

/** What an event changes and says: `set` is merged (RFC 7396), `put` replaces whole values, `was` is the state it left. */
export interface EventData {
  readonly set?: JsonObject
  readonly put?: JsonObject
  readonly was?: JobState | null
  readonly deleted?: boolean
  /** Of `job.logged`. */
  readonly lines?: readonly Line[]
  readonly [key: string]: unknown
}

/** A log line: number, instant, level, text. */
export type Line = readonly [number: number, at: string, level: string, text: string]
"""

VIEWER, SERVER = "ViewerFrame", "ServerFrame"
DIRECTIONS = {
    VIEWER: ("viewer_to_server", "What a viewer sends."),
    SERVER: ("server_to_viewer", "What the server sends to a viewer."),
}
NAMES = {"ViewerPong": "PongFrame"}
"""Definitions that are called otherwise; frames get `Frame` behind their name, since every page has other `Request`s."""

TYPES = {
    ("WireEvent", "data"): "EventData",
    ("WireEvent", "priority"): "Priority",
    ("SnapshotFrame", "topics"): "{ readonly [topic: string]: TopicData }",
    ("TopicData", "documents"): "{ readonly [entity: string]: { readonly [id: string]: JsonObject } }",
    ("TopicData", "lines"): "readonly Line[]",
    ("ByeFrame", "after_ms"): "readonly [low: number, high: number]",
    ("BatchFrame", "from"): "number",
    ("JobRequest", "args"): "unknown",
    ("Why", "state"): "JobState",
    ("SavedDoc", "section"): "'views' | 'templates'",
    ("QueueRequest", "limit"): "number | null",
    ("KindRequest", "limit"): "number | null",
    ("KindRequest", "key_limit"): "number | null",
}
"""(definition, field) -> its type, where the schema says less than is known."""

PRIORITY = """
/** How much an event matters. */
export type Priority = 'low' | 'normal' | 'high' | 'critical'
"""


def wire() -> str:
    """The whole file."""
    spec, described = frames.document()["$defs"], documents.document()["$defs"]
    names = {ref: NAMES.get(ref, f"{ref}Frame") for way, _ in DIRECTIONS.values() for ref in _members(spec[way])}
    wanted: dict[str, Schema] = dict(sorted(described.items()))
    for ref in [*names, "WireEvent", "TopicData"]:
        wanted |= {each: spec[each] for each in _reached(spec, ref) if each not in wanted}
    words: dict[str, list[str]] = {}
    _collect_words(wanted, words)
    parts = [HEAD, PRIORITY]
    parts += [f"\nexport type {name} ={_union(values, name)}\n" for name, values in sorted(words.items())]
    parts += [
        _interface(names.get(ref, ref), wanted[ref], names)
        for ref in sorted(wanted, key=lambda ref: names.get(ref, ref))
    ]
    for union, (way, said) in DIRECTIONS.items():
        members = [names[ref] for ref in _members(spec[way])]
        parts.append(f"\n/** {said} */\nexport type {union} ={_joined(members, f'export type {union}')}\n")
    return "".join(parts)


def _members(union: Schema) -> list[str]:
    return [_name(each["$ref"]) for each in union["anyOf"]]


def _name(ref: str) -> str:
    return ref.rpartition("/")[2]


def _reached(spec: dict[str, Schema], ref: str) -> Iterator[str]:
    yield ref
    for found in _refs(spec[ref]):
        yield from _reached(spec, found)


def _refs(value: Any) -> Iterator[str]:
    if isinstance(value, dict):
        if "$ref" in value:
            yield _name(value["$ref"])
        for each in value.values():
            yield from _refs(each)
    elif isinstance(value, list):
        for each in value:
            yield from _refs(each)


def _collect_words(value: Any, words: dict[str, list[str]]) -> None:
    """Enumerations that have a title are types of their own."""
    if isinstance(value, dict):
        if "enum" in value and "title" in value:
            words[value["title"]] = value["enum"]
        for each in value.values():
            _collect_words(each, words)
    elif isinstance(value, list):
        for each in value:
            _collect_words(each, words)


# -- writing TypeScript --------------------------------------------------------------------------------------------


def _interface(name: str, schema: Schema, names: dict[str, str]) -> str:
    lines = ["", *_doc(schema.get("description"), ""), f"export interface {name} {{"]
    required = set(schema.get("required", ()))
    for field, each in schema.get("properties", {}).items():
        optional = field not in required
        mark = "?" if optional else ""
        lines += _doc(each.get("description"), "  ")
        lines.append(
            _fitted(f"  readonly {field}{mark}: ", TYPES.get((name, field)) or _type(each, names, optional=optional))
        )
    return "\n".join([*lines, "}", ""])


def _doc(description: str | None, indent: str) -> list[str]:
    if not description:
        return []
    lines = inspect.cleandoc(description).replace("*/", "*\\/").replace("None", "null").splitlines()
    if len(lines) == 1:
        return [f"{indent}/** {lines[0]} */"]
    return [f"{indent}/**", *(f"{indent} * {line}".rstrip() for line in lines), f"{indent} */"]


def _type(schema: Schema, names: dict[str, str], *, optional: bool = False) -> str:
    if "$ref" in schema:
        return names.get(_name(schema["$ref"]), _name(schema["$ref"]))
    if "enum" in schema:
        return schema.get("title") or " | ".join(f"'{word}'" for word in schema["enum"])
    if "anyOf" in schema:
        kinds = [each for each in schema["anyOf"] if not (optional and each.get("type") == "null")]
        return " | ".join(dict.fromkeys(_type(each, names) for each in kinds))
    match schema.get("type"):
        case "string":
            return "string"
        case "integer" | "number":
            return "number"
        case "boolean" | "null" as word:
            return str(word)
        case "array":
            return _array(schema, names)
        case "object":
            values = schema.get("additionalProperties")
            return f"{{ readonly [key: string]: {_type(values, names)} }}" if values else "JsonObject"
        case _:
            return "unknown"


def _array(schema: Schema, names: dict[str, str]) -> str:
    if "prefixItems" in schema:
        return f"readonly [{', '.join(_type(each, names) for each in schema['prefixItems'])}]"
    item = _type(schema.get("items") or {}, names)
    return f"readonly ({item})[]" if " | " in item else f"readonly {item}[]"


def _union(values: list[str], name: str) -> str:
    return _joined([f"'{value}'" for value in values], f"export type {name}")


def _joined(members: list[str], before: str) -> str:
    line = " | ".join(members)
    return f" {line}" if len(f"{before} = {line}") <= WIDTH else "".join(f"\n  | {each}" for each in members)


def _fitted(before: str, type: str) -> str:
    line = before + type
    if len(line) <= WIDTH or " | " not in type:
        return line
    return before.rstrip() + "".join(f"\n    | {each}" for each in type.split(" | "))


# -- the files -----------------------------------------------------------------------------------------------------


def main() -> int:
    """Write both files, or compare them."""
    wrong = 0
    for path, text in ((SCHEMA, documents.text()), (WIRE, wire())):
        if "--check" not in sys.argv[1:]:
            path.write_text(text, encoding="utf-8")
        elif not path.exists() or path.read_text(encoding="utf-8") != text:
            print(f"{path.relative_to(ROOT)} differs from the code: run python tools/generate_wire.py")
            wrong = 1
    return wrong


if __name__ == "__main__":
    sys.exit(main())
