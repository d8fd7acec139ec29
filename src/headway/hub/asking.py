"""How the hub reads: one short question to the store, in a thread, so that a database far away never stops the loop.

The simulator, which has no loop, asks at once. Called by the hub's services.
"""

from __future__ import annotations

import asyncio
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from typing import Protocol, TypeVar

from headway.store.base import Reading, Store

T = TypeVar("T")


class Ask(Protocol):
    """`await ask(question)`: what `question` answers to a reading. StoreUnavailable: later."""

    async def __call__(self, question: Callable[[Reading], T]) -> T: ...


THREADS = 4


def in_thread(store: Store) -> Ask:
    """Beside the loop, in threads of its own: what the hub asks must not wait behind uploads and long readings."""
    threads = ThreadPoolExecutor(THREADS, thread_name_prefix="headway-hub")

    async def ask(question: Callable[[Reading], T]) -> T:
        return await asyncio.get_running_loop().run_in_executor(threads, _answer, store, question)

    return ask


def at_once(store: Store) -> Ask:
    """Where there is no loop to be stopped."""

    async def ask(question: Callable[[Reading], T]) -> T:
        return _answer(store, question)

    return ask


def _answer(store: Store, question: Callable[[Reading], T]) -> T:
    with store.reading() as reading:
        return question(reading)
