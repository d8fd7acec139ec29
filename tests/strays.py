"""Sees to it that no process of a test run outlives it, however the run ends: failed, interrupted or killed.

A run has a mark in its environment, which everything that it starts inherits, through new sessions and dead parents
(the kernel's PDEATHSIG reaches children only, and those of a thread that ends too early). A guard beside the run reads a
pipe whose other end only the run holds; when that closes, whatever still has the mark is killed. One guard serves all
processes of a run under xdist.
"""

from __future__ import annotations

import contextlib
import os
import secrets
import subprocess
import sys
import threading
import time
from collections.abc import Iterator

import psutil

MARK = "MARK_OF_TEST_RUN"


def unmarked() -> dict[str, str]:
    """The environment for whoever may outlive the run, to clean up after it."""
    return {name: value for name, value in os.environ.items() if name != MARK}


def guarded() -> subprocess.Popen[bytes] | None:
    """The guard of this run, which begins now; None: one that began it has a guard already."""
    if MARK in os.environ:
        return None
    mark = f"{os.getpid()}-{secrets.token_hex(8)}"
    guard = subprocess.Popen(
        [sys.executable, __file__, mark], stdin=subprocess.PIPE, start_new_session=True, env=unmarked()
    )
    os.environ[MARK] = mark
    return guard


def release(guard: subprocess.Popen[bytes]) -> None:
    """The run is over; back when nothing of it is left."""
    os.environ.pop(MARK, None)
    guard.communicate()


def end_all(name: str, value: str, within_s: float = 10.0) -> list[str]:
    """Kill every process whose environment says so, and whom they start meanwhile; the command lines of all."""
    ended: dict[int, str] = {}
    pause, end = threading.Event(), time.monotonic() + within_s
    while (found := list(_with(name, value))) and time.monotonic() < end:
        for each in found:
            with contextlib.suppress(psutil.Error):
                ended.setdefault(each.pid, " ".join(each.cmdline()))
                each.kill()
        pause.wait(0.01)
    return list(ended.values())


def _with(name: str, value: str) -> Iterator[psutil.Process]:
    for each in psutil.process_iter():
        with contextlib.suppress(psutil.Error):
            if each.pid != os.getpid() and each.environ().get(name) == value and is_alive(each):
                yield each


def is_alive(process: psutil.Process) -> bool:
    """A zombie is not: who buries it, and when, is not for us to wait for."""
    with contextlib.suppress(psutil.Error):
        return process.is_running() and process.status() != psutil.STATUS_ZOMBIE
    return False


if __name__ == "__main__":
    sys.stdin.buffer.read()
    for line in end_all(MARK, sys.argv[1]):
        sys.stderr.write(f"tests: was left running and is ended now: {line[:200]}\n")
