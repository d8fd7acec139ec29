"""The definitions that are pinned, as the log tells of them: which kinds a linked worker is not to be asked for.

A hint, as all that the dispatcher knows: the claim itself is decided in the ledger. But jobs of a kind that a worker may
not run must not hide those that it may. Fed by dispatcher.py, from the store at the start and with every event.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from typing import Any

from headway.hub.linked import LinkedWorker
from headway.model.event import Event


class Pins:
    """Kind -> its pinned definition, of those that have one."""

    def __init__(self) -> None:
        self._of: dict[str, str] = {}

    def fill(self, kinds: Iterable[Mapping[str, Any]]) -> None:
        """Those that stand at the start."""
        self._of = {kind["name"]: kind["definition"] for kind in kinds if kind.get("definition")}

    def follow(self, event: Event) -> bool:
        """Take an event of a kind; True where another definition is pinned now, or none."""
        change: Mapping[str, Any] = event.data.get("set") or {}
        before = self._of.get(event.subject)
        if "definition" in change:
            self._of.pop(event.subject, None)
            if change["definition"]:
                self._of[event.subject] = change["definition"]
        return before != self._of.get(event.subject)

    def bar(self, linked: LinkedWorker) -> None:
        """Note which of its kinds the worker is not to be asked for."""
        told = linked.definitions
        if self._of or told or linked.barred:
            linked.barred = frozenset(kind for kind in linked.kinds if self._of.get(kind) != told.get(kind))
