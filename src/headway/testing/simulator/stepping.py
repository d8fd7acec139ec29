"""Without a loop: a ledger that commits when it is told to, futures that call back at once, coroutines run to their end.

Knows the hub's ledger, whose seam it uses; nothing of what is simulated.
"""

from __future__ import annotations

from collections.abc import Callable, Coroutine, Generator, Sequence
from typing import Any, TypeVar, cast

from headway.hub.ledger import Ledger
from headway.model.command import Command

T = TypeVar("T")


class Soon:
    """As much of `asyncio.Future` as the hub uses. Awaiting one that is not done makes the ledger commit."""

    def __init__(self, ledger: SteppedLedger) -> None:
        self._ledger = ledger
        self._done = False
        self._result: Any = None
        self._error: BaseException | None = None
        self._callbacks: list[Callable[[Any], None]] = []

    def done(self) -> bool:
        return self._done

    def cancelled(self) -> bool:
        return False

    def exception(self) -> BaseException | None:
        return self._error

    def result(self) -> Any:
        if self._error is not None:
            raise self._error
        return self._result

    def set_result(self, result: Any) -> None:
        self._settle(result, None)

    def set_exception(self, error: BaseException) -> None:
        self._settle(None, error)

    def add_done_callback(self, callback: Callable[[Any], None]) -> None:
        if self._done:
            callback(self)
        else:
            self._callbacks.append(callback)

    def _settle(self, result: Any, error: BaseException | None) -> None:
        self._done, self._result, self._error = True, result, error
        for callback in self._callbacks:
            callback(self)

    def __await__(self) -> Generator[Any, None, Any]:
        while not self._done:
            self._ledger.step()
        return self.result()
        yield


class SteppedLedger(Ledger):
    """`step` is one commit of what queued. What is queued when the server crashes was never acknowledged."""

    running = True

    @property
    def is_running(self) -> bool:
        return self.running

    def new_future(self) -> Any:
        return Soon(self)

    def enter(self, commands: Sequence[Command]) -> Soon:
        """Answers and errors of all, in order, once they are durable."""
        return cast("Soon", self._enter(commands, single=False))

    def step(self) -> bool:
        """Commit what queued, tell who follows, answer; False when there was nothing."""
        if not self.waiting:
            return False
        entries, _ = self._take()
        self._resolve(entries, self._commit(entries))
        return True


def run_to_end(work: Coroutine[Any, Any, T]) -> T:
    """The result of a coroutine that waits for nothing but the ledger."""
    try:
        work.send(None)
    except StopIteration as end:
        return cast("T", end.value)
    raise RuntimeError("it waits for something that will never come in one thread")
