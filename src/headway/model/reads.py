"""What every command is made of: the roots, and the declaration of what must be read before it can be decided.

`reads()` names the rows that a store must load; nothing else is visible while deciding. Imported through `command.py`.
"""

from __future__ import annotations

import msgspec


class Reads(msgspec.Struct, kw_only=True):
    """Rows to load, united over a batch. `claims` ask for the best queued jobs of a worker."""

    jobs: set[str] = msgspec.field(default_factory=set[str])
    workers: set[str] = msgspec.field(default_factory=set[str])
    held_by: set[str] = msgspec.field(default_factory=set[str])  # workers whose active jobs are needed
    kinds: set[str] = msgspec.field(default_factory=set[str])
    uniques: set[tuple[str, str]] = msgspec.field(default_factory=set[tuple[str, str]])  # (namespace, key)
    externals: set[tuple[str, str]] = msgspec.field(default_factory=set[tuple[str, str]])  # (namespace, external id)
    claims: list[Claim] = msgspec.field(default_factory=list["Claim"])
    once: set[tuple[str, str]] = msgspec.field(default_factory=set[tuple[str, str]])  # idempotency (subject, key)
    services: set[str] = msgspec.field(default_factory=set[str])  # workers whose services are needed
    saved: set[str] = msgspec.field(default_factory=set[str])  # sections of what is saved, each whole
    checkpoints: set[str] = msgspec.field(default_factory=set[str])  # jobs whose handler checkpoints are needed


class Once(msgspec.Struct, frozen=True):
    """An idempotency key: the same (subject, key) and body hash gets the stored answer for 24 h; another hash is refused."""

    subject: str
    key: str
    body: str


class Command(msgspec.Struct, kw_only=True, frozen=True, tag_field="command", gc=False):
    """Root of the commands. `dice` in [0, 1) is the caller's randomness (jitter)."""

    once: Once | None = None
    dice: float = 0.5

    def reads(self, reads: Reads) -> None:
        """Add what this command must see to `reads`."""


class JobCommand(Command, frozen=True, kw_only=True):
    """A command about one existing job."""

    job: str

    def reads(self, reads: Reads) -> None:
        reads.jobs.add(self.job)


class Statement(JobCommand, frozen=True, kw_only=True):
    """A worker's statement about an attempt: fenced by `attempt`, numbered by `n` (I4)."""

    worker: str
    attempt: int
    n: int = 0


class WorkerCommand(Command, frozen=True, kw_only=True):
    """A command about one worker."""

    worker: str

    def reads(self, reads: Reads) -> None:
        reads.workers.add(self.worker)


class Claim(Command, frozen=True, kw_only=True):
    """Offer up to `limit` of the best queued jobs to a worker. Answer: the ids offered, best first.

    `kinds` are those that may be waiting, of those the worker serves; `queues` empty: any. `server` is the one that
    the worker is linked to: claims of another are for a link that is over. `needs`: kind -> the service of the worker of
    which its jobs need a free slot; `room`: how many are free.
    """

    worker: str
    limit: int
    kinds: tuple[str, ...]
    queues: tuple[str, ...] = ()
    labels: dict[str, str] = {}
    namespace: str = "default"
    server: str = ""
    needs: dict[str, str] = {}
    room: dict[str, int] = {}

    def reads(self, reads: Reads) -> None:
        reads.workers.add(self.worker)
        reads.kinds.update(self.kinds)
        reads.claims.append(self)
