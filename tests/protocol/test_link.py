from __future__ import annotations

from typing import Any

import pytest
from hypothesis import given, strategies as st

from headway.protocol.link import (
    TABLE,
    Action,
    Happening,
    Link,
    LinkState,
    Patience,
    happening_of_close,
    wait_s,
)

H, S = Happening, LinkState


def linked(**more: Any) -> Link:
    """A link that was welcomed at 0 and is live."""
    link = Link(**more)
    for what in (H.OPEN, H.OPENED, H.WELCOMED, H.CAUGHT_UP):
        link.happen(what, 0.0)
    return link


def fail(link: Link, what: H, now: float) -> None:
    """End the attempt under way and begin the next one when it is due."""
    link.happen(what, now, 0.0)
    link.tick(link.due or now)


class TestTable:
    def test_no_cell_is_undecided(self):
        assert {state: set(row) for state, row in TABLE.items()} == {state: set(H) for state in S}

    def test_only_a_refusal_or_the_user_ends_a_link(self):
        ends = {
            (state, what) for state, row in TABLE.items() for what, (after, _) in row.items()
            if after in (S.REFUSED, S.CLOSED) and after is not state
        }  # fmt: skip

        assert {what for _, what in ends} == {H.REFUSAL, H.CLOSE}

    def test_from_every_state_the_user_can_open_it(self):
        for state, row in TABLE.items():
            after, actions = row[H.OPEN]
            assert after is S.CONNECTING or (after is state and not actions and state not in (S.IDLE, S.WAITING))

    def test_whatever_leaves_an_open_link_drops_its_transport(self):
        for state in (S.CONNECTING, S.HELLO_SENT, S.CATCHING_UP, S.LIVE):
            for after, actions in TABLE[state].values():
                if after not in (S.CONNECTING, S.HELLO_SENT, S.CATCHING_UP, S.LIVE):
                    assert Action.DROP in actions

    @given(st.lists(st.tuples(st.sampled_from(H), st.floats(0, 20)), max_size=40))
    def test_a_link_that_waits_or_hopes_always_has_a_deadline(self, happenings: list[tuple[H, float]]):
        link, now = Link(), 0.0

        for what, later in happenings:
            now += later
            link.happen(what, now)
            link.tick(now)

            assert (link.due is None) == (link.state in (S.IDLE, S.REFUSED, S.CLOSED))


class TestWaiting:
    @pytest.mark.parametrize(
        ("failures", "dice", "patience", "seconds"),
        [
            (0, 0.0, None, 0.0),
            (0, 0.999, None, 0.999),
            (1, 0.5, None, 1.0),
            (3, 0.25, None, 2.0),
            (5, 0.5, None, 15.0),
            (1_000, 0.5, None, 15.0),
            (9, 0.5, Patience(after_ms=(1_000, 3_000)), 2.0),
            (9, 0.5, Patience(after_ms=(3_000, 1_000)), 3.0),
            (0, 0.5, Patience(retry_after_ms=7_000), 7.5),
        ],
    )
    def test_first_within_a_second_then_full_jitter_to_thirty_unless_asked(
        self, failures: int, dice: float, patience: Patience | None, seconds: float
    ):
        assert wait_s(failures, dice, patience) == pytest.approx(seconds)

    def test_failures_add_up_until_a_link_was_steady(self):
        link = Link(ways=("websocket",))
        link.happen(H.OPEN, 0.0)
        for now in range(3):
            fail(link, H.UNREACHABLE, float(now))
        link.happen(H.OPENED, 10.0)
        link.happen(H.WELCOMED, 10.0)
        link.happen(H.LOST, 19.9, 1.0)
        brief = link.due
        link.tick(100.0)
        link.happen(H.OPENED, 100.0)
        link.happen(H.WELCOMED, 100.0)
        link.happen(H.LOST, 110.0, 1.0)

        assert (brief, link.due) == (pytest.approx(19.9 + 8), 111.0)

    def test_waking_up_ends_the_wait(self):
        link = linked()
        link.happen(H.LOST, 5.0, 1.0)

        assert link.happen(H.WAKE, 5.1) == (Action.CONNECT,)
        assert link.state is S.CONNECTING

    def test_the_reason_is_kept_to_be_shown(self):
        link = linked()

        link.happen(H.REFUSAL, 1.0, reason="no such token")

        assert (link.state, link.reason, link.due) == (S.REFUSED, "no such token", None)

    def test_without_a_reason_the_happening_is_one(self):
        link = linked()

        link.happen(H.LOST, 1.0)

        assert link.reason == "lost"


class TestWays:
    def test_a_barred_way_is_left_at_once_and_websocket_tried_again_after_the_next_link(self):
        link = Link()
        link.happen(H.OPEN, 0.0)
        fail(link, H.BARRED, 0.0)
        second = link.way
        link.happen(H.OPENED, 1.0)
        link.happen(H.WELCOMED, 1.0)
        fail(link, H.LOST, 2.0)

        assert (second, link.way) == ("sse", "websocket")

    def test_two_connections_that_come_to_nothing_are_evidence_too(self):
        link = Link()
        link.happen(H.OPEN, 0.0)
        ways = [link.way]
        for now in range(6):
            link.happen(H.OPENED, float(now))
            fail(link, H.LOST, float(now))
            ways.append(link.way)

        assert ways == ["websocket", "websocket", "sse", "sse", "poll", "poll", "websocket"]

    def test_a_server_that_is_away_is_no_evidence_against_the_way(self):
        link = Link()
        link.happen(H.OPEN, 0.0)

        for now in range(5):
            fail(link, H.UNREACHABLE, float(now))

        assert link.way == "websocket"

    def test_websocket_is_tried_again_after_five_minutes_and_left_again_if_still_barred(self):
        link = Link()
        link.happen(H.OPEN, 0.0)
        fail(link, H.BARRED, 0.0)
        link.happen(H.OPENED, 0.0)
        link.happen(H.WELCOMED, 0.0)
        link.hear(299.0)
        early = link.tick(299.0)
        link.hear(300.0)

        assert early == ()
        assert link.tick(300.0) == (Action.DROP, Action.CONNECT)
        assert link.way == "websocket"
        fail(link, H.BARRED, 301.0)
        assert link.way == "sse"

    def test_coming_online_tries_websocket_whatever_the_doubts(self):
        link = Link()
        link.happen(H.OPEN, 0.0)
        fail(link, H.BARRED, 0.0)
        link.happen(H.LOST, 1.0)

        link.happen(H.WAKE, 1.0)

        assert link.way == "websocket"


class TestLiveness:
    def test_grey_at_twice_the_ping_and_cut_at_thrice(self):
        link = linked()
        link.ping_s = 5.0
        link.hear(100.0)

        assert [link.is_grey(now) for now in (100.0, 110.0, 110.1)] == [False, False, True]
        assert link.tick(114.9) == ()
        assert link.tick(115.0) == (Action.DROP, Action.WAIT)
        assert link.reason == "silent"

    def test_who_is_not_connected_is_grey(self):
        assert Link().is_grey(0.0)

    def test_a_long_poll_is_not_silent_while_it_waits(self):
        link = linked(ways=("poll",))
        link.hear(0.0)

        assert link.tick(74.9) == ()
        assert link.tick(75.0) == (Action.DROP, Action.WAIT)

    def test_a_server_that_never_welcomes_is_left(self):
        link = Link(hello_s=10.0)
        link.happen(H.OPEN, 0.0)
        link.happen(H.OPENED, 1.0)
        link.hear(5.0)

        assert link.tick(10.0) == (Action.DROP, Action.WAIT)

    def test_a_server_that_asks_for_patience_has_it_until_the_welcome(self):
        link = Link(hello_s=10.0)
        link.happen(H.OPEN, 0.0)
        link.be_patient(0.5)
        connecting = link.due
        link.happen(H.OPENED, 1.0)
        link.be_patient(5.0)
        asked = link.due
        link.happen(H.WELCOMED, 6.0)
        link.be_patient(7.0)

        assert (connecting, asked, link.due) == (10.0, 15.0, 6.0 + 3 * link.interval_s)

    def test_a_probe_must_be_answered_soon(self):
        link = linked()
        link.hear(10.0)

        assert link.happen(H.WAKE, 11.0) == (Action.PROBE,)
        assert link.due == 14.0
        link.hear(12.0)
        assert link.due == 27.0


@pytest.mark.parametrize(
    ("code", "what"), [(4001, H.REFUSAL), (4013, H.REFUSAL), (1006, H.LOST), (4102, H.LOST), (4010, H.LOST)]
)
def test_close_codes_mean_refusal_or_loss(code: int, what: H):
    assert happening_of_close(code) is what
