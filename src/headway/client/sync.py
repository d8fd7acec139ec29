"""The blocking twin of any async object: each coroutine is run to its end, each async iterator becomes an iterator.

Generic on purpose: what `Client` and `Job` can do is written once. The loop runs in one thread per client, so that
links stay alive between calls and notebooks, which have a loop of their own, can use it too.
"""

from __future__ import annotations

import asyncio
import inspect
import threading
from collections.abc import AsyncIterator, Callable, Iterator
from functools import partial
from typing import Any, Self

from headway.client.http import Client
from headway.client.jobs import Job


class Blocking:
    """`target` without await. Used as a context manager, or ended by `close()`."""

    def __init__(self, target: Any, loop: asyncio.AbstractEventLoop | None = None) -> None:
        self._target = target
        self._loop = loop or _loop_in_a_thread()

    def __getattr__(self, name: str) -> Any:
        found = getattr(self._target, name)
        return partial(self._call, found) if callable(found) else self._plain(found)

    def __dir__(self) -> list[str]:
        return dir(self._target)

    def __repr__(self) -> str:
        return repr(self._target)

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *_: object) -> None:
        self.close()

    def close(self) -> None:
        """Close the target and stop its loop."""
        if not self._loop.is_closed():
            self._call(self._target.close)
            self._loop.call_soon_threadsafe(self._loop.stop)

    def _call(self, function: Callable[..., Any], *args: Any, **named: Any) -> Any:
        return self._plain(function(*(_bare(each) for each in args), **{key: _bare(named[key]) for key in named}))

    def _plain(self, value: Any) -> Any:
        """A coroutine's result, an iterator of an async one, blocking handles of handles; all else as it is."""
        if inspect.isawaitable(value):
            return self._plain(asyncio.run_coroutine_threadsafe(_awaited(value), self._loop).result())
        if isinstance(value, AsyncIterator):
            return self._each(value)  # pyright: ignore[reportUnknownArgumentType]
        if isinstance(value, list):
            return [self._plain(each) for each in value]  # pyright: ignore[reportUnknownVariableType]
        return Blocking(value, self._loop) if isinstance(value, Job) else value

    def _each(self, values: AsyncIterator[Any]) -> Iterator[Any]:
        try:
            while True:
                try:
                    yield self._plain(anext(values))
                except StopAsyncIteration:
                    return
        finally:
            if inspect.isasyncgen(values):
                self._plain(values.aclose())

    def _repr_mimebundle_(self, **named: Any) -> dict[str, str]:
        if isinstance(self._target, Job):
            self._call(self._target.refresh)
        return self._target._repr_mimebundle_(**named)  # pyright: ignore[reportPrivateUsage] (the name is IPython's)


async def _awaited(value: Any) -> Any:
    return await value


def _bare(value: Any) -> Any:
    return vars(value)["_target"] if isinstance(value, Blocking) else value


def _loop_in_a_thread() -> asyncio.AbstractEventLoop:
    loop = asyncio.new_event_loop()

    def run() -> None:
        loop.run_forever()
        loop.close()

    threading.Thread(target=run, name="headway-client", daemon=True).start()
    return loop


def connect(url: str | None = None, token: str | None = None, *, patience_s: float = 10.0) -> Any:
    """A `Client` whose methods block: `headway.connect().submit("crawl", {"url": …}).result()`."""
    return Blocking(Client(url, token, patience_s=patience_s))
