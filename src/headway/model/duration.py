"""Durations as people write them: `30s`, `1h30m`, `500ms`, `2d`. One grammar for decorators, config, CLI, filters and REST.

Inside everything is a float of seconds; this is where text becomes one, and where seconds become text for people.
Pure; called wherever a duration comes in or is shown.
"""

from __future__ import annotations

import math
import re

from headway.errors import InvalidInput

UNITS = {"w": 604_800.0, "d": 86_400.0, "h": 3_600.0, "m": 60.0, "s": 1.0, "ms": 0.001}
"""Units from the largest down; within one text they come in this order, each at most once."""

_TEXT = re.compile("".join(rf"(?:(?P<{unit}>[0-9]+(?:\.[0-9]+)?){unit})?" for unit in UNITS))
_HINT = "Write 30s, 5m, 1h30m, 2d or a number of seconds."


def parse_duration(value: str | float, field: str = "duration") -> float:
    """Seconds of `1h30m`, `45` or 45. InvalidInput names `field`; negative, infinite and empty are refused."""
    if isinstance(value, bool) or not isinstance(value, str | int | float):  # pyright: ignore[reportUnnecessaryIsInstance]
        raise InvalidInput(field, f"{value!r} is not a duration", hint=_HINT)
    seconds = _seconds(value.strip()) if isinstance(value, str) else float(value)
    if seconds is None or not math.isfinite(seconds):
        raise InvalidInput(field, f"{value!r} is not a duration", hint=_HINT)
    if seconds < 0:
        raise InvalidInput(field, f"{value!r} is negative", hint=_HINT)
    return seconds


def _seconds(text: str) -> float | None:
    if re.fullmatch(r"-?[0-9]+(\.[0-9]+)?", text):
        return float(text)
    found = _TEXT.fullmatch(text)
    if not text or found is None:
        return None
    return sum(float(amount) * UNITS[unit] for unit, amount in found.groupdict().items() if amount)


def duration_text(seconds: float) -> str:
    """For people, two units at most: `0.4s`, `42s`, `3m 05s`, `2h 07m`, `1d 03h`. Below a minute, tenths under 10 s."""
    if seconds < 9.95:
        return f"{seconds:.1f}s".replace(".0s", "s")
    whole = round(seconds)
    for big, small, name, minor in ((86_400, 3_600, "d", "h"), (3_600, 60, "h", "m"), (60, 1, "m", "s")):
        if whole >= big:
            return f"{whole // big}{name} {whole % big // small:02d}{minor}"
    return f"{whole}s"
