"""Sees to it that no PostgreSQL of a test outlives it: run as a process of its own beside each server.

Its standard input is a pipe whose other end only the test run holds. When that closes, in peace or because the run
was killed, whatever still runs on the folder is ended and the folder is deleted. `crash` is what tests call a crash.
"""

from __future__ import annotations

import contextlib
import shutil
import sys
import threading
import time
from pathlib import Path

import psutil


def crash(postmaster: int) -> None:
    """SIGKILL for a postmaster and every process of its; back when all are gone.

    The postmaster is stopped first, so that it starts nobody while its processes are counted. Each of these is the
    leader of a session of its own, so that a signal to a process group would reach one of them.
    """
    with contextlib.suppress(psutil.NoSuchProcess):
        process = psutil.Process(postmaster)
        process.suspend()
        doomed = [process, *process.children(recursive=True)]
        for each in doomed:
            with contextlib.suppress(psutil.NoSuchProcess):
                each.kill()
        pause, end = threading.Event(), time.monotonic() + 10
        while any(map(lives, doomed)) and time.monotonic() < end:
            pause.wait(0.005)


def lives(process: psutil.Process) -> bool:
    """A zombie does not: who buries it, and when, is not for us to wait for."""
    with contextlib.suppress(psutil.NoSuchProcess):
        return process.is_running() and process.status() != psutil.STATUS_ZOMBIE
    return False


def left_over(folder: Path) -> int | None:
    """The postmaster that still runs on a folder, by its own file and by what it was started with."""
    with contextlib.suppress(OSError, ValueError, IndexError, psutil.Error):
        postmaster = int((folder / "data" / "postmaster.pid").read_text().splitlines()[0])
        return postmaster if str(folder / "data") in psutil.Process(postmaster).cmdline() else None
    return None


def guard(folder: Path) -> None:
    """Wait until nobody holds the other end, then clean up."""
    sys.stdin.buffer.read()
    postmaster = left_over(folder)
    if postmaster is not None:
        crash(postmaster)
    shutil.rmtree(folder, ignore_errors=True)


if __name__ == "__main__":
    guard(Path(sys.argv[1]))
