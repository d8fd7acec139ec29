"""The golden transcripts of spec/cases, which the TypeScript client runs as well."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import pytest

from headway.protocol import schema
from headway.protocol.frames import frame_of
from headway.protocol.viewing import View

SPEC = Path(__file__).resolve().parents[2] / "spec"
CASES = sorted((SPEC / "cases").glob("viewer-*.json"))


def run(case: dict[str, Any]) -> tuple[dict[str, Any], list[str]]:
    """What is shown in the end, and what became of each frame."""
    view = View(case["topics"], want=case["want"])
    took: list[str] = []
    for step in case["steps"]:
        if "open" in step:
            view.open(step["open"])
        elif "fill" in step:
            view.topics[step["fill"]["topic"]].fill(step["fill"]["lines"])
        else:
            took.append(view.take(frame_of(step["take"])))
    cursor = str(view.cursor) if view.cursor else None
    shown = {"cursor": cursor, "as_of": view.as_of, "conflated": view.conflated, "reset": view.reset_reason}
    return shown | {"view": view.shown()}, took


@pytest.mark.parametrize("path", CASES, ids=lambda path: path.stem)
def test_the_view_is_what_the_transcript_says(path: Path):
    case = json.loads(path.read_text())

    shown, took = run(case)

    assert took == [step["took"] for step in case["steps"] if "took" in step]
    assert shown == case["then"]


def test_the_conflated_run_ends_like_the_full_one():
    full, conflated = (
        json.loads((SPEC / f"cases/viewer-{name}.json").read_text()) for name in ("every-event", "conflated")
    )

    assert full["then"]["view"] == conflated["then"]["view"]


def test_every_word_for_a_frame_is_shown_by_a_case():
    words = {step["took"] for path in CASES for step in json.loads(path.read_text())["steps"] if "took" in step}

    assert words == {"applied", "known", "page", "gap", "reset"}


@pytest.mark.parametrize("name", schema.FILES)
def test_the_files_made_from_the_code_are_up_to_date(name: str):
    assert (SPEC / name).read_text() == schema.text(name), "run: python -m headway.protocol.schema spec"
