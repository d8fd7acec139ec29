"""The terminal bar: what `ctx.stage` and `headway.track` show outside of a job.

`Board` is the pure part: report items in, lines out, with the plan arithmetic that the server uses. `Terminal` draws
it on stderr: a bar at 10 Hz where there is a TTY; else a plain line when a stage changes, each 10 %, or after 30 s.
Called by `outside.py`; must never know jobs or servers.
"""

from __future__ import annotations

import shutil
import sys
import threading
from collections.abc import Sequence
from typing import TextIO

from headway.clock import Clock
from headway.model.amounts import BYTES, count_text, size_text
from headway.model.duration import duration_text
from headway.model.job import StageDoc, StageSpec
from headway.model.progress import fraction_of, overall_of
from headway.model.report import (
    ErrorNoted,
    LogLines,
    Progressed,
    ReportItem,
    StageCompleted,
    StageStarted,
    StepDone,
    Warned,
)
from headway.worker.reporter import Reporter

_BLOCKS = " ▏▎▍▌▋▊▉█"
_DRAW_S = 0.1
_QUIET_S = 30.0


class Board:
    """Where one run stands, folded from its report items."""

    def __init__(self, plan: Sequence[StageSpec] = (), label: str = "") -> None:
        self.plan = plan
        self.label = label
        self.stages: dict[str, StageDoc] = {}
        self.path = ""
        self.overall: float | None = None
        self.lines: list[str] = []  # to be printed above the bar
        self.began: dict[str, tuple[float, float]] = {}  # path -> (instant s, count then)

    def apply(self, item: ReportItem, now: float) -> None:
        """Take one item; `now` in monotonic seconds."""
        match item:
            case StageStarted(stage=path, total=total, unit=unit):
                self.path = path
                self.stages[path] = StageDoc(state="running", current=None, total=total, unit=unit)
                self.began[path] = (now, 0.0)
            case StageCompleted(stage=path):
                self.stages.setdefault(path, StageDoc()).update(StageDoc(state="completed", fraction=1.0))
                self.path = path.rpartition("/")[0]
            case Progressed():
                self._progress(item, now)
            case LogLines(lines=lines):
                self.lines += [text if level == "info" else f"{level}: {text}" for _, level, text in lines]
            case Warned(message=message):
                self.lines.append(f"warning: {message}")
            case ErrorNoted(message=message):
                self.lines.append(f"error: {message}")
            case StepDone(name=name):
                self.lines.append(f"done: {name}")
            case _:
                return
        self.overall = overall_of(self.plan, self.stages, self.overall)

    def _progress(self, item: Progressed, now: float) -> None:
        stage = self.stages.setdefault(item.stage, StageDoc(state="running"))
        stage["current"], stage["total"], stage["unit"] = item.current, item.total, item.unit
        stage["message"] = item.message
        stage["fraction"] = fraction_of(item.current, item.total)
        self.path = item.stage
        self.began.setdefault(item.stage, (now, item.current or 0.0))

    def shown(self) -> StageDoc:
        """The stage that is drawn: the one that moved last."""
        return self.stages.get(self.path, StageDoc())

    def text(self, now: float) -> tuple[str, float | None, str]:
        """What stands left of the bar, how full the bar is (None: unknown), what stands right of it."""
        stage = self.shown()
        fraction = self.overall if self.plan else stage.get("fraction")
        name = " › ".join(part for part in (self.label, *self.path.split("/")) if part)
        return name, fraction, "  ".join(part for part in (self._count(stage), self._pace(stage, now)) if part)

    def _count(self, stage: StageDoc) -> str:
        counted = count_text(stage.get("current"), stage.get("total"), stage.get("unit"))
        return " ".join(part for part in (counted, str(stage.get("message") or "")) if part)

    def _pace(self, stage: StageDoc, now: float) -> str:
        since, first = self.began.get(self.path, (now, 0.0))
        current, total, elapsed = stage.get("current"), stage.get("total"), now - since
        if current is None or elapsed < 0.2 or current <= first:
            return duration_text(elapsed) if elapsed >= 1 else ""
        rate = (current - first) / elapsed
        left = f", {duration_text((total - current) / rate)} left" if total is not None and total > current else ""
        fast = size_text(rate) if stage.get("unit") in BYTES else amount(rate)
        return f"{fast}/s, {duration_text(elapsed)}{left}"


def amount(value: float) -> str:
    """A count for people: `12`, `3.5`, `1,204`, `3.2M`."""
    if abs(value) >= 10_000_000:
        return f"{value / 1e6:,.1f}M"
    return f"{value:,.0f}" if value == int(value) or abs(value) >= 100 else f"{value:.1f}"


def bar_text(fraction: float | None, width: int) -> str:
    """The bar itself, in eighths of a character; an unknown fraction is drawn as dots."""
    if fraction is None:
        return "·" * width
    eighths = int(min(max(fraction, 0.0), 1.0) * width * 8)
    full, part = divmod(eighths, 8)
    return ("█" * full + (_BLOCKS[part] if part else "")).ljust(width)


class Terminal:
    """Draws one board; the outlet of the reporter outside of jobs."""

    def __init__(self, board: Board, clock: Clock, stream: TextIO | None = None, report_s: float = _DRAW_S) -> None:
        self.board = board
        self._clock = clock
        self._stream = stream if stream is not None else sys.stderr
        self._tty = bool(getattr(self._stream, "isatty", lambda: False)())
        self._report_s = report_s
        self._drawn = False
        self._said: tuple[str, int] = ("", -1)
        self._said_at = clock.monotonic()
        self._timer: threading.Timer | None = None

    def send(self, items: list[ReportItem]) -> None:
        """Take a report and draw."""
        now = self._clock.monotonic()
        for item in items:
            self.board.apply(item, now)
            if not self._tty and isinstance(item, StageStarted | StageCompleted):
                self._say(now, done=isinstance(item, StageCompleted), path=item.stage)
            if not self._tty:
                self._say_lines()
        if self._tty:
            self._draw(now)
        else:
            self._say_some(now)

    def call_later(self, reporter: Reporter) -> None:
        """Draw again after a tenth of a second. The thread ends with the process, whatever it is doing."""
        self._timer = threading.Timer(self._report_s, reporter.flush)
        self._timer.daemon = True
        self._timer.start()

    def finish(self, *, ok: bool = True) -> None:
        """The last state stays on the screen, and the cursor goes to the next line."""
        if self._timer is not None:
            self._timer.cancel()
        if not self._tty:
            return
        if ok and self.board.overall is not None:
            self.board.overall = 1.0
        if self._drawn:
            self._draw(self._clock.monotonic())
            self._write("\n")

    def _draw(self, now: float) -> None:
        above = "".join(f"\r\x1b[2K{line}\n" for line in self.board.lines)
        self.board.lines.clear()
        name, fraction, right = self.board.text(now)
        if not self.board.stages:
            self._write(above)
            return
        columns = shutil.get_terminal_size((80, 24)).columns
        percent = "" if fraction is None else f"{fraction * 100:3.0f}% "
        room = max(8, min(40, columns - len(name) - len(percent) - len(right) - 6))
        line = f"{name + ' ' if name else ''}{percent}│{bar_text(fraction, room)}│ {right}"
        self._drawn = True
        self._write(f"{above}\r\x1b[2K{line[: columns - 1]}")

    def _say_lines(self) -> None:
        for line in self.board.lines:
            self._write(line + "\n")
        self.board.lines.clear()

    def _say_some(self, now: float) -> None:
        """Without a TTY: progress each 10 % or after 30 s of silence."""
        fraction = self.board.text(now)[1]
        tenth = -1 if fraction is None else int(fraction * 10)
        if ((self.board.path, tenth) != self._said and tenth > 0) or now - self._said_at >= _QUIET_S:
            self._say(now)

    def _say(self, now: float, *, done: bool = False, path: str | None = None) -> None:
        name, fraction, right = self.board.text(now)
        if path is not None:
            name = " › ".join(part for part in (self.board.label, *path.split("/")) if part)
        self._said = (self.board.path, -1 if fraction is None else int(fraction * 10))
        self._said_at = now
        percent = "" if fraction is None else f"{fraction * 100:.0f}%"
        words = [name, percent, "done" if done else right]
        self._write("  ".join(word for word in words if word) + "\n")

    def _write(self, text: str) -> None:
        try:
            self._stream.write(text)
            self._stream.flush()
        except (OSError, ValueError):
            return  # a closed terminal must not end the work
