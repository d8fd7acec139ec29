"""What stands behind a context in an executor: the attempt's directory, the server by REST, answers to questions.

One per attempt. Knows the courier's world and no user code. Made by `executor.py`.
"""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path
from typing import Any

from headway.worker.context import Answer, Work
from headway.worker.pending import Pending
from headway.worker.rest import Rest
from headway.worker.showing import Picture, Showing


class JobHost:
    """The host of a job's context. `tmp_made` tells the supervisor whether there is something to delete."""

    __slots__ = ("_children", "_questions", "_rest", "_showing", "_tmp", "_work", "tmp_made")

    def __init__(self, work: Work, tmp: str, rest: Rest) -> None:
        self._work = work
        self._tmp = tmp
        self._rest = rest
        self._showing: Showing | None = None
        self._children = 0
        self._questions: dict[str, Pending[Answer]] = {}
        self.tmp_made = False

    def make_tmp(self) -> Path:
        """Make the directory, readable by this user alone."""
        directory = Path(self._tmp)
        directory.mkdir(mode=0o700, parents=True, exist_ok=True)
        self.tmp_made = True
        return directory

    def submit(self, spec: Mapping[str, Any]) -> Pending[str]:
        """A child job. The key tells retries of this call from another call: (job, attempt, ordinal)."""
        self._children += 1
        return self._rest.submit(spec, f"{self._work.job}.{self._work.attempt}.{self._children}")

    def store(self, name: str, file: Path, type: str | None) -> Pending[None]:
        """An artifact of this attempt; the server fences it."""
        return self._rest.store(self._work.job, self._work.attempt, name, file, type)

    def fetch(self, job: str, name: str, into: Path) -> Pending[None]:
        """An artifact of any job that the worker's token may read."""
        return self._rest.fetch(job, name, into)

    def show(self, picture: Picture) -> None:
        """How the attempt looks now; without a job (threads of nobody's) it goes nowhere."""
        if self._showing is None:
            self._showing = self._rest.showing(self._work.job, self._work.attempt)
        if self._work.job:
            self._showing.show(picture)

    def ask(self, request: str, message: str, schema: Any, url: str | None) -> Pending[Answer]:
        """The answer, when somebody gives it."""
        pending: Pending[Answer] = Pending()
        self._questions[request] = pending
        return pending

    def answer(self, request: str, answer: Mapping[str, Any]) -> None:
        """Somebody answered."""
        if (pending := self._questions.pop(request, None)) is not None:
            pending.settle(Answer(str(answer.get("action", "cancel")), answer.get("content")))

    def give_up(self) -> None:
        """Nobody will answer any more: the attempt is cancelled."""
        for pending in self._questions.values():
            pending.settle(Answer("cancel"))
        self._questions.clear()
