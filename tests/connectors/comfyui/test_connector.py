"""Attempts and engines against the faithful fake, of both generations: each rule of the connector where it can break."""

from __future__ import annotations

import asyncio
import base64
import logging
from collections.abc import Iterator
from typing import Any

import msgspec
import pytest

from comfy_bench import QUICK, until
from headway.connectors.comfyui import connector
from headway.connectors.comfyui.prompt import prompt_id_of
from headway.errors import InvalidInput
from headway.model.report import Alive
from headway.testing.comfyui import FakeComfy, image_workflow, steps_workflow
from headway.testing.run import Ran
from headway.worker.context import entered
from headway.worker.engines import Target
from headway.worker.logs import Capture


@pytest.fixture(params=["0.3.64", "0.38.1"])
def comfy(request: pytest.FixtureRequest) -> Iterator[FakeComfy]:
    with FakeComfy(request.param) as fake:
        yield fake


@pytest.fixture
def older() -> Iterator[FakeComfy]:
    with FakeComfy() as fake:
        yield fake


def posts(comfy: FakeComfy) -> int:
    return comfy.requests.count(("POST", "/prompt"))


def shares(ran: Ran) -> list[float]:
    return [
        each.current / each.total for each in ran.progress if not each.stage and each.total and each.current is not None
    ]


def alive(ran: Ran) -> int:
    return sum(isinstance(item, Alive) for item in ran.items)


def drawing(ran: Ran) -> bool:
    """A node counts its steps."""
    return any(each.stage and each.current for each in ran.progress)


class TestAWorkflow:
    async def test_is_watched_node_by_node_and_its_files_are_kept(self, comfy: FakeComfy, open_bench: Any):
        async with open_bench(comfy.url) as bench:
            ran = await bench.run(steps_workflow(steps=4, preview=True), job="J")

        assert ran.outcome == "succeeded"
        assert ran.completed == ["EmptyImage", "HeadwaySteps", "SaveImage"]
        assert "HeadwaySteps: step 3 of 4" in [each.message for each in ran.progress]
        assert shares(ran) == sorted(shares(ran))
        assert shares(ran)[-1] == 1
        assert ran.previews[0].label == "HeadwaySteps"
        (output,) = ran.result["outputs"]["9"]
        assert ran.artifacts[output["artifact"]].startswith(b"\x89PNG")
        assert (ran.result["prompt_id"], ran.result["executed"]) == (prompt_id_of("J", 1), 3)

    async def test_keeps_its_own_requests_out_of_the_job_s_log(self, comfy: FakeComfy, open_bench: Any):
        lines: list[str] = []
        capture = Capture(lambda: entered() and (lambda _, text: lines.append(text)), logging.NullHandler())
        library = logging.getLogger("httpx")
        library.addHandler(capture)
        library.setLevel(logging.INFO)
        try:
            async with open_bench(comfy.url) as bench:
                ran = await bench.run(image_workflow())
        finally:
            library.removeHandler(capture)
            library.setLevel(logging.NOTSET)

        assert ran.outcome == "succeeded"
        assert lines == []

    async def test_of_which_a_part_is_left_out_is_not_said_to_have_run_that_part(
        self, comfy: FakeComfy, open_bench: Any
    ):
        comfy.faults.submit_delay_s = 0.4  # the end is heard before the answer that says what is left out
        workflow = image_workflow()
        workflow["5"] = {"class_type": "ImageBlur", "inputs": {"image": ["1", 0], "blur_radius": 500, "sigma": 1.0}}
        workflow["6"] = {"class_type": "SaveImage", "inputs": {"images": ["5", 0], "filename_prefix": "bad"}}

        async with open_bench(comfy.url) as bench:
            ran = await bench.run(workflow)

        assert (ran.result["executed"], len(ran.completed)) == (3, 3)

    async def test_that_is_cached_as_a_whole_is_neither_lost_nor_waited_for(self, comfy: FakeComfy, open_bench: Any):
        slow = msgspec.structs.replace(QUICK, silence_s=1_000, lag_s=1_000)

        async with open_bench(comfy.url, pace=slow) as bench:
            await bench.run(image_workflow(7))
            cached = [await bench.run(image_workflow(7)) for _ in range(20)]

        assert [ran.outcome for ran in cached] == ["succeeded"] * 20
        assert all(len(ran.result["cached"]) == 3 and len(ran.artifacts) == 1 for ran in cached)
        named = [each.details["cached_nodes"] for each in cached[0].progress if each.details]
        assert named[-1] == ["EmptyImage", "ImageBlur", "SaveImage"]

    async def test_is_sent_only_after_the_socket_is_open(self, comfy: FakeComfy, open_bench: Any):
        async with open_bench(comfy.url) as bench:
            await bench.run(image_workflow())

        assert comfy.requests.index(("WS", "/ws")) < comfy.requests.index(("POST", "/prompt"))

    async def test_whose_history_lags_is_waited_for(self, comfy: FakeComfy, open_bench: Any):
        comfy.faults.history_lag_s = 0.5

        async with open_bench(comfy.url) as bench:
            ran = await bench.run(image_workflow())

        assert ran.outcome == "succeeded"
        assert ran.artifacts

    async def test_with_files_has_them_uploaded_under_names_of_their_own(self, older: FakeComfy, open_bench: Any):
        workflow = {
            "1": {"class_type": "LoadImage", "inputs": {"image": "in.png"}},
            "9": {"class_type": "SaveImage", "inputs": {"images": ["1", 0], "filename_prefix": "hw"}},
        }
        async with open_bench(older.url) as bench:
            png = next(iter((await bench.run(image_workflow())).artifacts.values()))
            bench.artifacts["01J/a/b.png"] = png

            by_bytes = await bench.run(
                workflow, inputs={"in.png": f"data:image/png;base64,{base64.b64encode(png).decode()}"}
            )
            by_artifact = await bench.run(workflow, inputs={"in.png": "artifact:01J/a/b.png"})

        assert (by_bytes.outcome, by_artifact.outcome) == ("succeeded", "succeeded")
        assert len(by_artifact.result["cached"]) == 2
        assert not older.files.has("in.png")


class TestAnAnswerThatIsLost:
    async def test_is_looked_up_and_not_sent_twice(self, comfy: FakeComfy, open_bench: Any):
        comfy.lose_post_answer()

        async with open_bench(comfy.url) as bench:
            ran = await bench.run(image_workflow())

        assert ran.outcome == "succeeded"
        assert (posts(comfy), len(comfy.history)) == (1, 1)

    async def test_of_what_never_arrived_is_sent_again(self, comfy: FakeComfy, open_bench: Any):
        comfy.lose_post()

        async with open_bench(comfy.url) as bench:
            ran = await bench.run(image_workflow())

        assert ran.outcome == "succeeded"
        assert (posts(comfy), len(comfy.history)) == (2, 1)


class TestASocketThatFails:
    async def test_by_dropping_hides_nothing_for_long(self, comfy: FakeComfy, open_bench: Any):
        async with open_bench(comfy.url) as bench:
            running = bench.begin(steps_workflow(steps=40))
            await running.said(drawing)

            comfy.drop_sockets()
            ran = await running.ran

        assert ran.outcome == "succeeded"
        assert shares(ran) == sorted(shares(ran))
        assert ran.completed == ["EmptyImage", "HeadwaySteps", "SaveImage"]

    async def test_by_going_deaf_does_not_hide_the_end(self, comfy: FakeComfy, open_bench: Any):
        async with open_bench(comfy.url) as bench:
            running = bench.begin(steps_workflow(steps=20))
            await running.said(drawing)

            comfy.deafen_sockets()
            ran = await running.ran

        assert ran.outcome == "succeeded"

    async def test_by_going_deaf_is_opened_again_once_it_misses_a_submission(self, older: FakeComfy, open_bench: Any):
        async with open_bench(older.url) as bench:
            await bench.reached()
            older.deafen_sockets()

            running = bench.begin(steps_workflow(steps=10_000))
            await running.said(drawing)
            running.cancel()
            ran = await running.ran

        assert ran.outcome == "cancelled"
        assert older.requests.count(("WS", "/ws")) == 2


class TestAnEngineThatRestarts:
    async def test_has_lost_the_prompt_and_another_try_may_have_it(self, comfy: FakeComfy, open_bench: Any):
        async with open_bench(comfy.url) as bench:
            running = bench.begin(steps_workflow(steps=10_000))
            await running.said(drawing)

            await asyncio.to_thread(comfy.restart)
            ran = await running.ran
            again = await bench.run(image_workflow())

        assert (ran.outcome, ran.error["type"]) == ("errored", "PromptLost")
        assert comfy.url.removeprefix("http://") in ran.error["message"]
        assert again.outcome == "succeeded"

    async def test_is_asked_again_which_generation_it_is(self, older: FakeComfy, open_bench: Any):
        async with open_bench(older.url) as bench:
            await bench.run(image_workflow())
            await asyncio.to_thread(older.stop)
            older.generation = "0.38.1"
            await asyncio.to_thread(older.start)
            await until(lambda: bench.service.get("version") == "0.38.1" and bench.service["status"] == "idle")

            ran = await bench.run(image_workflow())

        assert ran.outcome == "succeeded"
        assert ("GET", f"/api/jobs/{ran.result['prompt_id']}") in older.requests

    async def test_status_follows(self, comfy: FakeComfy, open_bench: Any):
        async with open_bench(comfy.url) as bench:
            first = bench.service["status"]
            await bench.reached()
            await asyncio.to_thread(comfy.stop)
            await until(lambda: bench.service["status"] == "unreachable")
            gone = bench.service
            await asyncio.to_thread(comfy.start)
            await bench.reached()

        assert first == "starting"
        assert gone["reason"]
        assert bench.service["status"] == "idle"
        assert "reason" not in bench.service


class TestCancelling:
    async def test_what_runs_interrupts_that_prompt_alone(self, comfy: FakeComfy, open_bench: Any):
        async with open_bench(comfy.url) as bench:
            running = bench.begin(steps_workflow(steps=10_000), job="J")
            await running.said(drawing)
            others = comfy.others_prompt(steps=10_000)

            running.cancel()
            ran = await running.ran
            await until(lambda: comfy.running == [others])

        assert ran.outcome == "cancelled"
        assert comfy.history[prompt_id_of("J", 1)]["status"]["status_str"] == "error"

    async def test_what_waits_takes_it_out_and_touches_nobody_else(self, comfy: FakeComfy, open_bench: Any):
        async with open_bench(comfy.url) as bench:
            await bench.reached()
            others = [comfy.others_prompt(steps=10_000) for _ in range(2)]
            running = bench.begin(image_workflow(), job="J")
            await until(lambda: prompt_id_of("J", 1) in comfy.pending)

            running.cancel()
            ran = await running.ran

        assert ran.outcome == "cancelled"
        assert [*comfy.running, *comfy.pending] == others

    async def test_what_is_still_on_its_way_ends_it_after_it_arrived(self, comfy: FakeComfy, open_bench: Any):
        comfy.faults.submit_delay_s = 0.4
        async with open_bench(comfy.url) as bench:
            running = bench.begin(steps_workflow(steps=10_000))
            await until(lambda: posts(comfy) == 1)

            running.cancel()
            ran = await running.ran

        assert ran.outcome == "cancelled"
        assert (comfy.running, comfy.pending) == ([], [])

    async def test_before_anything_was_sent_sends_nothing(self, comfy: FakeComfy, open_bench: Any):
        async with open_bench(comfy.url) as bench:
            running = bench.begin(image_workflow())
            await running.said(lambda ran: bool(ran.progress))

            running.cancel()
            ran = await running.ran

        assert ran.outcome == "cancelled"
        assert posts(comfy) == 0

    async def test_what_does_not_stop_keeps_the_engine_until_it_does(self, comfy: FakeComfy, open_bench: Any):
        impatient = msgspec.structs.replace(QUICK, grace_s=0.5)
        async with open_bench(comfy.url, pace=impatient) as bench:
            running = bench.begin(steps_workflow(steps=10_000), job="J")
            await running.said(drawing)
            comfy.hang()

            running.cancel()
            ran = await running.ran
            after = bench.service
            comfy.thaw()
            await until(lambda: bench.service["status"] == "idle")

        assert ran.outcome == "cancelled"
        assert "has not said within 0.5 s that the prompt is over" in ran.warnings[0]
        assert (after["status"], after["slots"]) == ("busy", 0)
        assert after["reason"] == "has not stopped yet what it did for job J"
        assert bench.service["slots"] == 1

    async def test_is_said_again_when_the_engine_did_not_hear_it(self, comfy: FakeComfy, open_bench: Any):
        async with open_bench(comfy.url) as bench:
            running = bench.begin(steps_workflow(steps=10_000))
            await running.said(drawing)
            comfy.hang_http()

            running.cancel()
            await until(lambda: bool(running.context.cancelled))
            comfy.thaw()
            ran = await running.ran

        assert ran.outcome == "cancelled"
        assert comfy.running == []

    async def test_by_somebody_at_comfyui_is_worth_another_try(self, comfy: FakeComfy, open_bench: Any):
        async with open_bench(comfy.url) as bench:
            running = bench.begin(steps_workflow(steps=10_000))
            await running.said(drawing)

            comfy.interrupt()
            ran = await running.ran

        assert (ran.outcome, ran.error["type"]) == ("errored", "PromptInterrupted")

    async def test_of_an_earlier_attempt_whose_worker_died_is_made_up_for(self, comfy: FakeComfy, open_bench: Any):
        async with open_bench(comfy.url) as left:
            dead = left.begin(steps_workflow(steps=10_000, seconds_per_step=0.2), job="J")
            await dead.said(drawing)
            async with open_bench(comfy.url) as bench:
                ran = await bench.run(image_workflow(), job="J", attempt=2)
            dead.ending.cancel()

        assert ran.outcome == "succeeded"
        assert "Stopping what an earlier attempt left in ComfyUI" in [each.message for each in ran.progress]
        assert comfy.history[prompt_id_of("J", 1)]["status"]["messages"][-1][0] == "execution_interrupted"


class TestWhatFails:
    async def test_in_a_node_names_it_and_is_the_status_until_the_next_begins(self, comfy: FakeComfy, open_bench: Any):
        async with open_bench(comfy.url) as bench:
            ran = await bench.run(steps_workflow(fail_at=2))
            failed = bench.service
            await bench.run(image_workflow())
            after = bench.service["status"]

        assert (ran.outcome, ran.error["type"]) == ("rejected", "NodeFailed")
        assert ran.error["message"].startswith("HeadwaySteps (node 2) failed: ValueError:")
        assert (failed["status"], failed["error"]) == ("error", ran.error["message"])
        assert after == "idle"

    async def test_for_want_of_memory_is_tried_again(self, comfy: FakeComfy, open_bench: Any):
        comfy.fail_next()

        async with open_bench(comfy.url) as bench:
            ran = await bench.run(image_workflow())

        assert (ran.outcome, ran.error["type"]) == ("errored", "OutOfMemory")

    async def test_in_validation_names_node_and_input_and_is_no_error_of_the_engine(
        self, comfy: FakeComfy, open_bench: Any
    ):
        workflow = image_workflow()
        workflow["2"]["inputs"]["blur_radius"] = 0

        async with open_bench(comfy.url) as bench:
            ran = await bench.run(workflow)
            status = bench.service["status"]

        assert (ran.outcome, ran.error["type"], status) == ("rejected", "WorkflowRefused", "idle")
        assert 'ImageBlur (node 2), input "blur_radius"' in ran.error["message"]

    async def test_in_a_part_of_the_graph_is_a_warning_and_the_rest_is_made(self, comfy: FakeComfy, open_bench: Any):
        bad = {"3": {"class_type": "ImageBlur", "inputs": {"image": ["1", 0], "blur_radius": 0, "sigma": 1.0}}}
        lost = {"8": {"class_type": "SaveImage", "inputs": {"images": ["3", 0], "filename_prefix": "x"}}}

        async with open_bench(comfy.url) as bench:
            ran = await bench.run(image_workflow() | bad | lost)

        assert ran.outcome == "succeeded"
        assert list(ran.result["outputs"]) == ["9"]
        assert any('ImageBlur (node 3), input "blur_radius"' in warning for warning in ran.warnings)
        assert [each.total for each in ran.progress if not each.stage][-1] == 3

    async def test_before_it_is_sent_needs_no_engine(self, open_bench: Any):
        async with open_bench("http://127.0.0.1:9") as bench:
            ran = await bench.run({"nodes": [], "links": []})
            path = await bench.run(image_workflow(), inputs={"../x.png": "data:;base64,"})

        assert (ran.outcome, ran.error["type"]) == ("rejected", "InvalidWorkflow")
        assert "'../x.png' is not the name of a file" in path.error["message"]


class TestLife:
    async def test_is_told_while_it_waits_behind_others_however_long(self, comfy: FakeComfy, open_bench: Any):
        async with open_bench(comfy.url) as bench:
            await bench.reached()
            comfy.others_prompt(steps=10_000)
            running = bench.begin(image_workflow(), quiet="0s")

            await running.said(lambda ran: alive(ran) >= 2)
            running.cancel()
            ran = await running.ran

        assert alive(ran) >= 2
        assert any("In the queue of ComfyUI" in (each.message or "") for each in ran.progress)

    async def test_is_not_told_of_one_that_runs_and_is_silent_for_too_long(self, comfy: FakeComfy, open_bench: Any):
        async with open_bench(comfy.url) as bench:
            running = bench.begin(steps_workflow(steps=10_000), quiet="0s")
            await running.said(drawing)
            comfy.hang()
            await until(lambda: comfy.requests[-1][0] == "GET")
            before, seen = alive(running.so_far), len(comfy.requests)

            await until(lambda: len(comfy.requests) > seen + 12)
            after = alive(running.so_far)
            comfy.thaw()
            running.cancel()
            await running.ran

        assert after <= before + 1


class TestSeveralEngines:
    async def test_the_one_that_is_reached_is_taken(self, comfy: FakeComfy, open_bench: Any):
        async with open_bench("http://127.0.0.1:9", comfy.url) as bench:
            ran = await bench.run(image_workflow())

        assert ran.result["engine"] == comfy.url.removeprefix("http://")

    async def test_each_has_one_prompt_at_a_time(self, comfy: FakeComfy, open_bench: Any):
        with FakeComfy() as other:
            async with open_bench(comfy.url, other.url) as bench:
                await bench.reached()
                running = [bench.begin(steps_workflow(steps=10)) for _ in range(4)]
                most = 0
                while not all(each.ending.done() for each in running):
                    await asyncio.wait([each.ending for each in running], timeout=0.01)
                    most = max(most, *(len(each.running) + len(each.pending) for each in (comfy, other)))

        assert [each.so_far.outcome for each in running] == ["succeeded"] * 4
        assert most == 1
        assert {each.so_far.result["engine"] for each in running} == set(bench.board)


class TestTheBoard:
    async def test_shows_version_device_memory_and_queue(self, comfy: FakeComfy, open_bench: Any):
        async with open_bench(comfy.url) as bench:
            await bench.reached()

        assert bench.service["version"] == comfy.generation
        assert {"queue_running", "queue_pending", "others", "vram_total", "vram_free", "device"} <= set(
            bench.service["load"]
        )
        assert bench.service["seen"] > 0

    async def test_says_whose_job_it_is_at_and_when_not(self, comfy: FakeComfy, open_bench: Any):
        async with open_bench(comfy.url) as bench:
            running = bench.begin(steps_workflow(steps=10), job="J")
            await running.said(drawing)
            busy = bench.service
            await running.ran

        assert (busy["status"], busy["job"]) == ("busy", "J")
        assert bench.service["status"] == "idle"
        assert "job" not in bench.service

    async def test_counts_prompts_of_others(self, comfy: FakeComfy, open_bench: Any):
        async with open_bench(comfy.url) as bench:
            await bench.reached()
            for _ in range(2):
                comfy.others_prompt(steps=10_000)

            await until(lambda: bench.service.get("reason") == "2 prompts of others")

        assert (bench.service["status"], bench.service["load"]["others"]) == ("busy", 2)

    async def test_never_has_the_credentials_of_the_url(self, comfy: FakeComfy, open_bench: Any):
        async with open_bench(comfy.url.replace("http://", "http://me:secret@")) as bench:
            ran = await bench.run(image_workflow())

        everything = msgspec.json.encode([bench.told, ran.result, [str(item) for item in ran.items]])
        assert ran.outcome == "succeeded"
        assert b"secret" not in everything

    def test_is_of_targets_that_are_urls(self):
        with pytest.raises(InvalidInput, match="--connector comfyui") as refused:
            connector([Target("ftp://me:secret@host")])

        assert "secret" not in str(refused.value)
