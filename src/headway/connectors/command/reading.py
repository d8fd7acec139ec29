"""The words of this package: a `Reading`, what a `Format` is, what earlier lines left in `Notes`, numbers as tools write them.

Pure and without any tool's name; the tables in `bars`, `transfers`, `builds` and `generic` are made of these.
"""

from __future__ import annotations

import re
from collections.abc import Callable
from dataclasses import dataclass, field

import msgspec


class Reading(msgspec.Struct, frozen=True, kw_only=True):
    """What one line says of progress: `current` of `total` in `unit`, of `stage`.

    `total` None: indeterminate; both None: a message alone. `unit` "%" goes with total 100. `source` names the format.
    """

    stage: str | None = None
    current: float | None = None
    total: float | None = None
    unit: str | None = None
    message: str | None = None
    source: str


@dataclass(slots=True)
class Notes:
    """What earlier lines of one command said and a later line needs: a bar seldom names what it counts."""

    subject: str | None = None  # the file a download is of
    duration_s: float | None = None  # ffmpeg: length of the longest input
    out_time_s: float | None = None  # ffmpeg -progress: the block being read
    tests: int | None = None  # pytest: collected
    tests_done: int = 0
    epoch: str | None = None  # keras
    listing: bool = False  # rsync still finds files: its percentage is of what it knows
    steps: dict[str, tuple[str, float, float]] = field(default_factory=dict[str, tuple[str, float, float]])  # buildkit


class Format(msgspec.Struct, frozen=True, kw_only=True):
    """One way a tool writes progress. `hint` is a literal that any such line has (a cheap first test).

    `read` may return None: the line was noted, or is none after all. `growing`: the total may change while it runs,
    which is no new stage. `redrawn`: only counts on a line that is drawn over.
    """

    name: str
    hint: str
    pattern: re.Pattern[str]
    read: Callable[[re.Match[str], Notes], Reading | None]
    growing: bool = False
    redrawn: bool = False


_SIZE = re.compile(r"([\d.]+)\s?([kKMGTPEZY]?)(i?)")
_POWERS = {letter: power for power, letter in enumerate("KMGTPEZY", start=1)}


def size(text: str, base: int = 1000) -> float | None:
    """The number in `977k`, `2.86M`, `16.15Mi`; `i` means powers of 1024, else powers of `base`. None when it is none."""
    found = _SIZE.match(text.replace(",", ""))
    if found is None:
        return None
    try:
        number = float(found[1])
    except ValueError:
        return None
    return round(number * (1024 if found[3] else base) ** _POWERS.get(found[2].upper(), 0), 3)


def seconds(text: str) -> float | None:
    """`00:01:02.50`, `1:02` or `2` as seconds; None for `N/A` and the like."""
    try:
        parts = [float(part) for part in text.split(":")]
    except ValueError:
        return None
    total = 0.0
    for part in parts:
        total = total * 60 + part
    return total


def percent(value: str, *, source: str, stage: str | None = None, message: str | None = None) -> Reading | None:
    """A reading in percent; None over 100, which no progress is."""
    number = float(value)
    if number > 100:
        return None
    return Reading(stage=stage, current=number, total=100.0, unit="%", message=message or None, source=source)


def whole(text: str) -> float:
    """`1,234` as a number."""
    return float(text.replace(",", ""))


def basename(path: str) -> str:
    """The last part of a path or URL; the text itself when there is none."""
    return path.rstrip("/").rpartition("/")[2] or path
