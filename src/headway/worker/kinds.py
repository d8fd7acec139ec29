"""The kinds that this worker serves, as its supervisor knows them: the apps', and those each engine told of.

Theory. Engines tell their jobs from the executor process, which may die. What an engine told stays until the process
that comes after it tells anew: an outside engine does not lose its tools because we lost a process. Until then there is
nobody to run them, so their offers are refused. An offer names the definition that was pinned; what the engine has now
may be another one, and that one is never run in its place. Must never know processes. Called by `supervisor.py`.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import msgspec

Kind = dict[str, Any]

WHOLE_BYTES = 800_000
"""Most that all kinds together may take: a hello carries them in one message, of which a server takes 1 MB."""


class Kinds:
    """`ready` and `told` put kinds in; `known` gives one, `listed` all that fit in a hello."""

    def __init__(self) -> None:
        self._own: dict[str, Kind] = {}
        self._of: dict[int, dict[str, Kind]] = {}
        self._heard: set[int] = set()  # engines that have told theirs in the process that runs now

    def ready(self, kinds: Sequence[Kind]) -> None:
        """A new executor process takes work: these are its apps'."""
        self._own = {kind["name"]: kind for kind in kinds}
        self._heard.clear()

    def told(self, engine: int, kinds: Sequence[Kind]) -> bool:
        """What this engine serves now; False when that is what it served before."""
        mine = {kind["name"]: kind for kind in kinds}
        before = self._of.get(engine)
        self._of[engine] = mine
        self._heard.add(engine)
        return before != mine

    def known(self, name: str) -> Kind | None:
        """The kind of this name, as it was told last."""
        found = [kinds[name] for kinds in (self._own, *self._of.values()) if name in kinds]
        return found[0] if found else None

    def why_not(self, name: str, definition: str | None) -> str | None:
        """Why an offer of this kind can not be taken; None: it can. `definition` as the server pinned it."""
        if name in self._own:
            return _other(self._own[name], definition)
        owner = next((engine for engine, kinds in self._of.items() if name in kinds), None)
        if owner is None:
            return f"this worker does not serve the kind {name!r}"
        if owner not in self._heard:
            return f"the engine of {name!r} is being started and has not said what it serves"
        return _other(self._of[owner][name], definition)

    def listed(self) -> tuple[list[Kind], list[str]]:
        """All of them, and the names of those for which there is no room in a hello."""
        fitting: list[Kind] = []
        left_out: list[str] = []
        room = WHOLE_BYTES
        for kind in (kind for kinds in (self._own, *self._of.values()) for kind in kinds.values()):
            size = len(msgspec.json.encode(kind)) + 1
            if size <= room:
                fitting.append(kind)
                room -= size
            else:
                left_out.append(kind["name"])
        return fitting, left_out


def _other(kind: Kind, definition: str | None) -> str | None:
    """An offer without a definition is of a kind that is not pinned."""
    if definition is None or kind.get("definition") == definition:
        return None
    return f"{kind['name']!r} is defined otherwise now: offered was {definition}, here is {kind.get('definition')}"
