"""Artifacts of an SQLite store, which lie in a folder, as rows of the table `files`, where PostgreSQL keeps them.

Called while a store is copied. A file is never changed once it has its name, so one that is there already is kept.
"""

from __future__ import annotations

import os
from collections.abc import Iterable, Iterator
from itertools import groupby
from operator import itemgetter
from pathlib import Path

from headway.errors import StoreUnavailable
from headway.store.copying import Row
from headway.store.files import PART_BYTES, name_of


class Folder:
    """The folder that a server has for files of jobs: each under its key, in a folder named like the key's end."""

    def __init__(self, path: Path) -> None:
        self.path = path

    def rows(self) -> Iterator[Row]:
        """(key, part, body), by key and part. One that is removed meanwhile is left out: its job was deleted."""
        for path in sorted(self.path.glob("??/*"), key=lambda path: path.name):
            if name_of(path.name) is None:
                continue
            try:
                with path.open("rb") as file:
                    body, part = file.read(PART_BYTES), 0
                    while body or part == 0:
                        yield path.name, part, body
                        body, part = file.read(PART_BYTES), part + 1
            except FileNotFoundError:
                continue
            except OSError as error:
                raise _broken(path, error) from error

    def fill(self, rows: Iterable[Row]) -> int:
        """Write files from rows in that order; how many there were. StoreUnavailable: the disk says no."""
        number = 0
        for key, parts in groupby(rows, itemgetter(0)):
            number += 1
            path = self.path / key[-2:] / key
            try:
                _write(path, (body for _, _, body in parts))
            except OSError as error:
                raise _broken(path, error) from error
        return number


def _write(path: Path, bodies: Iterator[bytes]) -> None:
    """Under its name only when it is whole and on disk."""
    if path.exists():
        return
    path.parent.mkdir(parents=True, exist_ok=True)
    aside = path.with_suffix(".part")
    with aside.open("wb") as file:
        for body in bodies:
            file.write(body)
        file.flush()
        os.fsync(file.fileno())
    aside.replace(path)


def _broken(path: Path, error: OSError) -> StoreUnavailable:
    return StoreUnavailable(
        f"The file {path} could not be copied: {error.strerror or error}.",
        hint="Look at the disk and the rights of this user, then copy again: what is there already is kept.",
    )
