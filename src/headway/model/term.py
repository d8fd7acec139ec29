"""One term of the filter language: a condition, how it is written down, and the values it compares with.

`query.py` reads terms and says what they mean; stores compile them. Knows no document. Pure.
"""

from __future__ import annotations

import re
from functools import lru_cache

import msgspec

from headway.clock import from_iso
from headway.model.duration import parse_duration

TEXT = "text"
"""The key of free text."""

FIELD = "q"
"""What errors call the text: the REST parameter that carries it."""


class Term(msgspec.Struct, frozen=True):
    """One condition. `name` is the label's name or the path into args, else "". `values` as written, canonical.

    `operator` is "" (equal, or glob) or one of > >= < <=, only for priority, running and waiting.
    """

    key: str
    values: tuple[str, ...]
    name: str = ""
    operator: str = ""
    negated: bool = False

    @property
    def seconds(self) -> float:
        """Of `running` and `waiting`: the bound."""
        return parse_duration(self.values[0], FIELD)

    @property
    def numbers(self) -> tuple[int, ...]:
        """Of `priority`: the values."""
        return tuple(int(value) for value in self.values)

    def instant(self, now: int) -> int:
        """Of `since` and `until`: the instant in ms; a duration counts back from `now`."""
        return instant_of(self.values[0], now)

    def __str__(self) -> str:
        minus = "-" if self.negated else ""
        if self.key == TEXT:
            return minus + quoted(self.values[0])
        key = f"{self.key}.{self.name}" if self.name else self.key
        return f"{minus}{key}:{self.operator}{','.join(_written(value) for value in self.values)}"


@lru_cache(maxsize=1024)
def instant_of(value: str, now: int) -> int:
    """The instant in ms that `24h` (before `now`) or an ISO 8601 text means. InvalidInput if it is neither."""
    if "-" in value.removeprefix("-"):
        return from_iso(value, FIELD)
    return now - round(parse_duration(value, FIELD) * 1000)


_QUOTED = re.compile(r'"((?:[^"\\]|\\.)*)"', re.DOTALL)


def quoted(value: str) -> str:
    """The text in quotes, so that it reads back whole."""
    return '"' + value.replace("\\", "\\\\").replace('"', '\\"') + '"'


def _written(value: str) -> str:
    return quoted(value) if not value or re.search(r'[\s,"]', value) else value


def unquoted(value: str) -> str:
    """A value as meant: quotes gone, escapes inside them resolved."""
    return _QUOTED.sub(lambda found: re.sub(r"\\(.)", r"\1", found.group(1), flags=re.DOTALL), value)
