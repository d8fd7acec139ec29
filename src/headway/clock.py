"""The door by which time and randomness come in. The only module that may read a clock, sleep or roll dice.

Everything above takes a `Clock`; tests and the simulator pass `headway.testing.clock.VirtualClock`.
An instant is an int of milliseconds since the Unix epoch, UTC; a duration is a float of seconds
(docs/decisions/0001). Knows nothing of jobs, stores or links.
"""

from __future__ import annotations

import asyncio
import os
import random
import time
from collections.abc import Callable
from datetime import UTC, datetime
from functools import lru_cache
from typing import Protocol

from headway.errors import InvalidInput

_CROCKFORD = "0123456789ABCDEFGHJKMNPQRSTVWXYZ"
_PAIRS = tuple(high + low for high in _CROCKFORD for low in _CROCKFORD)


class Clock(Protocol):
    """Wall time, monotonic time, sleep, randomness and ids: all a component may take from outside."""

    def now(self) -> int:
        """Milliseconds since the epoch, UTC. May step when the system's clock is set."""
        ...

    def monotonic(self) -> float:
        """Seconds of a clock that never goes back; only differences mean something."""
        ...

    async def sleep(self, seconds: float) -> None:
        """Give the loop away for at least `seconds`."""
        ...

    def uniform(self, low: float, high: float) -> float:
        """A random float in [low, high)."""
        ...

    def new_id(self) -> str:
        """A fresh ULID: 26 characters, sorts by creation millisecond."""
        ...


class SystemClock:
    """The real one."""

    def __init__(self) -> None:
        self._random = random.Random(os.urandom(16))

    def now(self) -> int:
        return time.time_ns() // 1_000_000

    def monotonic(self) -> float:
        return time.monotonic()

    async def sleep(self, seconds: float) -> None:
        await asyncio.sleep(seconds)

    def uniform(self, low: float, high: float) -> float:
        return self._random.uniform(low, high)

    def new_id(self) -> str:
        return ulid(self.now(), self._random.getrandbits(80))


class SharedClock(SystemClock):
    """The clock of a store that several servers share. It goes on by our monotonic clock, so that setting the system's
    clock does not move it; `zero_ms` tells what it showed when that one stood at zero.
    """

    def __init__(self, zero_ms: Callable[[], float]) -> None:
        super().__init__()
        self._zero_ms = zero_ms

    def now(self) -> int:
        return int(self._zero_ms() + time.monotonic() * 1000)


def ulid(at: int, entropy: int) -> str:
    """26 Crockford characters: 48 bits of milliseconds, 80 of entropy (https://github.com/ulid/spec)."""
    pairs, e = _PAIRS, entropy  # two characters at a time, all at once: a third of the cost of one by one
    return (
        pairs[at >> 40] + pairs[at >> 30 & 1023] + pairs[at >> 20 & 1023] + pairs[at >> 10 & 1023] + pairs[at & 1023]
        + pairs[e >> 70] + pairs[e >> 60 & 1023] + pairs[e >> 50 & 1023] + pairs[e >> 40 & 1023]
        + pairs[e >> 30 & 1023] + pairs[e >> 20 & 1023] + pairs[e >> 10 & 1023] + pairs[e & 1023]
    )  # fmt: skip


def at_of_ulid(id: str) -> int:
    """The millisecond in which a ULID was made: its first 10 characters."""
    at = 0
    for character in id[:10]:
        at = at * 32 + _CROCKFORD.index(character)
    return at


@lru_cache(maxsize=64)
def _second_text(second: int) -> str:
    return datetime.fromtimestamp(second, UTC).strftime("%Y-%m-%dT%H:%M:%S")


def iso(at: int) -> str:
    """`2026-11-22T08:21:07.412Z` of an instant in milliseconds."""
    return f"{_second_text(at // 1000)}.{at % 1000:03d}Z"


def from_iso(text: str, field: str = "time") -> int:
    """The instant of an ISO 8601 text; without a zone it is taken as UTC. InvalidInput names `field`."""
    try:
        moment = datetime.fromisoformat(text)
    except ValueError:
        raise InvalidInput(field, f"{text!r} is not an ISO 8601 time", hint="Write 2026-11-22T08:21:07Z.") from None
    if moment.tzinfo is None:
        moment = moment.replace(tzinfo=UTC)
    return round(moment.timestamp() * 1000)
