"""`headway.track`, `headway.stage`, `headway.tqdm`: progress in one word, in a job and outside of one alike.

Inside a job they report; outside each loop draws a bar of its own. Must never know what is behind the context.
"""

from __future__ import annotations

from collections.abc import AsyncIterable, AsyncIterator, Iterable, Iterator
from types import TracebackType
from typing import Any, Generic, TextIO, TypeVar, overload

from headway.worker.context import Context
from headway.worker.outside import TerminalRun, current, inside
from headway.worker.stage import Stage

T = TypeVar("T")


@overload
def track(
    iterable: Iterable[T], label: str = "", total: float | None = None, unit: str | None = None
) -> Iterator[T]: ...
@overload
def track(
    iterable: AsyncIterable[T], label: str = "", total: float | None = None, unit: str | None = None
) -> AsyncIterator[T]: ...


def track(iterable: Any, label: str = "", total: float | None = None, unit: str | None = None) -> Any:
    """Iterate and show how far it is. In a job, `label` names a stage; without one the open stage (else the job)."""
    if (context := inside()) is None:
        return _track_outside(iterable, label, total, unit)
    if not label:
        return context.here().follow(iterable, total, unit)
    return _track_in_stage(context.stage(_stage_name(label)), iterable, total, unit)


def _track_in_stage(stage: Stage, iterable: Any, total: float | None, unit: str | None) -> Any:
    if hasattr(iterable, "__aiter__"):

        async def follow() -> AsyncIterator[Any]:
            async with stage:
                async for item in stage.follow(iterable, total, unit):
                    yield item

        return follow()

    def walk() -> Iterator[Any]:
        with stage:
            yield from stage.follow(iterable, total, unit)

    return walk()


def _track_outside(iterable: Any, label: str, total: float | None, unit: str | None) -> Any:
    run = TerminalRun(label=label)
    return run.context.here().follow(iterable, total, unit, run.close)


def stage(name: str, total: float | None = None, unit: str | None = None) -> Stage:
    """A named part of the current job, for `with` or `async with`: `ctx.stage` where there is no `ctx` at hand."""
    return current().stage(name, total, unit)


def _stage_name(label: str) -> str:
    return label.strip(": ").replace("/", "∕") or "…"


class tqdm(Generic[T]):  # noqa: N801 - the name people know
    """Drop-in for `tqdm.tqdm`: the same words, shown as the job's progress, or as a bar outside of jobs.

    What only concerns drawing (ncols, colour, position, bar_format …) is accepted and has no effect.
    """

    def __init__(
        self,
        iterable: Iterable[T] | None = None,
        desc: str | None = None,
        total: float | None = None,
        leave: bool | None = True,
        file: TextIO | None = None,
        *,
        unit: str = "it",
        initial: float = 0,
        disable: bool | None = False,
        postfix: Any = None,
        **drawing: Any,
    ) -> None:
        self.iterable = iterable
        self.desc = desc or ""
        self.unit = unit
        self.disable = bool(disable)
        if total is None and iterable is not None and hasattr(iterable, "__len__"):
            total = len(iterable)  # pyright: ignore[reportArgumentType]
        self._total = total
        self._run: TerminalRun | None = None
        self._owned = False
        self._plain = float(initial)
        self._stage: Stage | None = None if self.disable else self._open(initial)
        if postfix:
            self.set_postfix(postfix)

    def _open(self, initial: float) -> Stage:
        context: Context | None = inside()
        if context is None:
            self._run = TerminalRun(label=self.desc)
            context = self._run.context
        if self.desc and self._run is None:
            stage = context.stage(_stage_name(self.desc), self._total, self.unit).__enter__()
            self._owned = True
        else:
            stage = context.here()
            stage.show(None, self._total, self.unit, None, None)
        if initial:
            stage.set(initial)
        return stage

    # -- iterating and counting --

    def __iter__(self) -> Iterator[T]:
        if self.iterable is None:
            raise TypeError("this tqdm has no iterable: use update().")
        if self._stage is not None:
            return self._stage.follow(self.iterable, self._total, None, self.close)
        return self._uncounted(self.iterable)

    def _uncounted(self, iterable: Iterable[T]) -> Iterator[T]:
        for item in iterable:
            yield item
            self._plain += 1

    def update(self, n: float | None = 1) -> bool | None:
        """`n` more are done."""
        if self._stage is None:
            self._plain += n or 0
        else:
            self._stage.advance(n or 0)
        return None

    @property
    def n(self) -> float:
        """How many are done."""
        return self._plain if self._stage is None else self._stage.current

    @n.setter
    def n(self, n: float) -> None:
        if self._stage is None:
            self._plain = n
        else:
            self._stage.set(n)

    @property
    def total(self) -> float | None:
        """Of how many, or None."""
        return self._total

    @total.setter
    def total(self, total: float | None) -> None:
        self._total = total
        if self._stage is not None:
            self._stage.total = total

    def reset(self, total: float | None = None) -> None:
        """Count from nought again."""
        self.n = 0
        if total is not None:
            self.total = total

    # -- words --

    def set_description(self, desc: str | None = None, refresh: bool | None = True) -> None:
        """What it is doing now."""
        self.desc = desc or ""
        if self._stage is not None:
            self._stage.message = self.desc

    set_description_str = set_description

    def set_postfix(self, ordered_dict: Any = None, refresh: bool | None = True, **kwargs: Any) -> None:
        """`loss=0.3, lr=1e-3` beside the count."""
        values = dict(ordered_dict or {}) | kwargs
        text = ", ".join(
            f"{key}={value:.3g}" if isinstance(value, float) else f"{key}={value}" for key, value in values.items()
        )
        self.set_postfix_str(text)

    def set_postfix_str(self, s: str = "", refresh: bool | None = True) -> None:
        """Text beside the count."""
        if self._stage is not None:
            self._stage.message = ", ".join(part for part in (self.desc if self._owned else "", s) if part)

    @classmethod
    def write(cls, s: str, *_: Any, **__: Any) -> None:
        """A line that does not disturb the bar."""
        current().log.info(s)

    def refresh(self, *args: Any, **kwargs: Any) -> None:
        """Nothing: it is always fresh."""

    clear = unpause = refresh

    # -- ending --

    def close(self) -> None:
        """The bar ends; a second time changes nothing."""
        if self._stage is not None:
            self._plain = self._stage.current
            if self._owned:
                self._stage.__exit__(None, None, None)
            self._stage = None
        if self._run is not None:
            self._run.close()
            self._run = None

    def __enter__(self) -> tqdm[T]:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self.close()

    def __len__(self) -> int:
        return int(self._total or 0)

    def __bool__(self) -> bool:
        return self._total is None or self._total > 0


def trange(*args: int, **kwargs: Any) -> tqdm[int]:
    """`tqdm(range(…))`."""
    return tqdm(range(*args), **kwargs)
