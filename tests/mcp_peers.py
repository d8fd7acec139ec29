"""MCP servers of third parties, installed by the project as their lock files say (tests/peers/), and kept in .tools/peers.

    everything   @modelcontextprotocol/server-everything: the reference server of the TypeScript SDK (2025-11-25, stdio)
    fastmcp      fastmcp[tasks]: a SEP-2663 server that is not ours, in a venv of its own (its pins are not the project's)

About 10 s when nothing is there, nothing afterwards; one process installs, the others of a parallel run wait. On a
machine without Node, uv or a registry their tests are left out with one line; in CI (CI=1) that is a failure.
"""

from __future__ import annotations

import contextlib
import fcntl
import hashlib
import importlib.util
import os
import shutil
import subprocess
import sys
from collections.abc import Callable, Iterator
from functools import cache
from pathlib import Path
from types import ModuleType
from typing import Any, NoReturn

import pytest

ROOT = Path(__file__).resolve().parents[1]
LOCKS = Path(__file__).parent / "peers"
KEPT = ROOT / ".tools" / "peers"
LONGEST_S = 240
NO_EVERYTHING = (
    "server-everything can not be installed (Node and npm's registry); left out: MCP against the reference server"
)
NO_FASTMCP = "fastmcp can not be installed (uv and PyPI); left out: MCP tasks against a server of others"


def everything() -> list[str]:
    """The command that serves it over stdio, without `stdio`. Skips the test where it can not be had."""
    node = _tool("dashboard").find_node()
    if node is None:
        _absent(NO_EVERYTHING, "no Node 20.19 or later with npm")
    folder = _required("everything", "package-lock.json", NO_EVERYTHING, lambda folder: _npm(folder, node))
    return [str(node.program), str(folder / "node_modules/@modelcontextprotocol/server-everything/dist/index.js")]


def fastmcp() -> str:
    """The Python that has it. Skips the test where it can not be had."""
    return str(_required("fastmcp", "requirements.txt", NO_FASTMCP, _uv) / "venv" / "bin" / "python")


def _npm(folder: Path, node: Any) -> None:
    """`npm ci`: what the lock names, whose hashes it checks; nothing of it runs while it is installed."""
    environment = _tool("dashboard").environment(node)
    words = ["ci", "--ignore-scripts", "--no-audit", "--no-fund", "--silent"]
    _run([*node.npm, *words], folder, environment)


def _uv(folder: Path) -> None:
    """A venv of this Python with what the lock names, by hash, from wheels alone."""
    install = _tool("install")
    uv = install.installed_uv() or install.fetch_uv()
    if uv is None:
        raise LookupError("uv can not be had")
    environment = {name: value for name, value in install.sync_environment().items() if name != "PYTHONPATH"}
    _run([str(uv), "venv", "--quiet", "--python", sys.executable, "venv"], folder, environment)
    pip = [str(uv), "pip", "install", "--quiet", "--python", "venv/bin/python", "--require-hashes"]
    _run([*pip, "--only-binary", ":all:", "-r", "requirements.txt"], folder, environment)


# -- once for all ----------------------------------------------------------------------------------------------------


def _required(name: str, lock: str, absent: str, install: Callable[[Path], None]) -> Path:
    try:
        return _installed(name, lock, install)
    except (OSError, LookupError, subprocess.SubprocessError) as error:
        said = str(getattr(error, "stderr", None) or error)
        _absent(absent, said.strip()[-2_000:])


def _absent(reason: str, detail: str) -> NoReturn:
    if os.environ.get("CI"):
        pytest.fail(f"{reason}:\n{detail}", pytrace=False)
    pytest.skip(reason)


def _installed(name: str, lock: str, install: Callable[[Path], None]) -> Path:
    """Its folder, with a stamp of the lock file that it was installed from."""
    wanted = hashlib.sha256((LOCKS / name / lock).read_bytes()).hexdigest()
    folder, stamp = KEPT / name, KEPT / name / ".stamp"
    with _only_one(name):
        if not stamp.exists() or stamp.read_text() != wanted:
            shutil.rmtree(folder, ignore_errors=True)
            shutil.copytree(LOCKS / name, folder)
            install(folder)
            stamp.write_text(wanted)
    return folder


@contextlib.contextmanager
def _only_one(name: str) -> Iterator[None]:
    KEPT.mkdir(parents=True, exist_ok=True)
    with (KEPT / f"{name}.lock").open("w") as lock:
        fcntl.flock(lock, fcntl.LOCK_EX)
        yield


def _run(command: list[str], folder: Path, environment: dict[str, str]) -> None:
    subprocess.run(
        command, cwd=folder, env=environment, stdin=subprocess.DEVNULL, capture_output=True, text=True, check=True,
        timeout=LONGEST_S,
    )  # fmt: skip


@cache
def _tool(name: str) -> ModuleType:
    """A script of tools/, which are no package's."""
    spec = importlib.util.spec_from_file_location(f"headway_{name}", ROOT / "tools" / f"{name}.py")
    assert spec is not None
    assert spec.loader is not None
    module = importlib.util.module_from_spec(spec)
    sys.modules[spec.name] = module
    spec.loader.exec_module(module)
    return module
