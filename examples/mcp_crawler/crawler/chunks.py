"""A file's text to pieces that can be found and read alone. Pure; the pieces put together are the text again.

Markdown is cut at headings, Python at its definitions, other code where a line at the margin begins one; what is still
too long is cut at lines, and a line that is too long is cut where it is.
"""

import ast
import re
from collections.abc import Iterator
from dataclasses import dataclass

LONGEST = 4000
"""Characters: about a screen and a half of code, and far below what any embedding model takes."""

DEFINITION = re.compile(
    r"(?:export |default |public |private |protected |internal |static |final |abstract |async |pub(?:\([a-z]+\))? |unsafe )*"
    r"(?:function\*?|func|fn|def|class|interface|struct|enum|trait|impl|type|module|namespace|object|record|const|let|var|"
    r"CREATE (?:TABLE|VIEW|INDEX|FUNCTION))\b[\s*(]*(?P<name>[\w$.:<>]*)"
)
HEADING = re.compile(r"(#{1,6})\s+(.+?)\s*#*\s*$")
FENCE = re.compile(r"\s{0,3}(```+|~~~+)")


@dataclass(frozen=True)
class Chunk:
    """Lines count from 1; `title` is the heading with those above it, or the name that is defined."""

    title: str
    first_line: int
    last_line: int
    text: str


def chunked(text: str, language: str) -> list[Chunk]:
    """All of it, in order."""
    lines = text.splitlines(keepends=True)
    cuts = {"markdown": _headings, "python": _python, "text": _nothing}.get(language, _margins)(lines)
    starts = sorted({0: "", **cuts}.items())
    ends = [begin for begin, _ in starts[1:]] + [len(lines)]
    pieces = [
        piece
        for (begin, title), end in zip(starts, ends, strict=True)
        for piece in _fitting(lines[begin:end], begin, title)
    ]
    return [piece for piece in pieces if piece.text]


def _nothing(lines: list[str]) -> dict[int, str]:
    return {}


def _headings(lines: list[str]) -> dict[int, str]:
    cuts: dict[int, str] = {}
    above: dict[int, str] = {}
    fence = ""
    for number, line in enumerate(lines):
        if found := FENCE.match(line):
            fence = "" if fence and found[1].startswith(fence) else fence or found[1][:3]
        elif not fence and (found := HEADING.match(line)):
            level = len(found[1])
            above = {depth: title for depth, title in above.items() if depth < level} | {level: found[2]}
            cuts[number] = " › ".join(above.values())[:300]
    return cuts


def _python(lines: list[str]) -> dict[int, str]:
    """Definitions at the margin, and the methods of a class that is too long for one piece."""
    try:
        tree = ast.parse("".join(lines))
    except (SyntaxError, ValueError, RecursionError, MemoryError):
        return _margins(lines)
    if len(lines) != "".join(lines).count("\n") + (0 if lines and lines[-1].endswith("\n") else 1):
        return _margins(lines)  # form feeds and the like: Python counts lines otherwise
    return dict(_definitions(tree.body, "", lines))


def _definitions(body: list[ast.stmt], outer: str, lines: list[str]) -> Iterator[tuple[int, str]]:
    for node in body:
        if not isinstance(node, ast.FunctionDef | ast.AsyncFunctionDef | ast.ClassDef):
            continue
        begin = min([node.lineno, *(each.lineno for each in node.decorator_list)]) - 1
        yield begin, outer + node.name
        if isinstance(node, ast.ClassDef) and sum(map(len, lines[begin : node.end_lineno])) > LONGEST:
            yield from _definitions(node.body, f"{outer}{node.name}.", lines)


def _margins(lines: list[str]) -> dict[int, str]:
    """Where a definition begins at the margin; short ones stay together with what is before them."""
    cuts: dict[int, str] = {}
    size = 0
    for number, line in enumerate(lines):
        if (found := DEFINITION.match(line)) and (size > LONGEST // 4 or not cuts):
            cuts[number] = found["name"][:300]
            size = 0
        size += len(line)
    return cuts


def _fitting(lines: list[str], begin: int, title: str) -> Iterator[Chunk]:
    """In pieces of at most `LONGEST`."""
    text, first = "", begin
    for number, line in enumerate(lines, begin):
        if text and len(text) + len(line) > LONGEST:
            yield Chunk(title, first + 1, number, text)
            text, first = "", number
        while len(line) > LONGEST:
            yield Chunk(title, number + 1, number + 1, line[:LONGEST])
            line, first = line[LONGEST:], number  # noqa: PLW2901 - what is left of it
        text += line
    if text:
        yield Chunk(title, first + 1, begin + len(lines), text)
