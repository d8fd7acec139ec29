"""How deep JSON nests, and how deep a value may that travels in a frame.

Theory. A frame that nests deeper than `json_depth` ends its link, and what it carried would be sent again over the next
one, for ever. So whoever writes a value into a frame asks here first, and refuses it by its name. Pure, and linear in the
bytes for what nests as JSON of people does. Called by `schema.py`, the frames' decoders, and the worker.
"""

from __future__ import annotations

import re

from headway.errors import InvalidInput
from headway.model.settings import Settings

VALUE_DEPTH = Settings().json_depth - 8
"""Levels of one value: a result, a schema, a checkpoint. The frame around it has up to eight of its own."""

_STRINGS = re.compile(rb'"[^"\\]*(?:\\.[^"\\]*)*"', re.DOTALL)
_ONE_BRACKET = bytes.maketrans(b"{}", b"[]")
_NO_BRACKET = bytes(byte for byte in range(256) if byte not in b"[]{}")


def nests_deeper(data: bytes, depth: int = VALUE_DEPTH) -> bool:
    """True if brackets of this JSON nest deeper. Costs nothing where there are few brackets at all."""
    return data.count(b"[") + data.count(b"{") > depth and _deeper(data, depth)


def check_nesting(data: bytes, field: str, hint: str = "Make it flatter, or send it as text.") -> None:
    """InvalidInput naming `field` if this JSON can not travel."""
    if nests_deeper(data):
        raise InvalidInput(field, f"nests deeper than {VALUE_DEPTH} levels", hint=hint)


def _deeper(data: bytes, depth: int) -> bool:
    """Each round takes one level of innermost pairs away, at the speed of C."""
    brackets = _STRINGS.sub(b"", data).translate(_ONE_BRACKET, _NO_BRACKET)
    for _ in range(depth):
        if not brackets:
            return False
        brackets = brackets.replace(b"[]", b"")
    return bool(brackets)
