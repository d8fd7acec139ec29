"""A command in a terminal of its own: a pty, a session, a process group, and a pipe it may speak to Headway on.

Owns starting, sizing, signalling and reaping. Must never read what the command prints. Called by `runner`.

The command leads its own session, with the pty as controlling terminal, so that prompts, `^C` and `isatty` behave.
A signal goes to every process of that session (job control of an interactive shell makes several groups in it). The
leader is not reaped before the session is empty: its number can not be given to a stranger while we still signal.
"""

from __future__ import annotations

import asyncio
import contextlib
import errno
import fcntl
import os
import pty
import resource
import struct
import subprocess
import termios
from collections.abc import Mapping, Sequence

import msgspec
import psutil

from headway.clock import Clock
from headway.errors import CallerError, InvalidInput

MIN_COLUMNS = 100
"""Below this some tools drop their bars. A real terminal is followed as it is: what the user sees must fit."""

_POLL_S = 0.02
_NO_TERMINAL = {"", "dumb", "unknown"}


class CannotStart(CallerError):
    """The command did not start. `exit_code` as shells give it: 127 not found, 126 found but not runnable."""

    code = "cannot_start"
    status = 422

    def __init__(self, command: str, problem: str, *, exit_code: int, hint: str) -> None:
        super().__init__(f"{command}: {problem}.", hint=hint)
        self.command = command
        self.problem = problem
        self.exit_code = exit_code


class CommandResult(msgspec.Struct, frozen=True, kw_only=True):
    """How a command ended. `code` is 128 + `signal` when a signal ended it.

    `cpu_s` (user and system) covers the command and the descendants it waited for (wait4(2)). `max_rss` in bytes is the
    peak of its largest process; None when it was too small and too short to be seen.
    """

    code: int
    signal: int | None
    cpu_s: float
    max_rss: int | None


class Child:
    """A started command. `master` carries its terminal, `statements` what it writes to $HEADWAY_FD; both non-blocking."""

    def __init__(self, process: subprocess.Popen[bytes], master: int, statements: int) -> None:
        self._process = process
        self.pid = process.pid
        self.master = master
        self.statements = statements
        self._seen_rss = 0

    def resize(self, columns: int, rows: int) -> None:
        """Tell the terminal its size; the command gets SIGWINCH when it changed."""
        _resize(self.master, columns, rows)

    def signal(self, number: int) -> None:
        """Send a signal to every process of the session; those that are gone or not ours are passed over."""
        for group in {_group_of(pid) for pid in (self.pid, *self.others())}:
            if group is not None:
                with contextlib.suppress(ProcessLookupError, PermissionError):
                    os.killpg(group, number)

    def others(self) -> list[int]:
        """Living processes of the session beside its leader."""
        return [pid for pid in psutil.pids() if pid != self.pid and _session_of(pid) == self.pid and _alive(pid)]

    async def exited(self, clock: Clock) -> None:
        """Return when the leader has ended; it is not reaped by this."""
        try:
            descriptor = os.pidfd_open(self.pid)
        except (AttributeError, OSError):  # no Linux, or an old one
            while _alive(self.pid):
                await clock.sleep(_POLL_S)
            return
        loop, ended = asyncio.get_running_loop(), asyncio.Event()
        loop.add_reader(descriptor, ended.set)
        try:
            await ended.wait()
        finally:
            loop.remove_reader(descriptor)
            os.close(descriptor)

    async def emptied(self, clock: Clock, within_s: float) -> bool:
        """Wait until nothing of the session lives beside its leader; False when that took longer."""
        deadline = clock.monotonic() + within_s
        while self.others():
            if clock.monotonic() >= deadline:
                return False
            await clock.sleep(_POLL_S)
        return True

    def observe(self) -> None:
        """Look at the peak memory of the session's processes, for `max_rss`; a look a second is enough."""
        for pid in (self.pid, *self.others()):
            self._seen_rss = max(self._seen_rss, _peak_rss(pid))

    def reap(self) -> CommandResult:
        """The exit status of a leader that has ended. Once only."""
        _pid, status, usage = os.wait4(self.pid, 0)
        code = os.waitstatus_to_exitcode(status)
        self._process.returncode = code  # so that Popen does not wait for it too
        return CommandResult(
            code=code if code >= 0 else 128 - code,
            signal=-code if code < 0 else None,
            cpu_s=round(usage.ru_utime + usage.ru_stime, 6),
            max_rss=self._max_rss(usage.ru_maxrss),
        )

    def _max_rss(self, reported: int) -> int | None:
        """The kernel counts from the fork, when the child still was a copy of us: below our own peak it says nothing."""
        unit = 1 if os.uname().sysname == "Darwin" else 1024
        if reported > resource.getrusage(resource.RUSAGE_SELF).ru_maxrss:
            return reported * unit
        return self._seen_rss or None

    def close(self) -> None:
        """Give the descriptors back. What still holds the terminal gets SIGHUP from the kernel."""
        os.close(self.master)
        os.close(self.statements)


def start(
    argv: Sequence[str],
    *,
    env: Mapping[str, str] | None,
    cwd: str | os.PathLike[str] | None,
    stdin: int | None,
    columns: int,
    rows: int,
    returns: bool = True,
) -> Child:
    """Start `argv` in a new terminal. CannotStart says what a shell would, and how to go on.

    `stdin`: a terminal's descriptor means that the caller forwards keys, so the command reads its own pty; any other is
    given to the command as it is; None is /dev/null. `returns`: the terminal adds a carriage return to each line end, as
    terminals do; without, what goes on to a file or a pipe is byte for byte what the command wrote.
    """
    if not argv or not argv[0]:
        raise InvalidInput("command", "is empty", hint="Write the command after --: headway run -- make test")
    master, slave = pty.openpty()
    _resize(master, columns, rows)  # before it starts: it may ask at once
    if not returns:
        _leave_line_ends(slave)
    statements, statements_end = os.pipe()
    try:
        process = subprocess.Popen(
            list(argv),
            stdin=subprocess.DEVNULL if stdin is None else slave if os.isatty(stdin) else stdin,
            stdout=slave,
            stderr=slave,
            cwd=cwd,
            env=_environment(os.environ if env is None else env, statements_end),
            pass_fds=(statements_end,),
            start_new_session=True,
            preexec_fn=_take_terminal,  # noqa: PLW1509 -- one system call, no lock; posix_spawn can not set a directory
        )
    except (OSError, ValueError) as error:
        os.close(master)
        os.close(statements)
        raise _cannot_start(argv[0], cwd, error) from error
    finally:
        os.close(slave)
        os.close(statements_end)
    os.set_blocking(master, False)
    os.set_blocking(statements, False)
    return Child(process, master, statements)


def _resize(master: int, columns: int, rows: int) -> None:
    fcntl.ioctl(master, termios.TIOCSWINSZ, struct.pack("HHHH", rows, columns, 0, 0))


def _leave_line_ends(slave: int) -> None:
    attributes = termios.tcgetattr(slave)
    attributes[1] &= ~termios.ONLCR  # output flags
    termios.tcsetattr(slave, termios.TCSANOW, attributes)


def size_of(descriptor: int | None, columns: int, rows: int) -> tuple[int, int]:
    """Columns and rows of the terminal behind `descriptor`; without one, those given, and at least MIN_COLUMNS."""
    if descriptor is not None:
        with contextlib.suppress(OSError):
            actual = os.get_terminal_size(descriptor)
            if actual.columns > 0:
                return actual.columns, actual.lines
    return max(columns, MIN_COLUMNS), rows


def _take_terminal() -> None:
    """In the child, between fork and exec: make the pty its controlling terminal."""
    fcntl.ioctl(1, termios.TIOCSCTTY, 0)


def _environment(env: Mapping[str, str], statements_end: int) -> dict[str, str]:
    """COLUMNS and LINES go: they would outlive a resize and hide the pty's true size."""
    kept = {name: value for name, value in env.items() if name not in {"COLUMNS", "LINES"}}
    if kept.get("TERM", "") in _NO_TERMINAL:
        kept["TERM"] = "xterm-256color"
    kept["HEADWAY_FD"] = str(statements_end)
    return kept


def _cannot_start(command: str, cwd: str | os.PathLike[str] | None, error: OSError | ValueError) -> CallerError:
    if isinstance(error, ValueError):
        return InvalidInput("command", str(error), hint="Arguments and variables must be free of zero bytes.")
    if cwd is not None and error.filename is not None and os.fsdecode(error.filename) == os.fsdecode(cwd):
        problem = f"can not start in {os.fsdecode(cwd)!r} ({error.strerror})"
        return CannotStart(command, problem, exit_code=126, hint="Name a directory that exists and may be entered.")
    if error.errno == errno.ENOENT and "/" in command and os.path.exists(command):  # noqa: PTH110 -- a name, no path yet
        problem = "the interpreter named in its first line was not found"
        return CannotStart(command, problem, exit_code=127, hint="Check the line that starts with #!.")
    if error.errno in {errno.ENOENT, errno.ENOTDIR}:
        hint = "Check the spelling and PATH; for shell syntax write: sh -c '…'"
        return CannotStart(command, "command not found", exit_code=127, hint=hint)
    if error.errno == errno.ENOEXEC:
        hint = "Give it a first line such as #!/bin/sh, or name its interpreter."
        return CannotStart(command, "not a program this system can run", exit_code=126, hint=hint)
    if error.errno == errno.EACCES:
        hint = f"Make it executable: chmod +x {command}"
        return CannotStart(command, "permission denied", exit_code=126, hint=hint)
    return CannotStart(command, str(error.strerror), exit_code=126, hint="The system refused to run it.")


def _group_of(pid: int) -> int | None:
    try:
        return os.getpgid(pid)
    except (ProcessLookupError, PermissionError):
        return None


def _session_of(pid: int) -> int | None:
    try:
        return os.getsid(pid)
    except (ProcessLookupError, PermissionError):
        return None


def _peak_rss(pid: int) -> int:
    """Bytes; 0 when the system does not tell (only Linux does)."""
    try:
        with open(f"/proc/{pid}/status", encoding="ascii", errors="replace") as status:  # noqa: PTH123 -- a hot path
            found = next((line for line in status if line.startswith("VmHWM:")), "")
    except OSError:
        return 0
    return int(found.split()[1]) * 1024 if found else 0


def _alive(pid: int) -> bool:
    try:
        return psutil.Process(pid).status() != psutil.STATUS_ZOMBIE
    except psutil.Error:
        return False
