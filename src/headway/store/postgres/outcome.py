"""What became of a commit whose connection was lost on the way: asked of the database itself, before anybody is answered.

By the transaction's own number (pg_xact_status), and by its events: each row bears the number of its transaction
(xmin). They are compared too, for after a crash a number that was never on disk is given again. Called by `store.py`.
"""

from __future__ import annotations

import threading
from contextlib import suppress

import psycopg
from psycopg import errors

from headway.clock import SystemClock
from headway.errors import StoreUnavailable
from headway.store.journal import Journal
from headway.store.postgres import statements as s
from headway.store.postgres.address import Address
from headway.store.postgres.batch import Batch
from headway.store.postgres.connecting import Connection, connect
from headway.store.postgres.identity import compare_origin, transaction
from headway.store.postgres.trouble import not_known

ASKED_S = 30.0
"""How long it is tried to find out: a database that crashed needs a while to come back."""
PAUSE_S = 0.1

_clock = SystemClock()


def outcome_of(address: Address, batch: Batch, journal: Journal, closing: threading.Event) -> tuple[int, int] | None:
    """The head before the events and their instant, if the commit stands; None if it surely does not.

    StoreUnavailable: it could not be found out in time, or the log is another one by now.
    """
    end = _clock.monotonic() + ASKED_S
    while _clock.monotonic() < end:
        with suppress(StoreUnavailable, psycopg.Error):
            connection = connect(address)
            try:
                if compare_origin(connection, address, _clock.new_id()).epoch != batch.epoch:
                    break
                status = _status(connection, address, batch)
                if status == "committed":
                    return _written(connection, address, batch, journal)
                if status == "aborted":
                    return None
                if status is None:
                    break
            finally:
                connection.close()
        if closing.wait(PAUSE_S):
            break
    raise not_known(address)


def _status(connection: Connection, address: Address, batch: Batch) -> str | None:
    """Of the transaction; one that is still open is ended: whoever it belonged to is gone."""
    xid = batch.xid.decode()
    with transaction(connection, address):
        connection.execute(s.END_SESSION, (xid,))
    try:
        with transaction(connection, address):
            row = connection.execute(s.STATUS, (xid,)).fetchone()
    except errors.InvalidParameterValue:  # "in the future": after a crash nothing is known of it, not even its number
        return "aborted"
    return row[0] if row else None


def _written(connection: Connection, address: Address, batch: Batch, journal: Journal) -> tuple[int, int] | None:
    if not journal.events:
        return batch.seq, 0
    with transaction(connection, address):
        rows = connection.execute(s.WRITTEN, (batch.seq, batch.xid.decode())).fetchall()
    ours = [(row[2], row[3], row[12]) for row in journal.event_rows]
    if [row[2:] for row in rows] != ours:  # another transaction has our number
        return None
    return rows[0][0] - 1, rows[0][1]
