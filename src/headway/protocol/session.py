"""The server's half of the worker link: one worker's session, from hello to the end of its link.

Theory. The session decides nothing about jobs: it turns frames into commands, in order, and the ledger's answers into
frames. What it does decide is who speaks: first a hello in time; a registration that is whole; one link per worker id
(an old link is asked for a sign of life and has 5 s, one at another server a little longer; the same process, or a new
one on the same boot, takes over at once).

    new ─hello─► asking ─rival silent─► joining ─answer─► live ─drain, goodbye, lost─► closed
     │  └─────────────── no rival ─────────┘ └─refused─► closed
     └─ anything else, or nothing in time ─► closed

Frames, answers and instants (ms) come in; `frames()`, `commands()` and `closing` come out. Must never know sockets or
stores. Called by server.gateway and the simulator; the other half is leasing.py.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from enum import StrEnum
from typing import Any

import msgspec

from headway.clock import iso
from headway.errors import HeadwayError, InvalidInput, ServerError
from headway.model import command as c
from headway.model.settings import Settings
from headway.protocol import frames as f
from headway.protocol.frames import CloseCode, Frame, FromWorker, WorkerHello
from headway.protocol.registration import Claim, Rival, checked_profile, claim_of
from headway.protocol.serving import Serving, serves
from headway.protocol.translation import (
    Speaker,
    Statement,
    adopted,
    begun,
    error_frame,
    joined,
    not_taken,
    observed,
    offer_of,
    reply,
    stated,
    substitute,
)


class SessionPhase(StrEnum):
    """Where the session stands."""

    NEW = "new"
    ASKING = "asking"  # a rival is being asked for a sign of life
    JOINING = "joining"  # the ledger has the registration
    LIVE = "live"
    CLOSED = "closed"


class Order(msgspec.Struct, frozen=True):
    """A command for the ledger. Hand its answer, or error, back with `answered(order, …)`, in the order given."""

    command: c.Command
    frame: Frame | None = None
    tries: int = 0


class Closing(msgspec.Struct, frozen=True):
    """Close the socket with this, once the frames are written."""

    code: CloseCode
    reason: str


class WorkerSession:
    """One worker on one link. `rival_of` finds who has the same worker id, if anybody has.

    `profile`, `serving.now`, `services` are for `dispatcher.attach` once `phase` is LIVE, then for `dispatcher.serve` whenever
    `serving.changed()`. A `Hear` command may go to a roster instead of the ledger. `new_id`, `dice`: its randomness.
    """

    def __init__(
        self,
        settings: Settings,
        now: int,
        *,
        session_key: str,
        rival_of: Callable[[str], Rival | None],
        new_id: Callable[[], str],
        dice: Callable[[], float],
        namespace: str = "default",
        server: str = "",
    ) -> None:
        self.settings = settings
        self.phase = SessionPhase.NEW
        self.worker = ""
        self.instance = ""
        self.profile: dict[str, Any] = {}
        self.serving = Serving()
        self.services: list[dict[str, Any]] = []
        self.namespace = namespace
        self.heard_at = now
        self.probe_s = settings.takeover_probe_s
        self.closing: Closing | None = None
        self._opened_at = now
        self._said_at = now
        self._now = now
        self._session_key = session_key
        self._rival_of = rival_of
        self._speaker = Speaker("", "", namespace, new_id, dice, server)
        self._server = server
        self._hello = WorkerHello(worker={})
        self._asked_at = now
        self._replaced = False
        self._left = False
        self._frames: list[Frame] = []
        self._orders: list[Order] = []

    # -- out -------------------------------------------------------------------------------------------------------

    def frames(self) -> list[Frame]:
        """What is to be sent, in order; each is given once. May travel as one message (`encode_many`)."""
        frames, self._frames = self._frames, []
        if frames:
            self._said_at = self._now
        return frames

    def orders(self) -> list[Order]:
        """What the ledger is to do, in order; each is given once."""
        orders, self._orders = self._orders, []
        return orders

    # -- in --------------------------------------------------------------------------------------------------------

    def receive(self, frames: Sequence[FromWorker], now: int) -> None:
        """Take the frames of one message."""
        self._now = self.heard_at = now
        for frame in frames:
            if self.phase is SessionPhase.CLOSED:
                return
            if self.phase is SessionPhase.LIVE and not isinstance(frame, WorkerHello):
                self._listen(frame)
            elif self.phase is SessionPhase.NEW and isinstance(frame, WorkerHello):
                self._register(frame)
            elif not isinstance(frame, f.Pong):
                expected = "hello first" if self.phase is SessionPhase.NEW else "one hello, and its welcome, first"
                self.close(CloseCode.BAD_FRAME, f"{expected}; got {frame.__struct_config__.tag}")

    def tick(self, now: int) -> None:
        """What time brings about: hello overdue, a rival that stays silent, a ping, a worker that says nothing."""
        self._now = now
        settings = self.settings
        if self.phase is SessionPhase.NEW and now - self._opened_at >= settings.hello_s * 1000:
            self.close(CloseCode.BAD_FRAME, f"no hello within {settings.hello_s:g} s")
        elif self.phase is SessionPhase.ASKING:
            self._look_at_rival()
        elif self.phase is SessionPhase.LIVE:
            if now - self.heard_at >= settings.lease_s * 1000:
                self.close(CloseCode.NO_PONG, f"nothing heard for {settings.lease_s:g} s")
            elif now - self._said_at >= settings.heartbeat_s * 1000:
                self.ping()
            self._orders += [Order(each, f.Heartbeat()) for each in self.serving.again()]

    def lost(self, now: int, reason: str = "link lost") -> None:
        """The socket ended, whoever ended it: for the reason that we had, if it was we. The attempts keep their lease."""
        self._now = now
        self.phase = SessionPhase.CLOSED
        if self.instance and not self._replaced and not self._left:
            self._left = True
            self._order(self._parting(self.closing.reason if self.closing else reason))

    def _parting(self, reason: str, *, goodbye: bool = False) -> c.Disconnect:
        here = self._server
        return c.Disconnect(worker=self.worker, instance=self.instance, server=here, reason=reason, goodbye=goodbye)

    def close(self, code: CloseCode, reason: str, *, after_ms: tuple[int, int] | None = None) -> None:
        """End the link from here; the first reason stands."""
        if self.phase is not SessionPhase.CLOSED:
            self.phase = SessionPhase.CLOSED
            if after_ms is not None:
                self._frames.append(f.Bye(reason=reason, after_ms=after_ms))
            self.closing = Closing(code, reason)

    # -- for the dispatcher ----------------------------------------------------------------------------------------

    def offer(self, job: Mapping[str, Any], args: bytes, checkpoints: dict[str, Any]) -> None:
        """Offer the job's current attempt."""
        self._say(offer_of(job, args, checkpoints, self.settings.accept_s))

    def cancel(self, job: str, attempt: int, reason: str, grace_s: float) -> None:
        """Ask the worker to stop an attempt; the receipt says `delivered`."""
        if self._say(f.Cancel(job=job, attempt=attempt, reason=reason, grace_s=grace_s)):
            self._order(c.CancelStep(job=job, worker=self.worker, attempt=attempt, step="delivered"))

    def fence(self, job: str, attempt: int, reason: str) -> None:
        """Tell the worker that an attempt is not its own any more."""
        self._say(f.Fenced(job=job, attempt=attempt, reason=reason))

    def answer_input(self, job: str, attempt: int, request: str, answer: dict[str, Any]) -> None:
        """Hand an answer to the handler that waits for it."""
        self._say(f.InputAnswer(job=job, attempt=attempt, request=request, answer=answer))

    def drain(self, reason: str = "") -> None:
        """Ask the worker to finish what runs and leave."""
        self._say(f.Drain(reason=reason))

    def pace(self, report_ms: int) -> None:
        """Ask for fewer reports, or as many as before."""
        self._say(f.ReportPace(report_ms=report_ms))

    def ping(self) -> None:
        """Ask for a sign of life."""
        self._say(f.Ping(now=iso(self._now)))

    def _say(self, frame: Frame) -> bool:
        """A session that is not live says nothing: what it missed is settled at the next welcome."""
        if self.phase is SessionPhase.LIVE:
            self._frames.append(frame)
        return self.phase is SessionPhase.LIVE

    def _order(self, command: c.Command, frame: Frame | None = None) -> None:
        self._orders.append(Order(command, frame))

    # -- registration ----------------------------------------------------------------------------------------------

    def _register(self, hello: WorkerHello) -> None:
        try:
            self.profile = checked_profile(hello.worker)
        except InvalidInput as error:
            self._refuse(hello, error)
            return
        self._hello = hello
        self.worker = self.profile["id"]
        self.profile["queues"] = hello.queues
        rival = self._rival_of(self.worker)
        if rival is None or claim_of(rival.profile, self.profile) is Claim.TAKE_OVER:
            self._join(rival)
        else:
            self.phase, self._asked_at = SessionPhase.ASKING, self._now
            rival.ping()

    def _refuse(self, hello: WorkerHello, error: HeadwayError) -> None:
        """On the board with its problem, if it has as much as a name."""
        name = hello.worker.get("id")
        if isinstance(name, str) and name:
            profile = {key: hello.worker[key] for key in ("name", "machine", "version") if hello.worker.get(key)}
            self._order(c.Problem(worker=name, problem=str(error), profile=profile, namespace=self.namespace))
        self._frames.append(error_frame(error, None))
        self.close(CloseCode.NOT_REGISTERED, error.message)

    def _look_at_rival(self) -> None:
        rival = self._rival_of(self.worker)
        if rival is not None and rival.heard_at >= self._asked_at:
            linked = f"worker {self.worker!r} is linked already, from {rival.profile.get('machine')}"
            self.close(CloseCode.NOT_REGISTERED, f"{linked}; give this one another id")
        elif rival is None or self._now - self._asked_at >= rival.probe_s * 1000:
            self._join(rival)
        else:
            rival.ping()
            if self._now - self._said_at >= self.settings.heartbeat_s * 1000:
                self._frames.append(f.Ping(now=iso(self._now)))  # or it takes us for silent meanwhile

    def _join(self, rival: Rival | None) -> None:
        """Take the id, and give the registration to the ledger."""
        if rival is not None:
            rival.replace(self.profile)
        self.phase = SessionPhase.JOINING
        self.instance = self.profile["instance"]
        self._speaker = msgspec.structs.replace(self._speaker, worker=self.worker, instance=self.instance)
        self._order(joined(self._hello, self.profile, self._speaker), self._hello)

    def replace(self, newer: Mapping[str, Any]) -> None:
        """Another link has the id now. This one must not come back, and its end is no news."""
        self._replaced = True
        same = newer.get("instance") == self.instance
        code = CloseCode.NO_PONG if same else CloseCode.FORBIDDEN
        self.close(code, f"replaced by another link of worker {self.worker!r}, from {newer.get('machine')}")

    # -- frames to commands ----------------------------------------------------------------------------------------

    def _listen(self, frame: FromWorker) -> None:
        """One frame of a live worker."""
        match frame:
            case f.Heartbeat():
                told = observed(frame, self._speaker, self._now)
                self._orders += [Order(self.serving.told(each), frame) for each in told]
            case f.Begin():
                self._order(adopted(frame, self._speaker), frame)
            case f.Draining():
                self._order(c.Drain(worker=self.worker, by=self.worker), frame)
            case f.Goodbye():
                self._left = True
                self._order(self._parting(frame.reason or "goodbye", goodbye=True), frame)
                self.close(CloseCode.DRAIN, "goodbye")
            case f.Accept() | f.Refuse() | f.Report() | f.Ended() | f.CancelState():
                self._order(stated(frame, self._speaker), frame)
            case _:
                pass  # pong: heard

    # -- answers to frames -----------------------------------------------------------------------------------------

    def answered(self, order: Order, answer: Any | HeadwayError, now: int) -> None:
        """The ledger has done, fenced or refused what a frame asked for."""
        self._now = now
        answer = self.serving.answered(order.command, answer)
        match order.frame:
            case WorkerHello():
                self._welcome(order.frame, answer)
            case f.Begin():
                self._say(begun(order.frame, answer))
            case f.Heartbeat():
                self._frames += not_taken(answer)
            case f.Report() | f.Ended() | f.CancelState() | f.Accept() | f.Refuse():
                self._acknowledge(order, order.frame, answer)
            case _:
                pass  # nobody waits for it

    def _welcome(self, hello: WorkerHello, answer: Any) -> None:
        if self.phase is not SessionPhase.JOINING:
            return
        if isinstance(answer, ServerError):
            self.instance = ""
            self.close(CloseCode.OVERLOADED, answer.message, after_ms=(1_000, 5_000))
        elif isinstance(answer, HeadwayError):
            self.instance = ""
            self._refuse(hello, answer)
        else:
            self.phase = SessionPhase.LIVE
            self._frames.append(
                f.WorkerWelcome(
                    session_key=self._session_key, lease_s=self.settings.lease_s,
                    heartbeat_s=self.settings.heartbeat_s, report_ms=self.settings.report_ms, now=iso(self._now),
                    yours=[f.Running(each["job"], each["attempt"], each["n"]) for each in answer["yours"]],
                    fenced=[f.Running(each["job"], each["attempt"]) for each in answer["fenced"]], server=self._server,
                    service_s=self.settings.service_interval_s,
                )
            )  # fmt: skip
            self.services = answer.get("services", [])
            self.serving.now = serves(hello.kinds, answer.get("taken"))
            self._frames += not_taken(answer.get("refused"))
            if answer.get("draining"):
                self.drain()  # the first time it may not have arrived

    def _acknowledge(self, order: Order, frame: Statement, answer: Any) -> None:
        if isinstance(answer, HeadwayError) and not isinstance(answer, ServerError):
            instead = substitute(frame, answer, order.tries)
            if instead is None:
                self._say(f.Fenced(job=frame.job, attempt=frame.attempt, reason=str(answer)))
            else:
                self._orders.append(Order(stated(instead, self._speaker), instead, order.tries + 1))
        elif (answering := reply(frame, answer)) is not None:
            self._say(answering)
