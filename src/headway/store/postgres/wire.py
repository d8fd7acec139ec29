"""The writer's connection: statements are asked for, then exchanged in one round trip (libpq's pipeline mode).

Straight on libpq through `psycopg.pq`: psycopg's own pipeline costs five times as much a statement, and sends each on
its own. Statements are prepared at their first use, unless a transaction pooler stands between. Every exchange ends
in bounded time. Knows no tables. Called by `loading.py` and `writing.py`, by one thread at a time.
"""

from __future__ import annotations

import select
from collections.abc import Sequence
from itertools import count

import psycopg
from psycopg import pq

from headway.clock import SystemClock
from headway.store.postgres.connecting import Connection

EXCHANGE_S = 20.0
"""An exchange without an answer for so long is lost: the server ends statements of its own accord before."""

Parameters = Sequence[bytes | None]
Field = bytes | None

_OK = (pq.ExecStatus.TUPLES_OK, pq.ExecStatus.COMMAND_OK)
_clock = SystemClock()


class Reply:
    """What came of a statement, once it was exchanged."""

    __slots__ = ("result",)

    def __init__(self) -> None:
        self.result: pq.abc.PGresult | None = None

    def rows(self) -> list[tuple[Field, ...]]:
        """In the database's own text form; a bytea as hexadecimal digits."""
        if self.result is None:
            return []
        field, columns = self.result.get_value, range(self.result.nfields)
        return [tuple([field(row, column) for column in columns]) for row in range(self.result.ntuples)]

    @property
    def arrived(self) -> bool:
        """True if the statement was carried out."""
        return self.result is not None


class Wire:
    """Owns its connection; closed when an exchange was lost, and then of no more use."""

    def __init__(self, connection: Connection, *, prepare: bool) -> None:
        self._connection = connection
        self._pg = connection.pgconn
        self._prepare = prepare
        self._names: dict[str, bytes] = {}
        self._numbers = count()
        self._fresh: list[str] = []  # named in this exchange: surely prepared only when it has succeeded
        self._asked: list[Reply | None] = []  # None: the answer of a PREPARE
        self._pg.enter_pipeline_mode()

    @property
    def is_lost(self) -> bool:
        return self._pg.status != pq.ConnStatus.OK

    @property
    def in_transaction(self) -> bool:
        """True while the server has one open, failed or not."""
        return self._pg.transaction_status != pq.TransactionStatus.IDLE

    def ask(self, text: str, parameters: Parameters = ()) -> Reply:
        """Put a statement into the next exchange; parameters in binary form, typed by casts in the text."""
        formats = [pq.Format.BINARY] * len(parameters)
        if not self._prepare:
            self._pg.send_query_params(text.encode(), parameters, None, formats)
        else:
            name = self._names.get(text)
            if name is None:
                name = self._names[text] = f"h{next(self._numbers)}".encode()
                self._fresh.append(text)
                self._asked.append(None)
                self._pg.send_prepare(name, text.encode())
            self._pg.send_query_prepared(name, parameters, formats)
        reply = Reply()
        self._asked.append(reply)
        return reply

    @property
    def is_clean(self) -> bool:
        """True if nothing was asked for since the last exchange."""
        return not self._asked

    def exchange(self) -> None:
        """Carry out what was asked for. psycopg.Error: of the first statement that failed; none after it was tried.

        OperationalError without `sqlstate`: the connection is lost, with it what the last statements came to.
        """
        asked, self._asked = self._asked, []
        fresh, self._fresh = self._fresh, []
        try:
            failure = self._collect(asked)
        except psycopg.Error:
            self.close()
            raise
        if failure is not None:
            for text in fresh:  # whether it was prepared is not known: next time it gets another name
                del self._names[text]
            raise failure

    def _collect(self, asked: list[Reply | None]) -> psycopg.Error | None:
        end = _clock.monotonic() + EXCHANGE_S
        self._pg.pipeline_sync()
        self._send(end)
        waiting = iter(asked)
        failure: psycopg.Error | None = None
        while True:
            result = self._next(end)
            if result is None:
                continue
            if result.status == pq.ExecStatus.PIPELINE_SYNC:
                return failure
            reply = next(waiting, None)
            if result.status in _OK:
                if reply is not None:
                    reply.result = result
            elif failure is None and result.status != pq.ExecStatus.PIPELINE_ABORTED:
                failure = failure_of(result)

    def _send(self, end: float) -> None:
        while self._pg.flush():
            if self._ready(select.POLLIN | select.POLLOUT, end) & select.POLLIN:
                self._pg.consume_input()

    def _next(self, end: float) -> pq.abc.PGresult | None:
        while self._pg.is_busy():
            self._ready(select.POLLIN, end)
            self._pg.consume_input()
        result = self._pg.get_result()
        if result is None and self.is_lost:
            raise psycopg.OperationalError("the connection was lost")
        return result

    def _ready(self, events: int, end: float) -> int:
        """Waits without the interpreter's lock."""
        poll = select.poll()
        poll.register(self._pg.socket, events)
        found = poll.poll(max(end - _clock.monotonic(), 0) * 1000)
        if not found:
            raise psycopg.OperationalError(f"no answer for {EXCHANGE_S:.0f} s")
        return found[0][1]

    def close(self) -> None:
        """End the session, whatever state it is in."""
        self._connection.close()


def failure_of(result: pq.abc.PGresult) -> psycopg.Error:
    """What the server said, as psycopg names it."""
    state = (result.error_field(pq.DiagnosticField.SQLSTATE) or b"").decode()
    said = (result.error_field(pq.DiagnosticField.MESSAGE_PRIMARY) or result.error_message or b"").decode()
    try:
        sort = psycopg.errors.lookup(state)
    except KeyError:
        sort = psycopg.DatabaseError
    return sort(said)
