"""Order among readings: which stage each belongs to, and never backwards within one.

Tools name their bars loosely: pip draws each file from 0 to 100 % without a name, tqdm writes a loss into its
description. So a *stage* is told by format, description (numbers in it left out) and total; when one of them changes,
or the share falls by more than half, another stage begins. A bar that keeps starting over below one that goes on
(nested loops) is no sequence of stages: it becomes the message of the bar above it.
Pure; called by `formats` with every reading.
"""

from __future__ import annotations

import re
from dataclasses import dataclass

from headway.connectors.command.reading import Reading

MAX_STAGES = 1000
"""A command that seems to open more is not describing progress: further stages are not told."""

MAX_NAME = 120
MAX_MESSAGE = 500

_NUMBERS = re.compile(r"\d[\d.,]*(?:e[+-]?\d+)?")
_ONE_TOTAL = frozenset({"headway", "percent"})  # another total is no other stage
_Family = tuple[str, str]
_Key = tuple[str, str, float | None]


@dataclass(slots=True, eq=False)
class _Stage:
    name: str | None
    label: str | None
    source: str
    unit: str | None
    row: int
    begun: int  # how many readings had come when it began
    seen: int
    current: float | None = None
    total: float | None = None

    @property
    def unfinished(self) -> bool:
        return self.total is None or self.current is None or self.current < self.total


class Stages:
    """The stages one command has opened. `place` every reading, in order."""

    def __init__(self) -> None:
        self._stages: dict[_Key, _Stage] = {}
        self._latest: dict[_Family, _Stage] = {}
        self._inner: dict[_Family, _Stage] = {}  # bars known to be nested, and the bar above each
        self._names: dict[str | None, int] = {}
        self._last: Reading | None = None
        self._opened = 0
        self._seen = 0

    def place(self, reading: Reading, *, growing: bool = False, row: int = 0) -> Reading | None:
        """The reading with its stage's own name and never behind what that stage reached; None when it is no news."""
        self._seen += 1
        family = _family(reading)
        outer = self._inner.get(family)
        if outer is not None and outer.row < row:
            return self._news(_as_message(reading, outer))
        stage = self._stage_of(reading, family, growing=growing)
        if stage is None or _starts_over(stage, reading, row):
            above = self._going_on_above(family, row)
            if above is not None:
                self._inner[family] = above
                return self._news(_as_message(reading, above))
            stage = self._open(reading, family, growing=growing, row=row)
            if stage is None:
                return None
        stage.seen, stage.row = self._seen, row
        if stage.total is None and reading.total is not None and not growing:
            self._stages[*family, reading.total] = stage
        return self._news(_advance(stage, reading))

    def _stage_of(self, reading: Reading, family: _Family, *, growing: bool) -> _Stage | None:
        """A total may become known, and may be left out; otherwise another total is another stage."""
        latest = self._latest.get(family)
        if growing or reading.source in _ONE_TOTAL or reading.total is None or (latest and latest.total is None):
            return latest
        return self._stages.get((*family, reading.total))

    def _going_on_above(self, family: _Family, row: int) -> _Stage | None:
        """The bar in a row above that moved since the latest of this family began, when there is one."""
        latest = self._latest.get(family)
        if latest is None:
            return None
        for stage in self._latest.values():
            if stage.row < row and stage.seen > latest.begun and stage.unfinished and stage is not latest:
                return stage
        return None

    def _open(self, reading: Reading, family: _Family, *, growing: bool, row: int) -> _Stage | None:
        if self._opened >= MAX_STAGES:
            return None
        self._opened += 1
        stage = _Stage(
            name=self._name(reading),
            label=reading.stage,
            source=reading.source,
            unit=reading.unit,
            row=row,
            begun=self._seen,
            seen=self._seen,
        )
        self._stages[*family, None if growing else reading.total] = stage
        self._latest[family] = stage
        return stage

    def _name(self, reading: Reading) -> str | None:
        """Unique: a second `load` is `load (2)`, a second nameless one `part 2`. No slash: it parts nested stages."""
        base = reading.stage
        if base is not None:
            base = " ".join(base.split())[:MAX_NAME]
            base = base if reading.source == "headway" else base.replace("/", "\N{DIVISION SLASH}")
        count = self._names[base] = self._names.get(base, 0) + 1
        if count == 1:
            return base
        return f"part {count}" if base is None else f"{base} ({count})"

    def _news(self, reading: Reading) -> Reading | None:
        if reading == self._last:
            return None
        self._last = reading
        return reading


def _family(reading: Reading) -> _Family:
    """Bars that may be one: same format, same description but for numbers. A guessed label tells nothing apart."""
    stage = reading.stage or ""
    if reading.source == "percent":
        return reading.source, ""
    return reading.source, stage if reading.source == "headway" else _NUMBERS.sub("#", stage)


def _starts_over(stage: _Stage, reading: Reading, row: int) -> bool:
    """By more than half; or at all, when its description changed too or it had ended and this is a row further down.

    Who speaks to Headway says what is a stage: there a fall is only a fall.
    """
    if reading.source == "headway" or reading.current is None or stage.current is None:
        return False
    ended_above = row > stage.row and not stage.unfinished
    if reading.current < stage.current and (reading.stage != stage.label or ended_above):
        return True
    if reading.total and stage.total:
        return stage.current / stage.total - reading.current / reading.total > 0.5
    return reading.current < stage.current / 2


def _advance(stage: _Stage, reading: Reading) -> Reading:
    """Move the stage on, never back: neither its count nor its share."""
    message = reading.message
    if reading.stage is not None and reading.stage != stage.label:
        message = f"{reading.stage}, {message}" if message else reading.stage
    if reading.current is None:
        return _told(stage, message, numbers=False)
    if _is_ahead(stage, reading):
        stage.current = reading.current
        stage.total = reading.total if reading.total is not None else stage.total
        stage.unit = reading.unit or stage.unit
    return _told(stage, message, numbers=True)


def _is_ahead(stage: _Stage, reading: Reading) -> bool:
    if stage.current is None or reading.current is None:
        return True
    if reading.total is None and stage.total is not None:
        return False
    if reading.total and stage.total and reading.current / reading.total < stage.current / stage.total:
        return False
    return reading.current >= stage.current


def _told(stage: _Stage, message: str | None, *, numbers: bool) -> Reading:
    return Reading(
        stage=stage.name,
        current=stage.current if numbers else None,
        total=stage.total if numbers else None,
        unit=stage.unit if numbers else None,
        message=" ".join(message.split())[:MAX_MESSAGE] if message else None,
        source=stage.source,
    )


def _as_message(inner: Reading, outer: _Stage) -> Reading:
    """The bar above as it stands, with the nested one in words."""
    count = "" if inner.current is None else f"{inner.current:g}" + (f"/{inner.total:g}" if inner.total else "")
    text = " ".join(part for part in (inner.stage, count) if part) or inner.message
    return _told(outer, text, numbers=True)
