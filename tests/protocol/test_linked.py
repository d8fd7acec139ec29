"""Both ends that link to a server, a viewer's and a worker's, turn what the transport does into the same actions."""

from __future__ import annotations

from collections.abc import Callable

import pytest

from headway.protocol.following import Follower
from headway.protocol.frames import Error, Hello, WorkerHello
from headway.protocol.leasing import Leaseholder
from headway.protocol.link import Action, Happening, LinkState

Either = Follower | Leaseholder
ENDS: list[Callable[[], Either]] = [lambda: Follower(Hello()), lambda: Leaseholder(WorkerHello(worker={"id": "w"}))]


@pytest.fixture(params=ENDS, ids=["viewer", "worker"])
def end(request: pytest.FixtureRequest) -> Either:
    return request.param()


def test_what_the_transport_does_is_told_to_the_link(end: Either):
    connected = end.connect(0.0)
    failed = end.failed(Happening.UNREACHABLE, 1.0, reason="nobody there")
    reason = end.link.reason
    again = end.tick(end.link.due or 0.0)
    opened = end.opened(2.0)
    closed = end.closed(1006, 3.0)
    left = end.end(4.0)

    assert (connected, again) == ((Action.CONNECT,), (Action.CONNECT,))
    assert (failed, closed) == ((Action.DROP, Action.WAIT),) * 2
    assert (reason, opened, left) == ("nobody there", (), (Action.DROP,))
    assert end.link.state is LinkState.CLOSED


def test_a_close_that_refuses_is_not_tried_again(end: Either):
    end.connect(0.0)
    end.opened(0.0)

    actions = end.closed(4003, 1.0, reason="no access")

    assert (actions, end.link.state, end.link.reason) == ((Action.DROP, Action.REFUSE), LinkState.REFUSED, "no access")


def test_patience_that_was_asked_for_lasts_for_one_wait(end: Either):
    end.connect(0.0)
    end.opened(0.0)
    end.receive(Error(code="overloaded", message="Not now.", retry_after_ms=40_000), 0.0)

    waits: list[float] = []
    for _ in range(2):
        now = 100.0 * (len(waits) + 1)
        end.closed(1006, now, dice=0.0)
        waits.append((end.link.due or now) - now)
        end.tick(now + 50.0)
        end.opened(now + 50.0)

    assert waits == [40.0, 0.0]
