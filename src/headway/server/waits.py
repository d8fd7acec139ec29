"""Waiting for a job to end, or for a worker to part, driven by the tail of the log: no polling, no read while nothing
happened. So it does not matter at which server it came about.

Fed by the site with every commit, on the loop. Costs one comparison per commit while nobody waits.
"""

from __future__ import annotations

import asyncio
from collections import defaultdict
from collections.abc import Generator, Iterable
from contextlib import contextmanager

from headway.model.event import Event

ENDINGS = frozenset({"job.completed", "job.failed", "job.cancelled", "job.deleted"})
PARTINGS = frozenset({"worker.disconnected", "worker.lost", "worker.connected", "worker.back"})
"""Events after which a worker is not on the link any more that it was on before."""


class Waits:
    """Who waits for events of these types, by their subject: a job, or a worker."""

    def __init__(self, endings: frozenset[str] = ENDINGS) -> None:
        self._endings = endings
        self._waiting: defaultdict[str, set[asyncio.Future[None]]] = defaultdict(set)

    def __len__(self) -> int:
        return sum(map(len, self._waiting.values()))

    def feed(self, events: Iterable[Event]) -> None:
        """Wake those whose job has ended (whose worker has parted)."""
        if not self._waiting:
            return
        for event in events:
            if event.type in self._endings and event.subject in self._waiting:
                self._wake(self._waiting[event.subject])

    def wake_all(self) -> None:
        """The server stops: everybody answers with what there is."""
        for waiting in self._waiting.values():
            self._wake(waiting)

    @contextmanager
    def until_final(self, subject: str) -> Generator[asyncio.Future[None]]:
        """A future that is done once `subject` has ended. Enter before looking whether it already has."""
        ended: asyncio.Future[None] = asyncio.get_running_loop().create_future()
        self._waiting[subject].add(ended)
        try:
            yield ended
        finally:
            self._waiting[subject].discard(ended)
            if not self._waiting[subject]:
                del self._waiting[subject]

    @staticmethod
    def _wake(waiting: Iterable[asyncio.Future[None]]) -> None:
        for each in waiting:
            if not each.done():
                each.set_result(None)
