"""One server's parts, wired: ledger, feed, dispatcher, sweeper, retention over one store and one clock.

Owns their start and stop, in order. `server/app.py` makes it with a concrete store; tests and the simulator too.
"""

from __future__ import annotations

import asyncio
import contextlib
import logging
from typing import Any, Self

from headway.clock import Clock
from headway.errors import HeadwayError, ServerError
from headway.hub.dispatcher import Dispatcher
from headway.hub.feed import Feed
from headway.hub.ledger import Ledger
from headway.hub.metrics import Sampler
from headway.hub.retention import Retention
from headway.hub.roster import Roster
from headway.hub.sweeper import Sweeper
from headway.model import command as c
from headway.model.settings import Settings
from headway.store.base import Head, Store

log = logging.getLogger(__name__)


class Hub:
    """`async with Hub(…)` opens the store, starts the services, and on the way out drains and closes."""

    def __init__(self, store: Store, clock: Clock, settings: Settings | None = None) -> None:
        self.store = store
        self.clock = clock
        self.settings = settings or Settings()
        self.ledger = Ledger(store, clock, self.settings)
        self.feed = Feed(clock, store, self.settings)
        self.roster = Roster(clock, self.settings)
        self.dispatcher = Dispatcher(self.ledger, store, clock, self.settings)
        self.sweeper = Sweeper(self.ledger, self.dispatcher, self.roster, store, clock, self.settings)
        self.retention = Retention(self.ledger, store, clock, self.settings)
        self.sampler = Sampler(self.ledger, store, clock, self.settings, lambda: len(self.feed.viewers))
        self.head: Head | None = None
        self._services: list[asyncio.Task[Any]] = []
        self.ledger.on_commit(self.feed.publish)

    async def __aenter__(self) -> Self:
        await self.start()
        return self

    async def __aexit__(self, *exc: object) -> None:
        await self.stop()

    async def start(self) -> None:
        """Open the store and begin. StoreUnusable: it can not be opened, and why."""
        self.head = self.store.open(now=self.clock.now(), new_epoch=self.clock.new_id()[-10:].lower())
        try:
            self.feed.begin(self.head)
            self.sampler.begin()
            await self.ledger.start()
            await self.sweeper.prepare(self.head.at if self.head.seq else 0)
            await self.ledger.execute(c.Note(name="system.started", data={"epoch": self.head.epoch}))
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
        await self.ledger.stop()
        self.store.close()

    async def _maintain(self) -> None:
        """Checkpoints and the witness, in a thread, once a second."""
        while True:
            await self.clock.sleep(1.0)
            try:
                await asyncio.to_thread(self.store.maintain)
            except ServerError as problem:
                log.warning("the store could not be maintained: %s", problem, extra={"action": "maintain"})
