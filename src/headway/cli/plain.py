"""What a terminal may be given of a text that is not ours: names, messages, logs and errors come from jobs, and from the
servers and tools behind them.

Colours pass (as `click` takes them out where there is no terminal); every other control character would move the cursor,
set the window's title, answer as the user, or turn the line around, and is shown as `�` instead. Called by whatever
prints lines.
"""

from __future__ import annotations

import re

_COLOUR = r"\x1b\[[0-9;]*m"
_CONTROL = r"[\x00-\x08\x0b-\x1f\x7f-\x9f\u202a-\u202e\u2066-\u2069]"
_EITHER = re.compile(f"({_COLOUR})|{_CONTROL}")


def plain(text: str) -> str:
    """The text with nothing in it but what is read: lines, tabs and colours; a colour ends with the text."""
    shown = _EITHER.sub(lambda found: found[1] or "\ufffd", text)
    return f"{shown}\x1b[0m" if "\x1b" in shown and not shown.endswith("\x1b[0m") else shown
