"""Reports: the first at once, the rest by windows, nothing lost, cheap enough to forget about."""

from __future__ import annotations

import threading
from typing import Any

import pytest

from headway.clock import SystemClock
from headway.model.report import (
    Alive,
    Checkpoint,
    Custom,
    Dropped,
    LogLines,
    Progressed,
    ReportItem,
    StageCompleted,
    StageStarted,
    StepDone,
)
from headway.model.settings import Settings
from headway.protocol.frames import WORKER_FRAME_BYTES, Report as ReportFrame, encode
from headway.worker.reporter import Reporter
from headway.worker.stage import Stage, make_stage, root_stage


class Outlet:
    """Keeps reports; a window ends when the test says so."""

    def __init__(self) -> None:
        self.reports: list[list[ReportItem]] = []
        self.waiting: list[Reporter] = []

    def send(self, items: list[ReportItem]) -> None:
        self.reports.append(items)

    def call_later(self, reporter: Reporter) -> None:
        self.waiting.append(reporter)

    def end_window(self) -> None:
        waiting, self.waiting = self.waiting, []
        for reporter in waiting:
            reporter.flush()

    @property
    def items(self) -> list[ReportItem]:
        return [item for report in self.reports for item in report]

    @property
    def counts(self) -> list[float | None]:
        return [item.current for item in self.items if isinstance(item, Progressed)]


@pytest.fixture
def outlet() -> Outlet:
    return Outlet()


@pytest.fixture
def reporter(outlet: Outlet) -> Reporter:
    return Reporter(outlet, SystemClock())


@pytest.fixture
def stage(reporter: Reporter) -> Stage:
    return root_stage(reporter)


def test_the_first_change_is_sent_at_once_and_the_rest_with_the_window(outlet: Outlet, stage: Stage):
    for _ in range(100):
        stage.advance()
    before = outlet.counts

    outlet.end_window()

    assert before == [1]
    assert outlet.counts == [1, 100]


def test_after_a_quiet_window_the_next_change_is_sent_at_once_again(outlet: Outlet, stage: Stage):
    stage.advance()
    outlet.end_window()
    assert outlet.waiting == []

    stage.advance()

    assert outlet.counts == [1, 2]


def test_nothing_is_lost_at_the_end(outlet: Outlet, reporter: Reporter, stage: Stage):
    stage.advance()
    stage.advance()
    reporter.log("info", "last words")

    reporter.finish()

    assert outlet.counts == [1, 2]
    assert isinstance(outlet.items[-1], LogLines | Progressed)
    assert any(isinstance(item, LogLines) for item in outlet.items)


def test_after_the_end_nothing_is_sent(outlet: Outlet, reporter: Reporter, stage: Stage):
    reporter.finish()

    stage.advance()
    reporter.add(StepDone(name="late"))
    outlet.end_window()

    assert outlet.items == []


def test_a_stage_is_started_counted_and_completed_in_order(outlet: Outlet, reporter: Reporter):
    with make_stage(reporter, "parse", 3, "file", None) as stage:
        stage.advance(2)
    outlet.end_window()

    assert [type(item) for item in outlet.items] == [StageStarted, Progressed, StageCompleted]
    assert outlet.items[1] == Progressed(
        stage="parse", current=2, total=3, unit="file", at=getattr(outlet.items[1], "at", 0)
    )


def test_a_stage_left_by_an_exception_is_not_completed(outlet: Outlet, reporter: Reporter):
    with pytest.raises(ValueError, match="no"), make_stage(reporter, "parse", None, None, None):
        raise ValueError("no")

    outlet.end_window()
    assert not any(isinstance(item, StageCompleted) for item in outlet.items)


def test_tracking_reports_without_being_touched(outlet: Outlet, stage: Stage):
    for number in stage.track(range(10)):
        if number in (3, 7):
            outlet.end_window()
    outlet.end_window()

    assert outlet.counts == [0, 3, 7, 10]
    outlet.end_window()
    assert outlet.waiting == []  # and windows end when nothing is tracked


def test_a_second_loop_adds_to_the_first(stage: Stage):
    list(stage.track(range(3)))

    list(stage.track(range(4)))

    assert (stage.current, stage.total) == (7, 7)


def test_an_iterable_without_a_length_is_indeterminate(stage: Stage):
    list(stage.track(number for number in (1, 2)))

    assert (stage.current, stage.total) == (2, None)


async def test_an_async_iterable_is_tracked_too(stage: Stage):
    async def numbers() -> Any:
        for number in range(3):
            yield number

    seen = [number async for number in stage.track(numbers(), total=3)]

    assert (seen, stage.current, stage.total) == ([0, 1, 2], 3, 3)


def test_a_changed_total_or_message_is_news_though_the_count_is_not(outlet: Outlet, stage: Stage):
    stage.advance()
    outlet.end_window()

    stage.total = 9
    outlet.end_window()
    stage.message = "still there"
    outlet.end_window()

    last = outlet.items[-1]
    assert isinstance(last, Progressed)
    assert (last.current, last.total, last.message) == (1, 9, "still there")
    assert len(outlet.items) == 3


def test_threads_that_count_together_count_every_one(outlet: Outlet, stage: Stage):
    def count() -> None:
        for _ in range(20_000):
            stage.advance()

    threads = [threading.Thread(target=count) for _ in range(4)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()

    assert stage.current == 80_000


class TestLogs:
    def reporter(self, outlet: Outlet, **limits: Any) -> Reporter:
        return Reporter(outlet, SteadyClock(), Settings(**limits))

    def lines(self, outlet: Outlet) -> list[str]:
        return [text for item in outlet.items if isinstance(item, LogLines) for _, _, text in item.lines]

    def test_more_lines_a_second_than_allowed_are_counted_and_said(self, outlet: Outlet):
        reporter = self.reporter(outlet, log_lines_per_s=5)

        for number in range(8):
            reporter.log("info", str(number))
        reporter.finish()

        assert self.lines(outlet) == ["0", "1", "2", "3", "4"]
        assert outlet.items[-1] == Dropped(lines=3, reason="more than 5 lines in one second")

    def test_more_bytes_than_allowed_are_counted_and_said(self, outlet: Outlet):
        reporter = self.reporter(outlet, log_bytes=10)

        for text in ("12345", "1234", "1"):
            reporter.log("info", text)
        reporter.finish()

        assert self.lines(outlet) == ["12345"]
        assert outlet.items[-1] == Dropped(lines=2, reason="more than 10 bytes in one attempt")

    def test_an_over_long_line_is_cut_and_says_so(self, outlet: Outlet):
        reporter = self.reporter(outlet, log_line_bytes=4)

        reporter.log("info", "123456")

        assert self.lines(outlet) == ["1234… (6 characters, cut)"]

    def test_every_report_fits_a_frame_however_much_gathered(self, outlet: Outlet):
        reporter = self.reporter(outlet, log_lines_per_s=100_000)
        reporter.add(StepDone(name="opens the window"))

        for number in range(60):
            reporter.log("info", "\x00" * 65_000)
            reporter.add(Custom(name="a.b", data={"x": "y" * 16_000}))
            reporter.add(Checkpoint(key=str(number), value="z" * 200_000))
        reporter.finish()

        sizes = [len(encode(ReportFrame(job="j", attempt=1, n=1, items=report))) for report in outlet.reports]
        assert max(sizes) <= WORKER_FRAME_BYTES
        assert len([item for item in outlet.items if isinstance(item, Checkpoint)]) == 60


class SteadyClock(SystemClock):
    """Its seconds do not pass, so that a rate is met or broken by count alone."""

    def monotonic(self) -> float:
        return 1000.0


def test_a_sign_of_life_is_sent_at_once_and_then_once_a_window(outlet: Outlet, reporter: Reporter):
    reporter.alive()
    at_once = len(outlet.items)
    reporter.alive()
    reporter.log("info", "still waiting")
    reporter.alive()

    outlet.end_window()

    assert at_once == 1
    assert [type(item) for item in outlet.reports[1]] == [Alive, LogLines]
    reporter.alive()
    outlet.end_window()
    assert isinstance(outlet.items[-1], Alive)
