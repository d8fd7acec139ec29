"""The fake's prompts: pending in a heap, the one that runs, and a history that lives in memory only.

One lock for all, as there. The executor's thread takes and finishes, routes put, delete, ask and interrupt; who
listens is told of every change. Knows nothing of nodes or sockets.
"""

from __future__ import annotations

import heapq
import threading
from collections.abc import Callable, Mapping
from copy import deepcopy
from dataclasses import dataclass
from typing import Any

MOST_REMEMBERED = 10_000


@dataclass(frozen=True, slots=True)
class Item:
    """A prompt that was accepted. `outputs` are the nodes that run for it; less is earlier in the queue."""

    number: float
    prompt_id: str
    prompt: Mapping[str, Any]
    extra: Mapping[str, Any]
    outputs: list[str]

    def __lt__(self, other: Item) -> bool:
        return (self.number, self.prompt_id) < (other.number, other.prompt_id)

    def entry(self) -> list[Any]:
        """`[number, id, prompt, extra_data, outputs]`, as `/queue` and the history carry it."""
        return [self.number, self.prompt_id, dict(self.prompt), dict(self.extra), self.outputs]


class Queue:
    """`changed` is called, under the lock, whenever the number of prompts may have changed."""

    def __init__(self, changed: Callable[[], None]) -> None:
        self.history: dict[str, dict[str, Any]] = {}
        self.interrupted = False
        self._changed = changed
        self._lock = threading.RLock()
        self._filled = threading.Condition(self._lock)
        self._pending: list[Item] = []
        self._running: Item | None = None
        self._open = True
        self._numbers = 0

    # -- routes ------------------------------------------------------------------------------------------------------

    def number(self, asked: float | None, *, front: bool) -> float:
        """The place in the queue; a refused prompt takes a number too, one with a number of its own takes none."""
        if asked is not None:
            return float(asked)
        with self._lock:
            found, self._numbers = self._numbers, self._numbers + 1
        return -found if front else found

    def put(self, item: Item) -> None:
        """Accept a prompt."""
        with self._lock:
            heapq.heappush(self._pending, item)
            self._changed()
            self._filled.notify()

    def items(self) -> tuple[list[Item], list[Item]]:
        """What runs (none or one) and what is pending, next first."""
        with self._lock:
            return [self._running] if self._running else [], sorted(self._pending)

    @property
    def remaining(self) -> int:
        """How many prompts are not over."""
        with self._lock:
            return len(self._pending) + (self._running is not None)

    def delete(self, prompt_id: str) -> bool:
        """Take one out of the pending ones, without a word to whoever sent it."""
        with self._lock:
            found = next((item for item in self._pending if item.prompt_id == prompt_id), None)
            if found is None:
                return False
            self._pending.remove(found)
            heapq.heapify(self._pending)
            self._changed()
            return True

    def clear(self) -> None:
        """Take all pending ones out."""
        with self._lock:
            self._pending.clear()
            self._changed()

    def interrupt(self, prompt_id: str | None) -> bool:
        """Raise the flag that the executor's checks see; with an id only if that one runs."""
        with self._lock:
            if prompt_id is not None and (self._running is None or self._running.prompt_id != prompt_id):
                return False
            self.interrupted = True
            return True

    def remembered(self, prompt_id: str) -> dict[str, Any] | None:
        """The history entry; None while it is not over, and for one that never was."""
        with self._lock:
            return deepcopy(self.history.get(prompt_id))

    def entries(self, most: int | None, offset: int) -> dict[str, Any]:
        """History entries, oldest first; without an offset the newest `most`."""
        with self._lock:
            found = list(self.history.items())
        start = max(len(found) - most, 0) if offset < 0 and most is not None else max(offset, 0)
        return dict(found[start : start + most] if most is not None else found[start:])

    def forget(self, *prompt_ids: str) -> None:
        """Out of the history; all without a name."""
        with self._lock:
            for prompt_id in prompt_ids or tuple(self.history):
                self.history.pop(prompt_id, None)

    # -- the executor ------------------------------------------------------------------------------------------------

    def take(self) -> Item | None:
        """The next prompt, waited for; None when the queue is closed."""
        with self._lock:
            while self._open and not self._pending:
                self._filled.wait()
            if not self._open:
                return None
            self._running = heapq.heappop(self._pending)
            self._changed()
            return self._running

    def finish(self, result: Mapping[str, Any]) -> None:
        """What ran is over: `result` is `outputs`, `status`, `meta`."""
        with self._lock:
            item, self._running = self._running, None
            if item is None:
                return
            if len(self.history) > MOST_REMEMBERED:
                del self.history[next(iter(self.history))]
            self.history[item.prompt_id] = {"prompt": item.entry(), **result}
            self._changed()

    def close(self) -> None:
        """Nobody takes anything any more."""
        with self._lock:
            self._open = False
            self._filled.notify_all()
