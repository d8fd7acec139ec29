"""Counts as people read them: one rule for what `current` of `total` in a unit looks like.

    %                          43.5%                     its total is 100, and not said
    B, byte, bytes             1.5 KB/57.2 MB            steps of 1024, as `ls -h` has them
    s, sec, second, seconds    1m 05s/2h 00m
    anything else              12/799 files              the word as its author wrote it, after the number

Nothing is guessed about a word: whoever wants `files` writes `files`. The built-in page has the same rule in dom.js.
Pure; called by whatever draws progress as text.
"""

from __future__ import annotations

from collections.abc import Callable

from headway.model.duration import duration_text

BYTES = frozenset({"B", "byte", "bytes"})
SECONDS = frozenset({"s", "sec", "second", "seconds"})
STEP = 1024
STEPS = ("B", "KB", "MB", "GB", "TB", "PB")


def count_text(current: float | None, total: float | None, unit: str | None) -> str:
    """`120/300 files`, `1.5 KB/57.2 MB`, `43.5%`; "" while nothing was counted."""
    if current is None:
        return ""
    if unit == "%":
        return f"{number_text(current)}%"
    write, word = _written(unit or "")
    counted = write(current) if total is None else f"{write(current)}/{write(total)}"
    return f"{counted} {word}".rstrip()


def _written(unit: str) -> tuple[Callable[[float], str], str]:
    """How numbers of the unit are written, and the word after them."""
    if unit in BYTES:
        return size_text, ""
    return (duration_text, "") if unit in SECONDS else (number_text, unit)


def number_text(value: float) -> str:
    """`12`, `0.25`, `1,204`: two decimals at most, and none from a thousand on, where they tell nothing."""
    return f"{value:,.0f}" if abs(value) >= 1000 else f"{value:,.2f}".rstrip("0").rstrip(".")


def size_text(size: float) -> str:
    """`312 B`, `4.2 KB`, `1.1 GB` of bytes; a KB is 1024 of them."""
    power = 0
    while size >= STEP - 0.05 and power < len(STEPS) - 1:
        size /= STEP
        power += 1
    return f"{size:,.1f} {STEPS[power]}" if power else f"{size:.0f} B"
