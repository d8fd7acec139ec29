"""What other languages need of the protocol, made from the code: `python -m headway.protocol.schema DIRECTORY`.

Owns how spec/frames.schema.json (every frame) and spec/cases/link.json (the table of a client's link) are made; a test
holds the files to it. Must never know a frame by name.
"""

from __future__ import annotations

import sys
from collections.abc import Callable
from pathlib import Path
from typing import Any, get_args

import msgspec

from headway.protocol.frames import FromViewer, FromWorker, ToViewer, ToWorker, WireEvent
from headway.protocol.link import TABLE, Patience, wait_s
from headway.protocol.topicview import TopicData

DIRECTIONS = {"viewer_to_server": FromViewer, "server_to_viewer": ToViewer, "worker_to_server": FromWorker,
              "server_to_worker": ToWorker}  # fmt: skip
"""Each link both ways -> the frames that go there."""


def document() -> dict[str, Any]:
    """One schema document: `$defs` holds every frame once, and each direction as `anyOf` its frames."""
    frames = [frame for union in DIRECTIONS.values() for frame in get_args(union)]
    refs, definitions = msgspec.json.schema_components([*frames, WireEvent, TopicData], ref_template="#/$defs/{name}")
    names = dict(zip(frames, refs, strict=False))
    directions = {
        direction: {"anyOf": [names[frame] for frame in get_args(union)]} for direction, union in DIRECTIONS.items()
    }
    return {
        "$schema": "https://json-schema.org/draft/2020-12/schema",
        "title": "Headway: frames of the viewer link (headway.v1) and the worker link (headway.worker.v1)",
        "description": "Made by `python -m headway.protocol.schema spec`. A message of the worker link is a frame or an array.",
        "$defs": dict(sorted(definitions.items())) | directions,
    }


def link_table() -> dict[str, Any]:
    """The table of a client's link: state -> happening -> next state and actions; and waits for given dice."""
    cells = {
        state: {happening: {"next": cell[0], "do": list(cell[1])} for happening, cell in row.items()}
        for state, row in TABLE.items()
    }
    waits: list[dict[str, Any]] = []
    for failures, dice, patience in WAITS:
        asked: dict[str, Any] = msgspec.to_builtins(patience) if patience else {}
        waits.append({"failures": failures, "dice": dice, **asked, "wait_s": wait_s(failures, dice, patience)})
    return {"table": cells, "waits": waits}


WAITS = (
    (0, 0.0, None),
    (0, 0.5, None),
    (1, 0.5, None),
    (4, 0.5, None),
    (5, 1.0, None),
    (40, 0.5, None),
    (3, 0.25, Patience(after_ms=(1_000, 5_000))),
    (3, 0.5, Patience(retry_after_ms=2_000)),
)


FILES: dict[str, Callable[[], dict[str, Any]]] = {"frames.schema.json": document, "cases/link.json": link_table}


def text(name: str) -> str:
    """A file of `FILES`, byte for byte."""
    return msgspec.json.format(msgspec.json.encode(FILES[name](), order="sorted"), indent=2).decode() + "\n"


if __name__ == "__main__":
    for name in FILES:
        (Path(sys.argv[1]) / name).write_text(text(name), encoding="utf-8")
