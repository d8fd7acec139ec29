"""Files that jobs leave behind, in a directory: written under a key the server chose, hashed while they stream in.

No word of a client ever becomes part of a path: a key is checked to be one of ours whenever it is read. A file is first
written aside and takes its name only when whole and on disk. The directory may be one that several servers mount. Must
never know jobs; the router (uploads.py) fences who may write. The seam, and what a table does alike: store/files.py.
"""

from __future__ import annotations

import asyncio
import contextlib
import os
from collections.abc import AsyncGenerator, AsyncIterable, AsyncIterator, Callable
from pathlib import Path

from headway.errors import StoreUnavailable
from headway.store.files import PART_BYTES, Measured, Stored, checked, no_file

ASIDE = ".part"


class FolderFiles:
    """A directory of files. `new_id` makes the end of keys (ULIDs); `limit` in bytes for each."""

    def __init__(self, folder: Path, *, new_id: Callable[[], str], limit: int) -> None:
        self.folder = folder
        self.limit = limit
        self._new_id = new_id

    async def write(self, job: str, parts: AsyncIterable[bytes]) -> Stored:
        """Take a file as it comes; see the seam."""
        key = checked(job + self._new_id())
        path = self._path(key)
        aside = path.with_suffix(ASIDE)
        measured = Measured(parts, self.limit)
        try:
            await asyncio.to_thread(path.parent.mkdir, parents=True, exist_ok=True)
            with await asyncio.to_thread(aside.open, "xb") as file:
                async for part in measured.parts():
                    await asyncio.to_thread(file.write, part)
                await asyncio.to_thread(_settle, file.fileno(), file.flush)
            await asyncio.to_thread(aside.replace, path)
        except OSError as error:
            await self.remove(key)
            raise StoreUnavailable(
                f"The artifact could not be written: {error.strerror or error}.",
                hint=f"Free space below {self.folder}, then upload it again.",
            ) from error
        except BaseException:
            await self.remove(key)
            raise
        return measured.stored(key)

    async def size(self, key: str) -> int:
        """Bytes of a file."""
        try:
            return (await asyncio.to_thread(self._path(checked(key)).stat)).st_size
        except FileNotFoundError:
            raise no_file(key) from None

    async def read(self, key: str, start: int, end: int) -> AsyncGenerator[bytes]:
        """The bytes from `start` to before `end`; see the seam."""
        try:
            file = await asyncio.to_thread(self._path(checked(key)).open, "rb")
        except FileNotFoundError:
            raise no_file(key) from None
        with file:
            await asyncio.to_thread(file.seek, start)
            while start < end:
                part = await asyncio.to_thread(file.read, min(PART_BYTES, end - start))
                if not part:
                    raise no_file(key)
                start += len(part)
                yield part

    async def remove(self, key: str) -> None:
        """Forget a file and what was written of it; again does nothing."""
        path = self._path(key)
        for each in (path, path.with_suffix(ASIDE)):
            with contextlib.suppress(OSError):
                await asyncio.to_thread(each.unlink)

    async def every_key(self) -> AsyncIterator[list[str]]:
        """Those of one folder at a time."""
        for folder in await asyncio.to_thread(_listed, self.folder):
            yield [path.name.removesuffix(ASIDE) for path in await asyncio.to_thread(_listed, folder)]

    def close(self) -> None:
        """Nothing is kept open."""

    def _path(self, key: str) -> Path:
        """Spread by the key's random end, not its time: 1,024 folders fill evenly."""
        return self.folder / key[-2:] / key


def _settle(descriptor: int, flush: Callable[[], None]) -> None:
    flush()
    os.fsync(descriptor)


def _listed(folder: Path) -> list[Path]:
    try:
        return sorted(folder.iterdir())
    except (FileNotFoundError, NotADirectoryError):
        return []
