"""Commands run for real: their lines, their progress, their end, and what they leave behind."""

from __future__ import annotations

import asyncio
import os
import signal
import sys
import threading
from dataclasses import dataclass, field
from typing import Any

import psutil
import pytest

from headway.connectors.command import CannotStart, CommandResult, Reading, run_command

pytestmark = pytest.mark.process


@dataclass
class Told:
    """What a run told, and an event for a line to wait for."""

    lines: list[str] = field(default_factory=list)
    readings: list[Reading] = field(default_factory=list)
    output: bytearray = field(default_factory=bytearray)
    awaited: str = "ready"
    seen: asyncio.Event = field(default_factory=asyncio.Event)

    def line(self, text: str) -> None:
        self.lines.append(text)
        if text.startswith(self.awaited):
            self.seen.set()

    def number(self, word: str) -> int:
        """The number in the line `word N`."""
        return next(int(text.split()[1]) for text in self.lines if text.startswith(f"{word} "))

    async def run(self, *argv: str, **options: Any) -> CommandResult:
        options.setdefault("output", self.output.extend)
        return await run_command(argv, on_reading=self.readings.append, on_line=self.line, **options)

    async def run_python(self, source: str, **options: Any) -> CommandResult:
        return await self.run(sys.executable, "-uc", source, **options)


@pytest.fixture
async def told() -> Told:
    return Told()


def gone(pid: int) -> bool:
    """No such process. (A zombie of another parent is dead: reaping it is the business of the system's init.)"""
    try:
        process = psutil.Process(pid)
        return process.status() == psutil.STATUS_ZOMBIE and process.ppid() != os.getpid()
    except psutil.NoSuchProcess:
        return True


def read_all(source: int) -> bytes:
    received = b""
    while data := os.read(source, 1_000_000):
        received += data
    return received


class TestOutput:
    async def test_lines_are_told_in_order_and_the_bytes_pass_untouched(self, told):
        result = await told.run("sh", "-c", r"seq 3; printf '\033[1mbold\033[0m'; exit 5")

        assert told.lines == ["1", "2", "3", "bold"]
        assert bytes(told.output) == b"1\n2\n3\n\x1b[1mbold\x1b[0m"
        assert (result.code, result.signal) == (5, None)

    async def test_everything_a_fast_command_prints_arrives(self, told):
        await told.run("seq", "100000")

        assert told.lines == [str(n) for n in range(1, 100_001)]

    async def test_output_goes_to_a_descriptor_whose_reader_is_slow(self, told):
        source, sink = os.pipe()
        received = bytearray()
        reader = threading.Thread(target=lambda: received.extend(read_all(source)))
        task = asyncio.ensure_future(told.run("seq", "200000", output=sink))
        reader.start()
        await task
        os.close(sink)
        await asyncio.to_thread(reader.join)
        os.close(source)

        assert bytes(received) == b"".join(b"%d\n" % n for n in range(1, 200_001))

    async def test_a_command_is_not_read_while_its_reader_takes_nothing(self, told):
        source, sink = os.pipe()
        script = r"head -c 700000 /dev/zero | tr '\0' x | fold -w 1000; echo; echo ready"
        task = asyncio.ensure_future(told.run("sh", "-c", script, output=sink))
        with pytest.raises(TimeoutError):
            await asyncio.wait_for(told.seen.wait(), 0.3)
        told_while_stopped = len(told.lines)

        reader = threading.Thread(target=read_all, args=(source,))
        reader.start()
        await task
        os.close(sink)
        await asyncio.to_thread(reader.join)
        os.close(source)

        assert 0 < told_while_stopped < 500
        assert told.lines[-1] == "ready"

    async def test_a_reader_that_left_does_not_stop_the_command(self, told):
        source, sink = os.pipe()
        os.close(source)

        result = await told.run("seq", "3", output=sink)
        os.close(sink)

        assert (result.code, told.lines) == (0, ["1", "2", "3"])

    async def test_both_streams_come_in_the_order_they_were_written(self, told):
        await told.run("sh", "-c", "echo one; echo two >&2; echo three")

        assert told.lines == ["one", "two", "three"]


class TestProgress:
    async def test_a_bar_redrawn_a_thousand_times_is_one_line_and_few_readings(self, told):
        bar = "print(f'\\r{n//10:3d}%|###| {n}/1000 [00:01<00:01, 9it/s]', end='')"
        await told.run_python(f"for n in range(1001): {bar}\nprint()")

        assert told.lines == ["100%|###| 1000/1000 [00:01<00:01, 9it/s]"]
        assert told.readings[-1] == Reading(
            current=1000.0, total=1000.0, unit="it", message="9it/s", source="tqdm"
        )  # fmt: skip
        assert len(told.readings) < 100

    async def test_a_bar_that_stands_still_is_read_without_waiting_for_its_next_frame(self, told):
        reading = asyncio.Event()
        task = asyncio.ensure_future(
            run_command(
                ["sh", "-c", "printf '\\r42%%'; read x <&1; echo"],
                on_reading=lambda _: reading.set(),
                on_line=told.line,
                cancel=reading,
            )
        )

        result = await task

        assert result.signal == signal.SIGTERM
        assert told.lines == ["42%"]

    async def test_a_bar_wiped_before_the_end_was_still_read(self, told):
        await told.run("printf", r"\r 42%%\r      \r")

        assert (told.lines, [reading.current for reading in told.readings]) == ([], [42.0])

    async def test_a_stage_that_ended_in_a_burst_is_read_before_the_line_after_it(self, told):
        await told.run("printf", r"\rcopying 10%%\rcopying 100%%\rcopied 7 files\n50%% verified\n")

        assert [(reading.stage, reading.current) for reading in told.readings] == [("copying", 100.0), (None, 50.0)]

    async def test_marked_lines_are_progress_and_no_log(self, told):
        await told.run("printf", r'before\n::headway progress=0.5 stage=encode msg="half way"\nafter\n')

        assert told.lines == ["before", "after"]
        assert told.readings == [
            Reading(stage="encode", current=0.5, total=1.0, message="half way", source="headway")
        ]  # fmt: skip

    async def test_json_lines_come_through_the_inherited_pipe(self, told):
        write = "import json, os\nwith open(int(os.environ['HEADWAY_FD']), 'w') as f:\n"
        await told.run_python(write + "  for n in (1, 2): print(json.dumps({'current': n, 'total': 2}), file=f)")

        assert [(reading.current, reading.total) for reading in told.readings] == [(1.0, 2.0), (2.0, 2.0)]

    async def test_a_shell_writes_to_the_pipe_too(self, told):
        await told.run("sh", "-c", """echo '{"progress": 0.25}' > /dev/fd/$HEADWAY_FD""")

        assert [reading.current for reading in told.readings] == [0.25]

    async def test_the_callers_variables_reach_the_command(self, told):
        env = os.environ | {"HEADWAY_JOB_ID": "01J", "HEADWAY_ATTEMPT": "2"}

        await told.run("sh", "-c", "echo $HEADWAY_JOB_ID $HEADWAY_ATTEMPT", env=env)

        assert told.lines == ["01J 2"]


class TestInput:
    async def test_without_input_a_command_that_reads_ends(self, told):
        assert (await told.run("cat")).code == 0

    async def test_a_pipe_is_given_to_the_command(self, told, tmp_path):
        (tmp_path / "input").write_bytes(b"from a file\n")

        with (tmp_path / "input").open("rb") as file:
            await told.run("cat", stdin=file.fileno())

        assert told.lines == ["from a file"]


class TestEnd:
    async def test_a_command_that_obeys_is_ended_by_sigterm(self, told):
        result = await told.run("sh", "-c", "echo ready $$; exec sleep 1000", cancel=told.seen)

        assert (result.code, result.signal) == (143, signal.SIGTERM)
        assert gone(told.number("ready"))

    async def test_a_command_that_cleans_up_keeps_its_own_code(self, told):
        script = "trap 'echo cleaned; exit 3' TERM; echo ready; while :; do sleep 0.05; done"

        result = await told.run("sh", "-c", script, cancel=told.seen)

        assert (result.code, told.lines[0], told.lines[-1]) == (3, "ready", "cleaned")

    async def test_a_command_that_ignores_sigterm_is_killed_after_the_grace(self, told):
        ignore = "import os, signal, time; signal.signal(signal.SIGTERM, signal.SIG_IGN)\n"

        result = await told.run_python(
            ignore + "print('ready', os.getpid())\nwhile True: time.sleep(1)", cancel=told.seen, grace_s=0.2
        )

        assert (result.code, result.signal) == (137, signal.SIGKILL)
        assert gone(told.number("ready"))

    async def test_a_stopped_command_can_be_cancelled(self, told):
        result = await told.run("sh", "-c", "echo ready; kill -STOP $$; echo never", cancel=told.seen)

        assert result.signal == signal.SIGTERM

    async def test_a_grandchild_that_ignores_everything_is_killed_too(self, told):
        deaf = "import os, signal, time\nfor n in (signal.SIGTERM, signal.SIGHUP): signal.signal(n, signal.SIG_IGN)\n"
        grandchild = deaf + "print('ready', os.getpid(), flush=True); time.sleep(1000)"
        source = f"import subprocess, sys; subprocess.run([sys.executable, '-c', {grandchild!r}])"

        result = await told.run_python(source, cancel=told.seen, grace_s=0.2)

        assert result.signal == signal.SIGTERM
        assert gone(told.number("ready"))

    async def test_a_process_left_behind_by_a_command_that_ended_well_is_ended(self, told):
        result = await told.run("sh", "-c", "trap '' HUP; sleep 1000 & echo left $!")

        assert result.code == 0
        assert gone(told.number("left"))

    async def test_a_daemon_with_a_session_of_its_own_stays(self, told):
        source = (
            "import subprocess; quiet = subprocess.DEVNULL\n"
            "d = subprocess.Popen(['sleep', '1000'], start_new_session=True, stdin=quiet, stdout=quiet, stderr=quiet)\n"
            "print('daemon', d.pid); d.returncode = 0"
        )

        await told.run_python(source)
        daemon = told.number("daemon")
        stayed = psutil.pid_exists(daemon)
        os.kill(daemon, signal.SIGKILL)

        assert stayed

    async def test_cancelling_the_task_leaves_no_process(self, told):
        ignore = "import os, signal, time; signal.signal(signal.SIGTERM, signal.SIG_IGN)\n"
        task = asyncio.ensure_future(told.run_python(ignore + "print('ready', os.getpid())\nwhile True: time.sleep(1)"))
        await told.seen.wait()

        task.cancel()
        with pytest.raises(asyncio.CancelledError):
            await task

        assert gone(told.number("ready"))

    async def test_a_loop_that_closes_and_cancels_all_its_tasks_leaves_no_process(self, told):
        task = asyncio.ensure_future(told.run("sh", "-c", "trap '' TERM; echo ready $$; kill -STOP $$"))
        await told.seen.wait()

        for each in asyncio.all_tasks() - {asyncio.current_task()}:
            each.cancel()
        with pytest.raises(asyncio.CancelledError):
            await task

        assert gone(told.number("ready"))

    async def test_a_callback_that_fails_ends_the_command_and_is_raised(self, told):
        def fail(line: str) -> None:
            told.line(line)
            raise RuntimeError("no room for this line")

        with pytest.raises(RuntimeError, match="no room for this line"):
            await run_command(["sh", "-c", "echo ready $$; sleep 1000"], on_reading=told.readings.append, on_line=fail)

        assert gone(told.number("ready"))

    async def test_a_command_that_can_not_start_raises(self, told):
        with pytest.raises(CannotStart, match="command not found"):
            await told.run("no-such-command")

    async def test_a_cancel_before_the_start_ends_it_at_once(self, told):
        told.seen.set()

        result = await told.run("sleep", "1000", cancel=told.seen)

        assert result.signal == signal.SIGTERM

    async def test_no_descriptor_and_no_task_is_left(self, told):
        await told.run("true")
        before = psutil.Process().num_fds()

        await told.run("true")
        await told.run("sh", "-c", "exit 1", output=None)

        assert psutil.Process().num_fds() == before
        assert asyncio.all_tasks() == {asyncio.current_task()}

    async def test_two_commands_run_side_by_side(self, told):
        other = Told()

        await asyncio.gather(told.run("seq", "5000"), other.run("seq", "5000"))

        assert told.lines == other.lines == [str(n) for n in range(1, 5001)]
