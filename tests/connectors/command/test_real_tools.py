"""Real tools run in a terminal; one that this machine lacks is skipped by name."""

from __future__ import annotations

import functools
import http.server
import importlib.util
import shutil
import subprocess
import sys
import threading
import zipfile
from collections.abc import Iterator
from pathlib import Path

import pytest

from headway.connectors.command import CommandResult, Reading, run_command

pytestmark = pytest.mark.process

SIZE = 3_000_000


def needs(tool: str) -> pytest.MarkDecorator:
    return pytest.mark.skipif(shutil.which(tool) is None, reason=f"{tool} is not installed on this machine")


async def run(*argv: str, cwd: Path) -> tuple[CommandResult, list[Reading], list[str]]:
    readings: list[Reading] = []
    lines: list[str] = []
    result = await run_command(argv, on_reading=readings.append, on_line=lines.append, cwd=cwd)
    return result, readings, lines


class _Quiet(http.server.SimpleHTTPRequestHandler):
    def log_message(self, format: str, *args: object) -> None:
        pass


@pytest.fixture
def url(tmp_path: Path) -> Iterator[str]:
    """Of a file of SIZE bytes on a server of our own."""
    (tmp_path / "served").mkdir()
    (tmp_path / "served" / "file.bin").write_bytes(bytes(SIZE))
    handler = functools.partial(_Quiet, directory=tmp_path / "served")
    with http.server.ThreadingHTTPServer(("127.0.0.1", 0), handler) as server:
        thread = threading.Thread(target=server.serve_forever, args=(0.02,))
        thread.start()
        yield f"http://127.0.0.1:{server.server_address[1]}/file.bin"
        server.shutdown()
        thread.join()


@needs("curl")
@pytest.mark.parametrize("options", [[], ["-#"]])
async def test_curl(seen, tmp_path, url, options):
    result, readings, _ = await run("curl", *options, "-o", "got.bin", url, cwd=tmp_path)

    last = readings[-1]
    assert result.code == 0
    assert (last.source, last.current) == ("curl", last.total)
    seen.assert_never_backwards(readings)


@needs("wget")
async def test_wget(seen, tmp_path, url):
    result, readings, lines = await run("wget", url, cwd=tmp_path)

    assert result.code == 0
    assert (readings[-1].source, readings[-1].stage, readings[-1].current) == ("wget", "file.bin", 100.0)
    assert sum("%[" in line for line in lines) == 1
    seen.assert_never_backwards(readings)


@pytest.fixture
def repository(tmp_path: Path) -> Path:
    """With one commit of 200 different files."""
    origin = tmp_path / "origin"
    git = ["git", "-C", str(origin), "-c", "user.name=A", "-c", "user.email=a@example.org"]
    subprocess.run(["git", "init", "-q", str(origin)], check=True)
    for number in range(200):
        (origin / f"{number}.txt").write_text(str(number) * 50)
    subprocess.run([*git, "add", "."], check=True)
    subprocess.run([*git, "commit", "-qm", "files"], check=True)
    return origin


@needs("git")
async def test_git_clone(seen, tmp_path, request):
    origin = request.getfixturevalue("repository")

    result, readings, _ = await run("git", "clone", "--progress", origin.as_uri(), "copy", cwd=tmp_path)

    ends = {reading.stage: (reading.current, reading.total) for reading in readings}
    assert result.code == 0
    assert ends["Receiving objects"] == (202.0, 202.0)
    seen.assert_never_backwards(readings)


@needs("rsync")
async def test_rsync(seen, tmp_path):
    (tmp_path / "from").mkdir()
    for number in range(20):
        (tmp_path / "from" / str(number)).write_bytes(bytes(100_000))

    result, readings, _ = await run("rsync", "-r", "--info=progress2", "--no-i-r", "from/", "to/", cwd=tmp_path)

    assert result.code == 0
    assert (readings[-1].source, readings[-1].current) == ("rsync", 100.0)
    seen.assert_never_backwards(readings)


@pytest.mark.parametrize("option", ["-v", "--color=yes"])
async def test_pytest(seen, tmp_path, option):
    (tmp_path / "test_it.py").write_text(
        "import pytest\n@pytest.mark.parametrize('n', range(40))\ndef test_n(n): assert n != 7\n"
    )

    result, readings, _ = await run(
        sys.executable, "-m", "pytest", option, "-p", "no:randomly", "-p", "no:cacheprovider", cwd=tmp_path
    )

    full = [reading for reading in readings if reading.current == 100.0]
    assert result.code == 1
    assert {reading.source for reading in readings} == {"pytest"}
    assert [(reading.stage, reading.total) for reading in full[:1]] == [("tests", 100.0)]
    assert readings[-1].message == "1 failed, 39 passed"
    seen.assert_never_backwards(readings)


@pytest.mark.skipif(importlib.util.find_spec("xdist") is None, reason="pytest-xdist is not installed")
async def test_pytest_xdist(seen, tmp_path):
    (tmp_path / "test_it.py").write_text(
        "import pytest\n@pytest.mark.parametrize('n', range(20))\ndef test_n(n): pass\n"
    )

    result, readings, _ = await run(
        sys.executable, "-m", "pytest", "-v", "-n", "2", "-p", "no:randomly", "-p", "no:cacheprovider", cwd=tmp_path
    )

    assert result.code == 0
    assert max(reading.current or 0 for reading in readings) == 100.0
    assert readings[-1].message == "20 passed"
    seen.assert_never_backwards(readings)


async def test_rich_with_several_bars(seen, tmp_path):
    source = """
import time
from rich.progress import Progress
with Progress() as progress:
    tasks = [progress.add_task(name, total=20) for name in ("fetch", "parse")]
    for _ in range(20):
        time.sleep(0.01)
        for task in tasks: progress.advance(task)
"""
    result, readings, lines = await run(sys.executable, "-c", source, cwd=tmp_path)

    ends = {reading.stage: reading.current for reading in readings}
    assert result.code == 0
    assert ends == {"fetch": 100.0, "parse": 100.0}
    assert len([line for line in lines if "100%" in line]) == 2
    seen.assert_never_backwards(readings)


@needs("pip")
async def test_pip_download(seen, tmp_path, url, monkeypatch):
    """pip fetches a wheel of our own making from our own server."""
    monkeypatch.setenv("PIP_DISABLE_PIP_VERSION_CHECK", "1")
    monkeypatch.setenv("no_proxy", "127.0.0.1")
    name = "tiny-1-py3-none-any.whl"
    with zipfile.ZipFile(tmp_path / "served" / name, "w") as wheel:
        wheel.writestr("tiny.bin", bytes(SIZE))
        wheel.writestr("tiny-1.dist-info/METADATA", "Metadata-Version: 2.1\nName: tiny\nVersion: 1\n")
        wheel.writestr("tiny-1.dist-info/WHEEL", "Wheel-Version: 1.0\nGenerator: us\nTag: py3-none-any\n")
        wheel.writestr("tiny-1.dist-info/RECORD", "")

    result, readings, lines = await run(
        "pip", "download", "--no-deps", "--no-cache-dir", "-d", "out", url.replace("file.bin", name), cwd=tmp_path
    )

    assert result.code == 0, lines
    assert {reading.source for reading in readings} == {"pip"}
    assert (readings[-1].unit, readings[-1].current) == ("B", 3.0e6)
    assert sum("━" in line for line in lines) == 1
    seen.assert_never_backwards(readings)
