"""Frames of the socket as events; what is none is passed over."""

from __future__ import annotations

import json
import struct

import pytest

from headway.connectors.comfyui.events import Noted, Preview, Said, read_frame


def with_metadata(**about: object) -> bytes:
    header = json.dumps(about).encode()
    return struct.pack(">II", 4, len(header)) + header + b"JPEG"


def test_a_json_event_knows_whose_it_is():
    event = read_frame('{"type": "progress", "data": {"value": 1, "max": 4, "prompt_id": "P", "node": "3"}}')

    assert isinstance(event, Said)
    assert (event.type, event.prompt, event.body["value"]) == ("progress", "P", 1)


def test_a_preview_with_metadata_names_prompt_and_node():
    event = read_frame(with_metadata(prompt_id="P", node_id="3.1", display_node_id="3", image_type="image/jpeg"))

    assert event == Preview(b"JPEG", "image/jpeg", "P", "3")


def test_a_preview_of_an_older_comfyui_names_neither():
    assert read_frame(struct.pack(">II", 1, 2) + b"PNG") == Preview(b"PNG", "image/png")


def test_a_text_is_of_a_node():
    assert read_frame(struct.pack(">II", 3, 2) + b"17hello") == Noted("17", "hello")


@pytest.mark.parametrize(
    "frame",
    [
        "",
        "no json",
        "[1]",
        '"text"',
        '{"type": 5, "data": {}}',
        '{"type": "status"}',
        "[" * 5_000,
        b"",
        b"\x00\x00\x00\x01",
        struct.pack(">II", 1, 9) + b"image",
        struct.pack(">II", 1, 1),
        struct.pack(">II", 2, 1) + b"image",
        struct.pack(">II", 3, 999) + b"17",
        struct.pack(">II", 4, 999) + b"{}",
        struct.pack(">II", 4, 2) + b"{}image",
        struct.pack(">II", 4, 2) + b"[]image",
        struct.pack(">II", 4, 3) + b"{x}image",
        with_metadata(image_type="text/html", prompt_id="P"),
        struct.pack(">II", 99, 1) + b"?",
    ],
)
def test_a_frame_that_is_not_understood_is_none(frame: str | bytes):
    assert read_frame(frame) is None
