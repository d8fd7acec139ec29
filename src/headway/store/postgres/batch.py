"""What a load found beside the world, for the commit that follows it; and why a batch is begun anew.

Shared by those who load (`loading.py`, `claiming.py`), write (`writing.py`) and see a batch through (`store.py`,
`outcome.py`). Decides nothing, and must never know how anything is asked for.
"""

from __future__ import annotations

import msgspec

from headway.model.world import World
from headway.store.base import Answer
from headway.store.postgres.known import KnownJob

Place = tuple[str, str]
"""Table and id of a document."""


class Batch(msgspec.Struct):
    """What a load found beside the world, and its commit needs."""

    world: World
    xid: bytes = b""
    epoch: str = ""
    table: int = 0  # oid of log_head
    seq: int = 0  # of the head
    skew: int = 0
    versions: tuple[int, int] = (0, 0)  # of the queues and kinds that the world has
    jobs: dict[str, KnownJob] = {}  # those that exist, under lock
    locked: set[Place] = set()
    found: dict[Place, int] = {}  # those of others that exist -> their `seq`
    queued: dict[int, int] = {}  # lane -> number
    answers: dict[tuple[str, str], Answer] = {}


class BeginAnew(Exception):
    """A limit was found that is not under lock, or the log is another one."""


class Moved(BeginAnew):
    """The log is another one, or the same in another table (a dump was put back): a new connection finds out."""
