"""From the tail of the log to the workers: offers, cancels, fences, answers; and from free slots to claims.

Everything it does follows from committed events, so it does not matter which process asked. It keeps,
per linked worker, how many attempts it holds, and how many jobs of each kind may be waiting, as hints: the claim
itself is decided in the ledger. Knows nothing of sockets: a worker is a `WorkerPort`.
"""

from __future__ import annotations

import asyncio
import logging
from collections import Counter
from collections.abc import Callable, Mapping, Sequence
from typing import Any

from headway.clock import Clock
from headway.errors import HeadwayError
from headway.hub.asking import Ask, in_thread
from headway.hub.blocked import Blocked
from headway.hub.ledger import Commit, Ledger
from headway.hub.linked import LinkedWorker, WorkerPort
from headway.hub.pins import Pins
from headway.model import command as c
from headway.model.event import Event
from headway.model.fold import fold
from headway.model.job import FINAL, JobDoc, current_attempt
from headway.model.settings import Settings
from headway.store.base import Store

log = logging.getLogger(__name__)


_TOLD = frozenset({"job.offered", "job.cancel_requested"})
"""Events whose job a worker must be told of."""


class Dispatcher:
    """`attach` and `detach` by the gateway; `follow` by the ledger; `stir` by the sweeper as a backstop."""

    def __init__(
        self, ledger: Ledger, store: Store, clock: Clock, settings: Settings, ask: Ask | None = None, server: str = ""
    ) -> None:
        self._ledger = ledger
        self._store = store
        self._ask = ask or in_thread(store)
        self._server = server
        self._clock = clock
        self._settings = settings
        self._linked: dict[str, LinkedWorker] = {}
        self._waiting: Counter[str] = Counter()
        self._pins = Pins()
        self._blocked = Blocked(ledger)
        self._rules: dict[str, Callable[[Event, Commit], None]] = {
            "job.submitted": self._submitted,
            "job.offered": self._offered,
            "job.started": self._started,
            "job.attempt_ended": self._ended,
            "job.cancel_requested": self._cancel_requested,
            "job.input_given": self._input_given,
            "job.released": self._released,
            "queue.resumed": self._stir_all,
            "queue.limits_changed": self._stir_all,
            "kind.limits_changed": self._stir_all,
            "kind.registered": self._kind_changed,
            "kind.approved": self._kind_changed,
            "worker.draining": self._draining,
            "worker.lost": self._lost,
            "service.changed": self._service_changed,
        }
        ledger.on_commit(self.follow)
        ledger.tail.wants = self.wants
        ledger.anticipate = self._anticipate
        ledger.anticipated = self._anticipated

    async def load(self) -> list[c.Unblock]:
        """Read what waits, at the start; answers with looks at every blocked job."""
        waiting, blocked, kinds = await self._ask(
            lambda reading: (reading.waiting(), reading.waiting_for(""), reading.kinds())
        )
        self._waiting = Counter(waiting)
        self._pins.fill(kinds)
        for id, after in blocked:
            self._blocked.add(id, after)
        return [c.Unblock(job=id, after=after) for id, after in blocked]

    def wants(self, event: Event) -> bool:
        """True where another server's event will need the job here: a worker linked here is to be told of it."""
        return event.type in _TOLD and event.worker in self._linked

    # -- workers come and go -------------------------------------------------------------------------------------

    def attach(
        self,
        port: WorkerPort,
        profile: dict[str, Any],
        kinds: Sequence[str],
        held: Sequence[JobDoc] | None = None,
        *,
        needs: Mapping[str, str] | None = None,
        services: Sequence[Mapping[str, Any]] = (),
        definitions: Mapping[str, str] | None = None,
    ) -> None:
        """A worker is linked and registered; `held` are the active jobs it keeps, or None: `settle` will say.

        `needs`: kind -> the service of which its jobs need a free slot; `services` as they stood at its hello;
        `definitions`: those that it told, of kinds that have one.
        """
        linked = LinkedWorker(port, profile, kinds, needs or {}, services, definitions or {})
        self._pins.bar(linked)
        self._linked[port.worker] = linked
        if held is not None:
            self.settle(port, held)

    def settle(self, port: WorkerPort, held: Sequence[JobDoc]) -> None:
        """What an attached worker keeps, as read after it was attached; from now on it is offered to."""
        linked = self._linked.get(port.worker)
        if linked is None or linked.port is not port or linked.ended is None:
            return
        kept = [job for job in held if (job.get("id", ""), job.get("attempt", 0)) not in linked.ended]
        linked.held |= {(job.get("id", ""), job.get("attempt", 0)): job.get("kind", "") for job in kept}
        linked.ended = None
        for job in kept:
            self._remind(linked, job)
        self._claim(linked)

    def _remind(self, linked: LinkedWorker, job: JobDoc) -> None:
        """What was asked or answered while the worker was away, or was told and is not known to have arrived."""
        id, attempt = job.get("id", ""), job.get("attempt", 0)
        if job.get("state") == "cancelling":
            grace = job.get("cancel", {}).get("grace_s", self._settings.cancel_grace_s)
            linked.port.cancel(id, attempt, job.get("cancel", {}).get("reason", ""), grace)
            return
        for each in job.get("soft", {}).get("answers", ()):
            answer = {"action": each["action"], "content": each.get("content")}
            linked.port.answer_input(id, attempt, each["request"], answer)

    def serve(
        self, port: WorkerPort, kinds: Sequence[str], needs: Mapping[str, str], definitions: Mapping[str, str]
    ) -> None:
        """An attached worker serves other kinds from now on, or the same with other definitions."""
        linked = self._linked.get(port.worker)
        if linked is not None and linked.port is port:
            linked.serve(kinds, needs, definitions)
            self._pins.bar(linked)
            self._claim(linked)

    def detach(self, port: WorkerPort) -> None:
        """Its link is gone; what it holds runs on under its lease."""
        linked = self._linked.get(port.worker)
        if linked and linked.port is port:
            del self._linked[port.worker]

    def serves(self, kind: str) -> bool:
        """True when a worker linked here serves the kind."""
        return any(kind in linked.kinds for linked in self._linked.values())

    async def stir(self) -> None:
        """Look again everywhere: an `avoid` may have run out, a hint may be wrong (a held job, released, counts twice)."""
        self._blocked.ask_again()
        self._waiting = Counter(await self._ask(lambda reading: reading.waiting()))
        for linked in self._linked.values():
            linked.stirred = True
        self._claim_all()

    # -- the tail ------------------------------------------------------------------------------------------------

    def follow(self, commit: Commit) -> None:
        """Carry out what a commit means for workers, then claim for the slots it left free."""
        for event in commit.events:
            if rule := self._rules.get(event.type):
                rule(event, commit)
            if "was" in event.data:
                self._moved(event)
        self._claim_all()

    def _moved(self, event: Event) -> None:
        patch: dict[str, Any] = event.data.get("set") or {}
        state = patch.get("state")
        kind = event.kind or ""
        if event.data.get("was") == "queued" and state != "queued":
            self._waiting[kind] -= 1
        elif state == "queued" and event.data.get("was") != "queued":
            self._waiting[kind] += 1
            self._stir_kind(kind)
        if state in FINAL:
            self._blocked.ended(event.job or "")

    def _stir_kind(self, kind: str) -> None:
        for linked in self._linked.values():
            if kind in linked.kinds:
                linked.stirred = True

    def _stir_all(self, event: Event, commit: Commit) -> None:
        for linked in self._linked.values():
            linked.stirred = True

    def _kind_changed(self, event: Event, commit: Commit) -> None:
        if self._pins.follow(event):
            for linked in self._linked.values():
                self._pins.bar(linked)
            self._stir_kind(event.subject)

    def _released(self, event: Event, commit: Commit) -> None:
        """It may not have been counted while it was held. One too many costs a look; one too few, the job."""
        self._waiting[event.kind or ""] += 1
        self._stir_kind(event.kind or "")

    def _submitted(self, event: Event, commit: Commit) -> None:
        patch: dict[str, Any] = event.data.get("set") or {}
        if after := patch.get("after"):
            self._blocked.add(event.job or "", tuple(after))

    def _offered(self, event: Event, commit: Commit) -> None:
        linked = self._linked.get(event.worker or "")
        job = commit.world.jobs.get(event.job or "")
        if linked is None:
            return  # another server's worker, or one that has just gone: `accept_s` gives the job back
        linked.expected.discard(event.job or "")
        if job is None or job.get("attempt") != event.attempt:
            return  # this attempt is over by now: the job was read later than it was offered
        if linked.claiming:
            linked.told.add(event.job or "")
        linked.held[event.job or "", event.attempt or 0] = event.kind or ""
        args = commit.world.args.get(event.job or "")
        if args is None:
            with self._store.reading() as reading:
                args = reading.args(event.job or "") or b"{}"
        linked.port.offer(job, args, commit.world.checkpoints.get(event.job or "", {}))

    def _started(self, event: Event, commit: Commit) -> None:
        """Adopted work was never offered. Of other work the end may be on its way already."""
        adopted = event.data["set"].get("adopted")
        if adopted and (linked := self._linked.get(event.worker or "")):
            linked.held[event.job or "", event.attempt or 0] = event.kind or ""

    def _ended(self, event: Event, commit: Commit) -> None:
        linked = self._linked.get(event.worker or "")
        if linked is None:
            return
        linked.held.pop((event.job or "", event.attempt or 0), None)
        if linked.ended is not None:
            linked.ended.add((event.job or "", event.attempt or 0))
        linked.stirred = True
        if event.data.get("by") != "worker":
            reason = str(event.data.get("reason") or event.data.get("outcome"))
            linked.port.fence(event.job or "", event.attempt or 0, reason)

    def _cancel_requested(self, event: Event, commit: Commit) -> None:
        linked = self._linked.get(event.worker or "")
        job = commit.world.jobs.get(event.job or "")
        if linked is None or job is None or job.get("state") != "cancelling":
            return
        attempt = current_attempt(job)
        if attempt is None or attempt.get("phase") != "started":
            return
        receipt = job.get("cancel", {})
        grace = receipt.get("grace_s", self._settings.cancel_grace_s)
        linked.port.cancel(event.job or "", event.attempt or 0, receipt.get("reason", ""), grace)

    def _input_given(self, event: Event, commit: Commit) -> None:
        if linked := self._linked.get(event.worker or ""):
            data = event.data
            linked.port.answer_input(event.job or "", event.attempt or 0, data["request"], data["answer"])

    def _draining(self, event: Event, commit: Commit) -> None:
        if linked := self._linked.get(event.subject):
            linked.draining = True
            linked.port.drain()

    def _service_changed(self, event: Event, commit: Commit) -> None:
        if linked := self._linked.get(event.worker or ""):
            linked.services[event.subject] = fold(linked.services.get(event.subject), event)
            linked.stirred = True

    def _lost(self, event: Event, commit: Commit) -> None:
        self._linked.pop(event.subject, None)

    # -- claims --------------------------------------------------------------------------------------------------

    def _claim_all(self) -> None:
        for linked in self._linked.values():
            self._claim(linked)

    def _claim(self, linked: LinkedWorker) -> None:
        if (claim := self._claim_for(linked)) is None:
            return
        try:
            future = self._ledger.submit_nowait(claim)
        except HeadwayError:
            return  # overloaded: the sweeper's stir comes back to it
        self._anticipated(claim, future)

    def _claim_for(self, linked: LinkedWorker, extra: str | None = None) -> c.Claim | None:
        if (
            linked.ended is not None
            or linked.claiming
            or linked.draining
            or linked.free <= 0
            or not (linked.stirred or extra)
        ):
            return None
        room = linked.room()
        waiting = (kind for kind in linked.kinds if self._waiting[kind] > 0 or kind == extra)
        if linked.barred:
            waiting = (kind for kind in waiting if kind not in linked.barred)
        kinds = tuple(kind for kind in waiting if kind not in linked.needs or room[linked.needs[kind]] > 0)
        if not kinds or (extra is not None and extra not in kinds):
            return None
        return c.Claim(
            worker=linked.port.worker, limit=linked.free, kinds=kinds, queues=linked.queues, labels=linked.labels,
            namespace=linked.namespace, server=self._server, room=room,
            needs={kind: linked.needs[kind] for kind in kinds if kind in linked.needs},
        )  # fmt: skip

    def _anticipate(self, commands: Sequence[c.Command]) -> c.Command | None:
        """A claim for the same commit: behind a submit when a slot is free, behind an outcome for the slot it frees."""
        first = commands[0]
        if isinstance(first, c.Submit):
            for linked in self._linked.values():
                if first.kind in linked.kinds and (claim := self._claim_for(linked, first.kind)):
                    return claim
        elif isinstance(first, c.Statement) and (linked := self._linked.get(first.worker)):
            ends = {(command.job, command.attempt) for command in commands if type(command) is c.End}
            for end in ends:
                linked.held.pop(end, None)  # the worker's own word that these slots are free
            linked.stirred |= bool(ends)
            return self._claim_for(linked) if ends else None
        return None

    def _anticipated(self, command: c.Command, future: asyncio.Future[Any]) -> None:
        """Remember that a claim is under way; when it is settled, look again: jobs without room may have hidden others."""
        if not isinstance(command, c.Claim):
            return
        worker, limit = command.worker, command.limit
        linked = self._linked[worker]
        linked.claiming = True
        linked.stirred = False

        def settle(done: asyncio.Future[Any]) -> None:
            linked.claiming = False
            failed = done.cancelled() or done.exception() is not None
            linked.expected |= set() if failed else set(done.result()) - linked.told
            linked.told.clear()
            if failed or len(done.result()) >= limit or (command.needs and done.result()):
                linked.stirred = True
            if not failed and self._linked.get(worker) is linked:  # it may have gone, or come back, meanwhile
                self._claim(linked)

        future.add_done_callback(settle)
