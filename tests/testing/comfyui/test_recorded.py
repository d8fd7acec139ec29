"""The fake says what a real ComfyUI said: scene by scene, byte by byte but for ids, instants and numbers of files."""

import json
from collections.abc import Iterator
from pathlib import Path

import pytest

from comfy_recording import SCENES, same
from headway.testing.comfyui import FakeComfy

RECORDED = json.loads((Path(__file__).parent / "recorded-0.3.64.json").read_text())


@pytest.fixture(scope="module")
def comfy() -> Iterator[FakeComfy]:
    with FakeComfy("0.3.64") as fake:
        yield fake


@pytest.mark.parametrize("scene", SCENES)
def test_the_fake_says_what_was_recorded(scene: str, comfy: FakeComfy):
    told = same(json.loads(json.dumps(SCENES[scene](comfy.url))))

    assert told == RECORDED[scene]


def test_every_recorded_scene_is_played():
    assert set(SCENES) == set(RECORDED)
