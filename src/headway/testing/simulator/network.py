"""The network of the simulation: two-way wires on which frames are late, come twice, and which are cut at any moment.

A message is encoded and decoded by the real codec, and arrives in order, like TCP's; what is under way when a wire is
cut is lost. Knows nothing of what it carries.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Protocol

from headway.testing.simulator.timeline import Timeline

LATEST_S = 0.4
SLOW_SHARE = 0.05
SLOWEST_S = 4.0
TWICE = (b'"type":"hello"', b'"type":"welcome"')
"""What a link says once, by its nature; any other message may come twice, as after a resend."""


class End(Protocol):
    """Who holds an end of a wire."""

    def take(self, message: bytes) -> None:
        """A message arrived."""
        ...

    def cut(self, code: int) -> None:
        """The wire is gone; 1006: without a word."""
        ...


class Wire:
    """One link between a client's end and a server's end."""

    def __init__(self, timeline: Timeline, client: End, server: End, *, twice: float = 0.02) -> None:
        self.whole = True
        self._timeline = timeline
        self._ends = {"client": client, "server": server}
        self._last = {"client": 0.0, "server": 0.0}
        self._twice = twice

    def send(self, to: str, message: bytes) -> None:
        """Towards the `client` or the `server`; in order, some time later."""
        if not self.whole:
            return
        dice = self._timeline.dice
        times = 1
        if dice.random() < self._twice and not any(word in message for word in TWICE):
            times = 2
        for _ in range(times):
            delay = dice.uniform(0, SLOWEST_S if dice.random() < SLOW_SHARE else LATEST_S)
            at = max(self._timeline.now + delay, self._last[to])
            self._last[to] = at
            self._timeline.at(at, lambda: self._deliver(to, message))

    def _deliver(self, to: str, message: bytes) -> None:
        if self.whole:
            self._ends[to].take(message)

    def hold(self, seconds: float) -> None:
        """Nothing comes through for so long, in neither direction, and nobody is told; then all of it does."""
        for to, last in self._last.items():
            self._last[to] = max(last, self._timeline.now + seconds)

    def cut(self, code: int = 1006, *, by: str = "") -> None:
        """Both ends notice, each when its turn comes; whoever did it knows already."""
        if self.whole:
            self.whole = False
            for name, end in self._ends.items():
                if name != by:
                    self._timeline.after(self._timeline.dice.uniform(0, LATEST_S), _told(end, code))


def _told(end: End, code: int) -> Callable[[], None]:
    return lambda: end.cut(code)
