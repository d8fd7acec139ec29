"""A worker id that another server may have linked: what the store says of it, before a hello is answered here.

That server hears its worker all the time and writes every few seconds when; while a newcomer waits for the verdict it is
read again and again. A server that lives no more has no links. Decides nothing: protocol/session.py does. Made by
workerlink.py where servers share a store; must never know sockets.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import Any

from headway.errors import ServerError
from headway.hub.hub import Hub
from headway.protocol.registration import RemoteRival, is_elsewhere

LOOKS = 12
"""So often it is read while the newcomer waits: once a second, by default."""


class Elsewhere:
    """`rival` is who has the id of this profile at another server, as of the last `look`."""

    def __init__(self, hub: Hub, profile: Mapping[str, Any]) -> None:
        self.rival: RemoteRival | None = None
        self._hub = hub
        self._worker = str(profile.get("id"))
        self._instance = profile.get("instance")

    async def look(self) -> None:
        """Read it. A store that does not answer changes nothing: nor would it take the registration."""
        try:
            document = await self._hub.ask(lambda reading: reading.worker(self._worker)) or {}
            there = is_elsewhere(document, self._hub.feed.server, self._instance)
            is_up = there and await self._is_alive(str(document.get("server")))
        except ServerError:
            return
        self.rival = RemoteRival(document, self._hub.settings.takeover_elsewhere_s) if is_up else None

    async def watch(self, waits: Callable[[], bool]) -> None:
        """Read it again while the newcomer `waits`."""
        while waits():
            await self._hub.clock.sleep(self._hub.settings.takeover_elsewhere_s / LOOKS)
            await self.look()

    async def _is_alive(self, server: str) -> bool:
        """One that nobody knew at our last beat may have begun since."""
        peers = self._hub.peers
        if not peers.is_alive(server):
            await peers.beat()
        return peers.is_alive(server)
