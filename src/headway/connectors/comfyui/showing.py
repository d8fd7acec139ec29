"""Draws a prompt's progress on its job: overall by nodes, a stage for each node that runs, the picture in the making.

Texts and pictures are the engine's: cut, and passed on as what they are. Must never know the wire. Called by
`attempt.py`, in the job's own coroutine.
"""

from __future__ import annotations

from typing import Any

from headway.connectors.comfyui.events import Event, Noted, Preview, Said
from headway.connectors.comfyui.progress import Progress
from headway.connectors.comfyui.prompt import Look
from headway.connectors.comfyui.workflow import cut
from headway.worker.context import Context
from headway.worker.stage import Stage

MOST_STAGES = 150  # the server keeps 200 of an attempt
_NAMED = 20  # nodes that details name; the others are counted


class Showing:
    """One prompt's. `took`: an event; `found`: a look; `close` when it is over."""

    def __init__(self, ctx: Context, engine: str, progress: Progress) -> None:
        self._ctx = ctx
        self._root = ctx.here()
        self._engine = engine
        self._progress = progress
        self._stages: dict[str, Stage] = {}
        self._closed = 0
        self._shown: Any = None

    def say(self, message: str) -> None:
        """What is done now, beside the nodes."""
        self._root.message = message

    def took(self, event: Event) -> None:
        """An event of the prompt."""
        if isinstance(event, Preview):
            label = self._progress.graph.title(event.node) if event.node else None
            self._ctx.preview(event.image, event.type, label=label)
        elif isinstance(event, Noted):
            if (stage := self._stages.get(event.node)) is not None and not stage.closed:
                stage.message = cut(event.text, 200)
        elif event.type != "execution_success":  # may be heard before it is known which outputs were left out
            self._progress.apply(event)
            self.draw()

    def found(self, look: Look) -> None:
        """Where the prompt was found: while it waits, that is all there is to say."""
        if look.where == "pending":
            before = f", {look.before} before it" if look.before else ""
            self.say(f"In the queue of ComfyUI {self._engine}{before}")

    def finish(self, events: list[Said], *, succeeded: bool) -> None:
        """What the engine itself noted of the prompt, for all that the socket missed."""
        for event in events:
            self._progress.apply(event)
        if succeeded:
            self._progress.succeed({})
        self.draw()

    def draw(self) -> None:
        """Say what is new."""
        progress = self._progress
        for id in progress.finished[self._closed :]:
            self._close(id)
        self._closed = len(progress.finished)
        if progress.running is not None:
            self._open(progress.running)
        drawn = (progress.done, progress.total, self._message(), len(progress.finished), len(progress.cached))
        if drawn != self._shown:
            self._shown = drawn
            self._root.show(round(progress.done, 4), float(progress.total), "node", drawn[2], self._details())

    def close(self, error: BaseException | None = None) -> None:
        """Leave the stages that are open: their nodes ended with the prompt."""
        for stage in self._stages.values():
            if not stage.closed:
                stage.__exit__(None if error is None else type(error), error, None)

    def _open(self, id: str) -> None:
        if id not in self._stages and len(self._stages) < MOST_STAGES:
            self._stages[id] = self._root.stage(self._stage_name(id)).__enter__()
        steps = self._progress.steps_of(id)
        stage = self._stages.get(id)
        if stage is not None and not stage.closed and steps is not None and steps[1] > 1:
            stage.show(steps[0], steps[1], "step", None, None)

    def _close(self, id: str) -> None:
        if id not in self._stages:
            self._open(id)
        if (stage := self._stages.get(id)) is not None and not stage.closed:
            stage.__exit__(None, None, None)

    def _stage_name(self, id: str) -> str:
        """Its title; with its id where another node has the same."""
        graph = self._progress.graph
        title = graph.title(id).replace("/", "∕")
        twins = sum(node.title == graph.title(id) for node in graph.nodes.values())
        return f"{title} #{cut(id, 40)}".replace("/", "∕") if twins > 1 else title

    def _message(self) -> str | None:
        """What it is at; None between two nodes: what was said stays."""
        progress = self._progress
        if progress.running is None:
            if progress.total and len(progress.cached) == progress.total:
                return f"All {progress.total} nodes were cached"
            return None if progress.finished or not progress.started else f"ComfyUI {self._engine} has begun"
        title = progress.graph.title(progress.running)
        if progress.steps is None:
            return title
        step, steps = progress.steps
        return f"{title}: step {step:g} of {steps:g}"

    def _details(self) -> dict[str, Any]:
        progress, graph = self._progress, self._progress.graph
        cached = [graph.title(id) for id in progress.cached]
        details: dict[str, Any] = {
            "engine": self._engine,
            "executed": len(progress.finished),
            "cached": len(cached),
            "cached_nodes": cached[:_NAMED],
        }
        if progress.running is not None:
            details["running"] = graph.named(progress.running)
        return details
