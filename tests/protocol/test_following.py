from __future__ import annotations

import random

import pytest
from hypothesis import given, strategies as st
from tests.protocol.test_viewing import TOPICS, whole
from tests.protocol.worlds import Server, logs

from headway.model.event import Event
from headway.protocol.following import Follower, Subscription
from headway.protocol.frames import (
    Batch,
    Bye,
    Error,
    Hello,
    Ping,
    Reset,
    Response,
    Snapshot,
    Subscribe,
    ToViewer,
    Unknown,
    Unsubscribe,
    ViewerPong,
    Visible,
    Welcome,
)
from headway.protocol.link import Action, Happening, Link, LinkState

WELCOME = Welcome(session="x", epoch="e1", seq=5, now="", ping_s=5.0)
CUT = Snapshot(id="s1", seq=5, now="")


def following(*topics: str, cut: bool = True) -> tuple[Follower, Subscription]:
    """A follower of one subscription, welcomed at 0, and live if it got its first cut."""
    follower = Follower(Hello(client="test"))
    subscription = follower.subscribe(topics or ("jobs",), 0.0)
    follower.connect(0.0)
    follower.opened(0.0)
    follower.receive(WELCOME, 0.0)
    if cut:
        follower.receive(CUT, 0.0)
    follower.frames()
    return follower, subscription


def test_a_link_begins_with_hello_and_then_every_subscription():
    follower = Follower(Hello(client="test"))
    follower.subscribe(["jobs"], 0.0, pace_ms=50, conflate=False)

    connecting = follower.connect(0.0)
    greeting = (follower.opened(1.0), follower.frames())
    follower.receive(WELCOME, 1.0)

    assert connecting == (Action.CONNECT,)
    assert greeting == ((), [Hello(client="test")])
    assert follower.frames() == [Subscribe(id="s1", topics=["jobs"], pace_ms=50, conflate=False)]
    assert (follower.session, follower.link.state) == ("x", LinkState.CATCHING_UP)


def test_it_is_live_once_every_view_stands_where_the_server_stood():
    follower, _ = following(cut=False)

    follower.receive(Snapshot(id="s1", seq=4, now=""), 0.0)
    behind = follower.link.state
    follower.receive(Batch(id="s1", since=4, to=5, now=""), 0.0)

    assert (behind, follower.link.state) == (LinkState.CATCHING_UP, LinkState.LIVE)


def test_a_gap_is_asked_for_once_until_something_came_of_it():
    follower, subscription = following()

    for since in (7, 8, 9):
        follower.receive(Batch(id="s1", since=since, to=since + 1, now=""), 1.0)

    assert follower.frames() == [Subscribe(id="s1", topics=["jobs"], since="e1.5")]
    assert follower.link.state is LinkState.CATCHING_UP
    follower.receive(Batch(id="s1", since=5, to=10, now=""), 1.0)
    assert (subscription.view.seq, follower.link.state) == (10, LinkState.LIVE)


@pytest.mark.parametrize("frame", [Ping(now="", seq=9), Batch(id="s1", since=7, to=8, now="")])
def test_a_question_that_got_no_answer_is_asked_again(frame: Ping | Batch):
    follower, _ = following()
    follower.receive(Batch(id="s1", since=7, to=8, now=""), 1.0)
    follower.frames()

    follower.receive(frame, 5.9)
    early = [each for each in follower.frames() if isinstance(each, Subscribe)]
    follower.receive(frame, 6.0)
    late = [each for each in follower.frames() if isinstance(each, Subscribe)]

    assert (early, late) == ([], [Subscribe(id="s1", topics=["jobs"], since="e1.5")])


def test_a_reset_makes_it_catch_up_without_being_asked():
    follower, subscription = following()

    follower.receive(Reset(id="s1", epoch="e1", reason="slow"), 1.0)
    follower.receive(Snapshot(id="s1", seq=90, now=""), 1.0)

    assert (follower.frames(), subscription.view.seq, follower.link.state) == ([], 90, LinkState.LIVE)


def test_a_new_link_resumes_every_view_from_its_cursor():
    follower, _ = following()

    assert follower.closed(1006, 2.0) == (Action.DROP, Action.WAIT)
    assert follower.tick(3.0) == (Action.CONNECT,)
    follower.opened(3.0)
    follower.receive(WELCOME, 3.0)
    assert follower.frames() == [Hello(client="test"), Subscribe(id="s1", topics=["jobs"], since="e1.5")]


def test_a_refusal_ends_it_with_its_reason():
    follower, _ = following()

    assert follower.closed(4003, 2.0, reason="wrong namespace") == (Action.DROP, Action.REFUSE)
    assert (follower.link.state, follower.link.reason) == (LinkState.REFUSED, "wrong namespace")


def test_a_way_that_could_not_be_opened_is_told_to_the_link():
    follower = Follower(Hello())
    follower.connect(0.0)

    follower.failed(Happening.BARRED, 0.0, 0.0)
    follower.tick(0.0)

    assert follower.link.way == "sse"


def test_bye_is_obeyed_to_the_millisecond():
    follower, _ = following()

    follower.receive(Bye(reason="drain", after_ms=(2_000, 4_000)), 10.0, 0.25)

    assert (follower.link.state, follower.link.reason, follower.link.due) == (LinkState.WAITING, "drain", 12.5)


def test_a_server_that_says_when_to_come_back_is_heard_once():
    follower, _ = following()

    follower.receive(Error(code="overloaded", message="", retry_after_ms=9_000), 10.0)
    follower.closed(4102, 10.0, 0.0)
    first = follower.link.due
    follower.tick(19.0)
    follower.failed(Happening.UNREACHABLE, 19.0, 0.0)

    assert (first, follower.link.due) == (19.0, 19.0)


def test_a_refused_subscription_holds_nobody_up():
    follower, subscription = following(cut=False)
    error = Error(code="forbidden", message="", id="s1")

    follower.receive(error, 1.0)

    assert (subscription.refused, follower.link.state) == (error, LinkState.LIVE)


def test_pings_are_answered_and_what_is_not_for_it_is_passed_over():
    follower, _ = following()

    for frame in (Ping(now="", seq=6), Response(id="r1"), Unknown("hologram"), Batch(id="gone", since=1, to=2, now="")):
        assert follower.receive(frame, 1.0) == ()

    assert follower.frames() == [ViewerPong()]
    assert follower.unknown_frames == 1


def test_subscriptions_come_and_go_while_it_is_live():
    follower, first = following()

    second = follower.subscribe(["workers"], 1.0)
    catching_up = follower.link.state
    follower.unsubscribe(second, 1.0)
    follower.unsubscribe(first, 1.0)

    assert catching_up is LinkState.CATCHING_UP
    assert follower.frames() == [Subscribe(id="s2", topics=["workers"]), Unsubscribe(id="s2"), Unsubscribe(id="s1")]
    assert follower.link.state is LinkState.LIVE


@pytest.mark.parametrize(("reset", "cursor"), [(None, "e1.6"), (Reset(id="s1", epoch="e2", reason="epoch"), "e2.6")])
def test_a_view_begun_on_a_live_link_goes_on_from_the_log_of_that_link(reset: Reset | None, cursor: str):
    follower, _ = following()
    if reset is not None:
        follower.receive(reset, 1.0)
    follower.subscribe(["workers"], 1.0)
    follower.receive(Snapshot(id="s2", seq=6, now=""), 1.0)
    follower.frames()

    follower.receive(Batch(id="s2", since=8, to=9, now=""), 1.0)

    assert follower.frames() == [Subscribe(id="s2", topics=["workers"], since=cursor)]


def test_a_link_that_does_not_know_its_log_begins_no_view_anew():
    follower, subscription = following()
    follower.receive(Reset(id="s1", epoch="e1", reason="slow"), 1.0)
    follower.closed(1006, 2.0)
    follower.tick(3.0)
    follower.opened(3.0)

    follower.receive(Welcome(session="", epoch="", seq=0, now="", ping_s=25.0), 3.0)

    assert subscription.view.epoch == "e1"


def test_a_link_that_nothing_is_followed_on_is_live_when_it_is_welcomed():
    follower = Follower(Hello())
    follower.connect(0.0)
    follower.opened(0.0)

    follower.receive(WELCOME, 0.0)

    assert follower.link.state is LinkState.LIVE


def test_what_ended_already_is_not_ended_again():
    follower, first = following()

    for _ in range(2):
        follower.unsubscribe(first, 1.0)

    assert follower.frames() == [Unsubscribe(id="s1")]


def test_a_subscription_ended_while_there_is_no_link_is_not_asked_for_again():
    follower, first = following()
    follower.closed(1006, 1.0)

    follower.unsubscribe(first, 1.0)

    assert follower.frames() == []
    assert follower.subscriptions == {}


def test_who_looks_again_probes_and_who_looks_away_says_so():
    follower, _ = following()

    away = (follower.show(visible=False, now=1.0), follower.frames(), follower.link.ping_s)
    back = (follower.show(visible=True, now=2.0), follower.frames(), follower.link.ping_s)

    assert away == ((), [Visible(visible=False)], 25.0)
    assert back == ((), [Visible(visible=True)], 5.0)
    assert follower.link.due == 5.0


def test_who_looks_away_is_not_cut_off_before_the_next_rare_ping():
    follower, _ = following()

    follower.show(visible=False, now=14.0)

    assert follower.tick(15.0) == ()
    assert (follower.link.state, follower.link.due) == (LinkState.LIVE, 14.0 + 3 * 25.0)


def test_a_way_without_a_voice_is_probed_by_asking_again():
    follower = Follower(Hello(), link=Link(ways=("sse",)))
    follower.subscribe(["jobs"], 0.0)
    follower.connect(0.0)
    follower.opened(0.0)
    follower.receive(WELCOME, 0.0)
    follower.receive(CUT, 0.0)
    follower.frames()

    follower.show(visible=True, now=1.0)

    assert follower.frames() == [Subscribe(id="s1", topics=["jobs"], since="e1.5")]


def test_who_looked_away_without_a_link_says_so_on_the_next():
    follower, _ = following()
    follower.closed(1006, 1.0, 0.0)

    follower.show(visible=False, now=1.0)
    follower.tick(1.0)
    follower.opened(1.0)
    follower.receive(WELCOME, 1.0)

    assert follower.frames()[-1] == Visible(visible=False)


def test_the_user_ends_it():
    follower, _ = following()

    assert follower.end(1.0) == (Action.DROP,)
    assert follower.link.state is LinkState.CLOSED


@given(logs(), st.integers(0, 2**32))
def test_whatever_the_network_does_the_view_is_that_of_the_uncut_run(events: list[Event], seed: int):
    """Frames are lost, doubled and cut off at random; the shell is a few lines, the rest is the follower."""
    dice = random.Random(seed)
    server, follower, now, head, sent = Server(events), Follower(Hello()), 0.0, 0, 0
    subscription = follower.subscribe(TOPICS, now)
    line: list[ToViewer] = []
    pending = list(follower.connect(now))
    calm_from = 200

    for turn in range(600):
        now += 0.5
        rough = turn < calm_from
        head = min(head + dice.randrange(3), len(events))
        pending += follower.tick(now, dice.random())
        while pending:
            match pending.pop(0):
                case Action.CONNECT:
                    line = []
                    pending += follower.opened(now)
                case Action.DROP:
                    line = []
        for frame in follower.frames():
            if isinstance(frame, Hello):
                line.append(Welcome(session="x", epoch="e1", seq=head, now="", ping_s=5.0))
            elif isinstance(frame, Subscribe) and not (rough and dice.random() < 0.2):
                line += server.answer(frame, head, pages=dice.choice([1, 2]))
                sent = head
        if follower.link.state in (LinkState.LIVE, LinkState.CATCHING_UP):
            line.append(server.batch("s1", TOPICS, sent, head, conflated=True) if turn % 2 else Ping(now="", seq=head))
            sent = head if turn % 2 else sent
        while line:
            frame = line.pop(0)
            for _ in range(dice.choice([0, 1, 1, 1, 1, 2]) if rough and not isinstance(frame, Welcome) else 1):
                pending += follower.receive(frame, now, dice.random())
        if rough and dice.random() < 0.05:
            pending += follower.closed(1006, now, dice.random())

    assert subscription.view.seq == len(events)
    assert subscription.view.shown() == whole(events).shown()
