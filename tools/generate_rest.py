"""docs/reference/rest.md: every path of the OpenAPI document that the server gives, and the filter grammar.

The server is made in a folder that is thrown away and never started: its description needs no store. Filters and what they
match are the cases of spec/cases/filters.json, which every implementation passes.
"""

from __future__ import annotations

import json
import sys
import tempfile
from typing import Any

from reference import ROOT, code, fenced, publish, table

from headway.errors import InvalidInput
from headway.model.query import KEYS, parse
from headway.model.term import TEXT
from headway.server.app import Application, create_app
from headway.server.config import Config

GUIDE = {
    "state": ("one of the states", "state:running,queued"),
    "kind": ("its kind", "kind:crawl"),
    "queue": ("its queue", "queue:gpu"),
    "label": ("the label of that name", "label.subject:sub-01"),
    "args": ("the argument at that path, or any element where it is a list", "args.url:*example*"),
    "error": ("type, message, both, or reason code; capitals do not matter", "error:*Timeout*"),
    "priority": ("its priority", "priority:>5"),
    "running": ("its attempt has run longer or shorter", "running:>10m"),
    "waiting": ("it has waited longer or shorter", "waiting:>5m"),
    "since": ("created then or later", "since:24h"),
    "until": ("created before", "until:2026-11-22"),
    "worker": ("the worker that holds it", "worker:gpu-3/1"),
    "parent": ("the job that submitted it", "parent:01J…"),
    "retry_of": ("the job it was made from by a retry", "retry_of:01J…"),
    "id": ("its id", "id:01J…"),
    TEXT: ("a part of its id, kind, queue, labels, arguments, error or message", '"free text"'),
}
"""Key -> what of a job it looks at, and an example; compared with the language's own table."""


SHOWN_ERRORS = 6


def page() -> str:
    """The whole page."""
    document = description()
    tags: dict[str, list[str]] = {}
    for path, operations in document["paths"].items():
        for method, operation in operations.items():
            tag = (operation.get("tags") or ["other"])[0]
            tags.setdefault(tag, []).append(endpoint(document, method.upper(), path, operation))
    parts = "\n\n".join(f"## {tag}\n\n" + "\n\n".join(entries) for tag, entries in tags.items())
    return f"""# REST

{document["info"]["description"].strip()}

The whole description is at `/api/v1/openapi.json` of every server. Paths are below the server's address.

{parts}

## Filters

{filters()}
"""


def description() -> dict[str, Any]:
    """What `/api/v1/openapi.json` answers."""
    with tempfile.TemporaryDirectory() as folder:
        return create_app(Application(Config(data=folder)).site).openapi()


# -- endpoints -----------------------------------------------------------------------------------------------------


def endpoint(document: dict[str, Any], method: str, path: str, operation: dict[str, Any]) -> str:
    """One method of one path."""
    summary = operation.get("summary", "")
    parts = [f"### {method} {path}", summary if summary.endswith("?") else f"{summary}."]
    if told := operation.get("description"):
        parts.append(" ".join(told.split()))
    if parameters := operation.get("parameters"):
        parts.append(table(("parameter", "in", "type", "means"), map(parameter, parameters)))
    body = (operation.get("requestBody") or {}).get("content", {}).get("application/json")
    if body:
        parts.append(f"Body: {shape(document, body.get('schema', {}))}")
        if "example" in body:
            parts.append(fenced("json", json.dumps(body["example"], ensure_ascii=False)))
    answers = [(status, each) for status, each in operation["responses"].items() if status != "4XX"]
    parts.append("\n".join(f"- **{status}** {each.get('description', '')}" for status, each in answers))
    return "\n\n".join(parts)


def parameter(each: dict[str, Any]) -> tuple[str, str, str, str]:
    """One parameter."""
    schema = each.get("schema", {})
    default = f"; default {schema['default']}" if schema.get("default") not in (None, "") else ""
    needed = "; required" if each.get("required") and each["in"] != "path" else ""
    means = each.get("description") or schema.get("description") or ""
    return code(each["name"]), each["in"], type_of(schema) + default + needed, means


def type_of(schema: dict[str, Any]) -> str:
    """A type in a word or two."""
    if options := schema.get("anyOf"):
        return " or ".join(dict.fromkeys(type_of(each) for each in options if each.get("type") != "null"))
    if schema.get("type") == "array":
        return f"list of {type_of(schema.get('items', {}))}"
    if "enum" in schema:
        return ", ".join(code(each) for each in schema["enum"])
    if "$ref" in schema:
        return schema["$ref"].rpartition("/")[2]
    kind = schema.get("type", "any")
    return " or ".join(kind) if isinstance(kind, list) else kind


def shape(document: dict[str, Any], schema: dict[str, Any]) -> str:
    """The fields of a body; those that must be there are marked."""
    if "$ref" in schema:
        schema = document["components"]["schemas"][schema["$ref"].rpartition("/")[2]]
    required = set(schema.get("required", ()))
    fields = schema.get("properties", {})
    named = (
        f"{code(name)}{' (required)' if name in required else ''}: {type_of(each)}" for name, each in fields.items()
    )
    return "; ".join(named) + "." if fields else "any JSON object."


# -- filters -------------------------------------------------------------------------------------------------------


def filters() -> str:
    """The language, from its own table."""
    if wrong := KEYS.keys() ^ GUIDE.keys():
        sys.exit(f"rest: a filter key without a guide, or the other way round: {', '.join(sorted(wrong))}")
    rows = ((example, means, "yes" if KEYS[key].live else "no") for key, (means, example) in GUIDE.items())
    cases = json.loads((ROOT / "spec" / "cases" / "filters.json").read_text(encoding="utf-8"))
    refused = [(code(each["filter"]), refusal(each["filter"])) for each in cases["errors"][:SHOWN_ERRORS]]
    return f"""One language for `GET /jobs?q=`, `headway jobs`, `headway watch --query` and the page:

{table(("term", "matches a job by", "live"), ((code(term), means, live) for term, means, live in rows))}

Terms are joined by *and*, values within a term by comma mean *or*; `-` before a term negates it; `*` stands for any text;
quotes keep spaces and commas. *live*: a viewer can keep the list right from events alone, so `headway watch --query` takes
it.

What is wrong is said, with the way out:

{table(("filter", "answer"), refused)}"""


def refusal(text: str) -> str:
    """What is answered to a filter that is wrong."""
    try:
        parse(text)
    except InvalidInput as error:
        return str(error)
    sys.exit(f"rest: {text!r} is a filter")


if __name__ == "__main__":
    sys.exit(publish("rest", page))
