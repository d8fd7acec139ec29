"""The seam between the server and where files of jobs are kept, and what every such place has in common.

A key is made by the server from its own alphabet and never holds a word of a client: the job's id and 26 characters of
its own, so that whoever finds a file can ask whether its job still names it. A file is there when `write` has returned,
whole and durable; what breaks off is removed, and what a crash leaves is found by `every_key`. Implemented by
server/artifacts.py (a folder) and postgres/files.py (a table); must never know HTTP.
"""

from __future__ import annotations

import hashlib
import re
from collections.abc import AsyncGenerator, AsyncIterable, AsyncIterator
from typing import Protocol

import msgspec

from headway.clock import at_of_ulid
from headway.errors import NotFound, TooLarge

PART_BYTES = 1_048_576
"""Files are kept, read and written in parts of this size: no more of one is ever in memory."""
_ID = "[0-9A-HJKMNP-TV-Z]{26}"
_KEY = re.compile(f"(?P<job>{_ID})?(?P<own>{_ID})")


class Stored(msgspec.Struct, frozen=True):
    """A file that is safe: its key, size in bytes and SHA-256 in hex."""

    key: str
    size: int
    sha256: str


class Files(Protocol):
    """Where files of jobs are; `limit` in bytes for each. StoreUnavailable: the place says no, and the way out."""

    limit: int

    async def write(self, job: str, parts: AsyncIterable[bytes]) -> Stored:
        """Take a file of a job as it comes. TooLarge: over the limit. Whatever is raised, nothing is kept."""
        ...

    async def size(self, key: str) -> int:
        """Bytes of a file. NotFound where there is none."""
        ...

    def read(self, key: str, start: int, end: int) -> AsyncGenerator[bytes]:
        """The bytes from `start` to before `end`, in parts. NotFound, even on the way: it was removed."""
        ...

    async def remove(self, key: str) -> None:
        """Forget a file, or what there is of it; again does nothing."""
        ...

    def every_key(self) -> AsyncIterator[list[str]]:
        """The keys of all files, half-written ones among them, some at a time."""
        ...

    def close(self) -> None:
        """What is kept open for the next file may end."""
        ...


class Name(msgspec.Struct, frozen=True):
    """What a key says: whose file it is (files from before keys said so: None), and when (ms) it was begun."""

    job: str | None
    made_at: int


def name_of(key: str) -> Name | None:
    """What `key` says; None where it is none of ours."""
    found = _KEY.fullmatch(key)
    return Name(found["job"], at_of_ulid(found["own"])) if found else None


def checked(key: str) -> str:
    """The key. NotFound where it can not be one."""
    if name_of(key) is None:
        raise no_file(key)
    return key


def no_file(key: str) -> NotFound:
    """No such file, or not any more."""
    return NotFound("artifact file", key, hint="It may have been removed from where the server keeps files of jobs.")


class Measured:
    """A file on its way in, counted and hashed, cut into parts of `PART_BYTES`. TooLarge: it is over `limit` bytes."""

    def __init__(self, chunks: AsyncIterable[bytes], limit: int) -> None:
        self.size = 0
        self._chunks = chunks
        self._limit = limit
        self._digest = hashlib.sha256()

    def stored(self, key: str) -> Stored:
        """What has passed, under this key."""
        return Stored(key, self.size, self._digest.hexdigest())

    async def parts(self) -> AsyncIterator[bytes]:
        """At least one, also of an empty file."""
        gathered = bytearray()
        async for chunk in self._chunks:
            self.size += len(chunk)
            if self.size > self._limit:
                raise TooLarge("The artifact", self.size, self._limit, hint="It was not read further.")
            self._digest.update(chunk)
            gathered += chunk
            while len(gathered) >= PART_BYTES:
                yield bytes(memoryview(gathered)[:PART_BYTES])
                del gathered[:PART_BYTES]
        if gathered or not self.size:
            yield bytes(gathered)
