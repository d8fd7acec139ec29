"""Files that jobs leave behind, in a directory: written under a key the server chose, hashed while they stream in.

No word of a client ever becomes part of a path: a key is 26 characters of our own alphabet, checked again when read.
A file is first written aside and takes its name only when whole and on disk. Must never know jobs; the router
(uploads.py) fences who may write. Another store (S3, a table) would have the same three methods.
"""

from __future__ import annotations

import asyncio
import contextlib
import hashlib
import os
import re
from collections.abc import AsyncIterable, Callable
from pathlib import Path

import msgspec

from headway.errors import NotFound, StoreUnavailable, TooLarge

_KEY = re.compile(r"[0-9A-HJKMNP-TV-Z]{26}")


class Stored(msgspec.Struct, frozen=True):
    """A file that is safe: its key, size in bytes and SHA-256 in hex."""

    key: str
    size: int
    sha256: str


class Artifacts:
    """A directory of files. `new_key` makes the keys (ULIDs); `limit` in bytes for each."""

    def __init__(self, folder: Path, *, new_key: Callable[[], str], limit: int) -> None:
        self.folder = folder
        self.limit = limit
        self._new_key = new_key

    async def write(self, parts: AsyncIterable[bytes]) -> Stored:
        """Take a file as it comes. TooLarge: over the limit, nothing is kept; StoreUnavailable: the disk says no."""
        key = self._new_key()
        path = self._path(key)
        aside = path.with_suffix(".part")
        digest, size = hashlib.sha256(), 0
        try:
            await asyncio.to_thread(path.parent.mkdir, parents=True, exist_ok=True)
            with await asyncio.to_thread(aside.open, "xb") as file:
                async for part in parts:
                    size += len(part)
                    if size > self.limit:
                        raise TooLarge("The artifact", size, self.limit, hint="It was not read further.")
                    digest.update(part)
                    await asyncio.to_thread(file.write, part)
                await asyncio.to_thread(_settle, file.fileno(), file.flush)
            await asyncio.to_thread(aside.replace, path)
        except OSError as error:
            await self._drop(aside)
            raise StoreUnavailable(
                f"The artifact could not be written: {error.strerror or error}.",
                hint=f"Free space below {self.folder}, then upload it again.",
            ) from error
        except BaseException:
            await self._drop(aside)
            raise
        return Stored(key, size, digest.hexdigest())

    def path(self, key: str) -> Path:
        """Where the file of a key is. NotFound where there is none."""
        if not _KEY.fullmatch(key) or not (path := self._path(key)).is_file():
            raise NotFound("artifact file", key, hint="It may have been removed from the server's data folder.")
        return path

    async def remove(self, key: str) -> None:
        """Forget a file; again does nothing."""
        await self._drop(self._path(key))

    def _path(self, key: str) -> Path:
        """Spread by the key's random end, not its time: 1,024 folders fill evenly."""
        return self.folder / key[-2:] / key

    @staticmethod
    async def _drop(path: Path) -> None:
        with contextlib.suppress(OSError):
            await asyncio.to_thread(path.unlink)


def _settle(descriptor: int, flush: Callable[[], None]) -> None:
    flush()
    os.fsync(descriptor)
