"""Outputs as files with names of their own, whatever the engine calls them."""

from __future__ import annotations

from typing import Any

from headway.connectors.comfyui.outputs import files_of, texts_of


def image(name: Any, **more: Any) -> dict[str, Any]:
    return {"filename": name, "subfolder": "", "type": "output", **more}


def test_each_file_has_a_name_that_is_no_path():
    outputs = {
        "9": {"images": [image("a.png"), image("../../etc/passwd"), image("C:\\x.png"), image("\x1b]0;x\n.png")]}
    }

    names = [file.artifact for file in files_of(outputs)]

    assert names == ["9-a.png", "9-_.._etc_passwd", "9-C__x.png", "9-_]0;x_.png"]
    assert not any("/" in name or "\\" in name for name in names)


def test_a_node_of_a_node_and_a_hidden_name_are_plain_too():
    (file,) = files_of({"../3:1": {"images": [image("...")]}})

    assert file.artifact == "_3_1-_"


def test_two_of_one_name_are_told_apart():
    outputs = {"9": {"images": [image("a.png"), image("a.png", subfolder="x")], "gifs": [image("a.png")]}}

    assert [file.artifact for file in files_of(outputs)] == ["9-a.png", "9-a-2.png", "9-a-3.png"]


def test_a_long_name_keeps_its_ending():
    (file,) = files_of({"9": {"images": [image("x" * 500 + ".png")]}})

    assert len(file.artifact) < 130
    assert file.artifact.endswith(".png")


def test_the_view_is_asked_for_what_the_engine_named():
    (file,) = files_of({"9": {"images": [image("a b.png", subfolder="s", type="temp")]}})

    assert file.view == {"filename": "a b.png", "subfolder": "s", "type": "temp"}


def test_what_is_no_file_is_text_or_nothing():
    outputs: dict[str, Any] = {"5": {"text": ["hello", 7, {"x": 1}, None], "animated": True, "images": [image(5)]}}

    assert files_of(outputs) == []
    assert texts_of(outputs) == {"5": {"text": ["hello", 7]}}


def test_texts_are_cut_so_that_the_result_stays_one():
    texts = texts_of({"5": {"text": ["x" * 50_000] * 100}})

    assert sum(len(text) for text in texts["5"]["text"]) == 100_000
    assert max(len(text) for text in texts["5"]["text"]) == 8_000
