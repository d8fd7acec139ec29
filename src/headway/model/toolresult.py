"""What a tool of an MCP server gave, in a few words: the first line of its text, or the plain values of its structured part.

A result is a tool's if it has the form in which the connector leaves it (docs/topics/mcp.md); anybody's handler may return
such an object, so nothing of it is taken on trust. The built-in page has the same rule in facts.js, and both pass
tests/tool_facts.json. Pure; called by whatever says how a job ended.
"""

from __future__ import annotations

import json
from collections.abc import Iterable
from typing import Any, cast

from headway.model.amounts import number_text

CHARACTERS = 160
FACTS = 5
LONGEST = 1_000_000
"""Characters of one text that are looked at."""


def tool_facts(result: Any) -> str:
    """`Operation completed in 5 seconds`, `sum 3 · exact true`; "" where it is no tool's, or says nothing in words."""
    if not is_tool_result(result):
        return ""
    structured = " · ".join(_plain(result.get("structured")))
    text = next((line for line in map(_first_line, result["content"]) if line), "")
    repeats = structured and text[:1] in ("{", "[")  # the same as JSON, for clients that know no structured part
    said = structured if repeats else text or structured
    return said if len(said) <= CHARACTERS else f"{said[: CHARACTERS - 1]}…"


def is_tool_result(result: Any) -> bool:
    """True of an object with blocks of content, the server they are of, and the protocol it spoke."""
    if not isinstance(result, dict):
        return False
    found = cast("dict[str, Any]", result)
    is_said = all(isinstance(found.get(name), str) for name in ("server", "protocol"))
    return is_said and isinstance(found.get("content"), list)


def _first_line(block: Any) -> str:
    text: Any = cast("dict[str, Any]", block).get("text") if isinstance(block, dict) else None
    lines = text[:LONGEST].split("\n") if isinstance(text, str) else []
    return next((said for line in lines if (said := " ".join(line.split()))), "")


def _plain(structured: Any) -> Iterable[str]:
    """Its first plain values by name."""
    if not isinstance(structured, dict):
        return []
    named = cast("dict[str, Any]", structured).items()
    return [f"{name} {_word(value)}" for name, value in named if not isinstance(value, dict | list | None)][:FACTS]


def _word(value: Any) -> str:
    if isinstance(value, str):
        return " ".join(value.split())
    return json.dumps(value) if isinstance(value, bool) else number_text(value)
