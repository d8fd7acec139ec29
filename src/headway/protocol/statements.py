"""What a worker says of one attempt, numbered, kept until it is acknowledged, and small while nobody listens.

Owns the order of statements: reports, cancel steps and the outcome get `n` = 1, 2, 3 … when they are sealed, are sent
in that order, and sent again from the last acknowledged one after a lost link or a lost frame; the server applies each
once. What waits unsealed shrinks instead of growing: of a stage's progress the newest stands, log lines and other
remarks of all attempts share a spool, and what does not fit is counted and said (`Dropped`). Outcomes, stages,
checkpoints and questions are never dropped. Must never know links. Called by leasing.py.
"""

from __future__ import annotations

from collections import deque
from collections.abc import Iterator
from typing import Any, Literal, Protocol

import msgspec

from headway.errors import TooLarge
from headway.model.report import (
    Custom,
    Dropped,
    ErrorNoted,
    InputRequested,
    LogLines,
    Progressed,
    ReportItem,
    StageCompleted,
    StageStarted,
    StepDone,
    Warned,
)
from headway.protocol.frames import WORKER_FRAME_BYTES, CancelState, Ended, Report, encode_value

SPOOL_BYTES = 64 * 1024 * 1024
SEAL_BYTES = 131_072
"""A report is closed at this many characters: escaped at worst (six bytes each) it still fits a frame."""
LINE_CHARACTERS = 65_536
LINE_OVERHEAD = 48
ITEM_BYTES = WORKER_FRAME_BYTES // 2
"""One item or result over this could not be carried beside the rest of its frame."""
RESEND_S = 10.0
"""Unacknowledged for so long on a living link: the statement or its answer was lost."""
AGAIN_S = 1.0
"""An answer that acknowledges nothing new means that the server lacks something; it is resent once in this time."""

DROPPABLE = (LogLines, Warned, ErrorNoted, StepDone, Custom)
BARRIERS = (StageStarted, StageCompleted, InputRequested)
"""Progress before one of these stays: it is the last value of what went before."""

Statement = Report | CancelState | Ended


class Ending(Protocol):
    """How an attempt ended, as the supervisor says it."""

    @property
    def outcome(self) -> str: ...
    @property
    def result(self) -> msgspec.Raw | None: ...
    @property
    def error(self) -> dict[str, str] | None: ...
    @property
    def retry_after_s(self) -> float | None: ...
    @property
    def reason(self) -> str: ...


class Spool:
    """How much droppable content of all attempts of this worker waits; never more than `limit` bytes."""

    def __init__(self, limit: int = SPOOL_BYTES) -> None:
        self.limit = limit
        self.used = 0

    def fits(self, size: int) -> bool:
        """Take the room if it is there."""
        if self.used + size > self.limit:
            return False
        self.used += size
        return True

    def free(self, size: int) -> None:
        """It is the server's now."""
        self.used -= size


class Sealed(msgspec.Struct, frozen=True):
    """A numbered statement and the room it holds in the spool."""

    statement: Statement
    size: int


class Outbox:
    """The statements of one attempt. `acked`: the last number the server has; `settled`: nothing is left to say."""

    def __init__(self, job: str, attempt: int, spool: Spool, n: int = 0) -> None:
        self.job = job
        self.attempt = attempt
        self.acked = n
        self.ended = False
        self._next = n + 1
        self._spool = spool
        self._items: list[ReportItem | None] = []
        self._newest: dict[str, int] = {}
        self._size = 0
        self._spooled = 0
        self._dropped_lines = 0
        self._dropped_remarks = 0
        self._sealed: deque[Sealed] = deque()
        self._sent = 0
        self._report_at = float("-inf")
        self._moved_at = 0.0
        self._rewound_at = float("-inf")

    @property
    def settled(self) -> bool:
        return self.ended and not self._sealed

    # -- saying ----------------------------------------------------------------------------------------------------

    def add(self, item: ReportItem) -> None:
        """Say one thing, after all said before. TooLarge: it could never be carried; it was not taken."""
        if isinstance(item, LogLines):
            for part in portions(item):
                self._add(part, size_of(part))
        else:
            size = size_of(item)
            if size > ITEM_BYTES:
                raise TooLarge(f"The {item.__struct_config__.tag}", size, ITEM_BYTES, hint="Store it as an artifact.")
            self._add(item, size)

    def _add(self, item: ReportItem, size: int) -> None:
        if isinstance(item, DROPPABLE):
            if not self._spool.fits(size):
                self._count_dropped(item)
                return
            self._spooled += size
            self._say_dropped()
        if isinstance(item, Progressed):
            item = self._supersede(item)
        elif isinstance(item, BARRIERS):
            self._newest.clear()
        if self._size + size > SEAL_BYTES:
            self._seal_items()
        self._append(item)
        self._size += size

    def cancel_state(self, step: Literal["acknowledged", "stopped", "cleaned"], note: str = "") -> None:
        """Say how far a cancel came."""
        self._seal_items()
        self._seal(CancelState(job=self.job, attempt=self.attempt, n=self._next, step=step, note=note))

    def end(self, end: Ending) -> None:
        """Say the outcome. Only `cleaned` may follow. TooLarge: the result could never be carried; nothing was said."""
        result = end.result if end.result is not None else msgspec.Raw(b"null")
        if len(bytes(result)) > ITEM_BYTES:
            raise TooLarge("The result", len(bytes(result)), ITEM_BYTES, hint="Store it as an artifact.")
        self._say_dropped()
        self._seal_items()
        self.ended = True
        self._seal(
            Ended(
                job=self.job,
                attempt=self.attempt,
                n=self._next,
                outcome=end.outcome,
                result=result,
                error=end.error,
                retry_after_s=end.retry_after_s,
                reason=end.reason,
            )
        )

    def _append(self, item: ReportItem) -> None:
        if isinstance(item, Progressed):
            self._newest[item.stage] = len(self._items)
        self._items.append(item)

    def _supersede(self, item: Progressed) -> Progressed:
        """Take the unsent progress of the same stage away; its details go on where the newer one has none."""
        place = self._newest.pop(item.stage, None)
        before = None if place is None else self._items[place]
        if place is None or not isinstance(before, Progressed):
            return item
        self._items[place] = None
        self._size -= size_of(before)
        return item if item.details is not None else msgspec.structs.replace(item, details=before.details)

    def _count_dropped(self, item: ReportItem) -> None:
        if isinstance(item, LogLines):
            self._dropped_lines += len(item.lines)
        else:
            self._dropped_remarks += 1

    def _say_dropped(self) -> None:
        """Before the next thing that fits again: how much is missing here."""
        if self._dropped_lines:
            self._items.append(Dropped(lines=self._dropped_lines, reason="spool full"))
        if self._dropped_remarks:
            self._items.append(Dropped(lines=self._dropped_remarks, reason="spool full: remarks"))
        self._dropped_lines = self._dropped_remarks = 0

    def _seal_items(self) -> None:
        items = [item for item in self._items if item is not None]
        self._items = []
        self._newest = {}
        self._size = 0
        if items:
            self._seal(Report(job=self.job, attempt=self.attempt, n=self._next, items=items))

    def _seal(self, statement: Statement) -> None:
        self._sealed.append(Sealed(statement, self._spooled))
        self._spooled = 0
        self._next += 1

    # -- sending ---------------------------------------------------------------------------------------------------

    def take(self, now: float, report_s: float) -> list[Statement]:
        """What to send now, in order; progress at most each `report_s`, the first at once."""
        if self._items and (now >= self._report_at or self._sent < len(self._sealed)):
            self._seal_items()
            self._report_at = now + report_s
        if self._sent and now - self._moved_at >= RESEND_S:
            self.rewind()
        if self._sent == 0:
            self._moved_at = now
        statements = [sealed.statement for sealed in list(self._sealed)[self._sent :]]
        self._sent = len(self._sealed)
        return statements

    def due(self) -> float | None:
        """When `take` will have something; None: not before something is said."""
        if self._sent < len(self._sealed):
            return float("-inf")
        times = [self._report_at] if self._items else []
        if self._sent:
            times.append(self._moved_at + RESEND_S)
        return min(times, default=None)

    def acknowledge(self, n: int, now: float) -> None:
        """The server has everything up to `n`, and nothing after it. Nothing new in that: it lacks the next one."""
        if n <= self.acked:
            if self._sent and now - self._rewound_at >= AGAIN_S:
                self._rewound_at = now
                self.rewind()
            return
        self.acked = n
        self._moved_at = now
        while self._sealed and self._sealed[0].statement.n <= n:
            self._spool.free(self._sealed.popleft().size)
            self._sent = max(self._sent - 1, 0)

    def rewind(self) -> None:
        """Send everything unacknowledged again: the link, or a frame, was lost."""
        self._sent = 0

    def address(self, job: str, attempt: int, n: int) -> None:
        """Adopted work has got its job: everything said so far is about it, numbered on from `n`."""
        self.job, self.attempt, self.acked = job, attempt, n
        self._next = n + 1
        waiting, self._sealed = self._sealed, deque()
        for sealed in waiting:
            moved: Any = msgspec.structs.replace(sealed.statement, job=job, attempt=attempt, n=self._next)
            self._sealed.append(Sealed(moved, sealed.size))
            self._next += 1

    def part(self) -> None:
        """The attempt was taken away after its end was said: that last word is sent still, to be recorded as late."""
        while any(isinstance(sealed.statement, Ended) for sealed in list(self._sealed)[1:]):
            self._spool.free(self._sealed.popleft().size)
        self._sent = 0

    def discard(self) -> None:
        """Nothing of it is to be said any more."""
        self._spool.free(sum(sealed.size for sealed in self._sealed) + self._spooled)
        self._sealed.clear()
        self._items = []
        self._spooled = self._sent = 0
        self.ended = True


def portions(item: LogLines) -> Iterator[LogLines]:
    """Log lines in parts that a frame can carry, overlong ones cut, each saying what it lost."""
    part: list[tuple[int, str, str]] = []
    size = 0
    for at, level, text in item.lines:
        if part and size + len(text) > LINE_CHARACTERS:
            yield LogLines(lines=part)
            part, size = [], 0
        part.append((at, level, _cut(text)))
        size += len(text) + LINE_OVERHEAD
    if part:
        yield LogLines(lines=part)


def _cut(text: str) -> str:
    beyond = len(text) - LINE_CHARACTERS
    return text if beyond <= 0 else f"{text[:LINE_CHARACTERS]} … ({beyond:,} characters cut)"


def size_of(item: ReportItem) -> int:
    """About how many characters it is on the wire."""
    match item:
        case LogLines():
            return sum(len(text) + LINE_OVERHEAD for _, _, text in item.lines)
        case Progressed() if item.details is None:
            return 160 + len(item.message or "")
        case _:
            return len(encode_value(item))
