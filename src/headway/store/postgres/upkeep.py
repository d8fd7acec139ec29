"""What keeps a store in order beside running servers: sessions of frozen ones ended, what no job needs forgotten.

Forgetting is done in short transactions that never wait for a row. First the log says that replay begins later, then rows below that go. So a job deleted meanwhile either is gone when we
look, or takes what was kept for it along: there is nothing that both leave. Called by `store.py` in a thread.
"""

from __future__ import annotations

import psycopg

from headway.store.postgres.address import Address
from headway.store.postgres.connecting import Connection, connect
from headway.store.postgres.identity import refused, transaction

PURGE_ROWS = 2_000
"""Events looked at in one transaction."""

FROZEN_S = 30
"""A batch that has not been sent to its end for so long is of a server that froze: no statement and no pause of one may
last half as long. It may hold the head."""

_END_FROZEN = (  # its session counts as active, so no timeout of the server's ends it; a COPY looks the same
    "SELECT count(pg_terminate_backend(pid)) FROM pg_stat_activity WHERE datname = current_database() "
    "AND usename = current_user AND state = 'active' AND wait_event = 'ClientRead' AND backend_xid IS NOT NULL "
    "AND xact_start < clock_timestamp() - make_interval(secs => %s) AND query NOT LIKE 'COPY %%' "
    "AND pid IN (SELECT l.pid FROM pg_locks l WHERE l.locktype = 'relation' AND l.relation = 'log_head'::regclass)"
)
_FORGET_KEYS = "DELETE FROM idempotency WHERE at < %s"
_FIRST = "SELECT first_seq, seq FROM log_head"
_MOVE_FIRST = "UPDATE log_head SET first_seq = %s WHERE first_seq < %s"
_FORGET_UNOWNED = (
    "DELETE FROM events WHERE seq IN (SELECT seq FROM events e WHERE seq >= %s AND seq < %s "
    "AND NOT EXISTS (SELECT 1 FROM jobs WHERE id = e.job) FOR UPDATE SKIP LOCKED)"
)
_CHECKPOINTS = (
    "SELECT seq, prev FROM events WHERE seq >= %s AND seq < %s AND type = 'job.compacted' AND prev IS NOT NULL "
    "ORDER BY seq FOR UPDATE SKIP LOCKED"
)
_FORGET_BEFORE = (  # everything of a job below its checkpoint (I3); the parameter is the event before the checkpoint
    "WITH RECURSIVE chain (seq, prev) AS (SELECT seq, prev FROM events WHERE seq = %s "
    "UNION ALL SELECT e.seq, e.prev FROM chain JOIN events e ON e.seq = chain.prev) "
    "DELETE FROM events WHERE seq IN (SELECT seq FROM events WHERE seq IN (SELECT seq FROM chain) FOR UPDATE SKIP LOCKED)"
)
_CUT_CHAIN = "UPDATE events SET prev = NULL WHERE seq = %s"


def end_frozen(address: Address) -> int:
    """End the sessions that froze while they sent a batch; how many."""
    connection = connect(address)
    try:
        with transaction(connection, address):
            row = connection.execute(_END_FROZEN, (FROZEN_S,)).fetchone()
            return row[0] if row else 0
    except psycopg.Error as error:
        raise refused(address, error) from error
    finally:
        connection.close()


def purge(address: Address, *, events_before: int, keys_before: int) -> int:
    """Rows gone. StoreUnavailable: the database does not answer, or not now; what is done stays done."""
    connection = connect(address)
    try:
        with transaction(connection, address):
            gone = connection.execute(_FORGET_KEYS, (keys_before,)).rowcount
            first, head = connection.execute(_FIRST).fetchone() or (1, 0)
        last = min(events_before, head + 1)
        if last <= first:
            return gone
        for start in range(max(first - PURGE_ROWS, 1), last, PURGE_ROWS):  # once more what a crash may have left
            gone += _purge_range(connection, address, start, min(start + PURGE_ROWS, last))
        return gone
    except psycopg.Error as error:
        raise refused(address, error) from error
    finally:
        connection.close()


def _purge_range(connection: Connection, address: Address, start: int, end: int) -> int:
    """Events of no living job, and those below a checkpoint in the range."""
    with transaction(connection, address):
        connection.execute(_MOVE_FIRST, (end, end))
    with transaction(connection, address):
        gone = connection.execute(_FORGET_UNOWNED, (start, end)).rowcount
        for seq, prev in connection.execute(_CHECKPOINTS, (start, end)).fetchall():
            gone += connection.execute(_FORGET_BEFORE, (prev,)).rowcount
            connection.execute(_CUT_CHAIN, (seq,))
    return gone
