"""Attempts whose call became a task, as a worker runs them: the checkpoint, a cancel, one that goes on."""

from __future__ import annotations

from typing import Any

import pytest

from comfy_bench import until
from headway.clock import SystemClock
from headway.connectors.mcp.tasks import CHECKPOINT
from headway.model.report import Warned
from mcp_bench import said
from mcp_servers.taskful import TaskServer

DONE = {"content": [{"type": "text", "text": "done"}], "structuredContent": {"result": "done"}, "isError": False}


class NotedClock(SystemClock):
    """`slept` has how long each wait was to be."""

    def __init__(self) -> None:
        super().__init__()
        self.slept: list[float] = []

    async def sleep(self, seconds: float) -> None:
        self.slept.append(seconds)
        await super().sleep(seconds)


async def test_the_next_attempt_goes_on_with_the_task_of_the_one_before(open_bench: Any):
    server = TaskServer()
    async with open_bench(server=server.mcp) as bench:
        await bench.ready()
        first = bench.begin("work")
        await until(lambda: bool(server.asked))
        first.context.moves = True
        first.cancel()
        kept = (await first.ran).checkpoints
        second = bench.begin("work", attempt=2, checkpoints=kept)
        await until(lambda: server.asked[-1] in kept.values())
        server.complete(DONE)
        ran = await second.ran

    assert ran.result["structured"] == {"result": "done"}
    assert (len(server.calls), server.cancels) == (1, [])


@pytest.mark.parametrize("resumed", [False, True])
async def test_a_task_that_goes_on_after_its_cancel_is_warned_of_and_counted_once_within_the_grace(
    open_bench: Any, *, resumed: bool
):
    server, clock = TaskServer(stops=False), NotedClock()
    async with open_bench(server=server.mcp, clock=clock) as bench:
        await bench.ready()
        running = bench.begin("work")
        await until(lambda: bool(server.asked))
        if resumed:
            running.context.moves = True
            running.cancel()
            running = bench.begin("work", attempt=2, checkpoints=(await running.ran).checkpoints)
            before = len(server.asked)
            await until(lambda: len(server.asked) > before + 1)
        running.context.cancel("enough", 0.44)
        running.ending.cancel()
        ran = await running.ran
        await until(lambda: bench.service["load"]["leftover"] == 1)
        server.complete(DONE)
        await until(lambda: bench.service["load"]["leftover"] == 0)

    assert ran.outcome == "cancelled"
    assert len(said(ran, Warned)) == 1
    assert ran.checkpoints[CHECKPOINT] is None
    assert 0.33 not in [round(seconds, 6) for seconds in clock.slept]  # late words would be waited for a second time
