"""What a terminal would show, as lines: bytes of a pty in, `Line`s out, each said to be a log line or a redrawn one.

Owns UTF-8 cut anywhere, escape sequences, carriage returns and rows that are drawn again through cursor-up. Must never
know what a line means (that is `formats`), nor read a clock: the caller decides when to look at `showing()`.
Called by `runner`, with bytes cut anywhere: any cutting gives the same lines.

Theory. A row is *transient* while its tool may still redraw it. A row left with a line feed is a log line at once,
unless the cursor came up into it: from then on the lowest `depth` rows are a live region, whose rows become log lines
only when they scroll out of it or the display ends. So a bar redrawn a thousand times is one log line, its final state
(in a region of several rows the first frame too: nobody could know yet that the cursor would come back).
"""

from __future__ import annotations

import codecs
import re
from collections import deque
from collections.abc import Callable
from dataclasses import dataclass
from typing import ClassVar

import msgspec

MAX_ROW = 65_536
"""Characters of one row; a longer one is cut into log lines of this length."""

MAX_ROWS = 64
"""Rows kept for a cursor that comes up again; a taller live region is treated as this tall."""

_STATUS_ROW = -1
_ALTERNATE = {"?1049", "?1047", "?47"}

# One token: a run of text, a run of backspaces, one control character, or one whole escape sequence.
_TEXT = re.compile(r"[^\x00-\x08\x0a-\x1f\x7f-\x9f]+")
_BACKSPACES = re.compile(r"\x08+")
_CSI = re.compile(r"\x1b\[([0-?]{0,64})[ -/]{0,8}")
_STRING = re.compile(r"\x1b[\]PX^_][^\x07\x1b\n\r]{0,4096}")
_CHARSET = re.compile(r"\x1b[ -/]{1,4}")


class Line(msgspec.Struct, frozen=True):
    """One row as it was seen: `transient` when the tool drew over it, else a line for the log.

    `text` has no escape sequences and no trailing blanks. `row` tells rows of one live region apart.
    """

    text: str
    transient: bool
    row: int = 0


@dataclass(slots=True)
class _Row:
    number: int
    text: str = ""
    returned: bool = False  # the next text starts at the left edge and replaces what is there
    fresh: bool = False  # drawn since it was last told
    revisited: bool = False  # the cursor came back up into it
    logged: str | None = None


class Screen:
    """The rows at the bottom of a terminal. `feed` bytes as they come, `close` at the end."""

    def __init__(self) -> None:
        self._decoder = codecs.getincrementaldecoder("utf-8")("replace")
        self._unread = ""
        self._rows: deque[_Row] = deque([_Row(0)])
        self._height = 0  # rows between the cursor and the bottom
        self._depth = 0  # height of the live region above the bottom row
        self._fallen = 0  # rows begun since the cursor last came up
        self._status: _Row | None = None  # where an absolute position put the cursor (apt's bar at the window's foot)
        self._alternate = False  # a full-screen program draws: nothing of it is a log
        self._out: list[Line] = []

    def feed(self, chunk: bytes) -> list[Line]:
        """The lines that `chunk` finished or drew over, in order."""
        self._read(self._decoder.decode(chunk))
        return self._taken()

    def close(self) -> list[Line]:
        """The rest: every row that is still on the screen becomes a log line."""
        self._read(self._decoder.decode(b"", final=True))
        self._leave_status()
        for row in self._rows:
            if row is not self._rows[-1] or row.text.strip():
                self._log(row)
        self._rows = deque([_Row(self._rows[-1].number + 1)])
        self._height = self._depth = self._fallen = 0
        return self._taken()

    def settle(self) -> list[Line]:
        """Log lines held back for a live region that seems over; for a caller whose command fell silent.

        Does nothing while the cursor rests inside the region, as it does between two frames of one.
        """
        if self._height == 0 and self._fallen > 0:
            self._release()
        return self._taken()

    def showing(self) -> Line | None:
        """The row under the cursor as a transient line, or None when it was told already or is blank."""
        row = self._row
        text = row.text.rstrip()
        return Line(text, transient=True, row=row.number) if row.fresh and text else None

    # -- tokens ------------------------------------------------------------------------------------------------------

    def _read(self, text: str) -> None:
        buffer = self._unread + text
        at = 0
        while at < len(buffer):
            end = self._step(buffer, at)
            if end == at:
                break  # an escape sequence that is not all here yet
            at = end
        self._unread = buffer[at:]

    def _step(self, buffer: str, at: int) -> int:
        """Apply the token at `at`; where the next begins, or `at` itself when this one is cut off."""
        if found := _TEXT.match(buffer, at):
            self._print(found[0])
            return found.end()
        if buffer[at] == "\x1b":
            return self._escape(buffer, at)
        if found := _BACKSPACES.match(buffer, at):
            self._back(len(found[0]))
            return found.end()
        if buffer[at] == "\n":
            self._feed_line()
        elif buffer[at] == "\r":
            self._row.returned = True
        return at + 1

    def _escape(self, buffer: str, at: int) -> int:
        if len(buffer) == at + 1:
            return at
        kind = buffer[at + 1]
        if kind == "[":
            return self._control_sequence(buffer, at)
        if kind in "]PX^_":
            return _end_of_string(buffer, at)
        if found := _CHARSET.match(buffer, at):
            return at if len(buffer) == found.end() else found.end() + 1
        if kind == "M":
            self._up("")
        elif kind == "8":
            self._leave_status()
        return at + 2 if "0" <= kind <= "~" else at + 1

    def _control_sequence(self, buffer: str, at: int) -> int:
        found = _CSI.match(buffer, at)
        if found is None or found.end() == len(buffer):
            return at
        final = buffer[found.end()]
        if not "@" <= final <= "~":
            return found.end()  # broken off: the sequence is dropped, what follows is read
        if act := self._CONTROLS.get(final):
            act(self, found[1])
        return found.end() + 1

    # -- what they do ------------------------------------------------------------------------------------------------

    @property
    def _row(self) -> _Row:
        return self._status or self._rows[-1 - self._height]

    def _print(self, text: str) -> None:
        if self._alternate:
            return
        row = self._row
        if row.returned:
            self._tell(row)
            row.text = ""
            row.returned = False
        row.text += text
        row.fresh = True
        while len(row.text) > MAX_ROW:
            self._out.append(Line(row.text[:MAX_ROW], transient=False, row=row.number))
            row.text = row.text[MAX_ROW:]

    def _back(self, count: int) -> None:
        row = self._row
        self._tell(row)
        row.text = row.text[:-count]

    def _feed_line(self) -> None:
        if self._alternate:
            return
        if self._status is not None:
            self._leave_status()
            return
        if self._height or self._depth:
            self._tell(self._row)
        if self._height:
            self._height -= 1
            self._come_back()
            return
        self._rows.append(_Row(self._rows[-1].number + 1))
        self._fallen += 1
        if self._fallen > self._depth:
            self._release()
        else:
            self._log_at(self._depth + 1)
        if len(self._rows) > MAX_ROWS:
            self._rows.popleft()

    def _up(self, argument: str) -> None:
        self._tell(self._row)
        self._height = min(self._height + _count(argument), len(self._rows) - 1, MAX_ROWS - 2)
        self._depth = max(self._depth, self._height)
        self._fallen = 0
        self._come_back()

    def _down(self, argument: str) -> None:
        self._tell(self._row)
        self._height = max(0, self._height - _count(argument))
        self._come_back()

    def _come_back(self) -> None:
        """The cursor is in a row that was drawn before; tools draw it anew from the left edge."""
        self._row.returned = self._row.revisited = True

    def _right(self, argument: str) -> None:
        self._print(" " * _count(argument, 200))

    def _column(self, argument: str) -> None:
        if _count(argument) == 1:
            self._row.returned = True

    def _erase(self, argument: str) -> None:
        """Erase in the row; right of a cursor that stands at its end there is nothing."""
        row = self._row
        if argument in {"1", "2"} or row.returned:
            self._tell(row)
            row.text = ""

    def _erase_below(self, argument: str) -> None:
        if argument in {"2", "3"}:
            return  # the whole screen: a new page, but what it said was said
        self._erase("")
        for height in range(self._height):
            row = self._rows[-1 - height]
            self._tell(row)
            row.text = ""

    def _position(self, argument: str) -> None:
        """To the upper left a new page begins; anywhere else is a row of its own until the cursor is put back."""
        self._leave_status()
        if argument not in {"", ";", "1", "1;1", "0;0"}:
            self._status = _Row(_STATUS_ROW)
            return
        self._height = 0
        if self._row.text.strip():
            self._feed_line()

    def _leave_status(self, _argument: str = "") -> None:
        if self._status is not None:
            self._tell(self._status)
            self._status = None

    def _mode_on(self, argument: str) -> None:
        if argument in _ALTERNATE:
            self._leave_status()
            self._alternate = True

    def _mode_off(self, argument: str) -> None:
        if argument in _ALTERNATE:
            self._alternate = False
            self._status = None

    # Control sequences that move the cursor or erase, by final character (ECMA-48); all others, colours above all,
    # change nothing that is read.
    _CONTROLS: ClassVar[dict[str, Callable[[Screen, str], None]]] = {
        "A": _up,
        "B": _down,
        "C": _right,
        "E": _down,
        "F": _up,
        "G": _column,
        "H": _position,
        "J": _erase_below,
        "K": _erase,
        "f": _position,
        "h": _mode_on,
        "l": _mode_off,
        "u": _leave_status,
    }

    # -- telling -----------------------------------------------------------------------------------------------------

    def _tell(self, row: _Row) -> None:
        text = row.text.rstrip()
        if row.fresh and text:
            self._out.append(Line(text, transient=True, row=row.number))
        row.fresh = False

    def _log(self, row: _Row) -> None:
        text = row.text.rstrip()
        row.fresh = False
        if row.logged == text or (row.revisited and not text):
            return
        row.logged = text
        self._out.append(Line(text, transient=False, row=row.number))

    def _log_at(self, height: int) -> None:
        if height < len(self._rows):
            self._log(self._rows[-1 - height])

    def _release(self) -> None:
        """End the live region: everything above the bottom row is final."""
        for height in range(self._depth + 1, 0, -1):
            self._log_at(height)
        self._depth = 0

    def _taken(self) -> list[Line]:
        out, self._out = self._out, []
        return out


def _end_of_string(buffer: str, at: int) -> int:
    """Past an OSC, DCS or the like: ended by BEL or ESC backslash; never longer than 4,096 characters."""
    found = _STRING.match(buffer, at)
    end = found.end() if found else at + 2
    if end == len(buffer):
        return at
    if buffer[end] == "\x07":
        return end + 1
    if buffer[end] != "\x1b":
        return at + 1  # too long, or broken by a line end: drop the ESC, read the rest as text
    if end + 1 == len(buffer):
        return at
    return end + 2 if buffer[end + 1] == "\\" else end


def _count(argument: str, most: int = MAX_ROWS) -> int:
    """The number in a sequence: 1 when there is none."""
    return min(int(argument) or 1, most) if argument.isascii() and argument.isdigit() else 1
