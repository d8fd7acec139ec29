"""Coalesced reports of one attempt: the first at once, then what gathered, every `report_ms`; nothing lost at the end.

Theory. Counters are plain attributes that user code writes and nobody waits for: no clock is read and no lock taken
per `advance()`. Who changes something while the reporter is *idle* sends at once and opens a window; until the window
ends everything only gathers. At its end the outlet calls `flush()`: what changed is sent and a new window opens, or
nothing changed and the reporter is idle again. Any thread may call anything.
"""

from __future__ import annotations

import threading
from collections.abc import Callable
from typing import Any, Protocol

from headway.clock import Clock
from headway.model.report import (
    Alive,
    Checkpoint,
    Custom,
    Dropped,
    InputRequested,
    LogLines,
    Progressed,
    ReportItem,
    StageCompleted,
    StageStarted,
)
from headway.model.settings import Settings

_LINES_CHARS = 100_000
"""Log lines of one report. JSON may make 6 bytes of a character, and the last line may add 64 KB: still one frame."""


class Outlet(Protocol):
    """Where reports go: the pipe to the supervisor, the terminal, or a test's list."""

    def send(self, items: list[ReportItem]) -> None:
        """Take one report. Called under the reporter's lock: in order, never twice at once."""
        ...

    def call_later(self, reporter: Reporter) -> None:
        """Call `reporter.flush()` once, about `report_ms` from now."""
        ...


class Counter:
    """Where one stage stands. `current` is written by user code without a lock: `x.current += n` on a slot has no
    point in CPython's interpreter at which another thread could come between (tests/worker/test_reporter.py).
    """

    __slots__ = ("changed", "current", "details", "message", "path", "probe", "sent", "total", "unit")

    def __init__(self, path: str, total: float | None = None, unit: str | None = None) -> None:
        self.path = path
        self.current: float | None = None
        self.total = total
        self.unit = unit
        self.message: str | None = None
        self.details: Any = None
        self.changed = False  # anything beside `current`
        self.sent: float | None = None
        self.probe: Callable[[], float] | None = None  # asked where `current` is written by nobody (Stage.track)

    def look(self) -> float | None:
        """Where it stands now."""
        if self.probe is not None:
            self.current = self.probe()
        return self.current

    def take(self, at: int) -> Progressed | None:
        """What is new since the last report, or None."""
        current = self.look()
        if current == self.sent and not self.changed:
            return None
        self.changed = False
        self.sent = current
        details, self.details = self.details, None
        return Progressed(
            stage=self.path, current=current, total=self.total, unit=self.unit, message=self.message,
            details=details, at=at,
        )  # fmt: skip


class Reporter:
    """Gathers the items of one attempt. `idle` is read by `Stage.advance` in the hot path."""

    def __init__(self, outlet: Outlet, clock: Clock, settings: Settings | None = None) -> None:
        self.idle = True
        self._outlet = outlet
        self._clock = clock
        self._limits = settings or Settings()
        self._lock = threading.RLock()
        self._items: list[ReportItem] = []
        self._counters: list[Counter] = []
        self._sampled = 0
        self._closed = False
        self._told_alive = False
        self._log = _Quota(self._limits, clock)

    # -- called by user code, from any thread --

    def add(self, item: ReportItem) -> None:
        """One more item; order is kept."""
        self._items.append(item)
        if self.idle:
            self.flush()

    def log(self, level: str, text: str) -> None:
        """One more log line; an over-long one is cut, one over the rate or quota is counted and said."""
        with self._lock:
            line = self._log.admit(text)
            if line is not None:
                entry = (self._clock.now(), level, line)
                last = self._items[-1] if self._items else None
                if isinstance(last, LogLines) and self._log.gathered < _LINES_CHARS:
                    last.lines.append(entry)
                else:
                    self._log.gathered = 0
                    self._items.append(LogLines(lines=[entry]))
                self._log.gathered += len(line)
        if self.idle:
            self.flush()

    def alive(self) -> None:
        """Evidence of life; once in a window is enough."""
        with self._lock:
            if self._told_alive:
                return
            self._told_alive = True
            self._items.append(Alive(at=self._clock.now()))
        self.touch()

    def touch(self) -> None:
        """A counter changed: send now when idle, else with the window."""
        if self.idle:
            self.flush()

    def open(self, counter: Counter, *, announced: bool) -> None:
        """Watch a counter. `announced`: its stage is said to have started."""
        with self._lock:
            self._counters.append(counter)
            if announced:
                self._items.append(
                    StageStarted(stage=counter.path, total=counter.total, unit=counter.unit, at=self._clock.now())
                )
        self.touch()

    def close(self, counter: Counter, *, completed: bool) -> None:
        """Take the last value of a counter and stop watching it. A stage left by an exception is not completed."""
        with self._lock:
            self._take(counter)
            if counter in self._counters:
                self._counters.remove(counter)
            if completed:
                self._items.append(StageCompleted(stage=counter.path, at=self._clock.now()))
        self.touch()

    def take(self, counter: Counter) -> None:
        """Keep what a counter says now as an item, so that what comes next comes after it."""
        with self._lock:
            self._take(counter)

    def sample(self, step: int) -> None:
        """While the sum of steps is positive, windows go on although nobody touches: `track` writes silently."""
        with self._lock:
            self._sampled += step
        self.touch()

    # -- called by the outlet and the runner --

    def flush(self) -> None:
        """Send what is new and open a window; with nothing new, be idle."""
        with self._lock:
            sent = self._send()
            if self._closed:
                return
            if sent or self._sampled:
                self.idle = False
                self._outlet.call_later(self)
                return
            self.idle = True
            if self._news():  # came between the look and the flag
                self.flush()

    def finish(self) -> None:
        """Send the rest. Nothing is sent afterwards."""
        with self._lock:
            self._send()
            self._closed = True
            self.idle = False

    # -- inside --

    def _news(self) -> bool:
        return bool(self._items) or any(each.changed or each.look() != each.sent for each in self._counters)

    def _take(self, counter: Counter) -> None:
        if (progressed := counter.take(self._clock.now())) is not None:
            self._items.append(progressed)

    def _send(self) -> bool:
        if self._closed:
            return False
        for counter in self._counters:
            self._take(counter)
        if (dropped := self._log.take_dropped()) is not None:
            self._items.append(dropped)
        items, self._items = self._items, []
        self._told_alive = False
        for report in _cut(items):
            self._outlet.send(report)
        return bool(items)


_SHARE: dict[type[Any], float] = {LogLines: 1.0, Checkpoint: 1.0, InputRequested: 0.1, Custom: 0.025, Progressed: 0.01}
"""How much of a frame of the worker link (1 MB) an item of a type may fill; all others: a thousandth."""


def _cut(items: list[ReportItem]) -> list[list[ReportItem]]:
    """Items as reports, in order, each of which fits a frame."""
    reports: list[list[ReportItem]] = []
    filled = 2.0
    for item in items:
        share = _SHARE.get(type(item), 0.001)
        if filled + share > 1.5:
            reports.append([])
            filled = 0.0
        reports[-1].append(item)
        filled += share
    return reports


class _Quota:
    """How much log one attempt may write: lines a second, bytes in all, bytes a line (Settings)."""

    def __init__(self, limits: Settings, clock: Clock) -> None:
        self._limits = limits
        self._clock = clock
        self._second = 0
        self._lines = 0
        self._bytes = 0
        self._dropped = 0
        self._reason = ""
        self.gathered = 0

    def admit(self, text: str) -> str | None:
        """The line as it is kept, or None when it is dropped."""
        second = int(self._clock.monotonic())
        if second != self._second:
            self._second, self._lines = second, 0
        self._lines += 1
        if self._lines > self._limits.log_lines_per_s:
            return self._drop(f"more than {self._limits.log_lines_per_s:,} lines in one second")
        if len(text) > self._limits.log_line_bytes:
            text = f"{text[: self._limits.log_line_bytes]}… ({len(text):,} characters, cut)"
        self._bytes += len(text) + 1
        if self._bytes > self._limits.log_bytes:
            return self._drop(f"more than {self._limits.log_bytes:,} bytes in one attempt")
        return text

    def _drop(self, reason: str) -> None:
        self._dropped += 1
        self._reason = reason

    def take_dropped(self) -> Dropped | None:
        """What was dropped since the last look."""
        if not self._dropped:
            return None
        dropped, self._dropped = Dropped(lines=self._dropped, reason=self._reason), 0
        return dropped
