"""What the jobs of the bench call, so that nothing is counted by the system under test.

Every process writes a small file of its own under `BENCH_DIR`; CLOCK_MONOTONIC is one clock for all processes of Linux.
The peers' drivers count in the same way, so that the figures can stand in one table.
"""

from __future__ import annotations

import mmap
import os
import struct
import threading
import time
from pathlib import Path

COUNTER = struct.Struct("<Qdd")
_lock = threading.Lock()
_map: mmap.mmap | None = None


def folder() -> Path:
    return Path(os.environ["BENCH_DIR"])


def _counter() -> mmap.mmap:
    global _map
    if _map is None:
        (folder() / "hits").mkdir(parents=True, exist_ok=True)
        with (folder() / "hits" / str(os.getpid())).open("w+b") as file:
            file.truncate(COUNTER.size)
            _map = mmap.mmap(file.fileno(), COUNTER.size)
    return _map


def hit() -> None:
    """A no-op job ran."""
    now = time.monotonic()
    with _lock:
        counter = _counter()
        count, first, _ = COUNTER.unpack(counter[:])
        counter[:] = COUNTER.pack(count + 1, first or now, now)


def started(sent: float) -> None:
    """A latency job started; `sent` is the submitter's instant."""
    report("latency", time.monotonic() - sent)
    hit()


def report(name: str, *values: float) -> None:
    """Append numbers to a named series: one small write, atomic with O_APPEND."""
    descriptor = os.open(folder() / name, os.O_WRONLY | os.O_CREAT | os.O_APPEND)
    os.write(descriptor, struct.pack(f"<{len(values)}d", *values))
    os.close(descriptor)


def _counters() -> dict[str, tuple[int, float, float]]:
    """By process: (count, first, last)."""
    found = {file.name: file.read_bytes() for file in (folder() / "hits").glob("*")}
    return {name: COUNTER.unpack(data) for name, data in found.items() if len(data) == COUNTER.size}


def hits() -> tuple[int, float, float]:
    """(count, first, last) over all processes."""
    count, first, last = 0, float("inf"), 0.0
    for found in _counters().values():
        if found[0]:
            count, first, last = count + found[0], min(first, found[1]), max(last, found[2])
    return count, first, last


def hits_by_process() -> dict[str, int]:
    return {name: found[0] for name, found in _counters().items()}


def series(name: str) -> list[float]:
    file = folder() / name
    data = file.read_bytes() if file.exists() else b""
    return list(struct.unpack(f"<{len(data) // 8}d", data))


def said(name: str) -> bool:
    """Whether anything was reported under that name, even nothing."""
    return (folder() / name).exists()


def clear() -> None:
    """Forget the series; counters stay with the processes that own them."""
    for file in folder().iterdir():
        if file.is_file() and file.suffix == "":
            file.unlink()
