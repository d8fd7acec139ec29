"""Jobs that wait for other jobs: when one of those ends, the ledger is asked whether they still wait.

Called by dispatcher.py, with what the log tells.
"""

from __future__ import annotations

import asyncio
from typing import Any

from headway.errors import HeadwayError, ServerError
from headway.hub.ledger import Ledger
from headway.model import command as c


class Blocked:
    """Which jobs wait for which."""

    def __init__(self, ledger: Ledger) -> None:
        self._ledger = ledger
        self._dependents: dict[str, set[str]] = {}
        self._afters: dict[str, tuple[str, ...]] = {}
        self.unasked: set[str] = set()  # jobs whose upstream ended while the ledger took nothing

    def add(self, id: str, after: tuple[str, ...]) -> None:
        """Job `id` waits for the jobs `after`."""
        self._afters[id] = after
        for each in after:
            self._dependents.setdefault(each, set()).add(id)

    def ended(self, id: str) -> None:
        """The job is final: it waits no more, and who waits for it is looked at."""
        for after in self._afters.pop(id, ()):
            if waiting := self._dependents.get(after):
                waiting.discard(id)
        for dependent in sorted(self._dependents.pop(id, ())):
            self._look_at(dependent)

    def ask_again(self) -> None:
        """Look at those that the ledger could not be asked about."""
        unasked, self.unasked = self.unasked, set()
        for id in sorted(unasked):
            self._look_at(id)

    def _look_at(self, id: str) -> None:
        """Ask whether a job still waits for others. Where the ledger takes nothing now, `ask_again` does."""
        try:
            asked = self._ledger.submit_nowait(c.Unblock(job=id, after=self._afters.get(id, ())))
        except HeadwayError:
            self.unasked.add(id)
        else:
            asked.add_done_callback(lambda done: self.unasked.add(id) if _not_now(done) else None)


def _not_now(done: asyncio.Future[Any]) -> bool:
    """True where the store or the server itself was the reason, and not the job."""
    return done.cancelled() or isinstance(done.exception(), ServerError)
