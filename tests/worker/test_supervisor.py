"""Real executor processes under a real supervisor; only the server is played, by a list of what was said to it."""

from __future__ import annotations

import asyncio
import os
import shutil
from collections.abc import AsyncIterator, Callable
from pathlib import Path
from typing import Any

import msgspec
import pytest

from headway.clock import SystemClock
from headway.errors import InvalidInput
from headway.model.report import LogLines, Progressed, ReportItem, StageCompleted, StageStarted, StepDone
from headway.protocol.frames import Cancel, InputAnswer, Offer
from headway.worker.held import End
from headway.worker.pipe import Setup
from headway.worker.supervisor import Supervisor

pytestmark = pytest.mark.process

APP = f"{Path(__file__).with_name('jobs.py')}:app"


class Said:
    """Takes the place of the link: what the supervisor says, in order, and a way to wait for it."""

    def __init__(self) -> None:
        self.words: list[tuple[Any, ...]] = []
        self._changed = asyncio.Event()

    def _add(self, *word: Any) -> None:
        self.words.append(word)
        self._changed.set()

    def accept(self, job: str, attempt: int) -> None:
        self._add("accept", job)

    def refuse(self, job: str, attempt: int, reason: str) -> None:
        self._add("refuse", job, reason)

    def report(self, job: str, attempt: int, items: list[ReportItem]) -> None:
        self._add("report", job, items)

    def cancel_state(self, job: str, attempt: int, step: str, note: str = "") -> None:
        self._add(step, job, note)

    def outcome(self, job: str, attempt: int, end: End) -> None:
        self._add("outcome", job, end)

    async def until(self, *start: Any) -> tuple[Any, ...]:
        """The first word that begins so."""
        async with asyncio.timeout(20):
            while True:
                for word in self.words:
                    if word[: len(start)] == start:
                        return word
                self._changed.clear()
                await self._changed.wait()

    async def outcome_of(self, job: str) -> End:
        return (await self.until("outcome", job))[2]

    async def until_item(self, job: str, fits: Callable[[ReportItem], bool]) -> Any:
        async with asyncio.timeout(20):
            while True:
                for item in self.items(job):
                    if fits(item):
                        return item
                self._changed.clear()
                await self._changed.wait()

    def items(self, job: str) -> list[ReportItem]:
        return [item for word in self.words if word[:2] == ("report", job) for item in word[2]]

    def lines(self, job: str) -> list[tuple[str, str]]:
        return [
            (level, text) for item in self.items(job) if isinstance(item, LogLines) for _, level, text in item.lines
        ]

    def steps(self, job: str) -> list[tuple[str, str]]:
        return [(word[0], word[-1]) for word in self.words if word[0] in ("acknowledged", "stopped", "cleaned")]


class Rig:
    def __init__(self, supervisor: Supervisor, said: Said) -> None:
        self.supervisor = supervisor
        self.said = said
        self._jobs = 0

    def offer(self, kind: str, checkpoints: dict[str, Any] | None = None, **args: Any) -> str:
        self._jobs += 1
        job = f"job-{self._jobs}"
        raw = msgspec.Raw(msgspec.json.encode(args))
        self.supervisor.offer(Offer(job=job, attempt=1, kind=kind, args=raw, checkpoints=checkpoints or {}))
        return job

    def cancel(self, job: str, grace_s: float = 10.0) -> None:
        self.supervisor.cancel(Cancel(job=job, attempt=1, reason="asked", grace_s=grace_s))


@pytest.fixture
async def rig(tmp_path: Path) -> AsyncIterator[Rig]:
    said = Said()
    setup = Setup(apps=[APP], server="http://127.0.0.1:9", slots=4, report_ms=20)
    supervisor = Supervisor(setup, said, SystemClock(), tmp_path / "tmp")
    await supervisor.pool.start()
    yield Rig(supervisor, said)
    await supervisor.stop_now()


async def eventually(true: Callable[[], object]) -> None:
    """What real processes and files do is seen by looking again."""
    async with asyncio.timeout(20):
        while not true():  # noqa: ASYNC110 - nobody tells
            await asyncio.sleep(0.01)


def has_step(item: ReportItem) -> bool:
    return isinstance(item, StepDone)


class TestAnAttempt:
    async def test_of_an_async_handler_is_accepted_and_ends_with_its_result(self, rig: Rig):
        job = rig.offer("add", a=2, b="3")

        end = await rig.said.outcome_of(job)

        assert rig.said.words[0] == ("accept", job)
        assert (end.outcome, bytes(end.result)) == ("succeeded", b"5")

    async def test_in_a_thread_reports_stage_progress_and_captured_logging_in_order(self, rig: Rig):
        job = rig.offer("add_in_thread", a=2, b=3)

        await rig.said.outcome_of(job)

        items = rig.said.items(job)
        assert isinstance(items[0], StageStarted)
        assert isinstance(items[-1], StageCompleted)
        assert [item.current for item in items if isinstance(item, Progressed)][-1] == 2
        assert rig.said.lines(job) == [("info", "library: adding 3")]

    async def test_in_its_own_process_has_its_output_as_log_with_redrawn_lines_collapsed(self, rig: Rig):
        job = rig.offer("add_alone", a=2, b=3)

        end = await rig.said.outcome_of(job)

        assert bytes(end.result) == b"5"
        assert sorted(rig.said.lines(job)) == [("err", "100%"), ("out", "on stdout")]

    async def test_may_be_async_in_its_own_process(self, rig: Rig):
        end = await rig.said.outcome_of(rig.offer("add_alone_async", a=2, b=3))

        assert end.outcome == "succeeded"

    async def test_with_input_that_does_not_fit_the_signature_is_rejected_by_field(self, rig: Rig):
        end = await rig.said.outcome_of(rig.offer("add", a="two"))

        assert end.outcome == "rejected"
        assert end.error is not None
        assert end.error["message"].startswith("args.a: ")

    async def test_that_raises_is_errored_with_the_traceback_of_the_handler_alone(self, rig: Rig):
        end = await rig.said.outcome_of(rig.offer("fail"))

        assert end.error is not None
        assert (end.outcome, end.error["type"], end.error["message"]) == ("errored", "ValueError", "no luck")
        assert "runner.py" not in end.error["traceback"]

    async def test_of_an_unknown_kind_is_refused_by_name(self, rig: Rig):
        job = rig.offer("nonsense")

        assert rig.said.words == [("refuse", job, "this worker does not serve the kind 'nonsense'")]

    async def test_beyond_the_slots_is_refused(self, rig: Rig):
        for _ in range(4):
            rig.offer("wait_for_ever")

        job = rig.offer("add", a=1)

        assert rig.said.words[-1] == ("refuse", job, "no free slot")

    async def test_has_its_directory_deleted_when_it_ends(self, rig: Rig):
        end = await rig.said.outcome_of(rig.offer("keep_a_file"))

        tmp = Path(msgspec.json.decode(end.result))
        await eventually(lambda: not tmp.exists())

    async def test_gets_the_answer_it_asked_for(self, rig: Rig):
        job = rig.offer("ask")
        request = (await rig.said.until_item(job, lambda item: hasattr(item, "request"))).request

        rig.supervisor.answer(
            InputAnswer(job=job, attempt=1, request=request, answer={"action": "accept", "content": "yes"})
        )

        end = await rig.said.outcome_of(job)
        assert bytes(end.result) == b'"accept: yes"'

    async def test_that_blocks_its_loop_is_still_reported(self, rig: Rig):
        job = rig.offer("block_the_loop", n=50)

        await rig.said.outcome_of(job)

        seen = [item.current for item in rig.said.items(job) if isinstance(item, Progressed)]
        assert len(seen) >= 4
        assert seen == sorted(seen, key=lambda current: current or 0)
        assert seen[-1] == 50

    async def test_has_a_thread_of_its_own_while_there_are_slots(self, rig: Rig):
        for _ in range(3):
            await rig.said.outcome_of(rig.offer("add_in_thread", a=1, b=2))

        jobs = [rig.offer("loop_until_cancelled") for _ in range(4)]

        for job in jobs:
            await rig.said.until_item(job, has_step)


class TestACancel:
    async def test_of_an_async_handler_is_acknowledged_stopped_and_cleaned(self, rig: Rig):
        job = rig.offer("wait_for_ever")
        await rig.said.until_item(job, has_step)

        rig.cancel(job)

        end = await rig.said.outcome_of(job)
        assert (end.outcome, end.reason) == ("cancelled", "asked")
        assert rig.said.steps(job) == [("acknowledged", ""), ("stopped", ""), ("cleaned", "done")]

    async def test_of_a_thread_runs_its_clean_up_callbacks(self, rig: Rig):
        job = rig.offer("loop_until_cancelled")
        await rig.said.until_item(job, has_step)

        rig.cancel(job)

        assert (await rig.said.outcome_of(job)).outcome == "cancelled"
        assert rig.said.lines(job) == [("info", "cleaned up")]

    async def test_before_the_handler_ran_prevents_it(self, rig: Rig):
        job = rig.offer("wait_for_ever")

        rig.cancel(job)

        assert (await rig.said.outcome_of(job)).outcome == "cancelled"
        assert rig.said.items(job) == []

    async def test_that_an_isolated_handler_ignores_kills_it_and_all_it_started(self, rig: Rig, tmp_path: Path):
        mark = tmp_path / "mark"
        job = rig.offer("stubborn", checkpoints={"mark": str(mark)})
        child, _, tmp = (await rig.said.until_item(job, has_step)).name.partition(" ")

        rig.cancel(job, grace_s=0.05)

        end = await rig.said.outcome_of(job)
        assert (end.outcome, end.reason) == ("cancelled", "asked (killed: it did not stop)")
        assert rig.said.steps(job)[-2:] == [("stopped", ""), ("cleaned", "done")]
        assert mark.read_text() == f"{job} 1"
        await eventually(lambda: not Path(tmp).exists() and not _alive(int(child)))

    async def test_that_a_shared_handler_ignores_abandons_it_and_says_so(self, rig: Rig):
        job = rig.offer("deaf")
        await rig.said.until_item(job, has_step)

        rig.cancel(job, grace_s=0.05)

        end = await rig.said.outcome_of(job)
        assert end.reason == "asked (abandoned: its code did not stop)"
        assert rig.said.steps(job)[-1] == ("cleaned", "not run")
        assert rig.supervisor.busy == 1

    async def test_an_executor_that_is_mostly_abandoned_is_replaced(self, rig: Rig):
        old = rig.supervisor.pool.shared
        jobs = [rig.offer("deaf") for _ in range(3)]
        for job in jobs:
            await rig.said.until_item(job, has_step)

        for job in jobs:
            rig.cancel(job, grace_s=0.05)

        for job in jobs:
            await rig.said.outcome_of(job)
        await eventually(lambda: rig.supervisor.pool.shared not in (None, old) and old is not None and old.dead)
        assert (await rig.said.outcome_of(rig.offer("add", a=1))).outcome == "succeeded"
        assert rig.supervisor.busy == 0


def _alive(pid: int) -> bool:
    try:
        os.kill(pid, 0)
    except ProcessLookupError:
        return False
    return Path(f"/proc/{pid}/stat").read_text().split(")")[1].split()[0] != "Z"


class TestADeath:
    async def test_of_an_attempt_that_ran_alone_is_its_own_crash(self, rig: Rig):
        end = await rig.said.outcome_of(rig.offer("die"))

        assert end.outcome == "crashed"
        assert end.error == {
            "type": "Crashed",
            "message": "The process that ran it died: killed by SIGKILL (out of memory?).",
        }

    async def test_blames_no_neighbour(self, rig: Rig):
        waiting = rig.offer("wait_for_ever")
        await rig.said.until_item(waiting, has_step)

        dying = rig.offer("die")

        for job in (waiting, dying):
            end = await rig.said.outcome_of(job)
            assert (end.outcome, end.reason) == ("released", "executor died")

    async def test_is_followed_by_a_new_executor(self, rig: Rig):
        old = rig.supervisor.pool.shared
        await rig.said.outcome_of(rig.offer("die"))

        await eventually(lambda: rig.supervisor.pool.shared not in (None, old))

        assert (await rig.said.outcome_of(rig.offer("add", a=1))).outcome == "succeeded"


async def test_a_fenced_attempt_is_stopped_and_says_nothing_more(rig: Rig):
    job = rig.offer("wait_for_ever")
    await rig.said.until_item(job, has_step)
    said = len(rig.said.words)

    rig.supervisor.take_away(job, 1, "fenced", "late")

    await eventually(lambda: not rig.supervisor.held)
    assert rig.said.words[said:] == []


async def test_a_lost_lease_is_told_to_the_handler_and_ends_it_as_released(rig: Rig):
    job = rig.offer("see_the_lease_go")
    await rig.said.until_item(job, has_step)

    rig.supervisor.take_away(job, 1, "lease", "the lease was lost")

    end = await rig.said.outcome_of(job)
    assert (end.outcome, end.reason) == ("released", "the lease was lost")
    assert rig.said.lines(job) == [("info", "lease lost: True, moves: True")]


async def test_the_supervisor_goes_on_while_user_code_holds_the_gil(rig: Rig):
    gaps: list[float] = []
    loop = asyncio.get_running_loop()
    job = rig.offer("hold_the_gil", seconds=1.5)

    before = loop.time()
    while ("outcome", job) not in [word[:2] for word in rig.said.words]:
        await asyncio.sleep(0.01)
        gaps.append(loop.time() - before)
        before = loop.time()

    assert len(gaps) > 10
    assert max(gaps) < 0.75  # a held loop would have one gap of 1.5 s


async def test_a_drain_waits_for_what_ends_and_releases_what_does_not(rig: Rig):
    waiting = rig.offer("wait_for_ever")
    await rig.said.until_item(waiting, has_step)

    await rig.supervisor.drain(0.05)

    end = await rig.said.outcome_of(waiting)
    assert (end.outcome, end.reason) == ("released", "the worker left")
    rig.offer("add", a=1)
    assert rig.said.words[-1][2] == "draining"


async def test_a_drained_attempt_knows_that_its_job_goes_on_elsewhere(rig: Rig):
    job = rig.offer("see_the_lease_go")
    await rig.said.until_item(job, has_step)

    await rig.supervisor.drain(0.05)

    assert rig.said.lines(job) == [("info", "lease lost: False, moves: True")]


async def test_a_cancelled_attempt_knows_that_its_job_goes_on_nowhere(rig: Rig):
    job = rig.offer("see_the_lease_go")
    await rig.said.until_item(job, has_step)

    rig.supervisor.cancel(Cancel(job=job, attempt=1, reason="enough"))
    await rig.said.outcome_of(job)

    assert rig.said.lines(job) == [("info", "lease lost: False, moves: False")]


@pytest.mark.parametrize(
    ("reference", "sentence"),
    [
        ("no_such_module_xyz:app", "there is no module 'no_such_module_xyz'"),
        ("json:app", "the module json has no 'app'. Write app = headway.App() in it."),
        ("json:dumps", "'dumps' is a function, not a headway.App"),
        (f"{Path(__file__).with_name('jobs.py')}:other", "has no 'other'. It has: app."),
        ("nowhere.py:app", "there is no file nowhere.py"),
    ],
)
async def test_an_app_that_can_not_be_loaded_is_told_by_what_is_missing(reference: str, sentence: str, tmp_path: Path):
    setup = Setup(apps=[reference], server="http://127.0.0.1:9")
    supervisor = Supervisor(setup, Said(), SystemClock(), tmp_path)

    with pytest.raises(InvalidInput) as caught:
        await supervisor.pool.start()

    assert sentence in str(caught.value)
    await supervisor.pool.wait_closed()
    shutil.rmtree(tmp_path, ignore_errors=True)
