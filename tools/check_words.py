"""Words that must not be in this repository: paths of one machine, pages nobody else has, and names the glossary rules out.

Called by `make check` and by tests/test_architecture.py; standard library only. Places are looked for in every
tracked text file, names in the definitions of `src/` (modules, classes, functions), read from the syntax tree.
"""

from __future__ import annotations

import ast
import re
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path

ROOT = Path(__file__).resolve().parent.parent

MACHINE_PATH = re.compile(
    r"(?<![\w.~}])/(?:root|Users/[\w.-]+|home/(?!you\b)[\w.-]+|work/(?:main|shared|\.\w+)|tmp/hw)(?=[/\s\"'`).,:;]|$)"
)

# The design notes that preceded the code are not in the repository; docs/ is where a reader is sent.
ABSENT_PAGE = re.compile(r"\b(?:0\d|10)-(?:architecture|protocol|interfaces|dashboard|style|quality|security|risks)\b")

FORBIDDEN = (
    (re.compile(r"(^|_)(manager|helper|util|common)s?(_|$)"), "says nothing: name what it holds or decides"),
    (re.compile(r"^_*(handle|process|do)_"), "says nothing: name what happens to what"),
    (re.compile(r"^_*(data|info)$"), "says nothing: name what it is"),
    (re.compile(r"(^|_)(task|master|slave|heartbeat_thread)s?(_|$)"), "is not our word: see docs/glossary.md"),
)

# name -> why it may stay
ALLOWED: dict[str, str] = {
    "info": "ctx.log.info: a level, by the name that every logging library has for it",
    "process_bind_param": "what SQLAlchemy calls on a type of ours",
    "process_result_value": "what SQLAlchemy calls on a type of ours",
}

SPOKEN_THERE = {"mcp": re.compile(r"(^|_)tasks?(_|$)")}
"""Folder -> words of the protocol that is spoken there: MCP has tasks (SEP-2663), and they are not our jobs."""


def main() -> int:
    """Print every finding as `file:line: sentence`; the exit code is 1 if there was one."""
    findings = [*foreign_places(tracked_files(ROOT)), *forbidden_names(sorted((ROOT / "src").rglob("*.py")))]
    for finding in findings:
        print(finding)
    return 1 if findings else 0


def tracked_files(root: Path) -> list[Path]:
    """What git tracks or would track; without git (a source archive), everything outside dotted folders."""
    listing = ["git", "ls-files", "--cached", "--others", "--exclude-standard", "-z"]
    try:
        names = subprocess.run(listing, cwd=root, capture_output=True, text=True, check=True).stdout.split("\0")
        files = [root / name for name in names if name]
    except (OSError, subprocess.CalledProcessError):
        files = [path for path in root.rglob("*") if not any(part.startswith(".") for part in path.parts)]
    return [path for path in files if path.is_file()]


def foreign_places(files: list[Path]) -> Iterator[str]:
    """Paths that exist only where somebody worked, and pages that nobody else has. Files that are not text (recordings) are not ours to read."""
    for path in files:
        try:
            lines = path.read_text(encoding="utf-8").splitlines()
        except UnicodeDecodeError:
            continue
        for number, line in enumerate(lines, 1):
            if found := MACHINE_PATH.search(line):
                yield f"{relative(path)}:{number}: {found.group()} is a path of one machine"
            if found := ABSENT_PAGE.search(line):
                yield f"{relative(path)}:{number}: {found.group()} is no page of this repository: name one of docs/"


def forbidden_names(files: list[Path]) -> Iterator[str]:
    """Names of modules, classes and functions that the glossary or the style rules out."""
    for path in files:
        try:
            tree = ast.parse(path.read_text(encoding="utf-8"))
        except SyntaxError as error:
            yield f"{relative(path)}:{error.lineno}: is not Python {sys.version_info.major}.{sys.version_info.minor}"
            continue
        spoken = [words for folder, words in SPOKEN_THERE.items() if folder in path.parts]
        for name, line in [(path.stem, 1), *definitions(tree)]:
            if (reason := objection(name)) and not any(words.search(as_snake(name)) for words in spoken):
                yield f"{relative(path)}:{line}: the name {name!r} {reason}"


def definitions(tree: ast.Module) -> Iterator[tuple[str, int]]:
    """Every class and function of a file, as it is named."""
    for node in ast.walk(tree):
        if isinstance(node, ast.ClassDef | ast.FunctionDef | ast.AsyncFunctionDef):
            yield node.name, node.lineno


def objection(name: str) -> str | None:
    """Why `name` may not be used, or None. CamelCase is judged word by word, as snake_case is."""
    if name in ALLOWED:
        return None
    return next((reason for pattern, reason in FORBIDDEN if pattern.search(as_snake(name))), None)


def as_snake(name: str) -> str:
    """`stage_bar` of `StageBar`."""
    return re.sub(r"(?<=[a-z0-9])(?=[A-Z])", "_", name).lower()


def relative(path: Path) -> Path:
    """As a reader of the repository would say it."""
    return path.relative_to(ROOT) if path.is_relative_to(ROOT) else path


if __name__ == "__main__":
    sys.exit(main())
