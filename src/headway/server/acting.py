"""One action on many jobs, as the work of one: slice by slice, with its progress, its refusals in the log, and its tally.

The ids are those that were meant at one place of the log; what became of a job since is the ledger's to refuse, job by
job. Between two slices the ledger takes what others want, and a cancel of the action is seen: what was done stays done.
Called by bulk.py; `InnerAttempt` carries it.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable, Mapping, Sequence
from typing import Any

import msgspec

from headway.errors import HeadwayError
from headway.model import command as c
from headway.model.report import LogLines, Progressed, ReportItem, Warned
from headway.server.inner import CutShort, InnerAttempt
from headway.server.requests import ActionsRequest
from headway.server.site import Site

SLICE = 50
"""Commands of one commit: a request of somebody else waits for no more than that."""
MOST_LINES = 200
"""Refusals that are told one by one; the others are counted."""


class _Each(msgspec.Struct):
    """One job of the set, and what is asked of it."""

    id: str
    asked: ActionsRequest
    args: bytes
    new_id: str
    by: str


class Action(msgspec.Struct, frozen=True):
    """What is done to one job, and the word for having done it."""

    command: Callable[[_Each], c.Command]
    done: str


ACTIONS: dict[str, Action] = {
    "cancel": Action(lambda each: c.Cancel(job=each.id, by=each.by, reason=each.asked.reason), "cancelled"),
    "retry": Action(
        lambda each: c.Retry(job=each.id, id=each.new_id, original_args=each.args, by=each.by), "retried"
    ),
    "delete": Action(lambda each: c.Delete(job=each.id), "deleted"),
    "hold": Action(lambda each: c.Hold(job=each.id, by=each.by), "held"),
    "release": Action(lambda each: c.Unhold(job=each.id), "released"),
    "priority": Action(lambda each: c.SetPriority(job=each.id, priority=each.asked.priority or 0), "moved"),
}  # fmt: skip


class Acting:
    """`asked` of the jobs `ids`, for `by`. Call it with the attempt that carries it; `tally` is how far it came."""

    def __init__(self, site: Site, asked: ActionsRequest, ids: Sequence[str], by: str, *, partial: bool) -> None:
        self._site = site
        self._asked = asked
        self._ids = ids
        self._by = by
        self._partial = partial
        self._action = ACTIONS[asked.action]
        self._began = 0.0
        self._done = 0
        self._refused = Counter[str]()
        self._lines: list[tuple[int, str, str]] = []
        self._told = 0

    @property
    def tally(self) -> dict[str, Any]:
        """How many were meant, done, and refused (code -> number)."""
        return {"matched": len(self._ids), "done": self._done, "refused": dict(self._refused)}

    async def __call__(self, attempt: InnerAttempt) -> dict[str, Any]:
        """Do it. CutShort: it was to stop before it was through."""
        self._began = self._site.hub.clock.monotonic()
        await attempt.say(*self._first_words(), self._progress())
        for start in range(0, len(self._ids), SLICE):
            if attempt.stopping:
                await attempt.say(*self._told_lines(), *self._last_words(attempt), self._progress())
                raise CutShort(self.tally)
            await self._slice(attempt, self._ids[start : start + SLICE])
            if attempt.is_due:
                await attempt.say(*self._told_lines(), self._progress())
        await attempt.say(*self._told_lines(), *self._last_words(attempt), self._progress())
        return self.tally

    async def _slice(self, attempt: InnerAttempt, ids: Sequence[str]) -> None:
        args = await self._args(ids)
        new_id = self._site.hub.clock.new_id
        every = [_Each(id, self._asked, args.get(id, b"{}"), new_id(), self._by) for id in ids]
        for id, result in zip(ids, await attempt.do([self._action.command(each) for each in every]), strict=True):
            if isinstance(result, HeadwayError):
                self._refuse(id, result)
            else:
                self._done += 1

    async def _args(self, ids: Sequence[str]) -> Mapping[str, bytes]:
        """The input of what is to run again, to the letter."""
        if self._asked.action != "retry":
            return {}
        return await self._site.read(lambda reading: {id: reading.args(id) or b"{}" for id in ids})

    # -- what is said

    def _refuse(self, id: str, error: HeadwayError) -> None:
        self._refused[error.code] += 1
        if self._told < MOST_LINES:
            self._told += 1
            self._lines.append((self._site.hub.clock.now(), "warning", f"{id}: {error}"))

    def _told_lines(self) -> list[ReportItem]:
        lines, self._lines = self._lines, []
        return [LogLines(lines=lines)] if lines else []

    def _first_words(self) -> list[ReportItem]:
        said = "The search was cut at its bound: other jobs may match. Ask again when this has ended."
        return [Warned(message=said)] if self._partial else []

    def _last_words(self, attempt: InnerAttempt) -> list[ReportItem]:
        """Refusals beyond those told, and where it was stopped."""
        total = self._refused.total()
        codes = ", ".join(f"{code} {number:,}" for code, number in sorted(self._refused.items()))
        beyond = f"{total - self._told:,} more were refused; in all: {codes}."
        lines = [(self._site.hub.clock.now(), "warning", beyond)] if total > self._told else []
        words: list[ReportItem] = [LogLines(lines=lines)] if lines else []
        if (left := len(self._ids) - self._done - total) > 0:
            words.append(Warned(message=f"Stopped ({attempt.stopping}) with {left:,} jobs left as they were."))
        return words

    def _progress(self) -> Progressed:
        refused = self._refused.total()
        took_s = self._site.hub.clock.monotonic() - self._began
        per_s = round((self._done + refused) / took_s) if took_s > 0 else 0
        parts = [
            f"{self._done:,} {self._action.done}",
            f"{refused:,} refused" if refused else "",
            f"{per_s:,} a second" if per_s else "",
        ]
        return Progressed(
            current=self._done + refused, total=len(self._ids), unit="jobs", message=", ".join(filter(None, parts)),
            details={**self.tally, "per_s": per_s},
        )  # fmt: skip
