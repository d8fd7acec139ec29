from __future__ import annotations

from typing import Any

import msgspec
import pytest
from tests.protocol.test_statements import End

from headway.errors import TooLarge
from headway.model.report import InputTaken, StepDone
from headway.protocol.frames import (
    Accept,
    Ack,
    Begin,
    Begun,
    Bye,
    Cancel,
    CancelState,
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
    Refuse,
    Report,
    ReportPace,
    Running,
    Unknown,
    WorkerHello,
    WorkerWelcome,
)
from headway.protocol.holding import REMEMBERED, Stop
from headway.protocol.leasing import Leaseholder
from headway.protocol.link import Action, Happening, LinkState

HELLO = WorkerHello(worker={"id": "w", "machine": "m", "instance": "i"})
OFFER = Offer(job="j", attempt=1, kind="k")
STEP = StepDone(name="one")


def welcome(*yours: Running, **more: Any) -> WorkerWelcome:
    settings: dict[str, Any] = {"lease_s": 30.0, "heartbeat_s": 5.0, "report_ms": 250, "now": ""}
    return WorkerWelcome(session_key="key", yours=list(yours), **(settings | more))


def live(now: float = 0.0) -> Leaseholder:
    """A worker that is linked; its first heartbeat is out."""
    worker = Leaseholder(HELLO)
    worker.connect(now)
    worker.opened(now)
    worker.receive(welcome(), now)
    worker.frames(now)
    return worker


def running(offer: Offer = OFFER) -> Leaseholder:
    """The same, with one attempt accepted."""
    worker = live()
    worker.receive(offer, 0.0)
    worker.accept(offer.job, offer.attempt)
    worker.frames(0.0)
    worker.wishes()
    return worker


def test_a_worker_tries_to_come_back_several_times_within_a_lease():
    worker = Leaseholder(HELLO)
    worker.connect(0.0)
    worker.opened(0.0)
    worker.receive(welcome(lease_s=3.0), 0.0)
    worker.closed(1006, 1.0, 1.0)

    for _ in range(10):
        now = worker.due() or 0.0
        worker.tick(now)
        worker.failed(Happening.UNREACHABLE, now, 1.0)

    assert (worker.due() or 0.0) - now == pytest.approx(0.75)


def relink(worker: Leaseholder, now: float, *yours: Running) -> WorkerHello:
    """Lose the link and open the next one; what its hello said."""
    worker.closed(1006, now, 0.0)
    worker.tick(now)
    worker.opened(now)
    [hello] = worker.frames(now)
    worker.receive(welcome(*yours), now)
    assert isinstance(hello, WorkerHello)
    return hello


def said(worker: Leaseholder, now: float) -> list[Frame]:
    """What goes out now, but heartbeats."""
    return [frame for frame in worker.frames(now) if not isinstance(frame, Heartbeat)]


class TestLink:
    def test_it_greets_and_is_live_with_the_welcome(self):
        worker = Leaseholder(HELLO)

        assert worker.connect(0.0) == (Action.CONNECT,)
        assert worker.opened(1.0) == ()
        assert worker.frames(1.0) == [HELLO]
        assert worker.receive(welcome(lease_s=60.0), 1.0) == ()
        assert (worker.link.state, worker.lease_s, worker.frames(1.0)) == (LinkState.LIVE, 60.0, [Heartbeat()])

    def test_it_beats_by_the_servers_interval_and_at_once_when_a_service_changes(self):
        worker = live()
        worker.observe(load={"cpu": 0.5})

        assert [worker.frames(now) for now in (4.9, 5.0, 5.1)] == [[], [Heartbeat(load={"cpu": 0.5})], []]
        worker.observe(services=[{"name": "comfy", "status": "busy"}])
        assert worker.due() == float("-inf")
        assert worker.frames(5.2) == [Heartbeat(load={"cpu": 0.5}, services=[{"name": "comfy", "status": "busy"}])]

    def test_pings_are_answered_and_unknown_frames_passed_over(self):
        worker = live()

        worker.receive(Ping(now=""), 1.0)
        worker.receive(Unknown("hologram"), 1.0)

        assert worker.frames(1.0) == [Pong()]

    def test_bye_says_when_to_come_back(self):
        worker = live()

        assert worker.receive(Bye(reason="drain", after_ms=(1_000, 1_000)), 10.0) == (Action.DROP, Action.WAIT)
        assert worker.due() == 11.0

    def test_a_server_that_can_not_be_reached_is_tried_for_ever(self):
        worker = Leaseholder(HELLO)
        worker.connect(0.0)

        assert worker.failed(Happening.UNREACHABLE, 0.0, 0.0, "no route") == (Action.DROP, Action.WAIT)
        assert worker.tick(0.0) == (Action.CONNECT,)

    def test_the_pace_of_reports_is_the_servers(self):
        worker = running()
        worker.report("j", 1, [STEP])
        worker.frames(0.0)
        worker.receive(ReportPace(report_ms=2_000), 0.0)
        worker.report("j", 1, [STEP])

        worker.frames(0.5)
        worker.report("j", 1, [STEP])

        assert (said(worker, 2.4), len(said(worker, 2.5))) == ([], 1)

    def test_without_a_link_nothing_is_due_but_the_link(self):
        assert Leaseholder(HELLO).due() is None

    def test_it_leaves_when_it_is_told(self):
        worker = live()
        worker.goodbye("done")

        assert worker.frames(1.0) == [Goodbye(reason="done")]
        assert worker.end(1.0) == (Action.DROP,)


SEEN: list[dict[str, Any]] = [{"name": "a:1", "status": "idle", "seen": 10.0}, {"name": "b:2", "status": "starting"}]


class TestServices:
    def test_an_instant_is_told_as_its_age_at_the_moment_of_sending(self):
        worker = live()

        worker.observe(services=SEEN)

        [beat] = worker.frames(12.5)
        assert isinstance(beat, Heartbeat)
        assert beat.services == [
            {"name": "a:1", "status": "idle", "age_s": 2.5},
            {"name": "b:2", "status": "starting"},
        ]

    def test_the_hello_of_a_later_link_carries_the_age_as_it_is_then(self):
        worker = live()
        worker.observe(services=SEEN)
        worker.frames(12.5)

        hello = relink(worker, 40.0)

        assert [service.get("age_s") for service in hello.services] == [30.0, None]

    def test_what_the_hello_told_is_not_told_again_by_the_first_heartbeat(self):
        worker = live()
        worker.closed(1006, 1.0, 0.0)
        worker.observe(services=SEEN)
        worker.tick(11.0)
        worker.opened(11.0)
        worker.frames(11.0)

        worker.receive(welcome(service_s=3.0), 11.0)

        assert (worker.frames(11.0), worker.observed.service_s) == ([Heartbeat()], 3.0)


class TestComparing:
    def beats(self, worker: Leaseholder, *instants: float) -> list[list[Running] | None]:
        found: list[list[Running] | None] = []
        for now in instants:
            worker.link.hear(now)
            found += [frame.running for frame in worker.frames(now) if isinstance(frame, Heartbeat)]
        return found

    def test_a_heartbeat_names_what_is_held_every_fifteen_seconds(self):
        worker = running()

        assert self.beats(worker, 5.0, 10.0, 15.0, 20.0) == [None, None, [Running("j", 1, 0)], None]

    def test_an_attempt_that_its_supervisor_lost_is_not_named(self):
        worker = running()
        worker.carries = lambda _job, _attempt: False

        assert self.beats(worker, 15.0) == [[]]

    def test_one_whose_end_is_said_is_named_until_the_server_has_it(self):
        worker = running()
        worker.carries = lambda _job, _attempt: False
        worker.outcome("j", 1, End())

        assert self.beats(worker, 15.0) == [[Running("j", 1, 0)]]


class TestOffers:
    def test_an_offer_is_the_supervisors_to_take(self):
        worker = live()

        worker.receive(OFFER, 0.0)
        wishes = worker.wishes()
        worker.accept("j", 1)

        assert (wishes, worker.frames(0.0), worker.held) == ([OFFER], [Accept(job="j", attempt=1)], [("j", 1)])
        assert worker.wishes() == []

    def test_or_to_refuse(self):
        worker = live()
        worker.receive(OFFER, 0.0)

        worker.refuse("j", 1, "no GPU")

        assert (worker.frames(0.0), worker.held) == ([Refuse(job="j", attempt=1, reason="no GPU")], [])

    def test_what_was_not_offered_can_be_neither_taken_nor_refused(self):
        worker = running()

        worker.accept("j", 1)
        worker.refuse("j", 1, "too late")
        worker.accept("other", 1)

        assert (worker.frames(0.0), worker.held) == ([], [("j", 1)])

    def test_the_same_offer_again_is_accepted_again_and_not_begun_again(self):
        worker = running()

        worker.receive(OFFER, 0.0)

        assert (worker.wishes(), worker.frames(0.0)) == ([], [Accept(job="j", attempt=1)])

    def test_an_offer_that_comes_twice_before_it_is_taken_is_one(self):
        worker = live()

        worker.receive(OFFER, 0.0)
        worker.receive(OFFER, 0.0)

        assert worker.wishes() == [OFFER]

    def test_an_offer_that_came_and_went_is_heard_in_that_order(self):
        worker = live()
        worker.receive(OFFER, 0.0)

        worker.closed(1006, 0.0)

        assert [type(wish) for wish in worker.wishes()] == [Offer, Stop]

    def test_an_offer_is_void_when_the_link_goes_before_it_was_taken(self):
        worker = live()
        worker.receive(OFFER, 0.0)
        worker.wishes()

        hello = relink(worker, 1.0)
        worker.accept("j", 1)

        assert worker.wishes() == [Stop("j", 1, "fenced", "the link was lost before the offer was taken")]
        assert (hello.running, worker.held) == ([], [])

    def test_a_draining_worker_takes_no_more(self):
        worker = live()
        worker.drain("update")

        worker.receive(OFFER, 0.0)

        assert worker.frames(0.0) == [Draining(reason="update"), Refuse(job="j", attempt=1, reason="draining")]
        relink(worker, 1.0)
        assert worker.frames(1.0)[0] == Draining()

    def test_the_server_may_ask_it_to_drain(self):
        worker = live()

        worker.receive(Drain(), 0.0)

        assert (worker.draining, worker.wishes()) == (True, [Drain()])


class TestStatements:
    def test_they_wait_for_the_link_and_go_on_from_what_the_server_has(self):
        worker = running()
        worker.report("j", 1, [STEP])
        worker.frames(0.0)
        worker.closed(1006, 1.0, 0.0)
        worker.cancel_state("j", 1, "acknowledged")
        worker.outcome("j", 1, End())

        assert worker.frames(1.0) == []
        hello = relink(worker, 2.0, Running("j", 1, 1))
        sent = said(worker, 2.0)

        assert (hello.running, hello.session_key) == ([Running("j", 1, 0)], "key")
        assert [(type(frame), frame.n) for frame in sent if isinstance(frame, CancelState | Ended)] == [
            (CancelState, 2),
            (Ended, 3),
        ]

    def test_what_was_sent_on_the_lost_link_beyond_what_the_server_has_is_sent_again_at_once(self):
        worker = running()
        for _ in range(3):
            worker.cancel_state("j", 1, "stopped")
        worker.frames(0.0)

        relink(worker, 1.0, Running("j", 1, 1))

        assert [frame.n for frame in said(worker, 1.0) if isinstance(frame, CancelState)] == [2, 3]

    def test_an_attempt_is_let_go_once_its_end_is_acknowledged(self):
        worker = running()
        worker.outcome("j", 1, End())
        worker.frames(0.0)

        worker.receive(Ack(job="j", attempt=1, n=1), 0.0)
        worker.receive(Ack(job="j", attempt=1, n=1), 0.0)

        assert worker.held == []

    def test_an_acknowledgement_on_the_way_lets_nothing_go(self):
        worker = running()
        worker.report("j", 1, [STEP])
        worker.frames(0.0)

        worker.receive(Ack(job="j", attempt=1, n=1), 0.0)

        assert worker.held == [("j", 1)]

    def test_clean_up_may_be_told_after_the_end(self):
        worker = running()
        worker.outcome("j", 1, End("cancelled"))
        worker.frames(0.0)
        worker.receive(Ack(job="j", attempt=1, n=1), 0.0)

        worker.cancel_state("j", 1, "cleaned")

        assert said(worker, 0.0) == [CancelState(job="j", attempt=1, n=2, step="cleaned")]
        worker.receive(Ack(job="j", attempt=1, n=2), 0.0)
        assert worker.held == []

    def test_settled_attempts_are_not_remembered_for_ever(self):
        worker = live()
        for number in range(1, REMEMBERED + 2):
            worker.receive(Offer(job="j", attempt=number, kind="k"), 0.0)
            worker.accept("j", number)
            worker.outcome("j", number, End())
            worker.receive(Ack(job="j", attempt=number, n=1), 0.0)
        worker.frames(0.0)

        worker.cancel_state("j", 1, "cleaned")
        worker.cancel_state("j", 2, "cleaned")

        assert [frame.attempt for frame in said(worker, 1.0) if isinstance(frame, CancelState)] == [2]

    def test_what_is_said_of_an_attempt_that_is_not_held_is_not_sent(self):
        worker = live()

        worker.report("j", 1, [STEP])
        worker.cancel_state("j", 1, "stopped")
        worker.outcome("j", 1, End())

        assert worker.frames(0.0) == []

    def test_a_result_that_can_not_be_carried_is_the_supervisors_problem(self):
        worker = running()

        with pytest.raises(TooLarge):
            worker.outcome("j", 1, End(result=msgspec.Raw(b'"%b"' % (b"x" * 600_000))))

    def test_a_server_in_trouble_is_left_alone_for_a_while(self):
        worker = running()
        worker.report("j", 1, [STEP])
        first = said(worker, 0.0)

        worker.receive(Error(code="overloaded", message="", retry_after_ms=2_000), 0.5)
        due = worker.due()

        assert (said(worker, 2.4), said(worker, 2.5)) == ([], first)
        assert due == 2.5

    def test_an_error_about_nothing_is_nothing(self):
        worker = running()

        worker.receive(Error(code="x", message="", id="j"), 0.5)

        assert (worker.wishes(), worker.held) == ([], [("j", 1)])


class TestOrders:
    def test_cancels_and_answers_go_to_the_supervisor(self):
        worker = running()
        orders = [Cancel(job="j", attempt=1), InputAnswer(job="j", attempt=1, request="r", answer={"action": "accept"})]

        for order in orders:
            worker.receive(order, 0.0)

        assert worker.wishes() == orders

    def test_an_answer_is_said_to_have_come_and_one_that_comes_again_is_not_handed_on(self):
        worker = running()
        answer = InputAnswer(job="j", attempt=1, request="r", answer={"action": "accept"})
        worker.receive(answer, 0.0)
        taken = said(worker, 0.0)
        worker.closed(1006, 1.0)
        worker.tick(10.0)
        worker.opened(10.0)
        worker.wishes()
        said(worker, 10.0)

        worker.receive(welcome(Running("j", 1, 0)), 10.0)
        worker.receive(answer, 10.0)

        assert taken == [Report(job="j", attempt=1, n=1, items=[InputTaken(request="r")])]
        assert (worker.wishes(), said(worker, 10.0)) == ([], taken)

    def test_orders_about_what_is_not_held_or_has_ended_are_void(self):
        worker = running()
        worker.outcome("j", 1, End())

        worker.receive(Cancel(job="j", attempt=1), 0.0)
        worker.receive(Cancel(job="x", attempt=1), 0.0)
        worker.receive(InputAnswer(job="j", attempt=1, request="r", answer={}), 0.0)

        assert worker.wishes() == []

    def test_a_fence_stops_the_attempt_and_silences_it(self):
        worker = running()
        worker.report("j", 1, [STEP])

        worker.receive(Fenced(job="j", attempt=1, reason="attempt 1 is over"), 0.0)
        worker.receive(Fenced(job="j", attempt=1, reason="attempt 1 is over"), 0.0)

        assert worker.wishes() == [Stop("j", 1, "fenced", "attempt 1 is over")]
        assert (worker.frames(0.0), worker.held) == ([], [])


class TestLease:
    def test_it_stops_its_attempts_two_seconds_before_the_lease_could_end(self):
        worker = running()
        due = worker.due()

        worker.tick(27.9)
        before = worker.wishes()
        worker.tick(28.0)

        assert due is not None
        assert before == []
        assert worker.wishes() == [Stop("j", 1, "lease", "no word from the server for 28 s")]
        worker.tick(29.0)
        assert worker.wishes() == []

    def test_any_word_of_the_server_extends_it(self):
        worker = running()

        worker.receive(Ping(now=""), 20.0)
        worker.tick(47.9)

        assert worker.wishes() == []

    def test_a_word_read_too_late_does_not(self):
        worker = running()

        worker.receive(Ping(now=""), 28.0)

        assert worker.wishes() == [Stop("j", 1, "lease", "no word from the server for 28 s")]

    def test_a_job_may_choose_to_go_on(self):
        worker = running(Offer(job="j", attempt=1, kind="k", options={"on_lost": "continue"}))

        worker.tick(100.0)

        assert worker.wishes() == []

    def test_what_has_ended_needs_no_stopping(self):
        worker = running()
        worker.outcome("j", 1, End())

        worker.tick(28.0)

        assert worker.wishes() == []

    def test_a_stopped_attempt_may_still_say_how_it_ended(self):
        worker = running()
        worker.tick(28.0)
        worker.outcome("j", 1, End("released"))

        relink(worker, 40.0, Running("j", 1, 0))

        assert [frame.outcome for frame in worker.frames(40.0) if isinstance(frame, Ended)] == ["released"]

    def test_the_last_word_of_an_attempt_taken_away_is_sent_once_more_to_be_recorded_as_late(self):
        worker = running()
        worker.report("j", 1, [STEP])
        worker.outcome("j", 1, End())

        relink(worker, 40.0)
        worker.report("j", 1, [STEP])
        sent = said(worker, 40.0)
        worker.receive(Fenced(job="j", attempt=1), 40.0)

        assert [type(frame) for frame in sent] == [Ended]
        assert (worker.wishes(), worker.held) == ([], [])

    def test_a_last_word_that_is_acknowledged_is_done_with(self):
        worker = running()
        worker.outcome("j", 1, End())
        relink(worker, 40.0)
        worker.frames(40.0)

        worker.receive(Ack(job="j", attempt=1, n=0), 40.0)

        assert worker.held == []

    def test_an_attempt_the_server_does_not_know_is_stopped(self):
        worker = running()

        relink(worker, 1.0)

        assert worker.wishes() == [Stop("j", 1, "fenced", "the server gave it up while the link was down")]


class TestAdopted:
    BEGIN = Begin(external_id="celery-1", kind="k")

    def test_it_is_spoken_of_by_its_outside_name_until_the_server_names_it(self):
        worker = live()
        worker.begin(self.BEGIN)
        worker.report("celery-1", 0, [STEP])
        before = worker.frames(0.0)

        worker.receive(Begun(external_id="celery-1", job="j", attempt=2, n=4), 0.0)
        worker.outcome("celery-1", 0, End())

        assert before == [self.BEGIN]
        assert worker.wishes() == [Begun(external_id="celery-1", job="j", attempt=2, n=4)]
        assert [(type(f), f.job, f.n) for f in said(worker, 0.0) if isinstance(f, Report | Ended)] == [
            (Report, "j", 5),
            (Ended, "j", 6),
        ]
        worker.receive(Ack(job="j", attempt=2, n=6), 0.0)
        worker.report("celery-1", 0, [STEP])
        assert (worker.held, said(worker, 1.0)) == ([], [])

    def test_it_is_said_again_on_the_next_link_and_named_twice_it_is_one(self):
        worker = live()
        worker.begin(self.BEGIN)

        hello = relink(worker, 1.0)
        again = said(worker, 1.0)
        for _ in range(2):
            worker.receive(Begun(external_id="celery-1", job="j", attempt=1), 1.0)

        assert (hello.running, again, len(worker.wishes())) == ([], [self.BEGIN], 1)

    def test_begun_without_a_link_it_waits_for_one(self):
        worker = Leaseholder(HELLO)
        worker.begin(self.BEGIN)
        worker.connect(0.0)
        worker.opened(0.0)
        worker.frames(0.0)
        worker.receive(welcome(), 0.0)

        assert said(worker, 0.0) == [self.BEGIN]

    def test_a_refused_beginning_is_the_supervisors_matter(self):
        worker = live()
        worker.begin(self.BEGIN)
        error = Error(code="invalid_input", message="", id="celery-1")

        worker.receive(error, 0.0)

        assert (worker.wishes(), worker.held) == ([error], [])

    def test_not_now_means_again_later(self):
        worker = live()
        worker.begin(self.BEGIN)
        worker.frames(0.0)

        worker.receive(Error(code="overloaded", message="", id="celery-1", retry_after_ms=1_000), 0.0)
        due = worker.due()

        assert (due, said(worker, 0.9), said(worker, 1.0)) == (1.0, [], [self.BEGIN])

    def test_it_goes_on_when_the_lease_ends_unless_it_is_to_stop(self):
        worker = live()
        worker.begin(self.BEGIN)
        worker.begin(Begin(external_id="x", kind="k"), stays=False)

        worker.tick(28.0)

        assert [wish for wish in worker.wishes() if isinstance(wish, Stop)] == [
            Stop("x", 0, "lease", "no word from the server for 28 s")
        ]

    def test_a_fence_forgets_its_outside_name(self):
        worker = live()
        worker.begin(self.BEGIN)
        worker.frames(0.0)
        worker.receive(Begun(external_id="celery-1", job="j", attempt=1), 0.0)

        worker.receive(Fenced(job="j", attempt=1), 0.0)
        worker.report("celery-1", 0, [STEP])

        assert said(worker, 1.0) == []


KINDS: list[dict[str, Any]] = [{"name": "mcp.toy.echo", "definition": "d1"}]


class TestKinds:
    def test_what_is_served_now_is_told_at_once_and_once(self):
        worker = live()
        worker.frames(0.0)

        worker.serve(KINDS)

        assert worker.due() == float("-inf")
        assert [worker.frames(now) for now in (1.0, 1.1)] == [[Heartbeat(kinds=KINDS)], []]

    def test_the_same_kinds_again_are_not_told(self):
        worker = live()
        worker.serve(KINDS)
        worker.frames(1.0)

        worker.serve([dict(KINDS[0])])

        assert worker.frames(1.1) == []

    def test_a_list_that_is_empty_now_is_told_too(self):
        worker = live()
        worker.serve(KINDS)
        worker.frames(1.0)

        worker.serve([])

        assert worker.frames(1.1) == [Heartbeat(kinds=[])]

    def test_the_hello_of_a_later_link_has_the_newest_and_the_first_heartbeat_does_not_say_them_again(self):
        worker = live()
        worker.serve(KINDS)

        hello = relink(worker, 40.0)

        assert (hello.kinds, worker.frames(40.0)) == (KINDS, [Heartbeat()])
