"""One server's parts, wired: ledger, feed, dispatcher, sweeper, retention, peers over one store and one clock.

Owns their start and stop, in order. `server/app.py` makes it with a concrete store; tests and the simulator too.
"""

from __future__ import annotations

import asyncio
import contextlib
import logging
from collections.abc import Callable
from typing import Any, Self

from headway.clock import Clock
from headway.errors import HeadwayError, ServerError
from headway.hub.asking import in_thread
from headway.hub.dispatcher import Dispatcher
from headway.hub.feed import Feed
from headway.hub.ledger import Ledger
from headway.hub.metrics import Sampler
from headway.hub.peers import Peers
from headway.hub.retention import Retention
from headway.hub.roster import Roster
from headway.hub.sweeper import Sweeper
from headway.model import command as c
from headway.model.settings import Settings
from headway.store.base import Document, Head, Reading, Store

log = logging.getLogger(__name__)


class Hub:
    """`async with Hub(…)` opens the store, starts the services, and on the way out drains and closes."""

    def __init__(self, store: Store, clock: Clock, settings: Settings | None = None) -> None:
        self.store = store
        self.clock = clock
        self.settings = settings or Settings()
        self.ask = in_thread(store)
        self.ledger = Ledger(store, clock, self.settings, self.ask)
        self.feed = Feed(clock, store, self.settings)
        self.roster = Roster(clock, self.settings)
        self.peers = Peers(store, clock, self.settings, self.feed.server, self._describe)
        self.dispatcher = Dispatcher(self.ledger, store, clock, self.settings, self.ask, self.feed.server)
        self.sweeper = Sweeper(
            self.ledger, self.dispatcher, self.roster, clock, self.settings, ask=self.ask, leads=self._leads
        )
        self.retention = Retention(self.ledger, store, clock, self.settings, leads=self._leads)
        self.sampler = Sampler(self.ledger, clock, self.settings, viewers=self._viewers, leads=self._leads)
        self.head: Head | None = None
        self.about: Document = {}
        """What this server says of itself to others, beside its numbers; set it before the start."""
        self._again: list[Callable[[], None]] = []
        self._services: list[asyncio.Task[Any]] = []
        self.ledger.on_commit(self.feed.publish)
        self.ledger.tail.begin_again = self._begin_again

    async def __aenter__(self) -> Self:
        await self.start()
        return self

    async def __aexit__(self, *exc: object) -> None:
        await self.stop()

    async def start(self) -> None:
        """Open the store and begin. StoreUnusable: it can not be opened, and why."""
        self.head = self.store.open(now=self.clock.now(), new_epoch=self.clock.new_id()[-10:].lower())
        try:
            self._begin_at(*await self.ask(_where))
            await self.ledger.start()
            await self.sweeper.prepare(self.head.at if self.head.seq else 0)
            await self.ledger.execute(c.Note(name="system.started", data={"epoch": self.head.epoch}))
            if self.store.shared:
                await self.peers.beat()
        except BaseException:
            await self.ledger.stop()
            self.store.close()
            raise
        self._services = [
            asyncio.create_task(self.sweeper.run(), name="sweeper"),
            asyncio.create_task(self.feed.run(), name="feed"),
            asyncio.create_task(self.retention.run(), name="retention"),
            asyncio.create_task(self.sampler.run(), name="sampler"),
            asyncio.create_task(self._maintain(), name="maintenance"),
        ]
        if self.store.shared:
            self._services += [
                asyncio.create_task(self.ledger.tail.run(), name="tail"),
                asyncio.create_task(self.peers.run(), name="peers"),
            ]

    async def stop(self) -> None:
        """Say so in the log, commit what was taken, close the store. A second call does nothing."""
        if not self._services:
            return
        for service in self._services:
            service.cancel()
        await asyncio.wait(self._services)
        for service in self._services:
            if not service.cancelled() and (fault := service.exception()) is not None:
                log.error("%s had ended: %r", service.get_name(), fault, extra={"action": "stop"})
        self._services = []
        with contextlib.suppress(HeadwayError):
            await self.ledger.execute(c.Note(name="system.stopping"))
            await self.ledger.execute_all(self.roster.take_heard())
        if self.store.shared:
            await self.peers.retire()
        await self.ledger.stop()
        self.store.close()

    # -- where the log stands --------------------------------------------------------------------------------------

    def on_new_log(self, listener: Callable[[], None]) -> None:
        """`listener` is called on the loop when the log is another one than before: nothing known of it holds."""
        self._again.append(listener)

    def _begin_at(self, head: Head, counts: dict[str, dict[str, int]]) -> None:
        self.feed.begin(head)
        self.sampler.begin(counts)
        self.ledger.tail.begin(head)

    async def _begin_again(self) -> None:
        """The store was put back to an older time. Viewers come back and are given a new view, workers say again what
        they hold, and the rules settle it.
        """
        head, counts = await self.ask(_where)
        self.feed.send_away("the log begins anew", spread_s=1.0)
        self._begin_at(head, counts)
        for listener in self._again:
            listener()
        await self.ledger.execute_all(await self.dispatcher.load())

    # -- what the services ask -------------------------------------------------------------------------------------

    def _leads(self) -> bool:
        return self.peers.leads

    def _viewers(self) -> int:
        """Who looks, here and at the other servers."""
        elsewhere = sum(int(peer.doc.get("viewers") or 0) for peer in self.peers.others)
        return len(self.feed.viewers) + elsewhere

    def _describe(self) -> Document:
        return {**self.about, "viewers": len(self.feed.viewers), "seq": self.ledger.tail.seq}

    async def _maintain(self) -> None:
        """Checkpoints and the witness, in a thread, once a second."""
        while True:
            await self.clock.sleep(1.0)
            try:
                await asyncio.to_thread(self.store.maintain)
            except ServerError as problem:
                log.warning("the store could not be maintained: %s", problem, extra={"action": "maintain"})


def _where(reading: Reading) -> tuple[Head, dict[str, dict[str, int]]]:
    """Where the log stands, and what it has come to."""
    return reading.head, reading.counts()
