"""How a generated page is written, and compared with `--check`: one writer for all of tools/generate_*.py.

A page is Markdown text made by a function; run without arguments the script writes it, with `--check` it fails when
the page in the repository differs (`make docs`). Pages must come out the same on every machine and day.
"""

from __future__ import annotations

import difflib
import sys
from collections.abc import Callable, Iterable, Sequence
from pathlib import Path

ROOT = Path(__file__).resolve().parent.parent
FOLDER = ROOT / "docs" / "reference"
SHOWN = 20


def publish(name: str, make: Callable[[], str]) -> int:
    """Write `docs/reference/NAME.md`, or compare it; the exit code is 1 if it differs."""
    page = FOLDER / f"{name}.md"
    text = f"<!-- Made by tools/generate_{name}.py; change that, not this. -->\n\n{make().strip()}\n"
    if "--check" not in sys.argv[1:]:
        page.parent.mkdir(parents=True, exist_ok=True)
        page.write_text(text, encoding="utf-8")
        return 0
    old = page.read_text(encoding="utf-8") if page.exists() else ""
    if old == text:
        return 0
    changes = list(
        difflib.unified_diff(old.splitlines(), text.splitlines(), "as it is", "as it should be", lineterm="")
    )
    print(*changes[:SHOWN], sep="\n")
    print(f"docs/reference/{name}.md differs from what it tells of: run python tools/generate_{name}.py")
    return 1


def table(head: Sequence[str], rows: Iterable[Sequence[str]]) -> str:
    """A Markdown table."""
    lines = [_row(head), "|" + "---|" * len(head), *(_row(row) for row in rows)]
    return "\n".join(lines)


def _row(cells: Sequence[str]) -> str:
    return "| " + " | ".join(cell.replace("|", "\\|").replace("\n", " ") for cell in cells) + " |"


def code(text: object) -> str:
    """Inline code, "" for nothing."""
    return f"`{text}`" if text not in ("", None) else ""


def fenced(language: str, text: str) -> str:
    """A block of code."""
    return f"```{language}\n{text.rstrip()}\n```"


def first_sentence(docstring: str | None) -> str:
    """The first paragraph of a docstring, on one line."""
    return " ".join((docstring or "").strip().partition("\n\n")[0].split())
