"""Lines that are drawn over again on a terminal, at most ten times a second; plain lines where there is none.

Plain means: a line when the state or stage of a job changes, or another tenth is done. Knows no jobs, only lines by
key. Called by `watch.py`.
"""

from __future__ import annotations

import shutil
import sys
from collections.abc import Callable, Sequence
from typing import TextIO

import click

from headway.cli.exits import say
from headway.cli.plain import plain

REDRAW_S = 0.1


class Board:
    """`put` a line under a key; `close` leaves the last state standing."""

    def __init__(self, out: TextIO | None = None, now: Callable[[], float] = lambda: 0.0) -> None:
        self._out = out or sys.stdout
        self.terminal = self._out.isatty()
        self._now = now
        self._lines: dict[str, str] = {}
        self._steps: dict[str, object] = {}
        self._notes: dict[str, list[str]] = {}
        self._drawn = 0
        self._drawn_at = float("-inf")

    def put(self, key: str, line: str, step: object) -> None:
        """Show the line. Without a terminal only if `step` is another than before."""
        line = plain(line)
        if self.terminal:
            self._lines[key] = line
            self.draw()
        elif self._steps.get(key) != step:
            self._steps[key] = step
            click.echo(line, file=self._out)

    def note(self, key: str, lines: Sequence[str]) -> None:
        """Lines below the one of `key`, in place of those before; without a terminal they are said once, on stderr."""
        if self.terminal:
            self._notes[key] = [plain(line) for line in lines]
            self.draw(at_once=True)
        elif lines:
            say("\n".join([key, *lines]))

    def unnote(self, key: str) -> None:
        """They hold no more; gone with the next drawing."""
        self._notes.pop(key, None)

    def drop(self, key: str) -> None:
        """It is not shown any more."""
        self._lines.pop(key, None)
        self._steps.pop(key, None)
        self.unnote(key)

    def draw(self, *, at_once: bool = False) -> None:
        """Draw over what was drawn, unless that was less than a tenth of a second ago."""
        if not self.terminal or (not at_once and self._now() - self._drawn_at < REDRAW_S):
            return
        size = shutil.get_terminal_size()
        lines = (each for key, line in self._lines.items() for each in (line, *self._notes.get(key, ())))
        shown = list(lines)[: max(size.lines - 2, 1)]
        up = f"\x1b[{self._drawn}F" if self._drawn else ""
        body = "".join(f"{_fit(line, size.columns)}\x1b[K\n" for line in shown)
        click.echo(f"{up}{body}\x1b[J", file=self._out, nl=False)
        self._out.flush()
        self._drawn, self._drawn_at = len(shown), self._now()

    def close(self) -> None:
        """Leave the last state standing."""
        self.draw(at_once=True)


def _fit(line: str, columns: int) -> str:
    """The line within the terminal's width; a cut one loses its colours, so that none is left open."""
    plain = click.unstyle(line)
    return line if len(plain) < columns else plain[: columns - 2] + "…"
