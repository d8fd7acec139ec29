"""Outside of a job: bars on a terminal, plain lines without one; tqdm's words in both places."""

from __future__ import annotations

import io
from collections.abc import Callable
from typing import Any

import pytest

import headway
from headway.clock import SystemClock
from headway.model.progress import make_plan
from headway.model.report import LogLines, Progressed, ReportItem, StageCompleted, StageStarted, Warned
from headway.testing import run
from headway.worker.terminal import Board, Terminal, amount, bar_text


class Clock(SystemClock):
    """Its seconds pass when told."""

    def __init__(self) -> None:
        super().__init__()
        self.seconds = 0.0

    def monotonic(self) -> float:
        return self.seconds


class Screen(io.StringIO):
    def isatty(self) -> bool:
        return True


def drawn(screen: Screen) -> str:
    """The last state of the line."""
    return screen.getvalue().rpartition("\x1b[2K")[2]


class TestOnATerminal:
    def test_the_bar_shows_stage_share_count_rate_and_time_left(self):
        screen, clock = Screen(), Clock()
        terminal = Terminal(Board(), clock, screen)

        terminal.send([StageStarted(stage="parse", total=100, unit="file")])
        clock.seconds = 10.0
        terminal.send([Progressed(stage="parse", current=25, total=100, unit="file")])

        assert drawn(screen).startswith("parse  25% │")
        assert drawn(screen).endswith("│ 25/100 file  2.5/s, 10s, 30s left")

    def test_with_a_plan_the_bar_is_of_the_whole(self):
        screen = Screen()
        terminal = Terminal(Board(make_plan({"a": 1, "b": 3}), "crawl"), Clock(), screen)

        terminal.send([StageStarted(stage="a"), StageCompleted(stage="a"), StageStarted(stage="b", total=2)])
        terminal.send([Progressed(stage="b", current=1, total=2)])

        assert drawn(screen).startswith("crawl › b  62% │")

    def test_notes_stand_above_the_bar(self):
        screen = Screen()
        terminal = Terminal(Board(), Clock(), screen)
        terminal.send([Progressed(current=1, total=2)])

        terminal.send([LogLines(lines=[(0, "info", "hello"), (0, "debug", "x")]), Warned(message="careful")])

        assert "\r\x1b[2Khello\n\r\x1b[2Kdebug: x\n\r\x1b[2Kwarning: careful\n" in screen.getvalue()


class TestWithoutATerminal:
    def lines(self, items: list[tuple[float, ReportItem]]) -> list[str]:
        stream, clock = io.StringIO(), Clock()
        terminal = Terminal(Board(), clock, stream)
        for at, item in items:
            clock.seconds = at
            terminal.send([item])
        return stream.getvalue().splitlines()

    def test_there_is_a_line_for_each_stage_and_each_ten_percent(self):
        counts: list[tuple[float, ReportItem]] = [
            (0.0, Progressed(stage="a", current=n, total=100)) for n in range(1, 31)
        ]

        lines = self.lines([(0, StageStarted(stage="a", total=100)), *counts, (0, StageCompleted(stage="a"))])

        assert lines == ["a", "a  10%  10/100", "a  20%  20/100", "a  30%  30/100", "a  done"]

    def test_after_half_a_minute_of_silence_there_is_one_too(self):
        lines = self.lines([(0, Progressed(current=1)), (29, Progressed(current=2)), (31, Progressed(current=3))])

        assert lines == ["3  0.1/s, 31s"]


@pytest.mark.parametrize(
    ("fraction", "text"),
    [(None, "····"), (0.0, "    "), (0.5, "██  "), (0.53125, "██▏ "), (1.0, "████"), (7.0, "████")],
)
def test_the_bar_is_drawn_in_eighths(fraction: float | None, text: str):
    assert bar_text(fraction, 4) == text


@pytest.mark.parametrize(("value", "text"), [(3, "3"), (3.25, "3.2"), (1204, "1,204"), (12_345_678, "12.3M")])
def test_counts_are_for_people(value: float, text: str):
    assert amount(value) == text


def test_a_loop_outside_of_a_job_draws_on_stderr(capsys: pytest.CaptureFixture[str]):
    assert list(headway.track(range(10), "walk")) == list(range(10))

    assert capsys.readouterr().err.splitlines()[-1].startswith("walk  100%  10/10")


def test_a_registered_handler_called_outside_draws_by_its_plan(capsys: pytest.CaptureFixture[str]):
    app = headway.App()

    @app.job(stages=["a", "b"])
    def job(ctx: headway.Context, n: int) -> int:
        for name in ("a", "b"):
            with ctx.stage(name):
                pass
        return n

    assert job(n=3) == 3

    assert capsys.readouterr().err.splitlines() == [
        "job › a  0%", "job › a  50%  done", "job › b  50%", "job › b  100%  done",
    ]  # fmt: skip


def test_a_child_job_outside_says_that_there_is_no_server():
    app = headway.App()

    @app.job
    def job(ctx: headway.Context) -> None:
        ctx.submit("other")

    with pytest.raises(headway.InvalidInput, match=r"there is no server outside of a job\. Use headway\.connect"):
        job()


class TestTqdm:
    def in_job(self, use: Callable[[], Any]) -> Any:
        return run(lambda ctx: use() and None)

    def test_a_loop_in_a_job_is_the_jobs_progress(self):
        ran = self.in_job(lambda: list(headway.tqdm(range(5), unit="file")))

        last = ran.progress[-1]
        assert (last.stage, last.current, last.total, last.unit) == ("", 5, 5, "file")

    def test_a_description_makes_a_stage(self):
        ran = self.in_job(lambda: list(headway.tqdm(range(5), desc="Parsing: a/b")))

        assert ran.completed == ["Parsing: a∕b"]

    def test_a_bar_without_an_iterable_is_updated_by_hand(self):
        def use() -> None:
            with headway.tqdm(total=10, desc="load", initial=2) as bar:
                bar.update(3)
                bar.set_postfix(loss=0.1234)
                assert bar.n == 5

        ran = self.in_job(use)

        last = [item for item in ran.progress if item.stage == "load"][-1]
        assert (last.current, last.total, last.message) == (5, 10, "load, loss=0.123")

    def test_what_only_concerns_drawing_is_accepted(self):
        bar = headway.tqdm([1, 2], ncols=80, colour="green", position=1, disable=True, leave=False)

        assert (list(bar), bar.n, len(bar)) == ([1, 2], 2, 2)

    def test_outside_it_draws(self, capsys: pytest.CaptureFixture[str]):
        list(headway.trange(4, desc="count"))

        assert capsys.readouterr().err.splitlines()[-1].startswith("count  100%  4/4 it")
