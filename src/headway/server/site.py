"""What every endpoint needs, in one place: the hub, the configuration, the tokens, what is known by heart.

One per server process; found by endpoints with `SiteOf`. Reads go to a thread, because a scan may take long and the
loop carries the viewers; commands go through the ledger and nothing else (I1). Knows no route.
"""

from __future__ import annotations

import asyncio
import hashlib
from collections import Counter
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from typing import Annotated, Any, TypeVar

from fastapi import Depends
from prometheus_client import CollectorRegistry
from starlette.requests import Request

from headway.clock import iso
from headway.errors import InvalidInput, NotFound
from headway.hub.hub import Hub
from headway.hub.ledger import Commit
from headway.model.command import Command, Once
from headway.model.job import JobDoc
from headway.model.settings import Settings
from headway.protocol.frames import CloseCode
from headway.server.allowance import Allowance
from headway.server.config import Config
from headway.server.door import Door
from headway.server.gateway import Gateway
from headway.server.guard import Perimeter, perimeter
from headway.server.inner import InnerWorker
from headway.server.known import Known
from headway.server.tokens import LOCAL, Subject, Tokens
from headway.server.waits import PARTINGS, Waits
from headway.store.base import Document, Reading
from headway.store.files import Files

T = TypeVar("T")

READERS = 8
"""Questions of REST to the store at a time."""
SUBJECT = "headway.subject"
"""Where in an ASGI scope the edge leaves whose request it is."""
CUT = "system.disconnect_requested"
"""The event by which an administrator has a viewer's link cut that another server has."""


class Site:
    """`seq` is the number of the newest event that an answer can know of: told here, committed here, or read from the
    store, which other servers may have written; every answer carries it as `Headway-Seq`.
    """

    def __init__(self, hub: Hub, config: Config, artifacts: Files, gateway: Gateway) -> None:
        self.hub = hub
        self.config = config
        self.artifacts = artifacts
        self.gateway = gateway
        self.tokens = Tokens.of(config)
        self.guard: Perimeter = perimeter(
            config.host,
            allowed_hosts=config.allowed_hosts,
            allowed_origins=config.allowed_origins,
            authenticated=self.tokens.required,
            trusted_proxies=config.trusted_proxies,
        )
        self.door = Door(hub.feed, self.guard)
        self.inner = InnerWorker(hub)
        self.known = Known()
        self.waits = Waits()
        self.partings = Waits(PARTINGS)
        self.allowance = Allowance(hub.clock, hub.settings.custom_per_s, hub.settings.custom_burst)
        self.registry = CollectorRegistry()
        self.answered: Counter[tuple[str, int]] = Counter()
        """(method, hundreds of the status) -> HTTP answers."""
        self.seq = 0
        self.started_at = 0
        self.ready = False
        self._readers = ThreadPoolExecutor(READERS, thread_name_prefix="headway-rest")
        hub.ledger.on_own_commit(self._has_committed)
        hub.ledger.on_commit(self.follow)

    @property
    def settings(self) -> Settings:
        """The hub's numbers."""
        return self.hub.settings

    def open(self) -> None:
        """Learn what there is, once the hub runs."""
        self.learn()
        self.started_at = self.hub.clock.now()
        self.hub.about["started_at"] = iso(self.started_at)
        self.ready = True

    def learn(self) -> None:
        """Read what is known by heart."""
        self.seq = self.known.fill(self.hub.store)

    def close(self) -> None:
        """Not ready any more; whoever waits is answered."""
        self.ready = False
        self.waits.wake_all()
        self.partings.wake_all()

    def end(self) -> None:
        """Nobody asks the store any more."""
        self._readers.shutdown(wait=False)

    def _has_committed(self, commit: Commit) -> None:
        """Answers to these commands leave before others' events that come first in the log are told here."""
        self.seq = max(self.seq, commit.events[-1].seq)

    def follow(self, commit: Commit) -> None:
        """Take a commit of whichever server, in order, on the loop."""
        self.seq = max(self.seq, commit.events[-1].seq)
        self.known.feed(commit.events)
        self.waits.feed(commit.events)
        self.partings.feed(commit.events)
        for event in commit.events:
            if event.type == CUT:
                self.cut_viewer(event.data["session"])

    def cut_viewer(self, session: str) -> bool:
        """End a viewer's link; it may come back. False: it is not linked to this server."""
        for viewer in self.hub.feed.viewers.values():
            if viewer.session == session:
                viewer.refuse(CloseCode.DRAIN, "cut by an administrator")
                return True
        return False

    def of_itself(self) -> Document:
        """What this server says of itself to others and to administrators."""
        feed, tail = self.hub.feed, self.hub.ledger.tail
        return {**self.hub.about, "viewers": len(feed.viewers), "seq": tail.seq}

    async def execute(self, command: Command) -> Any:
        """The ledger's answer, once it is durable."""
        return await self.hub.ledger.execute(command)

    async def read(self, ask: Callable[[Reading], T]) -> T:
        """What `ask` reads in one short transaction, in a thread: of our own, so that slow scans keep nobody waiting
        but one another.
        """

        def reading() -> tuple[int, T]:
            with self.hub.store.reading() as view:
                return view.head.seq, ask(view)

        seq, found = await asyncio.get_running_loop().run_in_executor(self._readers, reading)
        self.seq = max(self.seq, seq)
        return found

    async def job(self, id: str) -> JobDoc:
        """The document of a job, or NotFound."""
        job = await self.read(lambda reading: reading.job(id))
        if job is None:
            raise NotFound("job", id)
        return job


def site_of(request: Request) -> Site:
    """The site a request came to."""
    site: Site = request.app.state.site
    return site


def subject_of(request: Request) -> Subject:
    """Whose request it is, as the edge found."""
    return request.scope.get(SUBJECT, LOCAL)


def once_of(request: Request, body: bytes) -> Once | None:
    """The idempotency of a request with an `Idempotency-Key`: bound to its subject, path and body."""
    key = request.headers.get("idempotency-key")
    if key is None:
        return None
    if not 1 <= len(key) <= 200:
        raise InvalidInput("Idempotency-Key", f"has {len(key)} characters", hint="Use 1 to 200, a UUID for example.")
    request_line = f"{request.method} {request.scope['path']}\n".encode()
    return Once(subject_of(request).name, key, hashlib.sha256(request_line + body).hexdigest())


SiteOf = Annotated[Site, Depends(site_of)]
SubjectOf = Annotated[Subject, Depends(subject_of)]
