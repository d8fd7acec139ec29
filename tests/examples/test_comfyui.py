"""examples/comfyui: its checker finds every point in order on a fake ComfyUI of either generation, and says what is not.

The fake is a process of its own here, because the checker restarts it as it would a real one: by a command.
"""

from __future__ import annotations

import ast
import os
import re
import shlex
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path

import httpx
import pytest

from headway.testing.comfyui.nodes import NODES
from processes import free_port
from strays import end_all

ROOT = Path(__file__).resolve().parents[2]
EXAMPLE = ROOT / "examples" / "comfyui"
MARK = "FAKE_COMFYUI_OF_TEST"
LINE = re.compile(r"^(ok|failed|skipped) +(\S.*?)  +(.+?)  \[[\d.]+ s\]$", re.MULTILINE)

pytestmark = [pytest.mark.process, pytest.mark.timeout(300)]

BRIEF = {
    "on the board", "outputs", "cached", "cached many times", "steps and previews", "failing node", "refused input",
    "saved, not exported", "partly valid", "uploads", "cancel", "only ours", "status", "waits and says why",
}  # fmt: skip
"""Points that take a moment each; the others wait for leases and timeouts to run out."""


class Comfy:
    """A fake that `restart` ends and starts anew on the same port."""

    def __init__(self, folder: Path, generation: str) -> None:
        self.folder = folder
        self.url = f"http://127.0.0.1:{(port := free_port())}"
        fake = [sys.executable, "-m", "headway.testing.comfyui", "--port", str(port), "--generation", generation]
        self.script = folder / "restart.sh"
        self.script.write_text(
            "#!/bin/sh\ncd " + shlex.quote(str(folder)) + "\n"
            "if [ -f pid ]; then kill -9 $(cat pid); fi\n"
            f"{shlex.join(fake)} >>comfy.log 2>&1 &\n"
            "echo $! >pid\n"
            f"exec curl -sf --retry 60 --retry-delay 1 --retry-all-errors -o answer {self.url}/queue\n"
        )
        self.script.chmod(0o755)

    def restart(self) -> None:
        """By the command that the checker is given."""
        subprocess.run([self.script], env={**os.environ, MARK: str(self.folder)}, timeout=60, check=True)


@pytest.fixture
def comfy(tmp_path: Path, request: pytest.FixtureRequest) -> Iterator[Comfy]:
    fake = Comfy(tmp_path, getattr(request, "param", "0.3.64"))
    fake.restart()
    yield fake
    end_all(MARK, str(tmp_path))


def check(url: str, *options: str, **env: str) -> subprocess.CompletedProcess[str]:
    """The checker to its end."""
    kept = {name: value for name, value in os.environ.items() if not name.startswith("HEADWAY_")}
    words = [sys.executable, str(EXAMPLE / "check.py"), "--url", url, *options]
    return subprocess.run(words, env={**kept, **env}, capture_output=True, text=True, timeout=280, check=False)


def named(points: set[str]) -> list[str]:
    """They as options, in the order of the checker."""
    return [word for name in points_of_the_checker() if name in points for word in ("--only", name)]


def points_of_the_checker() -> list[str]:
    return re.findall(r'^    "([^"]+)": (?:runs|incidents)\.', (EXAMPLE / "check.py").read_text(), re.MULTILINE)


def ends(run: subprocess.CompletedProcess[str]) -> dict[str, str]:
    """How each point ended."""
    return {name: how for how, name, _ in LINE.findall(run.stdout)}


@pytest.mark.parametrize("comfy", ["0.3.64", "0.38.1"], indirect=True)
def test_a_comfyui_in_order_passes_every_brief_point(comfy: Comfy):
    run = check(comfy.url, "--count", "50", *named(BRIEF))

    assert ends(run) == dict.fromkeys(BRIEF, "ok"), run.stdout + run.stderr
    assert "50 wholly cached, 0 lost, 0 waited for" in run.stdout
    assert run.returncode == 0


@pytest.mark.parametrize("comfy", ["0.38.1"], indirect=True)
def test_a_comfyui_in_order_passes_every_point_of_stalls_and_restarts(comfy: Comfy):
    long = set(points_of_the_checker()) - BRIEF

    run = check(comfy.url, "--restart", str(comfy.script), *named(long), **{MARK: str(comfy.folder)})

    assert ends(run) == dict.fromkeys(long, "ok"), run.stdout + run.stderr
    assert run.returncode == 0


def test_what_is_not_given_is_skipped_with_the_way_out(comfy: Comfy):
    run = check(comfy.url, "--only", "ComfyUI restarted")

    assert ends(run) == {"ComfyUI restarted": "skipped"}, run.stdout + run.stderr
    assert "--restart COMMAND" in run.stdout
    assert run.returncode == 0


def test_a_failed_point_is_the_exit_code_and_hides_none_after_it(comfy: Comfy):
    run = check(comfy.url, "--restart", "exit 7", "--only", "ComfyUI restarted", "--only", "refused input")

    assert ends(run) == {"ComfyUI restarted": "failed", "refused input": "ok"}, run.stdout + run.stderr
    assert "'exit 7' ended with 7" in run.stdout
    assert "--- worker.log" in run.stderr
    assert run.returncode == 1


def test_nobody_there_is_said_at_once():
    url = f"http://127.0.0.1:{free_port()}"

    run = check(url)

    assert run.stderr.startswith(f"No ComfyUI answers at {url}: ")
    assert run.stdout == ""
    assert run.returncode == 2


def test_the_node_to_be_copied_is_the_one_that_the_fake_has():
    tree = ast.parse((EXAMPLE / "headway_probe.py").read_text())
    (given,) = (
        node.value
        for method in ast.walk(tree)
        if isinstance(method, ast.FunctionDef) and method.name == "INPUT_TYPES"
        for node in ast.walk(method)
        if isinstance(node, ast.Return) and node.value is not None
    )

    inputs = ast.literal_eval(given)["required"]

    assert list(inputs) == list(NODES["HeadwaySteps"].inputs)


def test_the_page_names_every_file_and_every_option():
    page = (EXAMPLE / "README.md").read_text()
    files = [path for path in EXAMPLE.rglob("*") if path.is_file() and path.suffix in (".py", ".json")]
    options = re.findall(r'add_argument\("(--\w+)"', (EXAMPLE / "check.py").read_text())

    assert {str(path.relative_to(EXAMPLE)) for path in files if f"({path.relative_to(EXAMPLE)})" not in page} == set()
    assert {option for option in options if f"`{option}" not in page} == set()
    assert len(options) == 5


def test_its_workflows_are_in_the_format_that_the_api_takes(comfy: Comfy):
    for path in (EXAMPLE / "workflows").glob("*.json"):
        answer = httpx.post(f"{comfy.url}/prompt", content=b'{"prompt": %s}' % path.read_bytes())

        assert answer.status_code == (400 if path.stem == "broken" else 200), f"{path.name}: {answer.text}"
        assert bool(answer.json()["node_errors"]) == (path.stem in ("broken", "partly"))
