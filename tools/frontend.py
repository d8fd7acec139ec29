"""The front-end half of `make check` and `make test`: clients/typescript and web/, with whatever Node there is.

    check        biome, oxlint, tsc
    test         the suites of the client and of the dashboard
    browser      the tests in a real Chromium (web/e2e), against real servers and workers
    screenshots  the pages as pictures into docs/img

Node, npm and node_modules are tools/dashboard.py's, the browser is tools/chromium.py's. Says one line where all is well,
and everything that was said where it is not. HEADWAY_SKIP_DASHBOARD=1 leaves all of it out.
"""

from __future__ import annotations

import os
import re
import subprocess
import sys
from collections.abc import Callable
from functools import partial
from pathlib import Path

import chromium
import dashboard
from dashboard import ROOT, CanNotBuild, Node

LONGEST_S = 900
SUMMARY = re.compile(r"^\s*(?:Test Files|Tests)\s+\d.*$", re.MULTILINE)
COLOURS = re.compile(r"\x1b\[[0-9;]*m")
SUITES = {"clients/typescript": "the client", "web": "the dashboard"}


def main() -> int:
    """0, or the exit code of what failed; 2 for a verb that there is not."""
    verb = VERBS.get(" ".join(sys.argv[1:]))
    if verb is None:
        sys.stderr.write(f"frontend: say one of {', '.join(VERBS)}\n")
        return 2
    if os.environ.get(dashboard.SKIP):
        sys.stderr.write(f"frontend: left out, {dashboard.SKIP} is set\n")
        return 0
    try:
        return verb(packed_node())
    except CanNotBuild as reason:
        sys.stderr.write("frontend: " + str(reason).replace("\n", "\n          ") + "\n")
        return 1


def packed_node() -> Node:
    """A Node, with node_modules as package-lock.json says."""
    node = dashboard.find_node()
    if node is None:
        raise CanNotBuild(
            "There is no Node 20.19 (or 22.12 and later) with npm on PATH, and none in this Python.",
            f"Install Node, or `make install` again; or set {dashboard.SKIP}=1 to do without the front end.",
        )
    with dashboard.only_one(ROOT):
        dashboard.bring_packages(ROOT, node)
    return node


def check(node: Node) -> int:
    """Style and types of all TypeScript."""
    return quiet("npm run check", npm(node, "run", "check"))


def test(node: Node) -> int:
    """Both suites; the second also where the first fails."""
    return max(
        quiet(f"the tests of {name}", npm(node, "run", "test", "-w", place), said=partial(counted, name))
        for place, name in SUITES.items()
    )


def counted(name: str, text: str) -> str:
    """`the client: 312 passed`, from the summary of vitest."""
    lines = [" ".join(line.split()) for line in SUMMARY.findall(COLOURS.sub("", text))]
    return f"{name}: {lines[-1].removeprefix('Tests ') if lines else 'no test'}"


def browser(node: Node) -> int:
    """What a person does in a browser. Left out, and named by tests/test_browser.py, where there is none."""
    found = chromium.find_or_install()
    if found is None:
        sys.stderr.write(f"browser: {chromium.ABSENT}\n")
        return 0
    if not dashboard.is_built(ROOT):
        raise CanNotBuild("The dashboard is not built.", "`make dashboard` builds it.")
    return told(npm(node, "run", "e2e", "-w", "web"), found)


def screenshots(node: Node) -> int:
    """Pictures of each page into docs/img."""
    found = chromium.find_or_install()
    if found is None:
        raise CanNotBuild("There is no Chromium.", f"Install one, or set {chromium.CHOSEN}.")
    return told(npm(node, "run", "screenshots", "-w", "web"), found)


def npm(node: Node, *words: str) -> tuple[list[str], dict[str, str]]:
    """A command of npm, without npm's own headings, and the environment it needs."""
    return [*node.npm, "--silent", *words], dashboard.environment(node)


def quiet(name: str, command: tuple[list[str], dict[str, str]], *, said: Callable[[str], str] | None = None) -> int:
    """Run it; one line where it went well and there is one to say, everything it said where it did not."""
    words, env = command
    ended = subprocess.run(
        words,
        cwd=ROOT,
        env=env,
        stdin=subprocess.DEVNULL,
        stdout=subprocess.PIPE,
        stderr=subprocess.STDOUT,
        text=True,
        errors="replace",
        timeout=LONGEST_S,
        check=False,
    )
    if ended.returncode != 0:
        sys.stdout.write(ended.stdout)
        sys.stderr.write(f"frontend: {name} failed\n")
    elif said is not None:
        sys.stdout.write(f"frontend: {said(ended.stdout)}\n")
    return ended.returncode


def told(command: tuple[list[str], dict[str, str]], found: Path) -> int:
    """Run it in sight: it takes a while."""
    words, env = command
    env[chromium.CHOSEN] = str(found)
    return subprocess.run(words, cwd=ROOT, env=env, stdin=subprocess.DEVNULL, timeout=LONGEST_S, check=False).returncode


VERBS: dict[str, Callable[[Node], int]] = {
    "check": check,
    "test": test,
    "browser": browser,
    "screenshots": screenshots,
}


if __name__ == "__main__":
    raise SystemExit(main())
