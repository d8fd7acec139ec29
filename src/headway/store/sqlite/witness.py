"""What stands beside an SQLite file: the lock of its server, and the witness of how far its log had come.

The witness tells an older copy that was put back from the file that was there: its log would give numbers again
that viewers have seen, so a new history (epoch) begins. Called by `store.py` only.
"""

from __future__ import annotations

import fcntl
import os
from pathlib import Path

import msgspec

from headway.errors import StoreUnusable


def unopenable(store: Path, error: Exception) -> StoreUnusable:
    """The path is wrong, or the rights are, or the disk."""
    return StoreUnusable(
        f"The store {store} can not be opened: {error}.",
        hint="Check the path and the rights of the server's user, or name another file with --store sqlite:///PATH.",
    )


class Witness(msgspec.Struct, frozen=True):
    """The history and the last number that were surely given."""

    epoch: str
    seq: int


class Lock:
    """At most one server process per file. Held from `take` to `release`, and by the kernel no longer than we live."""

    def __init__(self, store: Path) -> None:
        self._store = store
        self._path = store.with_name(store.name + "-lock")
        self._file: int | None = None

    def take(self) -> None:
        """Makes the folder where there is none. StoreUnusable names the process that has the lock."""
        try:
            self._path.parent.mkdir(parents=True, exist_ok=True)
            file = os.open(self._path, os.O_RDWR | os.O_CREAT | os.O_CLOEXEC, 0o600)
        except OSError as error:
            raise unopenable(self._store, error) from error
        try:
            fcntl.flock(file, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except OSError:
            holder = os.read(file, 32).decode(errors="replace").strip() or "unknown"
            os.close(file)
            raise StoreUnusable(
                f"The store {self._store} is in use by another Headway server (process {holder}).",
                hint="Stop that server first, or give this one another file with --store sqlite:///PATH.",
            ) from None
        os.ftruncate(file, 0)
        os.pwrite(file, str(os.getpid()).encode(), 0)
        self._file = file

    def release(self) -> None:
        """Let go; a second call does nothing. The file stays: deleting it would race with the next server."""
        if self._file is not None:
            os.close(self._file)
            self._file = None


class WitnessFile:
    """The witness on disk, replaced whole."""

    def __init__(self, store: Path) -> None:
        self._path = store.with_name(store.name + "-witness")

    def read(self) -> Witness | None:
        """None when it is missing or not readable as one."""
        try:
            return msgspec.json.decode(self._path.read_bytes(), type=Witness)
        except (OSError, msgspec.DecodeError):
            return None

    def write(self, witness: Witness) -> None:
        """Durable when it returns."""
        fresh = self._path.with_name(self._path.name + ".new")
        with fresh.open("wb") as file:
            file.write(msgspec.json.encode(witness))
            file.flush()
            os.fsync(file.fileno())
        fresh.replace(self._path)


def continues(witness: Witness | None, epoch: str, seq: int) -> bool:
    """True if a log that stands at `seq` is the one that was witnessed, at least as far."""
    return witness is not None and witness.epoch == epoch and witness.seq <= seq
