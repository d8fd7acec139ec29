"""What a command says to Headway on purpose: `::headway …` lines in its output, JSON lines on the pipe `$HEADWAY_FD`.

    ::headway progress=0.42 stage=encode msg="second pass"
    ::headway current=17 total=40 unit=files stage=parse
    {"progress": 0.42, "stage": "encode", "message": "second pass"}

Both have the same fields. A statement that makes no sense is answered with None and shown nowhere: a command must not
fail because its progress was badly written. Pure; called by `formats`.
"""

from __future__ import annotations

import math
import re
from typing import Any

import msgspec

from headway.connectors.command.reading import Reading

PREFIX = "::headway "
MAX_STATEMENT = 16_384
"""Characters; a longer statement is not read."""

_FIELD = re.compile(r"(\w+)=(?:\"((?:[^\"\\]|\\.)*)\"|(\S+))")
_ESCAPED = re.compile(r"\\(.)")


def read_statement(line: str) -> Reading | None:
    """The reading of a line that starts with `::headway `."""
    if not line.startswith(PREFIX) or len(line) > MAX_STATEMENT:
        return None
    fields: dict[str, Any] = {}
    for name, quoted, plain in _FIELD.findall(line):
        fields[name] = plain or _ESCAPED.sub(r"\1", quoted)
    return _reading(fields)


def read_json(line: bytes | str) -> Reading | None:
    """The reading of one JSON line."""
    if len(line) > MAX_STATEMENT:
        return None
    try:
        return _reading(msgspec.json.decode(line, type=dict[str, Any]))
    except (msgspec.DecodeError, RecursionError):
        return None


def _reading(fields: dict[str, Any]) -> Reading | None:
    """`progress` is a share of 1, or `42%`; `current` and `total` are counts. Neither: a message alone."""
    stage, message = _text(fields.get("stage")), _text(fields.get("message", fields.get("msg")))
    if "progress" in fields:
        current, total, unit = _share(fields["progress"]), 1.0, None
    else:
        current, total, unit = _number(fields.get("current")), _number(fields.get("total")), _text(fields.get("unit"))
    if current is None and "progress" not in fields and not (stage or message):
        return None
    if current is None:
        if "progress" in fields or "current" in fields:
            return None
        total = unit = None
    elif total is not None:
        current = min(current, total)
    return Reading(stage=stage, current=current, total=total, unit=unit, message=message, source="headway")


def _share(value: Any) -> float | None:
    if isinstance(value, str) and value.endswith("%"):
        number = _number(value[:-1])
        share = None if number is None else number / 100
    else:
        share = _number(value)
    return share if share is not None and share <= 1.0 else None


def _number(value: Any) -> float | None:
    """A finite number, not below zero; JSON's true is none."""
    if isinstance(value, bool) or not isinstance(value, int | float | str):
        return None
    try:
        number = float(value)
    except (ValueError, OverflowError):
        return None
    return number if math.isfinite(number) and number >= 0 else None


def _text(value: Any) -> str | None:
    return value if isinstance(value, str) and value else None
