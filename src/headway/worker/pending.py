"""An answer that comes later, for `async def` and `def` handlers alike: await it, or call `.result()`.

Settled from any thread, once. Made by the context's host; knows nothing of jobs.
"""

from __future__ import annotations

import asyncio
import concurrent.futures
from collections.abc import Generator
from typing import Any, Generic, TypeVar

T = TypeVar("T")


class Pending(Generic[T]):
    """`value = await pending` in a coroutine, `value = pending.result()` in a thread."""

    __slots__ = ("_future",)

    def __init__(self) -> None:
        self._future: concurrent.futures.Future[T] = concurrent.futures.Future()

    def __await__(self) -> Generator[Any, None, T]:
        return asyncio.wrap_future(self._future).__await__()

    def result(self, timeout: float | None = None) -> T:
        """Block until it is there; TimeoutError after `timeout` seconds. Never call it in a coroutine: await."""
        return self._future.result(timeout)

    @property
    def done(self) -> bool:
        """True once it is settled."""
        return self._future.done()

    def settle(self, value: T) -> None:
        """Give the answer; a second one is ignored."""
        if not self._future.done():
            self._future.set_result(value)

    def fail(self, error: BaseException) -> None:
        """Raise `error` where the answer is awaited; ignored once settled."""
        if not self._future.done():
            self._future.set_exception(error)
