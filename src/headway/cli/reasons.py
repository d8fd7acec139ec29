"""Why jobs that one waits for do not run, said while one waits: once they stood still for a moment, and when they change.

Each look asks the server (GET /jobs/{id}/why); what stood at two looks in a row is said, so that a job which starts at
once says nothing. Must never know how it is shown. Called by `submit.py` and `watch.py`.
"""

from __future__ import annotations

import asyncio
import itertools
from collections.abc import AsyncGenerator, Callable, Iterable, Sequence
from contextlib import asynccontextmanager, suppress
from typing import Any
from urllib.parse import quote

from headway.cli.words import reason_lines
from headway.client import Client
from headway.errors import HeadwayError

LOOK_S = 3.0
LATER_S = 10.0
"""Between looks once there were `MANY`: who waits for long is not in a hurry."""
MANY = 10
MOST = 8
"""Jobs of one look: each costs the server a look at all that runs."""

Reasons = list[dict[str, Any]]
Tell = Callable[[str, Sequence[str]], None]
"""(job, lines) to show; no lines: nothing stands in its way any more."""


class Waits:
    """What stood in the way of each job at the last look, and what was said of it."""

    def __init__(self) -> None:
        self._seen: dict[str, Any] = {}
        self._said: dict[str, Any] = {}

    def news(self, job: str, reasons: Reasons) -> list[str] | None:
        """The lines to say now; empty: those that were said hold no more; None: nothing is new, or it is too fresh."""
        now = [_essence(reason) for reason in reasons]
        before, self._seen[job] = self._seen.get(job), now
        if now == self._said.get(job, []) or (now and now != before):
            return None
        self._said[job] = now
        return list(reason_lines(reasons, job))


_FACTS = ("code", "kind", "queue", "service", "limit_key", "worker", "run_at", "request", "requires", "attempt")


def _essence(reason: dict[str, Any]) -> list[Any]:
    """What makes it another one: not a number of running jobs, nor the time that is left."""
    return [reason.get(name) for name in _FACTS]


@asynccontextmanager
async def telling(client: Client, jobs: Callable[[], Iterable[str]], tell: Tell) -> AsyncGenerator[None]:
    """Within it, what keeps `jobs()` from running is told."""
    looking = asyncio.create_task(_look_on(client, jobs, tell))
    try:
        yield
    finally:
        looking.cancel()
        await asyncio.wait([looking])
        if not looking.cancelled():
            looking.result()


async def _look_on(client: Client, jobs: Callable[[], Iterable[str]], tell: Tell) -> None:
    waits = Waits()
    for number in itertools.count():
        for job in list(jobs())[:MOST]:
            with suppress(HeadwayError):  # away, removed, or an older server: the next look may tell
                answer: Any = await client.rest.get(f"/jobs/{quote(job, safe='')}/why")
                if (lines := waits.news(job, answer["reasons"])) is not None:
                    tell(job, lines)
        await client.rest.clock.sleep(LOOK_S if number < MANY else LATER_S)
