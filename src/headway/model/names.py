"""Names of queues, kinds, workers and saved entries: any text, but for what no address can have.

A name is one part of a path (`/api/v1/queues/NAME`), reserved characters percent-encoded. `.` and `..` have no encoding:
every client takes them out of a path, encoded or not (RFC 3986, 5.2.4; WHATWG URL), and would ask for something else.
Must never know what is named. Called by the rules that make a name known.
"""

from __future__ import annotations

from headway.errors import InvalidInput

UNADDRESSABLE = frozenset({".", ".."})


def checked_name(field: str, name: str) -> str:
    """The name. InvalidInput where it has no address."""
    if name in UNADDRESSABLE:
        raise InvalidInput(field, f"{name!r} is no name", hint="No address can have it; use another.")
    return name
