"""A list of kinds on a link that is up: to the ledger, again where it was away, and what is known of it afterwards."""

from __future__ import annotations

from typing import Any

import msgspec
from tests.protocol.test_session import HELLO, JOINED, Gate, live

from headway.errors import StoreUnavailable
from headway.model import command as c
from headway.protocol.frames import Error, Heartbeat
from headway.protocol.serving import Serves
from headway.protocol.session import Order, WorkerSession

TOOL: dict[str, Any] = {"name": "t", "definition": "d1", "service": "mcp:a"}


def told(session: WorkerSession, now: int = 1, *kinds: dict[str, Any]) -> Order:
    """The order that a list becomes."""
    session.receive([Heartbeat(kinds=list(kinds or (TOOL,)))], now)
    _hear, order = session.orders()
    return order


def lists(session: WorkerSession) -> list[Order]:
    return [order for order in session.orders() if isinstance(order.command, c.ReportKinds)]


def test_a_list_goes_to_the_ledger_and_is_served_once_it_is_taken():
    session = live()

    order = told(session)
    before = session.serving.now
    session.answered(order, {"taken": ["t"], "refused": []}, 2)

    assert order.command == c.ReportKinds(worker="w", instance="i1", server="s1", kinds=(TOOL,))
    assert before.kinds == ("k",)
    assert session.serving.now == Serves(("t",), {"t": "mcp:a"}, {"t": "d1"})
    assert [session.serving.changed(), session.serving.changed()] == [True, False]


def test_what_was_not_taken_is_not_served_and_the_worker_hears_of_it():
    session = live()

    fault = {"field": "kinds.x.title", "message": "kinds.x.title: no."}
    session.answered(told(session, 1, TOOL, {"name": "x"}), {"taken": ["t"], "refused": [fault]}, 2)

    assert session.serving.now.kinds == ("t",)
    assert [frame.field for frame in session.frames() if isinstance(frame, Error)] == ["kinds.x.title"]


def test_what_was_not_taken_of_a_hello_is_not_served():
    session = Gate().session()
    session.receive([msgspec.structs.replace(HELLO, kinds=[TOOL, {"name": "x"}, {"hash": "?"}])], 0)
    [order] = session.orders()

    session.answered(order, {**JOINED, "taken": ["t"], "refused": []}, 0)

    assert session.serving.now == Serves(("t",), {"t": "mcp:a"}, {"t": "d1"})


def test_a_list_that_the_ledger_could_not_take_is_said_again_and_only_the_newest():
    session = live()
    first, second = told(session, 1), told(session, 2, {"name": "z"})

    session.answered(first, StoreUnavailable("away"), 3)
    session.tick(3)
    of_the_first = lists(session)
    session.answered(second, StoreUnavailable("away"), 4)
    session.tick(4)
    [again] = lists(session)
    session.tick(5)

    assert (of_the_first, again.command, lists(session)) == ([], second.command, [])
    session.answered(again, {"taken": ["z"], "refused": []}, 6)
    assert session.serving.now.kinds == ("z",)


def test_a_list_of_a_link_that_is_over_changes_nothing():
    session = live()

    session.answered(told(session), None, 2)

    assert (session.serving.now.kinds, session.serving.changed()) == (("k",), False)
