"""The server as a worker: what it does itself is a job like any other, begun, reported, cancelled and ended by the very
commands that the gateway makes of a worker's frames (I1), and fenced as those are (I4).

Such a job is adopted: it is never offered, and it dies with this process, as its lease tells the others. The worker,
`server/ID` and flagged `internal`, is online while it has something to do, and serves no kind. It is a port of the
dispatcher, so that a cancel and a fence reach it by the log, wherever they were asked for. Must never know what is done.
Owned by the site; called by bulk.py.
"""

from __future__ import annotations

import asyncio
import contextlib
import logging
import os
from collections.abc import Awaitable, Callable, Sequence
from typing import Any

import msgspec

from headway.errors import HeadwayError, NotServing, ServerError
from headway.hub.hub import Hub
from headway.hub.tail import Commit
from headway.model import command as c
from headway.model.job import JobDoc, Outcome
from headway.model.report import ReportItem

log = logging.getLogger(__name__)

QUEUE = "headway"
"""Of what servers do themselves, so that it takes nobody's place in a queue with a limit."""
AGAIN_S = 0.25
LEAVE_S = 2.0
STOPPED = "the server was stopped"


class CutShort(Exception):
    """Raised by work that saw `stopping`: `result` is what it did till then."""

    def __init__(self, result: Any) -> None:
        super().__init__()
        self.result = result


class Fenced(Exception):
    """The attempt is over for the others: nothing more is to be done."""


class InnerAttempt:
    """One attempt of this server, as its work sees it. `stopping`: why it is to end soon, to be looked at between slices."""

    number = 1

    def __init__(self, hub: Hub, worker: str, job: str) -> None:
        self.job = job
        self.worker = worker
        self.hub = hub
        self.stopping = ""
        self.cancelled = False
        self.fenced = False
        self.settled = False
        self.closed = False
        self._n = 0
        self._report_at = float("-inf")

    @property
    def is_due(self) -> bool:
        """True when the next report may be said (`report_ms`)."""
        return self.hub.clock.monotonic() >= self._report_at

    async def do(self, commands: Sequence[c.Command]) -> list[Any]:
        """Answers or errors, in order; asked again for as long as the store takes nothing. Being here is a sign of life."""
        while True:
            if self.fenced:
                raise Fenced
            self.hub.roster.hear(self.worker)
            try:
                return await self.hub.ledger.execute_all(commands)
            except ServerError:
                if self.closed:
                    raise
                await self.hub.clock.sleep(AGAIN_S)

    async def say(self, *items: ReportItem) -> None:
        """Report in order what happened."""
        self._report_at = self.hub.clock.monotonic() + self.hub.settings.report_ms / 1000
        await self._state(c.Report(items=items, **self._about()))

    async def end(self, outcome: Outcome, result: Any = None, error: dict[str, str] | None = None) -> None:
        """How it ended, after which nothing is said."""
        if self.cancelled:
            await self._state(c.CancelStep(step="acknowledged", **self._about()))
        text = None if result is None else msgspec.json.encode(result)
        reason = self.stopping if outcome is Outcome.CANCELLED else ""
        await self._state(c.End(outcome=outcome.value, result=text, error=error, reason=reason, **self._about()))
        self.settled = True

    def _about(self) -> dict[str, Any]:
        return {"job": self.job, "worker": self.worker, "attempt": self.number, "n": self._n + 1}

    async def _state(self, statement: c.Statement) -> None:
        (answer,) = await self.do([statement])
        if isinstance(answer, HeadwayError):
            raise answer
        if "fenced" in answer:
            self.fenced = True
            raise Fenced
        self._n = statement.n


Work = Callable[[InnerAttempt], Awaitable[Any]]
"""What is done; its answer is the job's result. It raises CutShort where it saw `stopping`."""


class Begun(msgspec.Struct, frozen=True):
    """The job, whether this call made it, and the task that ends when it has."""

    job: str
    new: bool
    task: asyncio.Task[None]


class InnerWorker:
    """`begin` adopts work and carries it out; `close` ends what runs, before the hub stops."""

    def __init__(self, hub: Hub) -> None:
        self._hub = hub
        self.worker = f"server/{hub.feed.server}"
        self.instance = hub.feed.server
        self._held: dict[str, InnerAttempt] = {}
        self._tasks: set[asyncio.Task[None]] = set()
        self._closed = False
        hub.ledger.on_commit(self.follow)

    async def begin(self, kind: str, args: bytes, work: Work, *, by: str, once: c.Once | None = None) -> Begun:
        """A job of this work, once it is durable. NotServing: the server stops.

        With a `once` that was met before, the job of then; nothing is done again.
        """
        if self._closed:
            raise NotServing
        job = self._hub.clock.new_id()
        hello = c.Connect(worker=self.worker, profile=self._profile(), running=self._running())
        begin = c.Begin(
            once=once, id=job, worker=self.worker, instance=self.instance, external_id=f"{self.worker}/{job}", kind=kind,
            args=args, queue=QUEUE, submitted_by=by,
        )  # fmt: skip
        attempt = self._held[job] = InnerAttempt(self._hub, self.worker, job)
        self._hub.dispatcher.attach(self, self._profile(), (), ())
        begun: asyncio.Future[str] = asyncio.get_running_loop().create_future()
        task = asyncio.create_task(self._live(attempt, (hello, begin), work, begun), name=kind)
        self._tasks.add(task)
        task.add_done_callback(self._tasks.discard)
        made = await asyncio.shield(begun)
        return Begun(made, made == job, task)

    def _profile(self) -> dict[str, Any]:
        about = self._hub.about
        return {
            "id": self.worker, "name": self.worker, "machine": about.get("machine") or "server",
            "version": about.get("version"), "instance": self.instance, "pid": os.getpid(), "slots": 0, "internal": True,
        }  # fmt: skip

    def _running(self) -> tuple[tuple[str, int, int], ...]:
        """What it says it runs: what was begun is the first in the ledger's order."""
        return tuple((job, InnerAttempt.number, 0) for job in self._held)

    # -- from the beginning to the end of one attempt

    async def _live(
        self, attempt: InnerAttempt, commands: Sequence[c.Command], work: Work, begun: asyncio.Future[str]
    ) -> None:
        """One task, so that nothing that was begun is left without who ends it."""
        try:
            job = await self._adopted(commands)
            begun.set_result(job)
            if job == attempt.job:
                await self._carry_out(attempt, work)
            attempt.settled = True
        except Exception as problem:
            if begun.done():
                log.exception("job %s could not be ended", attempt.job, extra={"action": "end", "job": attempt.job})
            else:
                attempt.settled = True
                begun.set_exception(problem)
        finally:
            del self._held[attempt.job]
            if not self._held:
                self._rest(goodbye=attempt.settled)

    async def _adopted(self, commands: Sequence[c.Command]) -> str:
        answers: list[Any] = await self._hub.ledger.execute_all(commands)
        for answer in answers:
            if isinstance(answer, HeadwayError):
                raise answer
        return str(answers[-1]["id"])

    async def _carry_out(self, attempt: InnerAttempt, work: Work) -> None:
        with contextlib.suppress(Fenced):
            try:
                result = await work(attempt)
            except CutShort as cut:
                await attempt.end(Outcome.CANCELLED, cut.result)
            except Fenced:
                raise
            except Exception as fault:
                log.exception("job %s failed", attempt.job, extra={"action": "work", "job": attempt.job})
                await attempt.end(Outcome.ERRORED, error={"type": type(fault).__name__, "message": str(fault)})
            else:
                await attempt.end(Outcome.SUCCEEDED, result)

    def _rest(self, *, goodbye: bool) -> None:
        """Nothing is held. An attempt whose end could not be said keeps its lease, and is lost when that is over."""
        self._hub.dispatcher.detach(self)
        if goodbye and self._hub.ledger.is_running:
            leaving = c.Disconnect(worker=self.worker, instance=self.instance, reason="nothing to do", goodbye=True)
            with contextlib.suppress(ServerError):
                self._hub.ledger.submit_nowait(leaving)

    async def close(self) -> None:
        """Nothing is begun any more; what runs ends at its next slice, and says so."""
        self._closed = True
        for attempt in self._held.values():
            attempt.stopping = attempt.stopping or STOPPED
            attempt.closed = True
        if self._tasks:
            await asyncio.wait(self._tasks, timeout=LEAVE_S)
        for task in self._tasks:
            task.cancel()

    def follow(self, commit: Commit) -> None:
        """Take a commit of whichever server. Taken for lost, it holds nothing: this process stood still for a lease."""
        if self._held and any(event.type == "worker.lost" and event.subject == self.worker for event in commit.events):
            for job in self._held:
                self.fence(job, InnerAttempt.number, "its server was taken for lost")

    # -- the dispatcher's port

    def cancel(self, job: str, attempt: int, reason: str, grace_s: float) -> None:
        """Somebody wants it stopped: said to be delivered, and seen between two slices."""
        if held := self._held.get(job):
            held.stopping, held.cancelled = reason or "cancelled", True
            step = c.CancelStep(job=job, worker=self.worker, attempt=attempt, step="delivered")
            with contextlib.suppress(ServerError):
                self._hub.ledger.submit_nowait(step)

    def fence(self, job: str, attempt: int, reason: str) -> None:
        """It is not ours any more."""
        if held := self._held.get(job):
            held.stopping, held.fenced = reason, True

    def offer(self, job: JobDoc, args: bytes, checkpoints: dict[str, Any]) -> None:
        """Never: it serves no kind."""

    def answer_input(self, job: str, attempt: int, request: str, answer: Any) -> None:
        """Never: it asks for nothing."""

    def drain(self) -> None:
        """It ends what it does, and then rests anyway."""
