"""The sweep: when which crowd gets what is new. Paced by shape, cut in slices, never more than its share of the loop.

When the loop is idle what is new leaves at once. A sweep stops after 500 writes or 2 ms and goes on in the next turn
of the loop, so that commits, requests and heartbeats pass between; the next begins no sooner than 1.5 × the time the
last one took, so that fan-out uses at most two thirds of a core and batches grow instead of queues.
Must never know links or the store. Called by the feed; calls crowds.
"""

from __future__ import annotations

import asyncio
from collections import deque
from heapq import heappop, heappush

from headway.clock import Clock, iso
from headway.hub.crowd import Cohort, Crowd, Shape
from headway.hub.ring import Ring

SLICE_SENDS = 500
SLICE_S = 0.002
STRIDE = 50  # writes between two looks at the clock
SPACING = 1.5


class Sweep:
    """`news` when the ring has grown. One sweep at a time."""

    def __init__(self, clock: Clock, ring: Ring) -> None:
        self.epoch = ""
        self.crowds: dict[Shape, Crowd] = {}
        self.longest_slice_s = 0.0
        self._clock = clock
        self._ring = ring
        self._watching: dict[tuple[str, str], set[Crowd]] = {}  # (namespace, topic) -> crowds
        self._ready: deque[Crowd] = deque()
        self._later: list[tuple[float, int, Crowd]] = []  # heap by due
        self._pushed = 0
        self._current: tuple[Crowd, Cohort, bytes] | None = None
        self._armed = False  # a turn is scheduled
        self._not_before = 0.0
        self._busy_s = 0.0
        self._began_at = 0.0
        self._alarm: asyncio.Task[None] | None = None
        self._alarm_at = 0.0

    # -- who watches what

    def crowd(self, shape: Shape) -> Crowd:
        """The crowd of a shape; made, and told of news, from now on."""
        crowd = self.crowds.get(shape)
        if crowd is None:
            crowd = self.crowds[shape] = Crowd(shape)
            for topic in shape.topics:
                self._watching.setdefault((shape.namespace, topic), set()).add(crowd)
        return crowd

    def forget(self, crowd: Crowd) -> None:
        """Nobody has this shape any more."""
        del self.crowds[crowd.shape]
        for topic in crowd.shape.topics:
            key = (crowd.shape.namespace, topic)
            self._watching[key].discard(crowd)
            if not self._watching[key]:
                del self._watching[key]

    def bookmark(self, quiet_s: float, lag: int) -> None:
        """Move the cursors of crowds that have had nothing for `quiet_s`, or stand `lag` events back."""
        if not self.crowds:
            return  # nobody reads: events are neither encoded nor indexed
        self.settle()
        now, settled = self._clock.monotonic(), self._ring.settled
        for crowd in self.crowds.values():
            cursor = min(crowd.cohorts, default=settled)
            if cursor < settled and (now - crowd.moved_at >= quiet_s or settled - cursor >= lag):
                self.stir(crowd)
        self.wake()

    # -- when

    def news(self) -> None:
        """The ring has grown: look at it when the loop has a moment, or after the rest that is due."""
        if self._armed or not self.crowds:
            return
        self._arm(self._not_before)

    def settle(self) -> None:
        """Bring the ring's index up to date and mark the crowds it touches."""
        touched = self._ring.settle()
        watching = self._watching
        for key in touched if len(touched) < len(watching) else watching.keys() & touched:
            for crowd in watching.get(key, ()):
                self.stir(crowd)

    def stir(self, crowd: Crowd) -> None:
        """The crowd has something to get: now, or when its pace allows."""
        if crowd.waiting:
            return
        crowd.waiting = True
        if crowd.due <= self._clock.monotonic():
            self._ready.append(crowd)
        else:
            self._pushed += 1
            heappush(self._later, (crowd.due, self._pushed, crowd))

    def wake(self) -> None:
        """Something was stirred outside a sweep."""
        if not self._armed and (self._ready or self._later):
            self._arm(max(self._not_before, 0.0 if self._ready else self._later[0][0]))

    def _arm(self, at: float) -> None:
        if at <= self._clock.monotonic():
            self._armed = True
            asyncio.get_running_loop().call_soon(self._turn)
        elif self._alarm is None or at < self._alarm_at:
            self.close()
            self._alarm_at = at
            self._alarm = asyncio.create_task(self._ring_alarm(at))

    async def _ring_alarm(self, at: float) -> None:
        while (left := at - self._clock.monotonic()) > 0:
            await self._clock.sleep(left)
        self._alarm = None
        if not self._armed:
            self._turn()

    def close(self) -> None:
        """No more alarms."""
        if self._alarm is not None:
            self._alarm.cancel()
            self._alarm = None

    # -- one turn of the loop

    def _turn(self) -> None:
        began = self._clock.monotonic()
        if not self._began_at:
            self._began_at, self._busy_s = began, 0.0
            self.settle()
        self._due(began)
        finished = self._slice(began)
        took = self._clock.monotonic() - began
        self._busy_s += took
        self.longest_slice_s = max(self.longest_slice_s, took)
        self._armed = not finished
        if not finished:
            asyncio.get_running_loop().call_soon(self._turn)
            return
        self._not_before = self._began_at + SPACING * self._busy_s
        self._began_at = 0.0
        if self._ring.settled < self._ring.head:
            self.news()
        else:
            self.wake()

    def _due(self, now: float) -> None:
        while self._later and self._later[0][0] <= now:
            self._ready.append(heappop(self._later)[2])

    def _slice(self, began: float) -> bool:
        """Write for a while; True when nothing is left to write."""
        left = SLICE_SENDS
        while self._current or self._begin():
            if self._current is None:
                continue
            crowd, cohort, frame = self._current
            sent = cohort.send(frame, min(STRIDE, left), crowd.shape.coding.direct)
            left -= max(sent, 1)
            if cohort.sent >= len(cohort.members):
                cohort.arrive()
                crowd.settle(cohort)
                self._current = None
            if left <= 0 or self._clock.monotonic() - began > SLICE_S:
                break
        return self._current is None and not self._ready

    def _begin(self) -> bool:
        """Take the next cohort that has something to get. False when there is none in any crowd that is ready."""
        now = self._clock.monotonic()
        while self._ready:
            crowd = self._ready[0]
            cursor = min(crowd.cohorts, default=self._ring.settled)
            if cursor >= self._ring.settled:
                self._ready.popleft()
                crowd.waiting = False
                continue
            crowd.due = now + crowd.shape.pace_s
            crowd.moved_at = now
            cohort = crowd.cohorts.pop(cursor)
            if not len(cohort):
                continue
            frame, cohort.target = crowd.batch(self._ring, cursor, iso(self._clock.now()), self.epoch)
            self._current = crowd, cohort, frame
            return True
        return False
