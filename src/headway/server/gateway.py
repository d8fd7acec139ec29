"""Where workers connect: `/api/v1/worker`, one `WorkerLink` each, and the clock that ticks for all of them.

Knows who is linked, so that a second worker with the same id meets the first. It follows the log, which may be other
servers' too: a worker that is linked elsewhere by now has no link here any more, and what an administrator asks of a
link is done by the server that has it. Host, Origin and token were checked by the edge. Decides nothing about jobs.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator
from typing import Any

from starlette.types import Receive, Scope, Send

from headway.hub.hub import Hub
from headway.hub.tail import Commit
from headway.model.event import Event
from headway.protocol.frames import WORKER_PROTOCOL, CloseCode
from headway.protocol.session import SessionPhase
from headway.server.workerlink import WorkerLink

TICK_S = 0.25
COME_BACK_MS = (0, 2_000)
LEAVE_S = 2.0


class Gateway:
    """An ASGI application for the worker link. `run` is its service."""

    def __init__(self, hub: Hub) -> None:
        self._hub = hub
        self._links: set[WorkerLink] = set()
        self.closed = ""
        """Why no link is taken now."""
        self._rules: dict[str, Callable[[Event], None]] = {
            "worker.connected": self._linked,
            "worker.back": self._linked,
            "worker.disconnect_requested": self._cut,
            "worker.lost": self._given_up,
            "worker.disconnected": self._given_up,
        }
        hub.about["workers"] = 0
        hub.ledger.on_commit(self.follow)

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        await receive()  # websocket.connect
        if WORKER_PROTOCOL not in scope.get("subprotocols", ()):
            reason = f"this is the worker link; ask for the subprotocol {WORKER_PROTOCOL}"
            await send({"type": "websocket.close", "code": int(CloseCode.BAD_FRAME), "reason": reason})
            return
        await send({"type": "websocket.accept", "subprotocol": WORKER_PROTOCOL})
        if self.closed:
            await send({"type": "websocket.close", "code": int(CloseCode.DRAIN), "reason": self.closed})
            return
        address = (scope.get("client") or ("",))[0]
        link = WorkerLink(self._hub, receive, send, address=address, rival_of=self._rival_of)
        self._links.add(link)
        try:
            await link.run()
        finally:
            self._links.discard(link)

    async def run(self) -> None:
        """Tick every link, until cancelled. Time in which this process slept is nobody's silence (I9)."""
        clock = self._hub.clock
        ticked = clock.monotonic()
        while True:
            await clock.sleep(TICK_S)
            gap_s = clock.monotonic() - ticked - TICK_S
            ticked += gap_s + TICK_S
            self._hub.about["workers"] = sum(map(_is_up, self._links))
            for link in list(self._links):
                if gap_s > TICK_S:
                    link.session.heard_at += round(gap_s * 1000)
                link.tick(clock.now())

    async def drain(self) -> None:
        """Every worker goes and comes back in a moment; its attempts run on. No new links from now on."""
        self.closed = "the server is going down"
        self.send_away("drain")
        end = self._hub.clock.monotonic() + LEAVE_S
        while self._links and self._hub.clock.monotonic() < end:
            await self._hub.clock.sleep(0.01)

    def send_away(self, reason: str) -> None:
        """Every worker goes and comes back, here or elsewhere; its attempts run on."""
        for link in list(self._links):
            link.session.close(CloseCode.DRAIN, reason, after_ms=COME_BACK_MS)
            link.stir()

    # -- what the log tells

    def follow(self, commit: Commit) -> None:
        """Take a commit of whichever server, in order, on the loop."""
        for event in commit.events:
            if rule := self._rules.get(event.type):
                rule(event)

    def _linked(self, event: Event) -> None:
        """A registration: ours, from which on the log is about this link; or another server's, and ours is over."""
        change: dict[str, Any] = event.data["set"]
        server = change.get("server")
        for link in self._links_of(event.subject):
            if server == self._hub.feed.server:
                link.placed = True
            elif server is not None and link.placed:
                link.replace(change)

    def _given_up(self, event: Event) -> None:
        """For the log the worker is gone, and its link stands: its word came just after the lease ended, or the end of an
        older link was told late. Only a hello brings a worker back, or it would be heard and given nothing for ever.
        """
        for link in self._links_of(event.subject):
            if link.placed:
                link.session.close(CloseCode.NO_PONG, "given up meanwhile; say hello again")
                link.stir()

    def _cut(self, event: Event) -> None:
        """An administrator, wherever they asked, wants a link ended that this server has."""
        if event.data["server"] != self._hub.feed.server:
            return
        code, after_ms = (CloseCode.FORBIDDEN, None) if event.data["for_good"] else (CloseCode.DRAIN, (0, 0))
        for link in self._links_of(event.subject):
            link.session.close(code, event.data["reason"], after_ms=after_ms)
            link.stir()

    # -- for administrators

    def links(self) -> list[dict[str, Any]]:
        """Every link to this server, for the list of connections."""
        now, monotonic = self._hub.clock.now(), self._hub.clock.monotonic()
        return [
            {
                "server": self._hub.feed.server,
                "worker": link.session.worker or None,
                "machine": link.session.profile.get("machine"),
                "address": link.address,
                "phase": str(link.session.phase),
                "connected_s": round(monotonic - link.opened_at, 1),
                "heard_s": round((now - link.session.heard_at) / 1000, 1),
            }
            for link in self._links
        ]

    def _rival_of(self, worker: str, mine: WorkerLink) -> WorkerLink | None:
        return next((link for link in self._links_of(worker) if link is not mine), None)

    def _links_of(self, worker: str) -> Iterator[WorkerLink]:
        """The links of a worker that are up: one, but for the moment when a newer takes over."""
        return (link for link in list(self._links) if link.session.worker == worker and _is_up(link))


def _is_up(link: WorkerLink) -> bool:
    return link.session.phase in {SessionPhase.LIVE, SessionPhase.JOINING}
