"""Which servers are on this log, and whether this one sweeps for all of them.

Every `beat_s` each says to the store that it is alive and hears who else is. One leads: it judges silent workers and
due jobs, keeps retention and samples the metrics. A leader that can not say that it is alive stops leading by its own
clock before another may begin; and two of them for a moment would only ask the ledger twice, whose rules decide. A
server that is alone on its store always leads and says nothing. Must never know what the leader does. Read by the
sweeper, the sampler, retention and the pages about servers.
"""

from __future__ import annotations

import asyncio
import logging
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor

from headway.clock import Clock
from headway.errors import ServerError
from headway.model.settings import Settings
from headway.store.base import LEADER_S, Document, Peer, Standing, Store

log = logging.getLogger(__name__)


class Peers:
    """`describe()` is what this server says of itself. `run` is the service; `retire` when it stops."""

    def __init__(
        self, store: Store, clock: Clock, settings: Settings, server: str, describe: Callable[[], Document]
    ) -> None:
        self.server = server
        self.standing = Standing((Peer(server, clock.now(), {}),), server)
        self._store = store
        self._clock = clock
        self._settings = settings
        self._describe = describe
        self._heard = clock.monotonic()
        self._led = False
        self._thread = ThreadPoolExecutor(1, thread_name_prefix="headway-beat")  # it waits behind nothing

    @property
    def leads(self) -> bool:
        """True while this server acts for all."""
        if not self._store.shared:
            return True
        fresh = self._clock.monotonic() - self._heard < LEADER_S - self._settings.beat_s
        return fresh and self.standing.leader == self.server

    @property
    def silent_s(self) -> float:
        """How long the store has not answered this server's beats; 0 where it need not."""
        return max(0.0, self._clock.monotonic() - self._heard) if self._store.shared else 0.0

    @property
    def others(self) -> list[Peer]:
        """The other servers, as far as was last known."""
        return [peer for peer in self.standing.peers if peer.id != self.server]

    def is_alive(self, server: str) -> bool:
        """True for a server that was alive when the store last answered."""
        return any(peer.id == server for peer in self.standing.peers)

    async def beat(self) -> None:
        """Say that we are alive. StoreUnavailable: it could not be said."""
        began = self._clock.monotonic()
        loop = asyncio.get_running_loop()
        self.standing = await loop.run_in_executor(self._thread, self._store.beat, self.server, self._describe())
        self._heard = began
        if self.leads is not self._led:
            self._led = self.leads
            log.info("this server %s", "leads" if self._led else "follows", extra={"action": "lead"})

    async def run(self) -> None:
        """Beat until cancelled."""
        while self._store.shared:
            await self._clock.sleep(self._settings.beat_s)
            try:
                await self.beat()
            except ServerError as problem:
                log.warning("the store does not hear us: %s", problem, extra={"action": "beat"})

    async def retire(self) -> None:
        """We go: another may lead at once."""
        try:
            await asyncio.get_running_loop().run_in_executor(self._thread, self._store.retire, self.server)
        except ServerError as problem:
            log.warning("the store does not hear that we go: %s", problem, extra={"action": "beat"})
