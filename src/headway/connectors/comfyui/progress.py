"""How far one prompt is: a fold of its events. Never backwards, whatever comes twice, late, or not at all.

Theory. `total` are the nodes that its outputs need; a node is done once the engine says so, or says that it has it from
before (`cached`), or when only cached nodes would have used it. The running ones count by their steps. Events are
hints: what the socket missed, the history tells at the end (`history.py`), and the same fold takes it.
Pure. Called by the handler; drawn by `showing.py`.
"""

from __future__ import annotations

import math
from collections.abc import Callable, Collection
from typing import Any, cast

from headway.connectors.comfyui.events import Said, text_of
from headway.connectors.comfyui.workflow import Graph

Json = dict[str, Any]


class Progress:
    """One prompt. `done` and `total` count nodes; `done` has the running node's fraction.

    `running`: the node that the last word was of; `steps` of it: (current, total), or None where it has none.
    """

    def __init__(self, graph: Graph, outputs: Collection[str] | None = None) -> None:
        self.graph = graph
        self.outputs = list(graph.sinks if outputs is None else outputs)
        self.started = False
        self.cached: list[str] = []
        self.finished: list[str] = []
        self.running: str | None = None
        self._needed = graph.needed(self.outputs)
        self._over: set[str] = set()
        self._steps: dict[str, tuple[float, float]] = {}
        self._told = False
        self._most = 0.0

    # -- what is known --

    @property
    def total(self) -> int:
        """Nodes to be there in the end, cached ones included."""
        return len(self._needed)

    @property
    def done(self) -> float:
        """Nodes that are done, with the fraction of those that run. Never less than it was."""
        parts = sum(self._fraction(id) for id in self._steps if id in self._needed and id not in self._over)
        share = (len(self._over & self._needed) + parts) / self.total if self.total else 0.0
        self._most = max(self._most, min(share, 1.0))
        return self._most * self.total

    @property
    def steps(self) -> tuple[float, float] | None:
        """Where the running node stands, if it counts steps: more than one."""
        steps = self._steps.get(self.running or "")
        return steps if steps is not None and steps[1] > 1 else None

    def steps_of(self, id: str) -> tuple[float, float] | None:
        """Where this node stands, if anything was heard of it."""
        return self._steps.get(id)

    def begin(self, outputs: Collection[str]) -> None:
        """Which outputs it will make, once that is known: those with errors are left out."""
        self.outputs = list(outputs)
        self._needed = self.graph.needed(self.outputs)

    # -- the fold --

    def apply(self, event: Said) -> None:
        """One event of this prompt; an unknown one changes nothing."""
        fold = _FOLDS.get(event.type)
        if fold is not None:
            fold(self, event.body)

    def start(self, body: Json) -> None:
        """The engine has begun with it."""
        self.started = True

    def know(self, body: Json) -> None:
        """These are there from an earlier prompt; what only they would have used is not run either."""
        self.started = True
        nodes = body.get("nodes")
        known = {str(id) for id in cast("list[Any]", nodes)} if isinstance(nodes, list) else set[str]()
        self.cached = [id for id in self.graph.nodes if id in known and id in self._needed]
        reached = self.graph.needed(self.outputs, known)
        self._over |= set(self.cached) | (self._needed - reached)

    def execute(self, body: Json) -> None:
        """A node runs. Where the engine tells no states of nodes, the one before is done by that."""
        self.started = True
        id = self._own(body, "display_node", "node")
        if id is None:
            return
        if not self._told and self.running is not None and self.running != id:
            self._finish(self.running)
        self._run(id)

    def step(self, body: Json) -> None:
        """`value` of `max` of a node."""
        id = self._own(body, "display_node_id", "node", "node_id")
        if id is not None:
            self._count(id, body)
            self._run(id)

    def states(self, body: Json) -> None:
        """All nodes that the engine has looked at, each with its state."""
        nodes = body.get("nodes")
        for key, each in cast("Json", nodes).items() if isinstance(nodes, dict) else ():
            if isinstance(each, dict):
                self._state(str(key), cast("Json", each))

    def _state(self, key: str, node: Json) -> None:
        id = self._own({"key": key, **node}, "display_node_id", "node_id", "key")
        if id is None:
            return
        self._told = True
        made = key not in self.graph.nodes  # a node of a node: what it stands in is not over with it
        if node.get("state") == "running":
            self._count(id, node)
            self._run(id)
        elif node.get("state") == "finished" and not made:
            self._finish(id)

    def execute_output(self, body: Json) -> None:
        """An output node is done, and so is what it needed."""
        id = self._own(body, "node", "display_node")
        if id is not None:
            self._finish(id)

    def succeed(self, body: Json) -> None:
        """All of it is done."""
        self.started = True
        for id in self.graph.nodes:
            if id in self._needed and id not in self._over:
                self._finish(id)

    # -- parts --

    def _own(self, body: Json, *keys: str) -> str | None:
        """The first of these that is a node of the graph."""
        ids = (text_of(body.get(key)) for key in keys)
        return next((id for id in ids if id is not None and id in self.graph.nodes), None)

    def _run(self, id: str) -> None:
        if id in self._over:
            return
        self._needed.add(id)
        self._steps.setdefault(id, (0.0, 1.0))
        self.running = id

    def _count(self, id: str, body: Json) -> None:
        value, most = _number(body.get("value")), _number(body.get("max"))
        if value is None or most is None or most <= 0:
            return
        before = self._steps.get(id, (0.0, most))
        value = min(value, most)
        self._steps[id] = (max(value, before[0]) if before[1] == most else value, most)

    def _finish(self, id: str) -> None:
        if id in self._over:
            return
        self._needed.add(id)
        self._over.add(id)
        self.finished.append(id)
        if self.running == id:
            self.running = None

    def _fraction(self, id: str) -> float:
        value, most = self._steps[id]
        return max(0.0, min(value / most, 1.0))


_FOLDS: dict[str, Callable[[Progress, Json], None]] = {
    "execution_start": Progress.start,
    "execution_cached": Progress.know,
    "executing": Progress.execute,
    "progress": Progress.step,
    "progress_state": Progress.states,
    "executed": Progress.execute_output,
    "execution_success": Progress.succeed,
}


def _number(value: Any) -> float | None:
    if isinstance(value, bool) or not isinstance(value, int | float):
        return None
    return float(value) if math.isfinite(value) else None
