"""The jobs that this process serves now: those of its apps, and those that each engine has told of.

An engine's list replaces the one before it (`Board.serve`), while attempts go on with the job they began with. Read on
the courier's thread, written on the loop's: a change puts a new dict in the place of the old one. Must never know pipes
or attempts. Made by `executor.py`.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping
from typing import Any

from headway.errors import InvalidInput
from headway.worker.job import Job
from headway.worker.schema import Json

Jobs = Mapping[str, Job[..., Any]]
Tell = Callable[[int, list[Json]], None]
"""Called with the number of an engine and the definitions of what it serves now."""


class Served:
    """`jobs` by name: all of them. `own`: those of the apps, which never change."""

    def __init__(self, own: Jobs, tell: Tell) -> None:
        self.own: Jobs = dict(own)
        self.jobs: Jobs = self.own
        self._tell = tell
        self._of: dict[int, Jobs] = {}
        self._told: dict[int, list[Json]] = {}

    def replace(self, engine: int, jobs: Iterable[Job[..., Any]]) -> None:
        """What this engine serves from now on. InvalidInput: one of them can not be, and nothing has changed."""
        mine = _by_name(jobs)
        others = {name for number, each in self._of.items() if number != engine for name in each}
        for name, job in mine.items():
            if name in self.own or name in others:
                whose = "an app" if name in self.own else "another engine"
                raise InvalidInput(f"job {name!r}", f"is served by {whose} of this worker", hint="Name it otherwise.")
            if job.isolation != "shared" or job.cleanup is not None:
                raise InvalidInput(f"job {name!r}", "is an engine's and wants a process of its own", hint=_SHARED)
        self._of[engine] = mine
        self.jobs = {name: job for each in (self.own, *self._of.values()) for name, job in each.items()}
        if (definitions := definitions_of(mine.values())) != self._told.get(engine):
            self._told[engine] = definitions
            self._tell(engine, definitions)


_SHARED = 'Leave isolation="process" and cleanup= out: engines are looked after in the shared process.'


def definitions_of(jobs: Iterable[Job[..., Any]]) -> list[Json]:
    """The kinds, as the server is told of them."""
    return [job.definition() for job in jobs]


def _by_name(jobs: Iterable[Job[..., Any]]) -> Jobs:
    found: dict[str, Job[..., Any]] = {}
    for job in jobs:
        if found.setdefault(job.name, job) is not job:
            raise InvalidInput(f"job {job.name!r}", "is twice in one engine's list", hint="Name each job once.")
    return found
