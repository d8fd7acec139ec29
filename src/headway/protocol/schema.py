"""The frames as JSON Schema, for those who speak the protocol in another language: `python -m headway.protocol.schema`.

Owns how spec/frames.schema.json is made from frames.py; a test holds the file to it. Must never know a frame by name.
"""

from __future__ import annotations

import sys
from typing import Any, get_args

import msgspec

from headway.protocol.frames import FromViewer, FromWorker, ToViewer, ToWorker, WireEvent
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
        "description": "Made by `python -m headway.protocol.schema`. A message of the worker link is a frame or an array.",
        "$defs": dict(sorted(definitions.items())) | directions,
    }


def text() -> str:
    """The file, byte for byte."""
    return msgspec.json.format(msgspec.json.encode(document(), order="sorted"), indent=2).decode() + "\n"


if __name__ == "__main__":
    sys.stdout.write(text())
