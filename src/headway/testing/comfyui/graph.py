"""The shape of a prompt in API format: links, what must run for an output, in which order, and what a node's result
depends on.

Pure: a prompt is `{id: {"class_type", "inputs"}}`, a link is `[id, slot]`. Called by `validation` and `executor`.
"""

from __future__ import annotations

import json
from collections.abc import Iterator, Mapping
from hashlib import sha256
from typing import Any, TypeAlias

Prompt: TypeAlias = Mapping[str, Mapping[str, Any]]


def link_of(value: Any) -> tuple[str, int] | None:
    """The node and slot that an input is linked to, or None for a plain value."""
    match value:
        case [str() as node, int() as slot]:
            return node, slot
        case _:
            return None


def links(prompt: Prompt, node: str) -> Iterator[str]:
    """The nodes that this one takes something from."""
    for value in prompt[node]["inputs"].values():
        if (link := link_of(value)) is not None:
            yield link[0]


def order(prompt: Prompt, outputs: list[str], cached: set[str]) -> list[str]:
    """What runs for the outputs, every node after those it needs. Behind a cached node nothing runs; a cached output
    is in it, because it is told again.
    """
    found: dict[str, None] = {}

    def visit(node: str) -> None:
        if node in found:
            return
        if node not in cached:
            for other in links(prompt, node):
                if other not in cached:
                    visit(other)
        found[node] = None

    for output in outputs:
        visit(output)
    return list(found)


def signatures(prompt: Prompt) -> dict[str, str]:
    """For each node a text that is equal for two nodes whose results are: class and values of it and of everything
    before it. Nodes with a broken link or a loop before them are left out; a partly valid prompt carries such parts.
    """
    found: dict[str, str | None] = {}

    def of(node: str) -> str | None:
        if node not in found:
            found[node] = None  # until it is known: a loop comes back here
            found[node] = told(node) if node in prompt else None
        return found[node]

    def told(node: str) -> str | None:
        inputs: dict[str, Any] = {}
        for name, value in prompt[node]["inputs"].items():
            link = link_of(value)
            before = of(link[0]) if link else ""
            if before is None:
                return None
            inputs[name] = [before, link[1]] if link else value
        return sha256(json.dumps([prompt[node]["class_type"], inputs], sort_keys=True).encode()).hexdigest()

    return {node: known for node in prompt if (known := of(node)) is not None}


def cycle(prompt: Prompt, output: str) -> list[str]:
    """The nodes of a loop on the way to the output, the first one again at the end; empty when there is none."""
    path: list[str] = []
    sound: set[str] = set()

    def visit(node: str) -> list[str]:
        if node in path:
            return [*path[path.index(node) :], node]
        if node in sound or node not in prompt:
            return []
        path.append(node)
        none: list[str] = []
        found = next((loop for other in links(prompt, node) if (loop := visit(other))), none)
        path.pop()
        sound.add(node)
        return found

    return visit(output)
