"""From lines to readings: the one table of formats, and the `Reader` that puts a command's lines through it.

Order: a command that speaks to Headway itself (`explicit`) is believed alone from then on; else the first format of
`FORMATS` that knows the line; else, when no known bar is being drawn, the generic rules. Everything passes `stages`.
Pure: no clock, no process. Called by `runner`, which decides how often a redrawn line is worth reading.
"""

from __future__ import annotations

import re
from collections.abc import Sequence

from headway.connectors.command.bars import BARS
from headway.connectors.command.builds import BUILDS
from headway.connectors.command.explicit import PREFIX, read_json, read_statement
from headway.connectors.command.generic import GENERIC
from headway.connectors.command.reading import Format, Notes, Reading
from headway.connectors.command.screen import Line
from headway.connectors.command.stages import Stages
from headway.connectors.command.transfers import TRANSFERS

FORMATS: tuple[Format, ...] = (*BARS, *BUILDS, *TRANSFERS)
"""Formats that know their tool, in the order they are tried."""

MAX_LINE = 1000
"""Characters; no bar is wider, and patterns stay cheap."""


_DIGIT = re.compile(r"\d")


class Reader:
    """Reads the progress of one command. Give it every line of the log, and of redrawn ones the latest."""

    def __init__(self) -> None:
        self._notes = Notes()
        self._stages = Stages()
        self._explicit = False
        self._drawing = False  # a known tool's bar is not at its end

    def read(self, line: Line) -> Reading | None:
        """What `line` says that is new; None when it says nothing of progress."""
        if line.text.startswith(PREFIX):
            return self._believe(read_statement(line.text))
        if self._explicit or len(line.text) > MAX_LINE:
            return None
        text = line.text.rstrip()
        known = _first(FORMATS, text, self._notes, transient=line.transient)
        if known is not None:
            form, reading = known
            if reading.current is not None:
                self._drawing = reading.total is None or reading.current < reading.total
            return self._stages.place(reading, growing=form.growing, row=line.row)
        if self._drawing or _DIGIT.search(text) is None:
            return None
        guessed = _first(GENERIC, text, self._notes, transient=line.transient)
        return None if guessed is None else self._stages.place(guessed[1], row=line.row)

    def read_json(self, line: bytes) -> Reading | None:
        """What one JSON line on `$HEADWAY_FD` says that is new."""
        return self._believe(read_json(line))

    def _believe(self, reading: Reading | None) -> Reading | None:
        if reading is None:
            return None
        self._explicit = True
        return self._stages.place(reading)


def _first(table: Sequence[Format], text: str, notes: Notes, *, transient: bool) -> tuple[Format, Reading] | None:
    for form in table:
        if form.hint not in text or (form.redrawn and not transient):
            continue
        found = form.pattern.search(text)
        if found is None:
            continue
        reading = form.read(found, notes)
        if reading is not None:
            return form, reading
    return None
