"""The seam between the hub and a database, on one screen, with its promises.

A store has one writer side, called by one appender thread at a time (`load` then `commit` or `rollback`), and a
reading side for any thread. It never decides: what changes is in the `World` that `decide` has worked on.
Every implementation passes `headway.testing.store_suite`.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import AbstractContextManager
from typing import Any, Generic, Protocol, TypeVar

import msgspec

from headway.model.command import Reads
from headway.model.event import Event
from headway.model.job import JobDoc
from headway.model.query import Query
from headway.model.world import Document, World

T = TypeVar("T")


class Head(msgspec.Struct, frozen=True):
    """The end of the log: `epoch` names this history, `seq` its last number (0: empty), `at` (ms) its last instant."""

    epoch: str
    seq: int
    at: int


class Answer(msgspec.Struct, frozen=True):
    """What an idempotency key was answered with: hash of the body, encoded answer."""

    body: str
    answer: bytes


class Peer(msgspec.Struct, frozen=True):
    """A server on this log: its id, when it was last alive (ms, by the store's clock), and what it says of itself."""

    id: str
    heard_at: int
    doc: Document = {}


class Standing(msgspec.Struct, frozen=True):
    """Who serves this log (by id, the asking one among them), and the id of the one that sweeps for all."""

    peers: tuple[Peer, ...]
    leader: str


class Page(msgspec.Struct, Generic[T], frozen=True):
    """`next` is what to pass as `after` for the rest, or None; `partial`: a bounded scan stopped early."""

    items: list[T]
    next: str | None = None
    partial: bool = False


class Line(msgspec.Struct, frozen=True):
    """One log line: number (from 1, dense per job), instant (ms), level, text, attempt."""

    number: int
    at: int
    level: str
    text: str
    attempt: int


class Reading(Protocol):
    """A short read transaction: everything read through it is the state at `head.seq`, and nothing later."""

    head: Head

    def job(self, id: str) -> JobDoc | None:
        """The document, with `seq`, without large args and result."""
        ...

    def jobs(self, query: Query, *, now: int, limit: int, after: str | None = None) -> Page[JobDoc]:
        """Newest first (by id). Exact labels, parents, retried jobs and ids, state, kind, queue, priority and time terms
        by index; others by a scan of the newest 100,000 rows or 2 s, whichever ends first, then `partial`.
        """
        ...

    def board(self, topic: tuple[str, str], *, unfinished: int, finished: int) -> list[JobDoc]:
        """Rows of a snapshot: all unfinished jobs of `jobs`, `queue:`, `kind:`, `label:` or `flow:` up to a cap,
        newest first, and the newest finished.
        """
        ...

    def counts(self) -> dict[str, dict[str, int]]:
        """Exact number of jobs by queue and state, from a folded table, not by counting."""
        ...

    def args(self, id: str) -> bytes | None: ...
    def result(self, id: str) -> bytes | None: ...
    def checkpoints(self, id: str) -> dict[str, Any]: ...
    def workers(self) -> list[Document]:
        """Each with soft `last_heard_at` (ms) and `load`."""
        ...

    def worker(self, id: str) -> Document | None:
        """The same, one."""
        ...

    def services(self) -> list[Document]: ...
    def queues(self) -> list[Document]: ...
    def kinds(self) -> list[Document]: ...
    def waiting(self) -> dict[str, int]:
        """Number of claimable queued jobs by kind."""
        ...

    def due(self, now: int, *, after: tuple[int, str] | None, limit: int) -> list[tuple[int, str]]:
        """(due_at, id) of jobs whose `due_at` <= now, in that order, for the sweeper."""
        ...

    def waiting_for(self, id: str) -> list[tuple[str, tuple[str, ...]]]:
        """Blocked jobs that wait for job `id`, each with all it waits for; `id` "": every blocked job."""
        ...

    def held_by(self, worker: str) -> list[JobDoc]:
        """Active jobs of a worker."""
        ...

    def events(self, after: int, *, until: int | None = None, limit: int = 1000) -> list[Event]:
        """Events with after < seq <= until, in order; log lines joined in as `extra["lines"]`."""
        ...

    def events_of(self, job: str, *, after: int = 0, limit: int = 1000) -> list[Event]:
        """The same, of one job."""
        ...

    def first_seq(self) -> int:
        """The oldest seq from which replay is complete."""
        ...

    def lines(self, job: str, *, first: int = 1, limit: int = 1000, last: int | None = None) -> list[Line]:
        """Log lines numbered `first`.. (or, with `last`, the last `last` ones), in order."""
        ...

    def samples(self, kind: str) -> list[tuple[str, float]]:
        """Newest durations first: (stage path or "" for the whole, seconds)."""
        ...

    def answer(self, subject: str, key: str) -> Answer | None: ...
    def saved(self, section: str = "") -> list[Document]:
        """Views and templates by id (`section/name`), or those of one section."""
        ...


LEADER_S = 5.0
"""A leader that has not said that it is alive for so long is none any more."""
GONE_S = 30.0
"""A server that has not said that it is alive for so long is forgotten."""


class Store(Protocol):
    """`open` first, `close` last. StoreUnusable: locked, foreign, newer schema. StoreUnavailable: try again later.

    `shared`: other servers may append to the same log, so it must be followed by reading it.
    """

    @property
    def shared(self) -> bool: ...

    def open(self, *, now: int, new_epoch: str) -> Head:
        """Take the store. `new_epoch` is used where a new history begins (a new store, or numbers that could be reused)."""
        ...

    def close(self) -> None: ...

    def load(self, reads: Reads, now: int) -> tuple[World, dict[tuple[str, str], Answer]]:
        """Begin the write transaction and load what the batch declared. `World.now` is at least the head's `at`.
        Queues are loaded whole. The second value: idempotency answers found.
        """
        ...

    def commit(self, world: World, answers: Mapping[tuple[str, str], Answer]) -> list[Event]:
        """Write rows, then head, then events; durable when it returns (I6). The events with their `seq`, dense (I2).
        A world without events and soft writes is rolled back. On failure nothing is written: StoreUnavailable;
        StoreContended: run the same commands again, from `load`.
        """
        ...

    def rollback(self) -> None: ...

    def reading(self) -> AbstractContextManager[Reading]: ...

    # -- beside other servers, from any thread; one that is alone leads, and hears of nobody --------------------------

    def clock_zero_ms(self) -> float:
        """What the store's clock showed (ms) when our monotonic clock stood at zero: whoever shares a log lives by one
        clock. Asked at each look at the clock, of a store that is shared.
        """
        ...

    def on_news(self, ring: Callable[[], None]) -> bool:
        """`ring()` is called, from any thread, soon after another server has committed. It may be missed: poll too.
        False: it never will be, so poll more often.
        """
        ...

    def beat(self, server: str, doc: Document) -> Standing:
        """Server `server` is alive, and leads if nobody does."""
        ...

    def retire(self, server: str) -> None:
        """It goes: forget it, and let another lead at once."""
        ...

    def maintain(self) -> None:
        """Checkpoint, witness, thinning of the free list: called by a maintenance thread now and then."""
        ...

    def purge(self, *, events_before: int, keys_before: int) -> int:
        """Forget events below a seq that no job needs, and idempotency keys older than an instant. Rows gone."""
        ...

    def scan_jobs(self) -> Iterator[tuple[JobDoc, Sequence[Event]]]:
        """Every job with its events from submission or last checkpoint on, for `verify`."""
        ...
