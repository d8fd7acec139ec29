"""`python -m headway` without the seconds of imports before it: forked from a process that has imported all of it.

What runs is the same from `headway/__main__.py` on, with arguments, environment, folder, output and session of its own;
so several hundred tests with real servers and workers cost what those do, and not what importing FastAPI does. What a
fork would not see starts a Python as usual (`unlike`). tests/cli and the command lines of examples and docs always do.

HEADWAY_TEST_STARTS=real starts everything as usual. Each process of a test run has two to fork from, in turn, with
seeds of their own: two servers must not agree on the order of a set because they are twins.
"""

from __future__ import annotations

import contextlib
import gc
import importlib
import itertools
import json
import os
import runpy
import select
import signal
import socket
import subprocess
import sys
import tempfile
import threading
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import IO, Any

IMPORTED = (
    "headway.cli.serve", "headway.cli.verify", "headway.server.serve", "headway.worker.main",
    "headway.store.sqlite.store", "headway.store.postgres.store", "uvloop", "websockets",
)  # fmt: skip
LONGEST_ORDER = 1 << 20
READ_AT_START = ("PYTHON", "LC_", "LANG", "TZ", "COVERAGE", "LD_", "MALLOC_")
"""Variables that a Python reads before its first line, and libraries once: a fork would not hear of a change."""


def unlike(env: Mapping[str, str]) -> bool:
    """Whether a process with this environment must be started as usual."""
    if "real" in (os.environ.get("HEADWAY_TEST_STARTS"), env.get("HEADWAY_TEST_STARTS")) or not hasattr(
        os, "pidfd_open"
    ):
        return True
    if any(name.startswith("COVERAGE_PROCESS") for name in env):  # it is to be measured from its start
        return True
    return _read_at_start(env) != _read_at_start(os.environ)


def _read_at_start(env: Mapping[str, str]) -> dict[str, str]:
    """PYTHONPATH does not count: `_become` follows it."""
    return {name: text for name, text in env.items() if name.startswith(READ_AT_START) and name != "PYTHONPATH"}


# -- for who starts one ------------------------------------------------------------------------------------------------


def start(words: Sequence[str], *, env: Mapping[str, str], cwd: Path, out: IO[Any], err: IO[Any]) -> Forked:
    """`python -m headway WORDS` in a session of its own, reading nothing."""
    return next(turns)(words, env, cwd, out, err)


def run(words: Sequence[str], *, env: Mapping[str, str], cwd: Path, timeout: float) -> subprocess.CompletedProcess[str]:
    """The same to its end, with what it said."""
    with tempfile.TemporaryFile("w+") as out, tempfile.TemporaryFile("w+") as err:
        process = start(words, env=env, cwd=cwd, out=out, err=err)
        try:
            code = process.wait(timeout)
        except BaseException:
            process.kill()
            process.wait()
            raise
        for each in (out, err):
            each.seek(0)
        return subprocess.CompletedProcess(process.args, code, out.read(), err.read())


def end() -> None:
    """What this process has to fork from ends; the last word of a test run."""
    for origin in _ORIGINS:
        origin.end()


class Origin:
    """A process that forks when it is told; made when it is first asked, and gone with this one."""

    def __init__(self) -> None:
        self._lock = threading.Lock()
        self._line: socket.socket | None = None
        self._process: subprocess.Popen[bytes] | None = None

    def __call__(self, words: Sequence[str], env: Mapping[str, str], cwd: Path, out: IO[Any], err: IO[Any]) -> Forked:
        order = {"words": list(words), "env": dict(env), "cwd": str(cwd)}
        pid = self.ask(order, [out.fileno(), err.fileno()])
        return Forked(pid, words, self)

    def ask(self, order: dict[str, Any], files: Sequence[int] = ()) -> int:
        """The number that it answers."""
        with self._lock:
            line = self._line = self._line or self._begin()
            socket.send_fds(line, [json.dumps(order).encode()], files)
            answer = line.recv(64)
        assert answer, "what forks servers for the tests has ended"
        return int(answer)

    def _begin(self) -> socket.socket:
        line, theirs = socket.socketpair(socket.AF_UNIX, socket.SOCK_SEQPACKET)
        for option in (socket.SO_SNDBUF, socket.SO_RCVBUF):
            line.setsockopt(socket.SOL_SOCKET, option, LONGEST_ORDER)
        with theirs:
            self._process = subprocess.Popen(
                [sys.executable, __file__, str(theirs.fileno())],
                pass_fds=[theirs.fileno()], stdin=subprocess.DEVNULL, stdout=subprocess.DEVNULL, start_new_session=True,
            )  # fmt: skip
        return line

    def end(self) -> None:
        """It ends when nobody holds the other end of its line."""
        if self._line is not None and self._process is not None:
            self._line.close()
            self._process.wait(10)
            self._line = self._process = None


_ORIGINS = (Origin(), Origin())
turns = itertools.cycle(_ORIGINS)


class Forked:
    """As much of `subprocess.Popen` as tests use: it stays a zombie until somebody asks how it ended."""

    stdin = stdout = stderr = None

    def __init__(self, pid: int, words: Sequence[str], origin: Origin) -> None:
        self.pid = pid
        self.args = [sys.executable, "-m", "headway", *words]
        self.returncode: int | None = None
        self._origin = origin
        self._handle = os.pidfd_open(pid)
        self._lock = threading.Lock()

    def poll(self) -> int | None:
        """How it ended; None: it runs."""
        return self._ended(0)

    def wait(self, timeout: float | None = None) -> int:
        """How it ended, once it has."""
        code = self._ended(timeout)
        if code is None:
            raise subprocess.TimeoutExpired(self.args, timeout or 0)
        return code

    def _ended(self, within_s: float | None) -> int | None:
        if self.returncode is None:
            poll = select.poll()
            poll.register(self._handle, select.POLLIN)
            if not poll.poll(None if within_s is None else within_s * 1000):
                return None
        with self._lock:
            if self.returncode is None:
                self.returncode = self._origin.ask({"reap": self.pid})
        return self.returncode

    def send_signal(self, number: int) -> None:
        """To it alone."""
        if self.returncode is None:
            with contextlib.suppress(ProcessLookupError):
                signal.pidfd_send_signal(self._handle, number)

    def terminate(self) -> None:
        """SIGTERM."""
        self.send_signal(signal.SIGTERM)

    def kill(self) -> None:
        """SIGKILL."""
        self.send_signal(signal.SIGKILL)

    def __del__(self) -> None:
        with contextlib.suppress(AttributeError, OSError):
            os.close(self._handle)


# -- the process that forks --------------------------------------------------------------------------------------------


def main() -> None:
    """Import, then fork for each order; a child comes back from here as `python -m headway`."""
    line = socket.socket(fileno=int(sys.argv[1]))
    for name in IMPORTED:
        importlib.import_module(name)
    assert threading.active_count() == 1, "an import has started a thread: forks would lack it"
    gc.collect()
    gc.freeze()
    while True:
        text, files, _, _ = socket.recv_fds(line, LONGEST_ORDER, 2)
        if not text:
            raise SystemExit
        order = json.loads(text)
        answer = _reaped(order["reap"]) if "reap" in order else os.fork()
        if answer == 0 and files:
            line.close()
            return _become(order, *files)
        for each in files:
            os.close(each)
        line.send(str(answer).encode())


def _reaped(pid: int) -> int:
    return os.waitstatus_to_exitcode(os.waitpid(pid, 0)[1])


def _become(order: dict[str, Any], out: int, err: int) -> None:
    """As if this Python had been started so."""
    os.setsid()
    os.chdir(order["cwd"])
    for source, target in ((out, 1), (err, 2)):
        os.dup2(source, target)
        os.close(source)
    os.environ.clear()
    os.environ.update(order["env"])
    sys.path[:1] = [order["cwd"], *filter(None, os.environ.get("PYTHONPATH", "").split(os.pathsep))]
    sys.argv[:] = ["-m", *order["words"]]
    runpy.run_module("headway", run_name="__main__", alter_sys=True)


if __name__ == "__main__":
    main()
