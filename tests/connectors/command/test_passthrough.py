"""Between two terminals: a slow reader, keys, window sizes and signals."""

from __future__ import annotations

import asyncio
import os
import select
import signal
import sys
import termios
import textwrap
from collections.abc import Iterator
from dataclasses import dataclass, field

import pytest

from headway.clock import SystemClock
from headway.connectors.command.passthrough import CLOGGED, Outlet, keyboard
from headway.connectors.command.terminal import Child, start

pytestmark = pytest.mark.process


class TestOutlet:
    async def test_what_is_written_arrives_in_order(self):
        source, sink = os.pipe()
        outlet = Outlet(sink, lambda: None)

        outlet.write(b"one ")
        outlet.write(b"two")
        flushed = await outlet.close(5.0)
        received = os.read(source, 100)
        os.close(source)
        os.close(sink)

        assert (flushed, received) == (True, b"one two")

    async def test_a_reader_that_does_not_read_clogs_it_and_room_is_told(self):
        source, sink = os.pipe()
        room = asyncio.Event()
        outlet = Outlet(sink, room.set)
        outlet.write(bytes(CLOGGED + 100_000))
        clogged = outlet.clogged

        received = 0
        while received < CLOGGED + 100_000:
            received += len(await asyncio.to_thread(os.read, source, 1_000_000))
        await room.wait()
        clogged_after = outlet.clogged
        await outlet.close(5.0)
        os.close(source)
        os.close(sink)

        assert (clogged, clogged_after) == (True, False)

    async def test_a_reader_that_never_reads_is_given_up_in_time_and_no_other_file_gets_the_rest(self):
        source, sink = os.pipe()
        outlet = Outlet(sink, lambda: None)
        outlet.write(bytes(1_000_000))

        flushed = await outlet.close(0.05)
        other_source, other_sink = os.pipe()
        os.set_blocking(other_source, False)
        os.dup2(other_sink, sink)  # the number now belongs to another file
        os.close(source)  # the write that hung returns, and the rest is tried
        await outlet._done.wait()
        with pytest.raises(BlockingIOError):
            os.read(other_source, 1)
        for descriptor in (sink, other_source, other_sink):
            os.close(descriptor)

        assert not flushed

    async def test_a_reader_that_left_swallows_the_rest(self):
        source, sink = os.pipe()
        os.close(source)
        outlet = Outlet(sink, lambda: None)

        outlet.write(b"nobody reads this")
        flushed = await outlet.close(5.0)
        os.close(sink)

        assert flushed

    async def test_a_descriptor_somebody_made_non_blocking_is_waited_for(self):
        source, sink = os.pipe()
        os.set_blocking(sink, False)
        outlet = Outlet(sink, lambda: None)
        outlet.write(bytes(300_000))

        received = 0
        while received < 300_000:
            received += len(await asyncio.to_thread(os.read, source, 1_000_000))
        flushed = await outlet.close(5.0)
        os.close(source)
        os.close(sink)

        assert flushed


class TestNoKeyboard:
    @pytest.mark.parametrize("source", [None, "pipe", "terminal of another job"])
    async def test_nothing_is_read_from_what_is_not_our_terminal(self, source):
        master, slave = os.openpty()
        pipe = os.pipe()
        before = termios.tcgetattr(slave)

        with keyboard({"pipe": pipe[0], None: None}.get(source, slave), master):
            inside = termios.tcgetattr(slave)
        for descriptor in (slave, master, *pipe):
            os.close(descriptor)

        assert inside == before


DRIVER = """
import asyncio, sys
from headway.connectors.command import run_command
result = asyncio.run(run_command(
    sys.argv[1:], on_reading=lambda _: None, on_line=lambda _: None, stdin=0, output=1, forward_signals=True))
print("code", result.code, "signal", result.signal)
"""


@dataclass
class Typist:
    """A person at a terminal in which a driver runs a command."""

    child: Child
    shown: str = ""
    _raw: bytearray = field(default_factory=bytearray)

    def type(self, keys: str) -> None:
        os.write(self.child.master, keys.encode())

    def wait_for(self, text: str) -> None:
        """Until `text` is shown; the test's own time limit ends it otherwise."""
        while text not in self.shown:
            select.select([self.child.master], [], [])
            try:
                self._raw += os.read(self.child.master, 65_536)
            except OSError:
                raise AssertionError(f"{text!r} was never shown in {self.shown!r}") from None
            self.shown = self._raw.decode("utf-8", "replace")

    @property
    def echoes(self) -> bool:
        """The terminal is as a shell leaves it: not raw."""
        return bool(termios.tcgetattr(self.child.master)[3] & termios.ECHO)


@pytest.fixture
def typist(request: pytest.FixtureRequest) -> Iterator[Typist]:
    """At a terminal of 90 columns; the command to drive is the test's `driven` mark."""
    master, slave = os.openpty()  # only to say that the input is a terminal
    argv = request.node.get_closest_marker("parametrize").args[1][0]
    child = start([sys.executable, "-c", DRIVER, *argv], env=None, cwd=None, stdin=slave, columns=90, rows=30)
    os.close(slave)
    os.close(master)
    yield Typist(child)
    child.signal(signal.SIGKILL)
    asyncio.run(child.exited(SystemClock()))
    child.reap()
    child.close()


def driven(*argv: str) -> pytest.MarkDecorator:
    return pytest.mark.parametrize("driven", [argv], ids=[argv[0]])


def python(source: str) -> tuple[str, ...]:
    return (sys.executable, "-uc", textwrap.dedent(source))


class TestAtATerminal:
    @driven(*python("print('name?'); name = input(); print('hello', name.upper())"))
    def test_keys_reach_the_command(self, typist, driven):
        typist.wait_for("name?")
        typist.type("ada\r")
        typist.wait_for("hello ADA")
        typist.wait_for("code 0")

    @driven(*python("print('ready'); import time; time.sleep(1000)"))
    def test_control_c_is_a_key_that_interrupts_the_command_not_us(self, typist, driven):
        typist.wait_for("ready")
        typist.type("\x03")
        typist.wait_for("KeyboardInterrupt")
        typist.wait_for("code 130 signal 2")

    @driven(*python("print('ready'); input()"))
    def test_the_terminal_is_raw_while_it_runs_and_as_before_after(self, typist, driven):
        typist.wait_for("ready")
        raw = not typist.echoes
        typist.type("\r")
        typist.wait_for("code 0")

        assert raw
        assert typist.echoes

    @driven(*python("""
        import os, signal, time
        signal.signal(signal.SIGWINCH, lambda *_: print("now", os.get_terminal_size().columns))
        print("at first", os.get_terminal_size().columns)
        while True: time.sleep(1)
    """))  # fmt: skip
    def test_the_window_of_the_command_follows_ours(self, typist, driven):
        typist.wait_for("at first 90")
        typist.child.resize(140, 50)
        typist.wait_for("now 140")

    @driven(*python("""
        import signal, sys, time
        signal.signal(signal.SIGTERM, lambda *_: sys.exit("asked to end"))
        print("ready")
        while True: time.sleep(1)
    """))  # fmt: skip
    def test_a_signal_sent_to_us_reaches_the_command(self, typist, driven):
        typist.wait_for("ready")
        os.kill(typist.child.pid, signal.SIGTERM)
        typist.wait_for("asked to end")
        typist.wait_for("code 1 signal None")
