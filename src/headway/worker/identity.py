"""Who this worker is: its machine, its id on it, its directory; each id of a server held by one living process.

Ids are `machine/1`, `machine/2` …: the lowest that no living worker of this user holds at that server, by a lock that
dies with its process. What an earlier holder left in the directory is deleted. Called by `main.py`.
"""

from __future__ import annotations

import fcntl
import hashlib
import os
import platform
import shutil
import socket
import tempfile
from pathlib import Path
from typing import Any, TextIO

import psutil

from headway.clock import Clock


class Seat:
    """An id and a directory, held until `leave()` or the end of the process."""

    def __init__(self, worker: str, machine: str, directory: Path, lock: TextIO) -> None:
        self.worker = worker
        self.machine = machine
        self.directory = directory
        self._lock = lock

    def leave(self) -> None:
        """Delete the directory and give the id back."""
        shutil.rmtree(self.directory, ignore_errors=True)
        self._lock.close()


def take_seat(machine: str | None, name: str | None, root: Path | None = None, *, server: str = "") -> Seat:
    """The seat `name`, or the first free number. OSError (BlockingIOError) when `name` is held by a living worker.

    Ids are unique at one `server` (its URL); workers of two servers do not meet.
    """
    machine = machine or socket.gethostname()
    root = root or Path(tempfile.gettempdir()) / f"headway-{os.getuid()}"
    root /= hashlib.sha256(server.encode()).hexdigest()[:12]
    root.mkdir(mode=0o700, parents=True, exist_ok=True)
    number = 0
    while True:
        number += 1
        seat = name or str(number)
        file = f"{machine}-{seat}".replace("/", "_")
        lock = (root / f"{file}.lock").open("a", encoding="utf-8")
        try:
            fcntl.flock(lock, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except BlockingIOError:
            lock.close()
            if name:
                raise
            continue
        directory = root / file
        shutil.rmtree(directory, ignore_errors=True)
        return Seat(f"{machine}/{seat}", machine, directory, lock)


def profile(seat: Seat, clock: Clock, *, slots: int, labels: dict[str, str], version: str) -> dict[str, Any]:
    """What the hello frame says of this worker. `instance` is random per process."""
    return {
        "id": seat.worker,
        "machine": seat.machine,
        "version": version,
        "python": platform.python_version(),
        "platform": platform.system().lower(),
        "boot_id": boot_id(),
        "instance": clock.new_id(),
        "pid": os.getpid(),
        "labels": labels,
        "slots": slots,
    }


def boot_id() -> str:
    """The same for every process since this machine was started, another after."""
    try:
        return Path("/proc/sys/kernel/random/boot_id").read_text(encoding="ascii").strip()
    except OSError:
        return str(int(psutil.boot_time()))
