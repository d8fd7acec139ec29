"""One stage of a job as user code holds it: counts, nests, tracks iterables. `with` and `async with` alike.

`advance()` and `track()` are the hot path (bench/track.py): an addition and one look at a flag, and for `track` not
even the flag. Knows the reporter; must never read a clock. Made by `Context.stage`.
"""

from __future__ import annotations

import contextvars
from collections.abc import AsyncIterable, AsyncIterator, Callable, Iterable, Iterator
from operator import length_hint
from types import TracebackType
from typing import Any, Self, TypeVar, overload

from headway.model.settings import Settings
from headway.worker.fitting import check_fits
from headway.worker.reporter import Counter, Reporter

T = TypeVar("T")

_MOST_BYTES = Settings().args_bytes
"""Of details that are sent at all; those over `details_bytes` the server cuts, and says so."""
_PLAIN = frozenset({list, tuple, range, dict, set, frozenset, str, bytes})

_open: contextvars.ContextVar[Stage | None] = contextvars.ContextVar("headway_stage", default=None)


def open_stage() -> Stage | None:
    """The innermost stage that this task or thread is in."""
    stage = _open.get()
    while stage is not None and stage.closed:
        stage = stage.parent
    return stage


class Stage:
    """`with ctx.stage("parse", total=9, unit="file") as stage: stage.advance()`.

    Left without an exception it is completed, whatever its counter says. `path` names it within the job.
    """

    __slots__ = ("_counter", "_reporter", "_token", "closed", "parent", "path")

    def __init__(self, reporter: Reporter, path: str, counter: Counter, parent: Stage | None = None) -> None:
        self._reporter = reporter
        self._counter = counter
        self._token: contextvars.Token[Stage | None] | None = None
        self.path = path
        self.parent = parent
        self.closed = False

    # -- counting --

    def advance(self, n: float = 1) -> None:
        """`n` more are done."""
        counter = self._counter
        counter.current = (counter.current or 0) + n
        if self._reporter.idle:
            self._reporter.flush()

    def set(self, current: float, total: float | None = None) -> None:
        """`current` are done, whatever was counted before; a total given here replaces the old one."""
        self.show(current, total, None, None, None)

    @property
    def current(self) -> float:
        """How many are done."""
        return self._counter.current or 0

    @property
    def total(self) -> float | None:
        """Of how many; None: indeterminate. May be set at any time."""
        return self._counter.total

    @total.setter
    def total(self, total: float | None) -> None:
        self._change("total", total)

    @property
    def message(self) -> str | None:
        """What it is doing now, for people."""
        return self._counter.message

    @message.setter
    def message(self, message: str | None) -> None:
        self._change("message", message)

    def detail(self, details: Any) -> None:
        """Attach any JSON, at most 4 KB, to the next progress event. InvalidInput, TooLarge."""
        check_fits("details", details, _MOST_BYTES)
        self._change("details", details)

    def show(
        self, current: float | None, total: float | None, unit: str | None, message: str | None, details: Any
    ) -> None:
        """Several at once, as one change; what is None stays. InvalidInput, TooLarge: such details can not travel."""
        if details is not None:
            check_fits("details", details, _MOST_BYTES)
        counter = self._counter
        if current is not None:
            counter.current = current
        for field, value in (("total", total), ("unit", unit), ("message", message), ("details", details)):
            if value is not None:
                setattr(counter, field, value)
                counter.changed = True
        self._reporter.touch()

    def _change(self, field: str, value: Any) -> None:
        setattr(self._counter, field, value)
        self._counter.changed = True
        self._reporter.touch()

    # -- tracking --

    @overload
    def track(self, iterable: Iterable[T], total: float | None = None, unit: str | None = None) -> Iterator[T]: ...
    @overload
    def track(
        self, iterable: AsyncIterable[T], total: float | None = None, unit: str | None = None
    ) -> AsyncIterator[T]: ...

    def track(self, iterable: Any, total: float | None = None, unit: str | None = None) -> Any:
        """Iterate and count; the total is the iterable's length where it has one. A second loop adds to the first."""
        return self.follow(iterable, total, unit)

    def follow(
        self, iterable: Any, total: float | None = None, unit: str | None = None, then: Callable[[], None] | None = None
    ) -> Any:
        """`track` for callers that do not know which sort of iterable they pass on; `then` is called at its end."""
        counter = self._counter
        if unit is not None:
            counter.unit = unit
        length = total if total is not None else (length_hint(iterable, -1) if hasattr(iterable, "__iter__") else -1)
        if length >= 0:
            counter.total = max(counter.total or 0, (counter.current or 0) + length)
        counter.changed = True
        if hasattr(iterable, "__aiter__"):
            return self._track_async(iterable, then)
        if type(iterable) in _PLAIN:
            return self._track_plain(iterable, then)
        return self._track(iterable, then)

    def _track_plain(self, iterable: Any, then: Callable[[], None] | None) -> Iterator[Any]:
        """Containers whose iterators know where they are: nobody counts, who wants to know asks. Half the cost."""
        counter = self._counter
        counter.current = before = counter.current or 0
        items = iter(iterable)
        counter.probe = lambda: before + max(len(iterable) - length_hint(items) - 1, 0)
        self._reporter.sample(1)
        try:
            yield from items
            counter.probe = None
            counter.current = before + len(iterable)
        finally:
            counter.look()
            counter.probe = None
            self._end_track(then)

    def _track(self, iterable: Iterable[T], then: Callable[[], None] | None) -> Iterator[T]:
        counter = self._counter
        counter.current = current = counter.current or 0
        self._reporter.sample(1)
        try:
            for item in iterable:
                yield item
                current += 1
                counter.current = current
        finally:
            self._end_track(then)

    async def _track_async(self, iterable: AsyncIterable[T], then: Callable[[], None] | None) -> AsyncIterator[T]:
        counter = self._counter
        counter.current = current = counter.current or 0
        self._reporter.sample(1)
        try:
            async for item in iterable:
                yield item
                current += 1
                counter.current = current
        finally:
            self._end_track(then)

    def _end_track(self, then: Callable[[], None] | None) -> None:
        self._reporter.sample(-1)
        if then is not None:
            then()

    # -- nesting --

    def stage(self, name: str, total: float | None = None, unit: str | None = None) -> Stage:
        """A stage inside this one, from wherever it is called (threads do not inherit the surrounding stage)."""
        return make_stage(self._reporter, name, total, unit, self)

    def __enter__(self) -> Self:
        self._token = _open.set(self)
        self._reporter.open(self._counter, announced=True)
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self.closed = True
        self._reporter.close(self._counter, completed=kind is None)
        if self._token is not None:
            try:
                _open.reset(self._token)
            except ValueError:  # left in another task or thread than it was entered in: `closed` says it all
                _open.set(self.parent)
            self._token = None

    async def __aenter__(self) -> Self:
        return self.__enter__()

    async def __aexit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self.__exit__(kind, error, trace)


def make_stage(reporter: Reporter, name: str, total: float | None, unit: str | None, parent: Stage | None) -> Stage:
    """A stage, not yet entered. `name` may not contain '/', which joins the parts of a path."""
    if not name or "/" in name:
        raise ValueError(f"{name!r} is not a stage name: use a non-empty text without '/'.")
    path = f"{parent.path}/{name}" if parent is not None and parent.path else name
    return Stage(reporter, path, Counter(path, total, unit), parent)


def root_stage(reporter: Reporter) -> Stage:
    """The job as a whole: what is counted outside of any stage."""
    counter = Counter("")
    reporter.open(counter, announced=False)
    return Stage(reporter, "", counter)
