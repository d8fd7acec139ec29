"""Waiting for a job to end, driven by the tail of the log: no polling, no read while nothing happened.

Fed by the site with every commit, on the loop. Costs one comparison per event while nobody waits.
"""

from __future__ import annotations

import asyncio
from collections import defaultdict
from collections.abc import Generator, Iterable
from contextlib import contextmanager

from headway.model.event import Event

ENDINGS = frozenset({"job.completed", "job.failed", "job.cancelled", "job.deleted"})


class Waits:
    """Who waits for which job."""

    def __init__(self) -> None:
        self._waiting: defaultdict[str, set[asyncio.Future[None]]] = defaultdict(set)

    def __len__(self) -> int:
        return sum(map(len, self._waiting.values()))

    def feed(self, events: Iterable[Event]) -> None:
        """Wake those whose job has ended."""
        if not self._waiting:
            return
        for event in events:
            if event.type in ENDINGS and event.job in self._waiting:
                self._wake(self._waiting[event.job])

    def wake_all(self) -> None:
        """The server stops: everybody answers with what there is."""
        for waiting in self._waiting.values():
            self._wake(waiting)

    @contextmanager
    def until_final(self, job: str) -> Generator[asyncio.Future[None]]:
        """A future that is done once `job` has ended. Enter before looking whether it already has."""
        ended: asyncio.Future[None] = asyncio.get_running_loop().create_future()
        self._waiting[job].add(ended)
        try:
            yield ended
        finally:
            self._waiting[job].discard(ended)
            if not self._waiting[job]:
                del self._waiting[job]

    @staticmethod
    def _wake(waiting: Iterable[asyncio.Future[None]]) -> None:
        for each in waiting:
            if not each.done():
                each.set_result(None)
