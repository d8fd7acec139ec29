"""Progress of a job as MCP wants it told: each notification greater than the last, and none without news. Pure.

The specification has `progress` increase with every notification, also where no total is known; a job may say something
new at the same fraction, begin a second attempt, or have no fraction at all. So a number here is the fraction of the job,
never less than what was told, and greater by a millionth where only the words are new. Called by waiting.py.
"""

from __future__ import annotations

STEP = 1e-6


class Telling:
    """What was told so far to one caller."""

    def __init__(self) -> None:
        self._told = 0.0
        self._words: str | None = None
        self._total: float | None = None

    def next(self, fraction: float | None, words: str) -> tuple[float, float | None, str] | None:
        """(progress, total, message) to be told now, or None where nothing changed. `fraction` is 0..1, or unknown.

        Once a total was told it stays: a second attempt may know less, which is no reason to unlearn.
        """
        if words == self._words:
            return None
        self._total = 1.0 if fraction is not None else self._total
        least = self._told + STEP
        self._told = max(least, min(fraction, 1.0)) if fraction is not None else least
        self._words = words
        return self._told, self._total, words
