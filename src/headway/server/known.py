"""What the server knows by heart to judge a submit: each kind's newest schema, and which kinds a live worker serves.

Kept by folding the tail of the log, so that no submit needs a read. Owned by the site; filled once at start, then fed
with every commit. Must never decide whether a job may be made: it only judges its arguments.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from typing import Any

from headway.model.event import Event
from headway.model.fold import fold
from headway.store.base import Store

ALIVE = frozenset({"online", "draining", "stale"})
"""States of a worker that counts as serving its kinds: a stale one is expected back."""

Document = dict[str, Any]


class Known:
    """Kinds and workers as of the newest commit."""

    def __init__(self) -> None:
        self.kinds: dict[str, Document] = {}
        self._workers: dict[str, Document] = {}
        self._served: frozenset[str] = frozenset()

    def fill(self, store: Store) -> int:
        """Read all there is; the seq it stands at, which may be ahead of what was told. Blocking."""
        with store.reading() as reading:
            self.kinds = {kind["name"]: kind for kind in reading.kinds()}
            self._workers = {worker["id"]: worker for worker in reading.workers()}
            seq = reading.head.seq
        self._count()
        return seq

    def feed(self, events: Iterable[Event]) -> None:
        """Fold the events of a commit; what was read from the store may have them already."""
        changed = False
        for event in events:
            if event.prefix == "kind":
                _fold_in(self.kinds, event)
            elif event.prefix == "worker" and "set" in event.data and event.type != "worker.loaded":
                _fold_in(self._workers, event)
                changed = True
        if changed:
            self._count()

    def schema(self, kind: str) -> Mapping[str, Any] | None:
        """The JSON Schema of the newest definition of `kind`; None where nobody declared one."""
        return (self.kinds.get(kind) or {}).get("schema")

    def serves(self, kind: str) -> bool:
        """True where a live worker serves `kind`."""
        return kind in self._served

    def hint(self, kind: str) -> str | None:
        """A sentence where a job of `kind` would wait for a worker that is not there yet."""
        if kind in self._served:
            return None
        near = ", ".join(sorted(self._served)[:8])
        return f"No connected worker serves the kind {kind!r}; the job waits for one." + (
            f" Served now: {near}." if near else ""
        )

    def _count(self) -> None:
        alive = (worker for worker in self._workers.values() if worker.get("state") in ALIVE)
        self._served = frozenset(kind for worker in alive for kind in worker.get("kinds") or ())


def _fold_in(documents: dict[str, Document], event: Event) -> None:
    known = documents.get(event.subject)
    if known is None or event.seq > known.get("seq", 0) or not event.seq:
        documents[event.subject] = fold(known, event)
