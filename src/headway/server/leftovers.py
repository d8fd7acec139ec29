"""Files that no job names: of an upload that broke off with its server, of a job or an attempt whose end was the last
thing done.

A service beside the gateway, at work only where its server leads. It looks at every file that is older than a day, asks
the store whether the job of its key names it, and removes it if not; younger ones may still be uploaded, or about to
be named. Must never know where files are kept.
"""

from __future__ import annotations

import logging
from collections.abc import Iterable

from headway.errors import ServerError
from headway.model.job import JobDoc
from headway.server.site import Site
from headway.store.base import Reading
from headway.store.files import name_of

log = logging.getLogger(__name__)

EVERY_S = 3_600.0
KEPT_MS = 24 * 3_600_000
AT_ONCE = 200
"""Jobs that are read in one short transaction."""


class Leftovers:
    """`run` until cancelled; `sweep` is one round."""

    def __init__(self, site: Site) -> None:
        self._site = site

    async def run(self) -> None:
        """A round every hour. What can not be done now is done in a later one."""
        while True:
            await self._site.hub.clock.sleep(EVERY_S)
            if not self._site.hub.peers.leads:
                continue
            try:
                if gone := await self.sweep():
                    log.info("%d files that no job names were removed", gone, extra={"action": "leftovers"})
            except (ServerError, OSError) as problem:
                log.warning("files that no job names stay for now: %s", problem, extra={"action": "leftovers"})

    async def sweep(self) -> int:
        """How many were removed. StoreUnavailable: later."""
        before = self._site.hub.clock.now() - KEPT_MS
        gone = 0
        async for keys in self._site.artifacts.every_key():
            old = [(name.job, key) for key in keys if (name := name_of(key)) and name.job and name.made_at < before]
            for start in range(0, len(old), AT_ONCE):
                some = old[start : start + AT_ONCE]
                for key in await self._site.read(lambda reading, some=some: unnamed(reading, some)):
                    await self._site.artifacts.remove(key)
                    gone += 1
        return gone


def unnamed(reading: Reading, files: Iterable[tuple[str, str]]) -> list[str]:
    """The keys among (job, key) that their job does not name."""
    found: list[str] = []
    for job, key in files:
        if key not in _named(reading.job(job) or JobDoc()):
            found.append(key)
    return found


def _named(job: JobDoc) -> set[str]:
    """The files of a job: its artifacts, and the live picture of an attempt that may run for days."""
    files = [*job.get("artifacts", {}).values(), job.get("preview") or {}]
    return {file["key"] for file in files if "key" in file}
