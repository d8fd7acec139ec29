"""When each worker was last heard, and when the server itself could not hear (I9).

Soft truth in memory: the gateway says `hear` for every frame, the sweeper asks for silences, and every few seconds
what changed goes to soft columns. Deaf time (a restart, a sleep of the machine, a database outage) counts for nobody.
"""

from __future__ import annotations

from typing import Any

from headway.clock import Clock
from headway.model import command as c
from headway.model.settings import Settings

KEPT_DEAF_MS = 7 * 24 * 3_600_000


class Roster:
    """Workers by id, each with the instant (ms) it was last heard and its newest load."""

    def __init__(self, clock: Clock, settings: Settings) -> None:
        self._clock = clock
        self._settings = settings
        self._heard: dict[str, int] = {}
        self._loads: dict[str, dict[str, Any]] = {}
        self._fresh: set[str] = set()
        self._deaf: list[tuple[int, int]] = []

    def hear(self, worker: str, load: dict[str, Any] | None = None) -> None:
        """A frame of the worker arrived just now."""
        self._heard[worker] = self._clock.now()
        self._fresh.add(worker)
        if load is not None:
            self._loads[worker] = load

    def recall(self, worker: str, at: int) -> None:
        """What the store remembers: of before this server started, or of a worker that another server hears."""
        self._heard[worker] = max(self._heard.get(worker, 0), at)

    def last_heard(self, worker: str) -> int | None:
        """ms, or None for a worker nobody has heard."""
        return self._heard.get(worker)

    def was_deaf(self, begin: int, until: int) -> None:
        """The server could not hear from `begin` to `until` (ms). Intervals that touch become one: none counts twice."""
        horizon = self._clock.now() - KEPT_DEAF_MS
        apart: list[tuple[int, int]] = []
        for each in self._deaf:
            if each[1] < begin or each[0] > until:
                apart.append(each)
            else:
                begin, until = min(begin, each[0]), max(until, each[1])
        self._deaf = sorted([*(each for each in apart if each[1] > horizon), (begin, until)])

    @property
    def deaf(self) -> tuple[tuple[int, int], ...]:
        """The deaf intervals, oldest first."""
        return tuple(self._deaf)

    def silence_s(self, worker: str, now: int) -> float:
        """Seconds of hearing time since the worker was heard."""
        since = self._heard.get(worker, now)
        lost = sum(max(0, min(until, now) - max(begin, since)) for begin, until in self._deaf)
        return (now - since - lost) / 1000

    def take_heard(self) -> list[c.Hear]:
        """Soft writes for what was heard since the last call; a load makes an event of its own."""
        heard = [c.Hear(worker=id, at=self._heard[id], load=self._loads.get(id)) for id in sorted(self._fresh)]
        self._fresh.clear()
        self._loads.clear()
        return heard
