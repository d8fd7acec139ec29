from __future__ import annotations

import pytest

from headway.server.allowance import Allowance, TooMany
from headway.testing.clock import VirtualClock


def test_a_burst_is_let_through_then_the_rate():
    clock = VirtualClock()
    allowance = Allowance(clock, rate=2.0, burst=3)

    for _ in range(3):
        allowance.spend("ann", "events")
    with pytest.raises(TooMany) as caught:
        allowance.spend("ann", "events")
    allowance.spend("bob", "events")

    assert str(caught.value) == "Too many events. Try again in 0.5 s."
    assert (caught.value.status, caught.value.retry_after_s) == (429, 0.5)
    clock.skip(0.5)
    allowance.spend("ann", "events")
