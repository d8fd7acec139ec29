"""Which kinds are tools of their own, and under which names. Pure.

By allow-list: globs over names of kinds, none by default. Clients take `[A-Za-z0-9_-]{1,64}` as a tool's name, so other
characters become `_` and long names are cut; where two kinds would have one name, the one that had to be changed gets a
part of its hash. So a name depends on what other kinds there are, but never on their order. Called by kinds.py.
"""

from __future__ import annotations

import hashlib
import re
from collections import Counter
from collections.abc import Iterable, Mapping, Sequence
from fnmatch import fnmatchcase
from typing import Any

LONGEST = 64
_ODD = re.compile(r"[^A-Za-z0-9_-]")

Kind = Mapping[str, Any]


def offered(kinds: Iterable[Kind], globs: Sequence[str], taken: Iterable[str]) -> dict[str, Kind]:
    """Tool's name -> kind, of those that the list allows. `taken`: names that are not free.

    A kind that is in quarantine is none: nobody has approved what it is now.
    """
    allowed = [
        kind for kind in kinds if not kind.get("quarantine") and any(fnmatchcase(kind["name"], glob) for glob in globs)
    ]
    wanted = Counter(plain_name(kind["name"]) for kind in allowed)
    reserved = frozenset(taken)
    found: dict[str, Kind] = {}
    for kind in allowed:
        name = plain_name(kind["name"])
        is_free = name not in reserved and (wanted[name] == 1 or name == kind["name"])
        found[name if is_free else distinct_name(kind["name"])] = kind
    return found


def plain_name(kind: str) -> str:
    """`mcp_github_create_issue` of `mcp.github.create_issue`."""
    plain = _ODD.sub("_", kind)
    return plain if len(plain) <= LONGEST else distinct_name(kind)


def distinct_name(kind: str) -> str:
    """The same with a part of the hash of the whole name."""
    digest = hashlib.sha256(kind.encode()).hexdigest()[:8]
    return f"{_ODD.sub('_', kind)[: LONGEST - 9]}_{digest}"
