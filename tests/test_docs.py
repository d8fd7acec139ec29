"""The pages tell the truth: every block of Python compiles, and what a page shows to be typed is typed, against a server.

In a fenced `python` block a first line `# name.py` makes it a file. One that has a `headway.App()` is served by a worker;
one named `test_…` is run by pytest; any other is run as a program. In `console` blocks, lines that begin with `$ headway`
or `$ curl` are run in order. An id in a command stands for the newest job, `echo $?` for the exit code that is shown below
it (0 where it is not asked). What goes on for ever is stopped once it has said something; servers, workers and the demo
are only parsed: two are there already, and the third has tests of its own.
"""

from __future__ import annotations

import ast
import os
import re
import shlex
import signal
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path
from typing import NamedTuple

import click
import pytest

from headway.cli.entry import headway as commands
from processes import Headway, headway

ROOT = Path(__file__).resolve().parent.parent
PAGES = [ROOT / "README.md", *sorted((ROOT / "docs").glob("*.md")), *sorted((ROOT / "docs" / "topics").glob("*.md"))]
BLOCK = re.compile(r"^```(\w+)\n(.*?)^```", re.MULTILINE | re.DOTALL)
FILE = re.compile(r"# ([\w/]+\.py)\n")
JOB_ID = re.compile(r"\b01[0-9A-HJKMNP-TV-Z]{24}\b")
STARTED = ("serve", "worker", "demo")
BIN = Path(sys.executable).parent


class Typed(NamedTuple):
    """A command line as a page shows it, and the exit code that it shows."""

    words: list[str]
    code: int


def blocks(page: Path) -> list[tuple[str, str]]:
    """(language, text) of every fenced block."""
    return BLOCK.findall(page.read_text(encoding="utf-8"))


def typed(block: str) -> Iterator[Typed]:
    """The commands of a console block, continued lines joined."""
    lines = block.replace("\\\n", " ").splitlines()
    for number, line in enumerate(lines):
        if not line.startswith(("$ headway ", "$ curl ")):
            continue
        asked = next((place for place in range(number + 1, len(lines)) if lines[place].startswith("$ ")), None)
        shown = lines[asked + 1] if asked is not None and lines[asked] == "$ echo $?" else "0"
        yield Typed(shlex.split(line[2:], comments=True), int(shown))


def runnable(page: Path) -> bool:
    return any(language == "console" and any(typed(text)) for language, text in blocks(page))


def named(page: Path) -> str:
    return page.relative_to(ROOT).as_posix()


@pytest.mark.parametrize("page", PAGES, ids=named)
def test_every_block_of_python_compiles(page: Path):
    for number, (language, text) in enumerate(blocks(page), 1):
        if language == "python":
            compile(text, f"{page.name}, block {number}", "exec", flags=ast.PyCF_ALLOW_TOP_LEVEL_AWAIT)


def test_every_page_is_linked_from_the_index():
    index = (ROOT / "docs" / "index.md").read_text(encoding="utf-8")

    pages = [page.relative_to(ROOT / "docs").as_posix() for page in (ROOT / "docs").rglob("*.md")]

    assert [page for page in pages if f"({page})" not in index and not page.startswith(("index", "decisions/"))] == []


# -- what pages show is run ----------------------------------------------------------------------------------------


class Reader:
    """Somebody who does what a page says, in the folder where the server was started."""

    def __init__(self, hw: Headway) -> None:
        self.hw = hw
        self.worker: subprocess.Popen[bytes] | None = None

    def follow(self, page: Path) -> None:
        for language, text in blocks(page):
            if language == "python" and (name := FILE.match(text)):
                self.write(name.group(1), text)
            elif language == "console":
                for command in typed(text):
                    self.type(command)

    def write(self, name: str, text: str) -> None:
        path = self.hw.folder / name
        path.write_text(self.as_here(text), encoding="utf-8")
        if "headway.App()" in text:
            self.leave()
            self.worker = self.hw.work(path.stem, app=f"{path}:app")
        else:
            runner = ["-m", "pytest", "-q", "-p", "no:cacheprovider"] if name.startswith("test_") else []
            self.run([sys.executable, *runner, name], 0)

    def leave(self) -> None:
        if self.worker is not None:
            os.killpg(self.worker.pid, signal.SIGKILL)
            self.worker.wait(10)

    def type(self, command: Typed) -> None:
        words = [self.as_here(word) for word in command.words]
        if words[0] == "headway" and words[1] in STARTED and command.code == 0:
            self.parse(words[1], words[2:])
        elif "-N" in words or words[:3] == ["headway", "events", "-f"]:
            self.listen(words)
        else:
            self.run(words, command.code)

    def as_here(self, word: str) -> str:
        if JOB_ID.search(word):
            word = JOB_ID.sub(self.hw.http.get("/api/v1/jobs", params={"limit": 1}).json()["jobs"][0]["id"], word)
        return word.replace("127.0.0.1:8400", f"127.0.0.1:{self.hw.port}")

    @staticmethod
    def parse(name: str, rest: list[str]) -> None:
        with click.Context(commands, info_name="headway") as root:
            command = commands.get_command(root, name)
            assert command is not None
            command.make_context(name, rest, parent=root)

    def run(self, words: list[str], code: int) -> None:
        ended = subprocess.run(
            words, env=self.hw.env, cwd=self.hw.folder, capture_output=True, text=True, timeout=60, check=False
        )
        assert ended.returncode == code, f"{shlex.join(words)}\n{ended.stdout}\n{ended.stderr}"

    def listen(self, words: list[str]) -> None:
        with subprocess.Popen(words, env=self.hw.env, cwd=self.hw.folder, stdout=subprocess.PIPE) as process:
            assert process.stdout is not None
            assert process.stdout.readline(), shlex.join(words)
            process.kill()


@pytest.fixture(scope="module")
def hw(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Headway]:
    """A server at which pages are tried."""
    with headway(tmp_path_factory.mktemp("docs")) as running:
        running.env["PATH"] = f"{BIN}{os.pathsep}{os.environ['PATH']}"
        running.env["PYTHONPATH"] = str(running.folder)
        (running.folder / "README.md").write_bytes((ROOT / "README.md").read_bytes())
        running.serve()
        yield running


@pytest.mark.process
@pytest.mark.timeout(180)
@pytest.mark.parametrize("page", [page for page in PAGES if runnable(page)], ids=named)
def test_what_a_page_shows_to_be_typed_works(page: Path, hw: Headway):
    reader = Reader(hw)

    try:
        reader.follow(page)
    finally:
        reader.leave()
