"""`headway.testing.run`: a handler in a test, through the pipeline that workers use."""

from __future__ import annotations

import asyncio
import functools
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import pytest

import headway
from headway.model.report import InputRequested, StepDone
from headway.testing import run

app = headway.App()


@dataclass
class Found:
    files: int


@app.job(stages={"read": 1, "write": 3})
async def crawl(ctx: headway.Context, url: str, n: int = 3) -> Found:
    with ctx.stage("read") as stage:
        for number in stage.track(range(n)):
            ctx.log.info("read %s of %s", number, url)
    async with ctx.stage("write", total=n) as stage:
        stage.advance(n)
        with ctx.stage("flush"):
            ctx.warn("slow: %d s", 3)
    ctx.artifact("report.txt", "all is well")
    child = await ctx.submit("other", {"a": 1}, priority=5)
    ctx.step_done(child)
    ctx.checkpoint("at", n)
    ctx.emit("crawl.done", {"n": n})
    return Found(n)


def test_the_result_is_what_a_client_would_get():
    ran = run(crawl, url="u", n="2")

    assert (ran.result, ran.outcome, ran.overall) == ({"files": 2}, "succeeded", 1.0)


def test_all_it_said_can_be_looked_at():
    ran = run(crawl, url="u", n=2)

    assert ran.completed == ["read", "write/flush", "write"]
    assert [item.current for item in ran.progress if item.stage == "read"] == [0, 1, 2]
    assert ran.logs == [("info", "read 0 of u"), ("info", "read 1 of u")]
    assert ran.warnings == ["slow: 3 s"]
    assert ran.artifacts == {"report.txt": b"all is well"}
    assert ran.children == [{"kind": "other", "args": {"a": 1}, "parent": ran.children[0]["parent"], "priority": 5}]
    assert (ran.steps, ran.checkpoints, ran.events) == (["child-1"], {"at": 2}, [("crawl.done", {"n": 2})])


async def test_it_works_inside_a_running_loop():
    await asyncio.sleep(0)

    assert run(crawl, url="u").result == {"files": 3}


def test_wrong_input_is_raised_by_field():
    with pytest.raises(headway.InvalidInput, match=r"args\.url: is required"):
        run(crawl)


def test_what_the_handler_raises_is_raised_unless_it_is_only_looked_at():
    def fail(ctx: headway.Context) -> None:
        with ctx.stage("a", total=4) as stage:
            stage.advance()
            raise KeyError("lost")

    with pytest.raises(KeyError, match="lost"):
        run(fail)
    ran = run(fail, check=False)
    assert ran.error is not None
    assert (ran.outcome, ran.error["type"], ran.completed) == ("errored", "KeyError", [])


@pytest.mark.parametrize(
    ("raised", "outcome", "retry_after_s"),
    [
        (headway.Retry("busy", after=9), "errored", 9),
        (headway.Reject("never"), "rejected", None),
        (headway.Cancelled("enough"), "cancelled", None),
        (asyncio.CancelledError(), "errored", None),
        (SystemExit(3), "errored", None),
    ],
)
def test_each_exception_means_one_outcome(raised: BaseException, outcome: str, retry_after_s: float | None):
    async def job() -> None:
        raise raised

    ran = run(job, check=False)

    assert (ran.outcome, ran.retry_after_s) == (outcome, retry_after_s)


class TestCancelling:
    def test_an_async_handler_sees_it_where_it_waits_and_its_callbacks_run(self):
        calls: list[str] = []

        async def job(ctx: headway.Context) -> None:
            ctx.on_cleanup(calls.append, "first added, last called")
            ctx.on_cleanup(calls.append, "last added, first called")
            ctx.step_done("started")
            await asyncio.Event().wait()

        ran = run(job, cancel_when=lambda item: isinstance(item, StepDone))

        assert ran.outcome == "cancelled"
        assert calls == ["last added, first called", "first added, last called"]

    def test_a_thread_sees_it_where_it_checks(self):
        def job(ctx: headway.Context) -> None:
            ctx.step_done("started")
            ctx.check()

        assert run(job, cancel_when=lambda item: isinstance(item, StepDone)).outcome == "cancelled"

    def test_a_handler_may_finish_all_the_same(self):
        def job(ctx: headway.Context) -> bool:
            ctx.step_done("started")
            return ctx.cancelled

        ran = run(job, cancel_when=lambda item: isinstance(item, StepDone))

        assert (ran.outcome, ran.result) == ("succeeded", True)


def test_after_success_only_the_callbacks_that_always_run_do():
    calls: list[str] = []

    def job(ctx: headway.Context) -> None:
        ctx.on_cleanup(calls.append, "on failure")
        ctx.on_cleanup(calls.append, "always", always=True)

    run(job)

    assert calls == ["always"]


def test_a_callback_that_fails_is_noted_and_stops_no_other():
    calls: list[str] = []

    def job(ctx: headway.Context) -> None:
        ctx.on_cleanup(calls.append, "other")
        ctx.on_cleanup(lambda: 1 / 0)
        raise ValueError

    ran = run(job, check=False)

    assert (calls, ran.errors) == (["other"], ["division by zero"])


@pytest.mark.parametrize(
    ("value", "sentence"),
    [
        (object(), "The result is not JSON: object can not be written. Return dicts, lists, texts and numbers;"),
        ("x" * 300_000, "The result has 300,002 bytes; the limit is 262,144."),
        (functools.reduce(lambda inner, _: [inner], range(40), []), "The result nests deeper than 24 levels. Return"),
    ],
)
def test_a_result_that_can_not_be_one_is_an_error_with_the_way_out(value: Any, sentence: str):
    ran = run(lambda: value, check=False)

    assert ran.error is not None
    assert ran.outcome == "errored"
    assert sentence in ran.error["message"]


def test_the_directory_is_gone_afterwards():
    def job(ctx: headway.Context) -> str:
        (ctx.tmp / "x").write_text("x")
        return str(ctx.tmp)

    assert not Path(run(job).result).exists()


def test_questions_get_the_answers_given():
    async def job(ctx: headway.Context) -> list[Any]:
        yes, no = await ctx.ask("really?"), await ctx.ask("sure?")
        return [yes.content, no.accepted]

    assert run(job, answers={"really?": "yes"}).result == ["yes", False]


def test_a_question_may_name_a_page_on_which_it_is_answered():
    async def job(ctx: headway.Context) -> bool:
        return (await ctx.ask("Sign in", url="https://example.org/sign")).accepted

    ran = run(job, answers={"Sign in": None})

    [asked] = [item for item in ran.items if isinstance(item, InputRequested)]
    assert (ran.result, asked.url) == (True, "https://example.org/sign")


@pytest.mark.parametrize(
    ("call", "sentence"),
    [
        (
            lambda ctx: ctx.ask("?", url="file:///etc/passwd"),
            "url: 'file:///etc/passwd' is no page that can be opened.",
        ),
        (
            lambda ctx: ctx.emit("job.mine"),
            "name: 'job.mine' is not a custom event's name. Write <prefix>.<name>; the prefixes",
        ),
        (lambda ctx: ctx.emit("a.b", {"x": "y" * 20_000}), "The event's data has 20,008 bytes; the limit is 16,384."),
        (
            lambda ctx: ctx.checkpoint("k", "y" * 300_000),
            "Checkpoint 'k' has 300,002 bytes; the limit is 262,144. Store it",
        ),
        (lambda ctx: ctx.checkpoint("k", object()), "Checkpoint 'k': is not JSON: "),
        (
            lambda ctx: ctx.artifact("../x", b""),
            "name: '../x' is not an artifact's name. Use a relative name: report.html.",
        ),
        (lambda ctx: ctx.stage("a/b"), "'a/b' is not a stage name: use a non-empty text without '/'."),
    ],
)
def test_a_call_that_can_not_be_served_says_why(call: Any, sentence: str):
    ran = run(call, check=False)

    assert ran.error is not None
    assert sentence in ran.error["message"]


def test_a_handler_called_in_another_reports_to_its_job():
    @app.job
    def inner(ctx: headway.Context, n: int) -> int:
        ctx.step_done(f"inner {n}")
        return n

    def outer(ctx: headway.Context) -> int:
        return inner(n=4)

    ran = run(outer)

    assert (ran.result, ran.steps) == (4, ["inner 4"])


def test_current_finds_the_job_from_below():
    def below() -> None:
        headway.current().step_done("below")
        with headway.stage("s"):
            list(headway.track([1, 2]))
        list(headway.track([1], "named"))

    def job(ctx: headway.Context) -> None:
        below()

    ran = run(job)

    assert (ran.steps, ran.completed) == (["below"], ["s", "named"])
    assert ran.stages["s"].get("current") == 2


def test_a_sign_of_life_outside_of_a_worker_harms_nobody(capsys: pytest.CaptureFixture[str]):
    own = headway.App()

    @own.job
    def wait(ctx: headway.Context) -> str:
        ctx.alive()
        return "waited"

    assert run(wait).result == "waited"
    assert wait() == "waited"
    assert capsys.readouterr().err == ""
