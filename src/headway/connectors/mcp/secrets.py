"""What must never be seen, taken out of every text that comes from or is said of a server.

A server may write its own token into an error, a log line or a result; so may the library that speaks to it. Pure.
Made by `config.resolved`; used wherever a text leaves the connector.
"""

from __future__ import annotations

from collections.abc import Iterable
from typing import Any, cast

HIDDEN = "[hidden]"
_SHORTEST = 4  # characters: shorter ones are flags and numbers, and would be struck out of every text


class Secrets:
    """`hide` in a text, `hide_in` anywhere in JSON."""

    def __init__(self, values: Iterable[str] = ()) -> None:
        lines = {line.strip() for value in values for line in (value, *value.splitlines())}
        self._values = sorted((line for line in lines if len(line) >= _SHORTEST), key=len, reverse=True)

    def __repr__(self) -> str:
        return f"<{len(self._values)} secrets>"

    def hide(self, text: str) -> str:
        """The text without them."""
        for value in self._values:
            if value in text:
                text = text.replace(value, HIDDEN)
        return text

    def hide_in(self, value: Any) -> Any:
        """JSON without them, in keys too."""
        if not self._values:
            return value
        if isinstance(value, str):
            return self.hide(value)
        if isinstance(value, list):
            return [self.hide_in(each) for each in cast("list[Any]", value)]
        if isinstance(value, dict):
            return {self.hide(str(key)): self.hide_in(each) for key, each in cast("dict[Any, Any]", value).items()}
        return value


def cut(text: str, most: int = 2_000) -> str:
    """At most so many characters, the end marked. Lone surrogates, which are no text, become `?`."""
    text = text if len(text) <= most else text[: most - 1] + "…"
    return text.encode("utf-8", "replace").decode()
