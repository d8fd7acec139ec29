"""Whether this server reaches the store that it shares, and what becomes of its links while it does not.

A service beside the gateway. A server that is cut off while others are not is of no use: after `cut_off_s` it asks
viewers and workers to come back in a moment, through the balancer, which its /readyz has told by then, and takes none
until the store answers again. Where no other server is known it keeps them: what they say waits, and no deadline
passes in time in which nobody could hear (I9). Must never know how a store is reached: peers.py says when it last was.
"""

from __future__ import annotations

import logging
import math

from headway.errors import CutOff
from headway.server.site import Site

log = logging.getLogger(__name__)

LOOK_S = 0.25
UNREADY_S = 3.0
"""Without an answer of the store for longer than this, the server is not ready."""
SPREAD_S = 2.0
SLEPT_S = 2.0
"""Between two looks: this process stood still, and so did its beats. The store is given its time from then on."""


class Lifeline:
    """`run` until cancelled; `look` is one tick."""

    def __init__(self, site: Site) -> None:
        self._site = site
        self._away = False
        self._looked_at = self._woke_at = -math.inf

    async def run(self) -> None:
        """Look four times a second."""
        self._looked_at = self._site.hub.clock.monotonic()
        while True:
            await self._site.hub.clock.sleep(LOOK_S)
            self.look()

    def look(self) -> None:
        """Send everybody away, or take them again, where it is time for that."""
        site, peers = self._site, self._site.hub.peers
        silent_s = min(peers.silent_s, self._awake_s())
        if self._away:
            if peers.silent_s <= UNREADY_S and site.ready:
                self._away = False
                site.door.closed, site.gateway.closed = None, ""
                log.info("the store answers again; links are taken", extra={"action": "cut_off"})
        elif silent_s >= site.settings.cut_off_s and peers.others and site.ready:
            self._away = True
            error = CutOff(silent_s)
            site.door.closed, site.gateway.closed = error, error.message
            log.warning("%s Everybody is sent to the other servers.", error.message, extra={"action": "cut_off"})
            site.hub.feed.send_away(error.message, SPREAD_S)
            site.gateway.send_away(error.message)

    def _awake_s(self) -> float:
        """For how long this process has run without standing still."""
        now = self._site.hub.clock.monotonic()
        if SLEPT_S < now - self._looked_at < math.inf:
            self._woke_at = now
        self._looked_at = now
        return now - self._woke_at
