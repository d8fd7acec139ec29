"""The handler: one workflow as a pipeline of named steps over one engine.

check → take an engine → stop what earlier attempts left in it → upload inputs → submit and watch → read how it ended →
fetch what it made. However the attempt ends, its prompt ends with it: that prompt alone. Whether it has stalled, the
server decides; here is only said what was seen of life. Called by the worker's runner through `__init__.py`.
"""

from __future__ import annotations

import asyncio
from collections.abc import Mapping
from typing import Any

import msgspec

from headway.clock import Clock
from headway.connectors.comfyui.api import NoAnswer, Refusal
from headway.connectors.comfyui.driving import Drive
from headway.connectors.comfyui.engine import ComfyEngine
from headway.connectors.comfyui.failures import (
    EngineUnusable,
    NodeFailed,
    OutOfMemory,
    PromptInterrupted,
    PromptLost,
    WorkflowRefused,
)
from headway.connectors.comfyui.fleet import Fleet
from headway.connectors.comfyui.history import Ended, node_error, out_of_memory, traceback_of
from headway.connectors.comfyui.inputs import check_inputs, uploaded
from headway.connectors.comfyui.outputs import File, fetched, files_of, texts_of
from headway.connectors.comfyui.progress import Progress
from headway.connectors.comfyui.prompt import Look, Prompt, prompt_id_of
from headway.connectors.comfyui.showing import Showing
from headway.connectors.comfyui.workflow import Graph, bad_outputs, cut, graph_of, objections, refusal
from headway.worker.context import Context

Json = dict[str, Any]

_ALIVE_S = 1.0
_SHARE_OF_GRACE = 0.75  # who is abandoned takes its executor along, and with it the order to stop
_EARLIER = 10  # attempts whose prompts are looked for
_LISTED = 500  # cached nodes that a result names


class Attempt:
    """One workflow in one engine. `run` gives the result; `leave` makes sure that nothing is left there."""

    def __init__(self, ctx: Context, engine: ComfyEngine, graph: Graph, clock: Clock, quiet_s: float) -> None:
        self.ctx = ctx
        self.engine = engine
        self.graph = graph
        self.progress = Progress(graph)
        self.showing = Showing(ctx, engine.name, self.progress)
        self.id = prompt_id_of(ctx.job_id, ctx.attempt)
        self._clock = clock
        self._alive_at = float("-inf")
        self._prompt = Prompt(self.id, quiet_s=quiet_s, now=clock.monotonic(), pace=engine.pace)

    async def run(self, workflow: Json, inputs: Mapping[str, str]) -> Json:
        """The result of the job. CancelledError, and the errors of `failures.py`."""
        try:
            await self._stop_earlier()
            workflow = await uploaded(self.ctx, self.engine.api, workflow, inputs)
            self.progress.begin(await self._outputs())
        except NoAnswer as silence:
            raise EngineUnusable(f"ComfyUI {self.engine.name}: {silence.problem}.") from None
        except Refusal as refused:
            raise EngineUnusable(f"ComfyUI {self.engine.name} refused an upload (HTTP {refused.status}).") from None
        ended = self._concluded(await self._watched(workflow))
        return await self._result(ended)

    # -- before --

    async def _stop_earlier(self) -> None:
        """A worker that died left its prompt in the engine: it is fenced, and nobody else will end it."""
        attempts = range(max(1, self.ctx.attempt - _EARLIER), self.ctx.attempt)
        earlier = [prompt_id_of(self.ctx.job_id, attempt) for attempt in attempts]
        if not earlier:
            return
        queue = await self.engine.api.queue()
        for id in earlier:
            if id in queue.running or id in queue.pending:
                self.showing.say("Stopping what an earlier attempt left in ComfyUI")
                await asyncio.wait([self.engine.stop(id, self.ctx.job_id, sure=True)])

    async def _outputs(self) -> list[str]:
        """The nodes that nobody uses are its outputs, but for those left lying about."""
        nodes = self.graph.nodes
        made = [id for id in self.graph.sinks if await self.engine.api.makes_output(nodes[id].type)]
        return made or self.graph.sinks

    # -- while --

    async def _watched(self, workflow: Json) -> Prompt:
        """Submit it and follow it to its end. WorkflowRefused, EngineUnusable."""
        drive = Drive(
            self._prompt, self.engine.api, self._body(workflow), self._clock,
            on_event=self.showing.took, on_look=self._looked, on_alive=self.alive, on_accepted=self._accepted,
        )  # fmt: skip
        try:
            await self.engine.watch(drive)
        except Refusal as refused:
            if refused.status == 400:
                raise WorkflowRefused(refusal(refused.body, self.graph)) from None
            raise EngineUnusable(f"ComfyUI {self.engine.name} refused the prompt: HTTP {refused.status}.") from None
        except BaseException:
            await self._stop(drive)
            raise
        return self._prompt

    def _body(self, workflow: Json) -> Json:
        told = {"headway": {"job": self.ctx.job_id, "attempt": self.ctx.attempt}}
        return {"prompt": workflow, "client_id": self.engine.client_id, "prompt_id": self.id, "extra_data": told}

    def _accepted(self, answer: Json) -> None:
        """Outputs with errors will not be made: the others are."""
        self.engine.begin()
        errors = answer.get("node_errors")
        for sentence in objections(errors, self.graph):
            self.ctx.warn("%s", f"ComfyUI leaves out {sentence}")
        if bad := bad_outputs(errors):
            self.progress.begin([id for id in self.progress.outputs if id not in bad])
        if self._prompt.sent_at is not None:
            self.engine.accepted(self._prompt.sent_at)

    def _looked(self, look: Look) -> None:
        if look.outputs and set(look.outputs) != set(self.progress.outputs):
            self.progress.begin(look.outputs)
        self.showing.found(look)
        self.engine.silent(self._prompt.silence(self._clock.monotonic()))

    def alive(self) -> None:
        """Evidence of life, once a second at most."""
        now = self._clock.monotonic()
        if now - self._alive_at >= _ALIVE_S:
            self._alive_at = now
            self.ctx.alive()

    async def _stop(self, drive: Drive) -> None:
        """End the prompt, and wait for the engine to say that it is over."""
        if self._prompt.sent_at is None or self._prompt.over:
            return
        self.showing.say("Waiting for ComfyUI to stop")
        ending = self.engine.stop(self.id, self.ctx.job_id, sure=self._prompt.submitted, after=drive)
        patience_s = min(self.engine.pace.grace_s, _SHARE_OF_GRACE * self.ctx.grace_s)
        _, late = await asyncio.wait([ending], timeout=patience_s)
        if late:
            self.ctx.warn(
                f"ComfyUI {self.engine.name} has not said within {patience_s:g} s that the prompt is over. It is told to stop "
                "until it does, and takes no other job of this worker before."
            )

    # -- after --

    def _concluded(self, prompt: Prompt) -> Ended:
        """How it ended, if it ended well; else the error. PromptLost, PromptInterrupted, OutOfMemory, NodeFailed."""
        name, ended = self.engine.name, prompt.ended
        if ended is None:
            raise PromptLost(
                f"ComfyUI {name} knows nothing of the prompt any more: it was restarted, or somebody deleted the prompt."
            )
        self.showing.finish(ended.events, succeeded=ended.outcome == "success")
        if ended.outcome == "interrupted":
            raise PromptInterrupted(f"The prompt was interrupted in ComfyUI {name}, and not by Headway.")
        if ended.outcome == "error":
            message = node_error(ended.error, self.graph)
            self.engine.failed(message)
            if trace := traceback_of(ended.error):
                self.ctx.log.error("%s", trace)
            raise (OutOfMemory if out_of_memory(ended.error) else NodeFailed)(message)
        return ended

    async def _result(self, ended: Ended) -> Json:
        files = files_of(ended.outputs)

        def on_file(number: int, file: File) -> None:
            self.showing.say(f"Fetching output {number + 1} of {len(files)}: {cut(file.artifact)}")

        made = await fetched(self.ctx, self.engine.api, files, on_file, self.alive, self._clock)
        result: Json = {
            "engine": self.engine.name,
            "prompt_id": self.id,
            "outputs": made,
            "texts": texts_of(ended.outputs),
            "cached": self.progress.cached[:_LISTED],
            "executed": len(self.progress.finished),
            "executed_s": ended.executed_s,
        }
        return {key: value for key, value in result.items() if value not in (None, {})}


async def run_workflow(
    ctx: Context, fleet: Fleet, clock: Clock, workflow: Json, inputs: Mapping[str, str], quiet_s: float
) -> Json:
    """One attempt of kind `comfyui.workflow`. InvalidWorkflow and the errors of `failures.py`."""
    graph = graph_of(workflow)
    check_inputs(inputs)
    if not fleet.has_free:
        ctx.progress(message=fleet.why_none())
    engine = await fleet.take(ctx.job_id)
    attempt = Attempt(ctx, engine, graph, clock, quiet_s)
    error: BaseException | None = None
    try:
        return await attempt.run(msgspec.to_builtins(workflow), inputs)
    except BaseException as raised:
        error = raised
        raise
    finally:
        attempt.showing.close(error)
        engine.release()
