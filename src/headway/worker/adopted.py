"""Work that this process does itself and only shows: `headway run`, engines we do not own.

A small worker without handlers: it links, says `begin`, and what is reported is kept and resent like any attempt's.
Reporting may start before the server has answered, or while it is away. Called by the CLI and by connectors.
"""

from __future__ import annotations

import asyncio
import contextlib
import threading
from collections.abc import AsyncGenerator, Callable, Mapping, Sequence
from importlib.metadata import version
from typing import Any

import msgspec

from headway.clock import Clock, SystemClock
from headway.errors import CallerError
from headway.model.job import Outcome
from headway.model.report import ReportItem
from headway.protocol.frames import Begin, Begun, Cancel, Error, WorkerHello
from headway.protocol.leasing import Leaseholder, Stop, Wish
from headway.protocol.link import LinkState
from headway.worker.held import End
from headway.worker.identity import profile, take_seat
from headway.worker.link import WorkerLink, say_nothing
from headway.worker.reporter import Reporter


class AdoptedWork:
    """One piece of adopted work. Report through `reporter` from any thread; end it once, from the loop.

    `begun` is set when the server has named the job (`job`, `attempt`); `cancelled` when somebody wants it stopped
    (`cancel_reason`, `grace_s`), or the server took it away (`lost`).
    """

    def __init__(self, adopter: Adopter, begin: Begin) -> None:
        self.external_id = begin.external_id
        self.job = ""
        self.attempt = 0
        self.begun = asyncio.Event()
        self.cancelled = asyncio.Event()
        self.cancel_reason = ""
        self.grace_s = 10.0
        self.lost = False
        self.refused: CallerError | None = None
        self.ended = False
        self.reporter = Reporter(_Outlet(self, adopter), adopter.clock)
        self._adopter = adopter

    async def wait_begun(self) -> str:
        """The job's id, once the server has given it. CallerError when it refused."""
        await self.begun.wait()
        if self.refused is not None:
            raise self.refused
        return self.job

    def acknowledge(self) -> None:
        """Say that the cancel reached whoever runs it."""
        self._adopter.link.cancel_state(*self.key, "acknowledged")

    def end(
        self, outcome: str, *, result: Any = None, error: Mapping[str, str] | None = None, reason: str = ""
    ) -> None:
        """It ended; `outcome` a word of `model.job.Outcome`. A second end changes nothing."""
        if self.ended:
            return
        self.ended = True
        self.reporter.finish()
        if self.cancelled.is_set() and outcome != Outcome.SUCCEEDED:
            self._adopter.link.cancel_state(*self.key, "stopped")
            self._adopter.link.cancel_state(*self.key, "cleaned", "done")
        raw = msgspec.Raw(msgspec.json.encode(result))
        end = End(outcome=outcome, result=raw, error=dict(error) if error else None, reason=reason)
        self._adopter.link.outcome(*self.key, end)

    @property
    def key(self) -> tuple[str, int]:
        """The name by which the link knows it, before and after the server named it."""
        return self.external_id, 0


class _Outlet:
    """From any thread to the loop of the link."""

    def __init__(self, work: AdoptedWork, adopter: Adopter) -> None:
        self._work = work
        self._adopter = adopter
        self._thread = threading.get_ident()

    def send(self, items: list[ReportItem]) -> None:
        self._on_loop(self._adopter.link.report, *self._work.key, items)

    def call_later(self, reporter: Reporter) -> None:
        self._on_loop(self._adopter.loop.call_later, self._adopter.link.holder.report_s, reporter.flush)

    def _on_loop(self, call: Callable[..., Any], *args: Any) -> None:
        if threading.get_ident() == self._thread:
            call(*args)
        else:
            self._adopter.loop.call_soon_threadsafe(call, *args)


class Adopter:
    """The link of adopted work. Use `adopting()`."""

    def __init__(self, link: WorkerLink, clock: Clock) -> None:
        self.link = link
        self.clock = clock
        self.loop = asyncio.get_running_loop()
        self.state = LinkState.IDLE
        self.works: dict[str, AdoptedWork] = {}
        self.farewell_s = 5.0

    @property
    def lease_s(self) -> float:
        """How long the server waits for a word of ours before it takes the work for lost."""
        return self.link.holder.lease_s

    def begin(
        self, external_id: str, kind: str, *, args: Any = None, plan: Any = None, attempt: int | None = None,
        queue: str | None = None, labels: Mapping[str, str] | None = None, options: Mapping[str, Any] | None = None,
    ) -> AdoptedWork:  # fmt: skip
        """Show a piece of work as a job. The same `external_id` again is the same job."""
        raw = msgspec.Raw(msgspec.json.encode(args if args is not None else {}))
        begin = Begin(
            external_id=external_id, kind=kind, args=raw, plan=plan, attempt=attempt, queue=queue,
            labels=dict(labels or {}), options=dict(options or {}),
        )  # fmt: skip
        work = self.works[external_id] = AdoptedWork(self, begin)
        self.link.begin(begin)
        return work

    def wish(self, wish: Wish) -> None:
        """What the server wants of one of them."""
        match wish:
            case Begun():
                if (work := self.works.get(wish.external_id)) is not None:
                    work.job, work.attempt = wish.job, wish.attempt
                    work.begun.set()
            case Error():
                if (work := self.works.get(wish.id or "")) is not None:
                    work.refused = CallerError(wish.message, hint=wish.hint or "")
                    work.begun.set()
            case Cancel():
                self._cancel(wish.job, wish.reason, wish.grace_s, lost=False)
            case Stop():
                self._cancel(wish.job, wish.reason, 10.0, lost=True)
            case _:
                return

    def _cancel(self, job: str, reason: str, grace_s: float, *, lost: bool) -> None:
        for work in self.works.values():
            if work.job == job and not work.ended:
                work.cancel_reason, work.grace_s, work.lost = reason, grace_s, lost
                work.cancelled.set()


@contextlib.asynccontextmanager
async def adopting(
    server: str,
    *,
    token: str | None = None,
    machine: str | None = None,
    name: str | None = None,
    labels: Mapping[str, str] | None = None,
    services: Sequence[Mapping[str, Any]] = (),
    clock: Clock | None = None,
    farewell_s: float = 5.0,
    on_state: Callable[[LinkState, str], None] = say_nothing,
) -> AsyncGenerator[Adopter]:
    """A link for adopted work, for as long as the block lasts; at its end what was said is handed over first, for at
    most `farewell_s` (`adopter.farewell_s` changes it on the way).

    The block goes on while the server is away or has refused: `adopter.state` and `on_state` tell.
    """
    clock = clock or SystemClock()
    seat = take_seat(machine, name, server=server)
    who = profile(seat, clock, slots=0, labels=dict(labels or {}), version=version("headway"))
    holder = Leaseholder(WorkerHello(worker=who, services=[dict(service) for service in services]))
    adopter: Adopter | None = None

    def tell(state: LinkState, reason: str) -> None:
        if adopter is not None:
            adopter.state = state
        on_state(state, reason)

    def wish(wished: Wish) -> None:
        if adopter is not None:
            adopter.wish(wished)

    link = WorkerLink(holder, server, token, clock, wish, tell)
    adopter = Adopter(link, clock)
    adopter.farewell_s = farewell_s
    running = asyncio.ensure_future(link.run())
    try:
        yield adopter
        if not running.done():
            await link.leave(adopter.farewell_s)
    finally:
        running.cancel()
        await asyncio.wait((running,))
        if not running.cancelled():
            running.exception()  # a refusal was told by on_state
        seat.leave()
