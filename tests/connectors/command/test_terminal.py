"""Starting, sizing, signalling and reaping real processes."""

from __future__ import annotations

import contextlib
import fcntl
import os
import signal
import struct
import sys
import termios
from pathlib import Path

import psutil
import pytest

from headway.clock import SystemClock
from headway.connectors.command.terminal import MIN_COLUMNS, CannotStart, Child, size_of, start
from headway.errors import InvalidInput

pytestmark = pytest.mark.process


def begin(*argv: str, env: dict[str, str] | None = None, cwd: str | Path | None = None) -> Child:
    return start(argv, env=env, cwd=cwd, stdin=None, columns=120, rows=40)


async def output_of(child: Child) -> str:
    """All it printed; the child is reaped."""
    await child.exited(SystemClock())
    text = b""
    while True:
        try:
            text += os.read(child.master, 65_536)
        except (BlockingIOError, OSError):
            break
    child.reap()
    child.close()
    return text.decode()


async def printed(child: Child, text: bytes) -> None:
    """Return when the command has printed `text`."""
    seen, clock = b"", SystemClock()
    while text not in seen:
        with contextlib.suppress(BlockingIOError):
            seen += os.read(child.master, 65_536)
        await clock.sleep(0.01)


async def test_the_command_leads_its_own_session_in_a_terminal_of_its_own():
    child = begin(
        sys.executable,
        "-c",
        "import os; tty = os.open('/dev/tty', os.O_RDWR)\n"
        "print(os.getsid(0) == os.getpid(), os.tcgetpgrp(tty) == os.getpgrp(), [os.isatty(n) for n in range(3)])",
    )

    assert await output_of(child) == "True True [False, True, True]\r\n"


async def test_the_terminal_has_the_size_asked_for():
    assert await output_of(begin("sh", "-c", "stty size <&1")) == "40 120\r\n"


@pytest.mark.parametrize(
    ("term", "expected"), [(None, "xterm-256color"), ("dumb", "xterm-256color"), ("vt100", "vt100")]
)
async def test_a_terminal_that_can_draw_is_named(term, expected):
    env = {"PATH": os.environ["PATH"], "COLUMNS": "20"} | ({"TERM": term} if term else {})

    assert await output_of(begin("sh", "-c", 'echo "$TERM $COLUMNS"', env=env)) == f"{expected} \r\n"


def test_a_terminal_is_followed_and_without_one_it_is_wide_enough_for_bars():
    master, slave = os.openpty()
    fresh = size_of(slave, 120, 40)  # says 0 by 0
    fcntl.ioctl(master, termios.TIOCSWINSZ, struct.pack("HHHH", 24, 80, 0, 0))
    narrow = size_of(slave, 120, 40)
    os.close(slave)
    os.close(master)

    assert (fresh, narrow) == ((120, 40), (80, 24))
    assert size_of(None, 20, 40) == (MIN_COLUMNS, 40)
    with Path(os.devnull).open() as no_terminal:
        assert size_of(no_terminal.fileno(), 132, 50) == (132, 50)


async def test_the_result_has_the_exit_code():
    child = begin("sh", "-c", "exit 7")
    await child.exited(SystemClock())

    result = child.reap()
    child.close()

    assert (result.code, result.signal) == (7, None)


async def test_a_signal_that_ends_it_is_named_and_counted_from_128():
    child = begin("sh", "-c", "kill -TERM $$")
    await child.exited(SystemClock())

    result = child.reap()
    child.close()

    assert (result.code, result.signal) == (143, signal.SIGTERM)


async def test_cpu_time_and_peak_memory_are_of_the_command_not_ours():
    fill = "b = bytearray(400_000_000)\nfor at in range(0, len(b), 4096): b[at] = 1\n"
    child = begin(
        "sh", "-c", 'exec "$0" -c "$1" <&1', sys.executable, fill + "sum(range(2_000_000)); print('full'); input()"
    )
    await printed(child, b"full")
    child.observe()  # the kernel's own figure counts only above our peak: a long test run may have a higher one
    os.write(child.master, b"\n")
    await child.exited(SystemClock())

    result = child.reap()
    child.close()

    assert result.cpu_s > 0.02
    assert result.max_rss is not None
    assert 400_000_000 <= result.max_rss < 600_000_000


async def test_a_small_command_is_not_said_to_have_our_own_peak():
    child = begin("sh", "-c", "echo; read x <&1")
    child.observe()
    os.write(child.master, b"\n")
    await child.exited(SystemClock())

    result = child.reap()
    child.close()

    assert result.max_rss is not None
    assert 0 < result.max_rss < 20_000_000


async def test_a_signal_reaches_every_process_group_of_the_session():
    script = "set -m; sleep 1000 & sleep 1000 & echo ready; wait"
    child = begin("bash", "-c", script)
    clock = SystemClock()
    while len(child.others()) < 2:
        await clock.sleep(0.01)
    others = child.others()

    child.signal(signal.SIGKILL)
    await child.exited(clock)
    emptied = await child.emptied(clock, 5.0)
    child.reap()
    child.close()

    assert emptied
    assert not any(psutil.pid_exists(pid) and psutil.Process(pid).status() != "zombie" for pid in others)


async def test_waiting_for_an_empty_session_ends_in_time():
    child = begin("sh", "-c", "sleep 1000 & echo ready; wait")
    clock = SystemClock()
    while not child.others():
        await clock.sleep(0.01)

    emptied = await child.emptied(clock, 0.05)
    child.signal(signal.SIGKILL)
    await child.exited(clock)
    child.reap()
    child.close()

    assert not emptied


class TestCannotStart:
    def test_a_command_that_is_not_there_is_127(self):
        with pytest.raises(CannotStart) as caught:
            begin("no-such-command")

        assert caught.value.exit_code == 127
        assert str(caught.value) == (
            "no-such-command: command not found. Check the spelling and PATH; for shell syntax write: sh -c '…'"
        )

    def test_a_file_that_is_not_executable_is_126(self, tmp_path):
        script = tmp_path / "script"
        script.write_text("#!/bin/sh\n")

        with pytest.raises(CannotStart) as caught:
            begin(str(script))

        assert caught.value.exit_code == 126
        assert str(caught.value) == f"{script}: permission denied. Make it executable: chmod +x {script}"

    def test_a_file_that_is_no_program_is_126(self, tmp_path):
        script = tmp_path / "script"
        script.write_text("echo hello\n")
        script.chmod(0o755)

        with pytest.raises(CannotStart) as caught:
            begin(str(script))

        assert caught.value.exit_code == 126
        assert "not a program this system can run" in str(caught.value)
        assert "#!/bin/sh" in caught.value.hint

    def test_a_script_whose_interpreter_is_missing_says_so(self, tmp_path):
        script = tmp_path / "script"
        script.write_text("#!/no/such/interpreter\n")
        script.chmod(0o755)

        with pytest.raises(CannotStart) as caught:
            begin(str(script))

        assert caught.value.exit_code == 127
        assert "the interpreter named in its first line was not found" in str(caught.value)

    def test_a_directory_that_is_not_there_is_named(self, tmp_path):
        with pytest.raises(CannotStart) as caught:
            begin("true", cwd=tmp_path / "gone")

        assert caught.value.exit_code == 126
        assert f"can not start in '{tmp_path}/gone' (No such file or directory)" in str(caught.value)

    @pytest.mark.parametrize("argv", [(), ("",)])
    def test_no_command_at_all_is_the_callers_mistake(self, argv):
        with pytest.raises(InvalidInput, match="command: is empty"):
            begin(*argv)

    def test_a_zero_byte_is_the_callers_mistake(self):
        with pytest.raises(InvalidInput, match="zero bytes"):
            begin("echo", "a\0b")

    def test_a_start_that_fails_leaves_no_descriptor_open(self):
        before = psutil.Process().num_fds()

        with pytest.raises(CannotStart):
            begin("no-such-command")

        assert psutil.Process().num_fds() == before
