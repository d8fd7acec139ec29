"""One Python file as the index wants it: its lines, and its functions and classes with where they begin.

Plain Python: knows nothing of jobs. Called by `app.py`.
"""

from __future__ import annotations

import ast
import tokenize
import warnings
from collections.abc import Iterator
from dataclasses import dataclass, field
from pathlib import Path

SKIPPED = {"site-packages", "dist-packages", "__pycache__", "test", "tests"}
"""Folders that are no part of the library itself."""


@dataclass
class Source:
    """`symbols` are (name, kind, path, line number); `problem` says why there are none."""

    path: str
    lines: list[str] = field(default_factory=list[str])
    symbols: list[tuple[str, str, str, int]] = field(default_factory=list[tuple[str, str, str, int]])
    problem: str = ""


def python_files(root: Path) -> Iterator[Path]:
    """Every Python file below `root`, in order of path."""
    for path in sorted(root.iterdir()):
        if path.is_dir() and not path.is_symlink() and path.name not in SKIPPED:
            yield from python_files(path)
        elif path.suffix == ".py":
            yield path


def read_source(file: Path, root: Path) -> Source:
    """The file read and parsed; what can not be parsed is still searched by line."""
    path = file.relative_to(root).as_posix()
    try:
        with tokenize.open(file) as stream:  # honours the file's own encoding line
            text = stream.read()
    except (OSError, SyntaxError, UnicodeDecodeError) as error:
        return Source(path, problem=f"not read: {error}")
    source = Source(path, text.splitlines())
    try:
        with warnings.catch_warnings():
            warnings.simplefilter("ignore")
            tree = ast.parse(text)
    except (SyntaxError, ValueError) as error:
        source.problem = f"not parsed: {error}"
        return source
    source.symbols = [
        (node.name, "class" if isinstance(node, ast.ClassDef) else "function", path, node.lineno)
        for node in ast.walk(tree)
        if isinstance(node, ast.ClassDef | ast.FunctionDef | ast.AsyncFunctionDef)
    ]
    return source
