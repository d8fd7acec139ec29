"""Files of jobs in the table `files`, where servers share nothing but their database: parts of 1 MiB, one row each.

Every part is a transaction of its own, so that an upload that takes an hour holds neither a lock nor the database's
horizon; a file is one once its last part is committed and a job names it. Connections are the few of this module: big
values must not be in the way of commits. Behind a transaction pooler as well: names are qualified, nothing is
prepared. The seam is store/files.py; must never know jobs.
"""

from __future__ import annotations

import asyncio
from collections.abc import AsyncGenerator, AsyncIterable, AsyncIterator, Callable
from typing import Any

import psycopg
from psycopg import sql

from headway.errors import StoreUnavailable
from headway.store.files import PART_BYTES, Measured, Stored, checked, no_file
from headway.store.postgres.address import Address
from headway.store.postgres.connecting import Connection, away, connect

AT_ONCE = 4
"""Files that are read or written at the same time; others wait a moment between two parts."""
PAGE = 1_000

_PUT = sql.SQL("INSERT INTO {} (key, part, body) VALUES (%s, %s, %b) ON CONFLICT DO NOTHING")
_SIZE = sql.SQL("SELECT count(*), coalesce(sum(octet_length(body)), 0)::bigint FROM {} WHERE key = %s")
_GET = sql.SQL("SELECT body FROM {} WHERE key = %s AND part = %s")
_KEYS = sql.SQL("SELECT DISTINCT key FROM {} WHERE key > %s ORDER BY key LIMIT %s")
_FORGET = sql.SQL("DELETE FROM {} WHERE key = %s")


class TableFiles:
    """The files of the store at `address`. `new_id` makes the end of keys (ULIDs); `limit` in bytes for each."""

    def __init__(self, address: Address, *, new_id: Callable[[], str], limit: int) -> None:
        self.limit = limit
        self._address = address
        self._table = sql.Identifier(address.schema, "files")
        self._new_id = new_id
        self._idle: list[Connection] = []
        self._room = asyncio.Semaphore(AT_ONCE)

    async def write(self, job: str, parts: AsyncIterable[bytes]) -> Stored:
        """Take a file as it comes; see the seam."""
        key = checked(job + self._new_id())
        measured = Measured(parts, self.limit)
        number = 0
        try:
            async for part in measured.parts():
                # A connection that was lost with its answer may have written the part: then it is the same.
                await self._ask(_PUT, key, number, part)
                number += 1
        except BaseException:
            await self._remove_quietly(key)
            raise
        return measured.stored(key)

    async def size(self, key: str) -> int:
        """Bytes of a file; no part of it is read for that."""
        rows = await self._ask(_SIZE, checked(key))
        if not rows[0][0]:
            raise no_file(key)
        return rows[0][1]

    async def read(self, key: str, start: int, end: int) -> AsyncGenerator[bytes]:
        """The bytes from `start` to before `end`; see the seam."""
        for number in range(start // PART_BYTES, -(-end // PART_BYTES)):
            rows = await self._ask(_GET, checked(key), number)
            if not rows:
                raise no_file(key)
            first = number * PART_BYTES
            yield rows[0][0][max(start - first, 0) : end - first]

    async def remove(self, key: str) -> None:
        """Forget a file; again does nothing."""
        await self._ask(_FORGET, key)

    async def every_key(self) -> AsyncIterator[list[str]]:
        """By key, from the index alone."""
        page = [""]
        while page:
            rows = await self._ask(_KEYS, page[-1], PAGE)
            page = [key for (key,) in rows]
            if page:
                yield page

    def close(self) -> None:
        """End what is idle."""
        while self._idle:
            self._idle.pop().close()

    async def _remove_quietly(self, key: str) -> None:
        """A database that is away keeps the parts until somebody looks for files that no job names."""
        try:
            await self.remove(key)
        except StoreUnavailable:
            return

    async def _ask(self, statement: sql.SQL, *values: object) -> list[Any]:
        """Rows of one statement, a transaction of its own. StoreUnavailable: the database says no."""
        async with self._room:
            return await asyncio.to_thread(self._answer, statement.format(self._table), values)

    def _answer(self, statement: sql.Composed, values: tuple[object, ...]) -> list[Any]:
        """In a thread. One that was ended while it lay idle says so only now: once more, on another."""
        try:
            while self._idle:
                try:
                    return self._carried_out(self._idle.pop(), statement, values)
                except psycopg.OperationalError:
                    continue
            return self._carried_out(connect(self._address), statement, values)
        except psycopg.Error as error:
            raise away(self._address, error) from error

    def _carried_out(self, connection: Connection, statement: sql.Composed, values: tuple[object, ...]) -> list[Any]:
        try:
            cursor = connection.execute(statement, values, prepare=False, binary=True)
            rows = cursor.fetchall() if cursor.description else []
        except BaseException:
            connection.close()
            raise
        self._idle.append(connection)
        return rows
