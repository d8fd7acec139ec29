"""What is forgotten, and when: old events, old keys, old jobs, and the many points of progress of jobs that ended.

Theory. Replay is promised for a window (24 h or a million events, whichever is shorter). Below it, a job that has ended
needs no single report any more: its checkpoint (`job.compacted`, I3) carries the document and at most 200 points of
progress per attempt (of its live pictures, whose files went with the attempt, none), and once the checkpoint itself is
older than the window, all before it goes. Jobs go 30 days after their end, by the same command that people use. One
service beside the sweeper; it decides nothing that a rule decides.
"""

from __future__ import annotations

import asyncio
import logging
from collections.abc import Callable, Iterable, Sequence
from typing import Any

import msgspec

from headway.clock import Clock, iso
from headway.errors import ServerError
from headway.hub.ledger import Ledger
from headway.model import command as c
from headway.model.event import Event
from headway.model.fold import is_checkpoint
from headway.model.query import parse
from headway.model.settings import Settings
from headway.store.base import Reading, Store

log = logging.getLogger(__name__)

EVERY_S = 600.0
AT_ONCE = 100
"""Commands of one entry into the ledger: people must not wait behind the housekeeping."""
PAGE = 1_000
ENDED = ("job.completed", "job.failed", "job.cancelled")

Point = tuple[str, float]
"""(instant, overall)."""


class Tidied(msgspec.Struct, frozen=True):
    """What one round did: jobs thinned, jobs deleted, rows purged; replay is promised from `first_seq`."""

    thinned: int
    deleted: int
    purged: int
    first_seq: int


class Retention:
    """`run` until cancelled; `tidy` is one round."""

    def __init__(
        self,
        ledger: Ledger,
        store: Store,
        clock: Clock,
        settings: Settings,
        *,
        leads: Callable[[], bool] = lambda: True,
    ) -> None:
        self._ledger = ledger
        self._store = store
        self._clock = clock
        self._settings = settings
        self._leads = leads

    async def run(self) -> None:
        """A round every ten minutes. What can not be done now is done in a later one."""
        while True:
            await self._clock.sleep(EVERY_S)
            if not self._leads():
                continue
            try:
                done = await self.tidy()
            except ServerError as problem:
                log.warning("retention could not be kept: %s", problem, extra={"action": "retention"})
            else:
                log.info("tidied: %s", done, extra={"action": "retention"})

    async def tidy(self) -> Tidied:
        """Thin, delete, purge. StoreUnavailable, Overloaded: later."""
        now = self._clock.now()
        boundary, thin = await asyncio.to_thread(self._look, now)
        await self._carry_out(thin)
        old = await asyncio.to_thread(self._old_jobs, now)
        await self._carry_out([c.Delete(job=id) for id in old])
        keys_before = now - round(self._settings.idempotency_h * 3_600_000)
        purged = await asyncio.to_thread(self._store.purge, events_before=boundary, keys_before=keys_before)
        return Tidied(len(thin), len(old), purged, boundary)

    async def _carry_out(self, commands: Sequence[c.Command]) -> None:
        """A refusal means that somebody was faster."""
        for start in range(0, len(commands), AT_ONCE):
            await self._ledger.execute_all(commands[start : start + AT_ONCE])

    # -- in a thread: reading --------------------------------------------------------------------------------------

    def _look(self, now: int) -> tuple[int, list[c.Compact]]:
        """Where the window begins, and the jobs that ended before it with more to tell than is kept."""
        with self._store.reading() as reading:
            first = reading.first_seq()
            boundary = max(first, self._window(reading, now, first))
        return boundary, list(self._to_thin(first, boundary))

    def _window(self, reading: Reading, now: int, first: int) -> int:
        """The first seq that is kept: by number, and by time (instants in the log never go back)."""
        head = reading.head.seq
        horizon = now - round(self._settings.retain_events_h * 3_600_000)
        low, high = max(first, head - self._settings.retain_events + 1), head + 1
        while low < high:
            middle = (low + high) // 2
            event = next(iter(reading.events(middle - 1, limit=1)), None)
            if event is not None and event.at < horizon:
                low = event.seq + 1
            else:
                high = middle
        return low

    def _to_thin(self, first: int, boundary: int) -> Iterable[c.Compact]:
        seq = first - 1
        while seq < boundary - 1:
            with self._store.reading() as reading:
                events = reading.events(seq, until=boundary - 1, limit=PAGE)
                ended = [event.job for event in events if event.type in ENDED and event.job]
                commands = [found for id in ended if (found := self._thinned(reading, id))]
            yield from commands
            if not events:
                return
            seq = events[-1].seq

    def _thinned(self, reading: Reading, id: str) -> c.Compact | None:
        """The checkpoint of a job with more points than are kept; None: it stays as it is, or has one already."""
        points: dict[str, list[Point]] = {}
        previews = 0
        for event in _all_of(reading, id):
            if is_checkpoint(event):
                return None
            previews += event.type == "job.previewed"
            patch: dict[str, Any] = event.data.get("set") or {}
            progress: dict[str, Any] = patch.get("progress") or {}
            overall = progress.get("overall")
            if event.type == "job.progressed" and overall is not None:
                points.setdefault(str(event.attempt), []).append((iso(event.at), overall))
        most = self._settings.progress_points
        if previews <= most and all(len(each) <= most for each in points.values()):
            return None
        return c.Compact(job=id, points={attempt: thinned(each, most) for attempt, each in points.items()})

    def _old_jobs(self, now: int) -> list[str]:
        """Jobs that ended more than `retain_jobs_days` ago."""
        horizon = iso(now - round(self._settings.retain_jobs_days * 86_400_000))
        query, after, found = parse(f"state:completed,failed,cancelled until:{horizon}"), None, list[str]()
        while True:
            with self._store.reading() as reading:
                page = reading.jobs(query, now=now, limit=PAGE, after=after)
            found += [job.get("id", "") for job in page.items if job.get("finished_at", horizon) < horizon]
            if (after := page.next) is None:
                return found


def _all_of(reading: Reading, job: str) -> Iterable[Event]:
    seq = 0
    while events := reading.events_of(job, after=seq, limit=PAGE):
        yield from events
        seq = events[-1].seq


def thinned(points: Sequence[Point], most: int) -> list[Point]:
    """At most `most` of the points, evenly, the first and the last among them."""
    if len(points) <= most:
        return list(points)
    if most < 2:
        return list(points[-most:]) if most else []
    step = (len(points) - 1) / (most - 1)
    return [points[round(place * step)] for place in range(most)]
