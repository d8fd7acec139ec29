from __future__ import annotations

import random
from collections.abc import Callable
from typing import Any

import msgspec
import pytest
from hypothesis import given, strategies as st
from tests.protocol.test_statements import End

from headway.clock import iso
from headway.errors import InvalidInput, NotFound, StoreUnavailable
from headway.model import command as c
from headway.model.report import StepDone
from headway.model.settings import Settings
from headway.protocol.frames import (
    Accept,
    Ack,
    Begin,
    Begun,
    Bye,
    Cancel,
    CancelState,
    CloseCode,
    Drain,
    Draining,
    Ended,
    Error,
    Fenced,
    Frame,
    Goodbye,
    Heartbeat,
    InputAnswer,
    Offer,
    Ping,
    Pong,
    Report,
    ReportPace,
    Running,
    WorkerHello,
    WorkerWelcome,
    decode_to_worker,
    decode_worker,
    encode_many,
)
from headway.protocol.leasing import Leaseholder
from headway.protocol.link import Action, LinkState
from headway.protocol.registration import RemoteRival, Rival
from headway.protocol.session import SessionPhase, WorkerSession

PROFILE = {"id": "w", "machine": "m1", "instance": "i1", "boot_id": "b1", "pid": 1, "slots": 2}
HELLO = WorkerHello(worker=PROFILE, kinds=[{"name": "k"}], queues=["q"], running=[Running("j", 1, 4)])
JOINED = {"yours": [{"job": "j", "attempt": 1, "n": 4}], "fenced": [{"job": "x", "attempt": 2}]}


class Gate:
    """The sessions of one server, as its gateway keeps them."""

    def __init__(self) -> None:
        self.sessions: list[WorkerSession] = []

    def session(self, now: int = 0) -> WorkerSession:
        opened = WorkerSession(
            Settings(), now, session_key="key", rival_of=lambda id: self.rival_of(id, opened), new_id=lambda: "ID",
            dice=lambda: 0.5, server="s1",
        )  # fmt: skip
        self.sessions.append(opened)
        return opened

    def rival_of(self, id: str, asking: WorkerSession) -> Rival | None:
        alive = (SessionPhase.JOINING, SessionPhase.LIVE)
        return next((s for s in self.sessions if s is not asking and s.worker == id and s.phase in alive), None)

    def live(self, now: int = 0, hello: WorkerHello = HELLO) -> WorkerSession:
        session = self.session(now)
        session.receive([hello], now)
        [order] = session.orders()
        session.answered(order, JOINED, now)
        return session


def live(now: int = 0) -> WorkerSession:
    """A session whose welcome is out."""
    session = Gate().live(now)
    session.frames()
    return session


def commands(session: WorkerSession) -> list[c.Command]:
    return [order.command for order in session.orders()]


class TestHello:
    def test_a_hello_becomes_a_registration_and_its_answer_the_welcome(self):
        session = Gate().session()

        session.receive([HELLO], 5)
        [order] = session.orders()
        joining = session.phase
        session.answered(order, JOINED, 1_000)

        assert order.command == c.Connect(
            worker="w", profile={**PROFILE, "name": "w", "queues": ["q"]}, kinds=({"name": "k"},),
            running=(("j", 1, 4),), server="s1", dice=0.5,
        )  # fmt: skip
        assert session.frames() == [
            WorkerWelcome(
                session_key="key", lease_s=30.0, heartbeat_s=5.0, report_ms=250, now=iso(1_000),
                yours=[Running("j", 1, 4)], fenced=[Running("x", 2)], server="s1",
            )
        ]  # fmt: skip
        assert (joining, session.phase, session.serving.now.kinds) == (SessionPhase.JOINING, SessionPhase.LIVE, ("k",))

    def test_what_its_kinds_need_and_its_services_as_they_were_taken_are_known_once_it_is_live(self):
        session, taken = Gate().session(), {"id": "w/s", "name": "s", "type": "comfyui", "status": "idle", "slots": 1}
        hello = msgspec.structs.replace(
            HELLO,
            kinds=[{"name": "k"}, {"name": "wf", "service": "comfyui"}],
            services=[{"name": "s"}, {"name": "bad"}],
        )

        session.receive([hello], 0)
        [order] = session.orders()
        fault = {"field": "services[1].type", "message": "services[1].type: is missing."}
        session.answered(order, {**JOINED, "services": [taken], "refused": [fault]}, 0)
        welcome, *told = session.frames()

        assert (session.serving.now.needs, session.services) == ({"wf": "comfyui"}, [taken])
        assert isinstance(welcome, WorkerWelcome)
        assert [frame.field for frame in told if isinstance(frame, Error)] == ["services[1].type"]

    def test_the_welcome_says_how_often_engines_are_asked(self):
        session = WorkerSession(
            Settings(service_interval_s=7.5), 0, session_key="key", rival_of=lambda _: None, new_id=lambda: "ID",
            dice=lambda: 0.5,
        )  # fmt: skip
        session.receive([HELLO], 0)
        [order] = session.orders()

        session.answered(order, JOINED, 0)

        assert [frame.service_s for frame in session.frames() if isinstance(frame, WorkerWelcome)] == [7.5]

    def test_a_worker_without_machine_is_refused_by_field_and_shown_with_its_problem(self):
        session = Gate().session()

        session.receive([WorkerHello(worker={"id": "w", "instance": "i", "version": "1"})], 0)

        problem = "worker.machine: is missing. Give a text of 1 to 200 characters."
        assert commands(session) == [c.Problem(worker="w", problem=problem, profile={"version": "1"})]
        assert [frame.field for frame in session.frames() if isinstance(frame, Error)] == ["worker.machine"]
        assert session.closing is not None
        assert (session.closing.code, session.closing.reason) == (
            CloseCode.NOT_REGISTERED,
            "worker.machine: is missing.",
        )

    def test_a_worker_without_even_a_name_is_only_refused(self):
        session = Gate().session()

        session.receive([WorkerHello(worker={"machine": "m"})], 0)

        assert (commands(session), session.phase) == ([], SessionPhase.CLOSED)

    def test_a_registration_the_ledger_refuses_is_shown_too(self):
        session = Gate().session()
        session.receive([HELLO], 0)
        [order] = session.orders()

        session.answered(order, InvalidInput("services", "no name"), 0)
        session.lost(1)

        assert [type(command) for command in commands(session)] == [c.Problem]
        assert session.phase is SessionPhase.CLOSED

    def test_a_store_that_is_away_sends_it_off_for_a_while(self):
        session = Gate().session()
        session.receive([HELLO], 0)
        [order] = session.orders()

        session.answered(order, StoreUnavailable("The disk is full."), 0)

        assert session.frames() == [Bye(reason="The disk is full.", after_ms=(1_000, 5_000))]
        assert session.closing is not None
        assert session.closing.code is CloseCode.OVERLOADED

    @pytest.mark.parametrize(("frames", "got"), [([Heartbeat()], "hello first; got heartbeat")])
    def test_whoever_speaks_before_the_hello_is_sent_away(self, frames: list[Any], got: str):
        session = Gate().session()

        session.receive([*frames, HELLO], 0)

        assert session.closing is not None
        assert (session.closing.code, session.closing.reason) == (CloseCode.BAD_FRAME, got)
        assert session.orders() == []

    def test_nor_may_it_speak_before_the_welcome_or_greet_twice(self):
        early, twice = Gate().session(), live()

        early.receive([HELLO, Heartbeat()], 0)
        twice.receive([HELLO], 0)

        for session in (early, twice):
            assert session.closing is not None
            assert session.closing.reason.startswith("one hello, and its welcome, first; got ")

    def test_a_pong_is_welcome_at_any_time(self):
        session = Gate().session()

        session.receive([Pong()], 3)

        assert (session.closing, session.heard_at) == (None, 3)

    def test_a_hello_must_come_in_time(self):
        session = Gate().session()

        session.tick(9_999)
        early = session.closing
        session.tick(10_000)

        assert early is None
        assert session.closing is not None
        assert session.closing.reason == "no hello within 10 s"

    def test_an_answer_that_comes_when_the_link_is_gone_is_for_nobody(self):
        session = Gate().session()
        session.receive([HELLO], 0)
        [order] = session.orders()
        session.lost(1)

        session.answered(order, JOINED, 2)

        assert session.frames() == []
        assert commands(session) == [c.Disconnect(worker="w", instance="i1", server="s1", reason="link lost")]

    def test_a_link_that_was_cut_here_is_said_to_be_cut_not_lost(self):
        session = Gate().live()
        session.close(CloseCode.NOT_REGISTERED, "disconnected by an administrator")

        session.lost(1)

        [command] = commands(session)
        assert isinstance(command, c.Disconnect)
        assert command.reason == "disconnected by an administrator"


OTHER = msgspec.structs.replace(HELLO, worker={**PROFILE, "machine": "m2", "instance": "i2", "boot_id": "b2"})
RESTARTED = msgspec.structs.replace(HELLO, worker={**PROFILE, "instance": "i2", "pid": 2})


class TestRivals:
    def test_a_living_worker_keeps_its_id_and_the_newer_learns_where_it_is(self):
        gate = Gate()
        old, new = gate.live(), gate.session()
        old.frames()

        new.receive([OTHER], 1_000)
        asked = (new.phase, old.frames())
        new.tick(2_000)
        old.receive([Pong()], 3_000)
        new.tick(3_500)

        assert asked[0] is SessionPhase.ASKING
        assert asked[1] == [Ping(now=iso(0))]
        assert new.closing is not None
        assert new.closing.code is CloseCode.NOT_REGISTERED
        assert new.closing.reason == "worker 'w' is linked already, from m1; give this one another id"
        assert old.closing is None

    def test_a_silent_one_loses_it_after_five_seconds(self):
        gate = Gate()
        old, new = gate.live(), gate.session()
        new.receive([OTHER], 1_000)

        new.tick(5_999)
        waiting = new.phase
        new.tick(6_000)

        assert (waiting, new.phase) == (SessionPhase.ASKING, SessionPhase.JOINING)
        assert old.closing is not None
        assert old.closing.code is CloseCode.FORBIDDEN
        assert old.closing.reason == "replaced by another link of worker 'w', from m2"

    def test_one_that_left_meanwhile_frees_it_at_once(self):
        gate = Gate()
        old, new = gate.live(), gate.session()
        new.receive([OTHER], 1_000)

        old.lost(1_500)
        new.tick(1_600)

        assert new.phase is SessionPhase.JOINING

    @pytest.mark.parametrize(("hello", "code"), [(RESTARTED, CloseCode.FORBIDDEN), (HELLO, CloseCode.NO_PONG)])
    def test_a_new_process_or_the_same_on_a_new_link_takes_over_at_once(self, hello: WorkerHello, code: CloseCode):
        gate = Gate()
        old, new = gate.live(), gate.session()

        new.receive([hello], 1_000)
        old.lost(1_001)

        assert new.phase is SessionPhase.JOINING
        assert old.closing is not None
        assert old.closing.code is code
        assert commands(old) == []  # its end is no news: the id is in good hands


class Remote(Gate):
    """A server that knows the rival from its document only."""

    def __init__(self, heard_at: int) -> None:
        super().__init__()
        self.document = {**PROFILE, "state": "online", "server": "s2", "last_heard_at": heard_at}
        self.rival: RemoteRival | None = RemoteRival(self.document, 12.0)

    def rival_of(self, id: str, asking: WorkerSession) -> Rival | None:
        return self.rival


class TestRivalsElsewhere:
    def test_one_that_is_heard_there_keeps_its_id(self):
        gate = Remote(heard_at=900)
        new = gate.session()
        new.receive([OTHER], 1_000)

        new.tick(9_000)
        asking = new.phase
        gate.rival = RemoteRival({**gate.document, "last_heard_at": 6_000}, 12.0)
        new.tick(9_250)

        assert asking is SessionPhase.ASKING
        assert new.closing is not None
        assert new.closing.reason == "worker 'w' is linked already, from m1; give this one another id"

    def test_one_that_stays_silent_loses_it_after_as_long_as_its_word_may_take(self):
        new = Remote(heard_at=900).session()
        new.receive([OTHER], 1_000)

        new.tick(12_999)
        waiting = new.phase
        new.tick(13_000)

        assert (waiting, new.phase) == (SessionPhase.ASKING, SessionPhase.JOINING)

    def test_who_waits_for_it_hears_of_us_meanwhile(self):
        new = Remote(heard_at=900).session()
        new.receive([OTHER], 1_000)
        holder = Leaseholder(OTHER)
        holder.connect(0.0)
        holder.opened(1.0)

        for second in range(2, 13):
            new.tick(second * 1_000)
            for frame in decode_to_worker(encode_many(new.frames())):
                holder.receive(frame, float(second))
            holder.tick(float(second))

        assert holder.link.state is LinkState.HELLO_SENT

    @pytest.mark.parametrize("hello", [RESTARTED, HELLO])
    def test_a_new_process_or_the_same_at_another_server_takes_over_at_once(self, hello: WorkerHello):
        new = Remote(heard_at=900).session()

        new.receive([hello], 1_000)

        assert new.phase is SessionPhase.JOINING


class TestLive:
    @pytest.mark.parametrize(
        ("frame", "expected"),
        [
            (Heartbeat(load={"cpu": 1}), [c.Hear(worker="w", at=7, load={"cpu": 1})]),
            (
                Heartbeat(services=[{"name": "s"}]),
                [
                    c.Hear(worker="w", at=7),
                    c.ReportServices(worker="w", services=({"name": "s"},), instance="i1", server="s1"),
                ],
            ),
            (
                Heartbeat(running=[Running("j", 1, 4)]),
                [
                    c.Hear(worker="w", at=7),
                    c.Compare(worker="w", instance="i1", running=(("j", 1),), server="s1", dice=0.5),
                ],
            ),
            (
                Heartbeat(running=[]),
                [c.Hear(worker="w", at=7), c.Compare(worker="w", instance="i1", running=(), server="s1", dice=0.5)],
            ),
            (Accept(job="j", attempt=1), [c.Accept(job="j", worker="w", attempt=1)]),
            (Draining(), [c.Drain(worker="w", by="w")]),
            (
                Begin(external_id="x", kind="k"),
                [c.Begin(id="ID", worker="w", instance="i1", external_id="x", kind="k", dice=0.5)],
            ),
            (Pong(), []),
        ],
    )
    def test_frames_become_commands(self, frame: Any, expected: list[c.Command]):
        session = live()

        session.receive([frame], 7)

        assert commands(session) == expected

    def test_a_service_that_was_not_taken_is_told_by_its_field(self):
        session = live()
        session.receive([Heartbeat(services=[{"name": "s"}], running=[])], 7)
        answers: list[Any] = [None, [{"field": "services[0].type", "message": "services[0].type: is missing."}], None]

        for order, answer in zip(session.orders(), answers, strict=True):
            session.answered(order, answer, 8)

        assert session.frames() == [
            Error(code="invalid_input", message="services[0].type: is missing.", field="services[0].type")
        ]

    def test_answers_become_frames(self):
        session = live()
        session.receive(
            [
                Accept(job="j", attempt=1),
                Report(job="j", attempt=1, n=5, items=[]),
                Begin(external_id="x", kind="k"),
                Heartbeat(),
            ],
            0,
        )
        answers = [{}, {"fenced": "over"}, {"id": "y", "attempt": 1, "created": True}, None]

        for order, answer in zip(session.orders(), answers, strict=True):
            session.answered(order, answer, 1)

        assert session.frames() == [
            Fenced(job="j", attempt=1, reason="over"),
            Begun(external_id="x", job="y", attempt=1),
        ]

    def test_a_refused_statement_is_said_in_other_words_under_its_number_and_at_last_fenced(self):
        session = live()
        session.receive([Ended(job="j", attempt=1, n=5, outcome="brilliant")], 0)
        [order] = session.orders()

        session.answered(order, InvalidInput("outcome", "unknown"), 0)
        [again] = session.orders()
        session.answered(again, NotFound("job", "j"), 0)

        assert isinstance(again.command, c.End)
        assert (again.command.n, again.command.outcome, again.command.reason) == (5, "errored", "refused_by_server")
        assert session.frames() == [Fenced(job="j", attempt=1, reason="No job has the id 'j'.")]

    def test_a_store_that_is_away_is_said_and_the_statement_comes_again(self):
        session = live()
        session.receive([Report(job="j", attempt=1, n=5, items=[])], 0)
        [order] = session.orders()

        session.answered(order, StoreUnavailable("The disk is full."), 0)

        assert session.frames() == [Error(code="store_unavailable", message="The disk is full.", retry_after_ms=2_000)]

    def test_orders_of_the_dispatcher_become_frames(self):
        session = live()

        session.offer({"id": "j", "attempt": 1, "kind": "k"}, b"{}", {})
        session.cancel("j", 1, "by ann", 9.0)
        session.fence("j", 1, "over")
        session.answer_input("j", 1, "r", {"action": "accept"})
        session.pace(500)
        session.drain("update")

        assert session.frames() == [
            Offer(job="j", attempt=1, kind="k"),
            Cancel(job="j", attempt=1, reason="by ann", grace_s=9.0),
            Fenced(job="j", attempt=1, reason="over"),
            InputAnswer(job="j", attempt=1, request="r", answer={"action": "accept"}),
            ReportPace(report_ms=500),
            Drain(reason="update"),
        ]
        assert commands(session) == [c.CancelStep(job="j", worker="w", attempt=1, step="delivered")]

    def test_a_session_that_is_not_live_delivers_nothing(self):
        session = Gate().session()

        session.cancel("j", 1, "", 9.0)

        assert (session.frames(), session.orders()) == ([], [])

    def test_it_pings_when_it_had_nothing_to_say_and_hangs_up_when_nothing_is_heard(self):
        session = live()

        session.tick(4_999)
        early = session.frames()
        session.tick(5_000)
        ping = session.frames()
        session.tick(9_999)
        again = session.frames()
        session.tick(30_000)

        assert (early, ping, again) == ([], [Ping(now=iso(5_000))], [])
        assert session.closing is not None
        assert (session.closing.code, session.closing.reason) == (CloseCode.NO_PONG, "nothing heard for 30 s")

    def test_goodbye_ends_it_and_its_end_is_said_once(self):
        session = live()

        session.receive([Goodbye(), Heartbeat()], 0)
        session.lost(1)

        assert commands(session) == [
            c.Disconnect(worker="w", instance="i1", server="s1", reason="goodbye", goodbye=True)
        ]
        assert session.closing is not None
        assert session.closing.code is CloseCode.DRAIN

    def test_the_first_reason_to_close_stands(self):
        session = live()

        session.close(CloseCode.DRAIN, "drain", after_ms=(0, 500))
        session.close(CloseCode.FORBIDDEN, "no")
        session.tick(99_000)

        assert session.frames() == [Bye(reason="drain", after_ms=(0, 500))]
        assert session.closing is not None
        assert session.closing.reason == "drain"

    def test_its_end_is_said_once(self):
        session = live()

        session.lost(1, "reset by peer")
        session.lost(2)

        assert commands(session) == [c.Disconnect(worker="w", instance="i1", server="s1", reason="reset by peer")]


class Ledger:
    """As much of a ledger as one attempt needs: applies n = last + 1 once, refuses now and then, answers the rest."""

    def __init__(self, trouble: Callable[[], bool]) -> None:
        self.last = 0
        self.applied: list[c.Command] = []
        self.over = False
        self._trouble = trouble

    def execute(self, command: c.Command) -> Any:
        if isinstance(command, c.Connect):
            said = any(job == "j" for job, _, _ in command.running)
            mine = said and not self.over
            yours = [{"job": "j", "attempt": 1, "n": self.last}] if mine else []
            return {"yours": yours, "fenced": [{"job": "j", "attempt": 1}] if said and not mine else []}
        if not isinstance(command, c.Report | c.End | c.CancelStep) or not command.n:
            return {}
        if self._trouble():
            return StoreUnavailable("The disk is full.")
        if command.n != self.last + 1:
            return {"ack": self.last}
        self.last = command.n
        self.applied.append(command)
        self.over = isinstance(command, c.End)
        return {"ack": command.n}


@given(st.integers(0, 2**32))
def test_worker_and_server_agree_whatever_the_network_loses_doubles_and_cuts(seed: int):
    """Both halves over one lossy line, as messages of bytes; every statement is applied exactly once, in order."""
    dice = random.Random(seed)
    rough = True
    ledger = Ledger(lambda: rough and dice.random() < 0.1)
    gate, worker = Gate(), Leaseholder(msgspec.structs.replace(HELLO, running=[]))
    session: WorkerSession | None = None
    up: list[bytes] = []
    down: list[bytes] = []
    said, offered, ended = 0, False, False
    pending = list(worker.connect(0.0))

    for turn in range(400):
        now, rough = turn * 0.5, turn < 150
        pending += worker.tick(now, dice.random())
        if session and rough and dice.random() < 0.04:
            pending += worker.closed(1006, now, dice.random())
        while pending:
            action = pending.pop(0)
            if action is Action.DROP and session is not None:
                session.lost(round(now * 1000))
                session, up, down = None, [], []
            elif action is Action.CONNECT:
                session = gate.session(round(now * 1000))
                pending += worker.opened(now)
        for wish in worker.wishes():
            if isinstance(wish, Offer):
                worker.accept("j", 1)
                offered = ("j", 1) in worker.held
        if offered and not ended:
            said += 1
            worker.report("j", 1, [StepDone(name=str(said))])
            if turn > 140:
                ended = True
                worker.outcome("j", 1, End())
        if session is None:
            continue
        if frames := worker.frames(now):
            up.append(encode_many(frames))
        greeted = session.phase is SessionPhase.LIVE
        while up:
            message = up.pop(0)
            for _ in range(dice.choice([0, 1, 1, 1, 2]) if rough and greeted else 1):
                session.receive(decode_worker(message), round(now * 1000))
        session.tick(round(now * 1000))
        for order in session.orders():
            session.answered(order, ledger.execute(order.command), round(now * 1000))
        if session.phase is SessionPhase.LIVE and not offered:
            session.offer({"id": "j", "attempt": 1, "kind": "k", "options": {"on_lost": "continue"}}, b"{}", {})
        out: list[Frame] = session.frames()
        if out:
            down.append(encode_many(out))
        while down:
            message = down.pop(0)
            for _ in range(dice.choice([0, 1, 1, 2]) if rough and greeted else 1):
                for frame in decode_to_worker(message):
                    pending += worker.receive(frame, now, dice.random())

    names = [item.name for each in ledger.applied if isinstance(each, c.Report) for item in each.items]  # type: ignore[union-attr]
    assert offered
    assert ended
    assert names == [str(number) for number in range(1, said + 1)]
    assert [type(each) for each in ledger.applied].count(c.End) == 1
    assert isinstance(ledger.applied[-1], c.End)
    assert worker.held == []
    assert worker.link.state is LinkState.LIVE


def test_frames_that_are_not_needed_here_are_still_frames():
    """CancelState and Ack travel both ways in the run above; this holds their words."""
    assert decode_worker(encode_many([CancelState(job="j", attempt=1, n=1, step="stopped")]))
    assert decode_to_worker(encode_many([Ack(job="j", attempt=1, n=1)])) == [Ack(job="j", attempt=1, n=1)]
