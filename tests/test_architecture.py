"""The house rules that no linter knows: sizes, faces, words, and what a worker must not drag in.

Layers and circles are import-linter's (pyproject.toml). A rule may be broken where it hurts the code: with a reason,
in the tables below, where everybody can read it.
"""

from __future__ import annotations

import ast
import importlib
import importlib.util
import inspect
import subprocess
import sys
from pathlib import Path
from types import ModuleType

import pytest

ROOT = Path(__file__).resolve().parent.parent
SOURCE = ROOT / "src" / "headway"
FILES = sorted(SOURCE.rglob("*.py"))
MOST_LINES_OF_A_FILE = 350
MOST_LINES_OF_A_FUNCTION = 60

# path in src/headway -> why it is better long
LONG_FILES: dict[str, str] = {}
# "path:function" -> why it is better long
LONG_FUNCTIONS: dict[str, str] = {}

# What a worker or client would bring along if it saw the server's side.
SERVER_SIDE = (
    "sqlalchemy",
    "alembic",
    "sqlite3",
    "fastapi",
    "uvicorn",
    "headway.store",
    "headway.hub",
    "headway.server",
)


def tool(name: str) -> ModuleType:
    """A script of tools/, as a module."""
    spec = importlib.util.spec_from_file_location(name, ROOT / "tools" / f"{name}.py")
    assert spec is not None
    assert spec.loader is not None
    module = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(module)
    return module


def inside(path: Path) -> str:
    return path.relative_to(SOURCE).as_posix()


def module_name(path: Path) -> str:
    parts = path.relative_to(SOURCE.parent).with_suffix("").parts
    return ".".join(parts[:-1] if parts[-1] == "__init__" else parts)


def long_functions(source: str) -> dict[str, int]:
    """Functions over the limit and their lines, the docstring not counted."""
    found = {}
    for node in ast.walk(ast.parse(source)):
        if isinstance(node, ast.FunctionDef | ast.AsyncFunctionDef) and node.end_lineno is not None:
            lines = node.end_lineno - node.lineno + 1 - (ast.get_docstring(node, clean=False) or "").count("\n")
            if lines > MOST_LINES_OF_A_FUNCTION:
                found[node.name] = lines
    return found


def faces() -> list[Path]:
    return [path for path in FILES if path.name == "__init__.py" and declared(path) is not None]


def declared(path: Path) -> list[str] | None:
    """The names of `__all__` as written, or None where there is none."""
    for node in ast.parse(path.read_text(encoding="utf-8")).body:
        targets = node.targets if isinstance(node, ast.Assign) else [getattr(node, "target", None)]
        if any(isinstance(target, ast.Name) and target.id == "__all__" for target in targets):
            return ast.literal_eval(node.value)
    return None


def offered(path: Path) -> set[str]:
    """The public names that a face imports from our own modules or defines."""
    names: set[str] = set()
    for node in ast.parse(path.read_text(encoding="utf-8")).body:
        if isinstance(node, ast.ImportFrom) and (node.level or (node.module or "").startswith("headway")):
            names |= {alias.asname or alias.name for alias in node.names}
        elif isinstance(node, ast.ClassDef | ast.FunctionDef | ast.AsyncFunctionDef):
            names.add(node.name)
    return {name for name in names if not name.startswith("_")}


def test_every_file_is_short_enough_to_be_read_at_once():
    too_long = {inside(path): count_lines(path) for path in FILES if count_lines(path) > MOST_LINES_OF_A_FILE}

    assert too_long.keys() - LONG_FILES.keys() == set(), too_long


def test_every_function_is_short_enough_to_be_read_at_once():
    too_long = {
        f"{inside(path)}:{name}": lines
        for path in FILES
        for name, lines in long_functions(path.read_text(encoding="utf-8")).items()
    }

    assert too_long.keys() - LONG_FUNCTIONS.keys() == set(), too_long


def test_every_module_says_what_it_owns():
    written = [path for path in FILES if path.stat().st_size]

    assert [inside(path) for path in written if not ast.get_docstring(ast.parse(path.read_text()))] == []


def test_the_reasoned_exceptions_are_still_needed():
    short_files = [name for name in LONG_FILES if count_lines(SOURCE / name) <= MOST_LINES_OF_A_FILE]
    short_functions = [
        name
        for name in LONG_FUNCTIONS
        if name.split(":")[1] not in long_functions((SOURCE / name.split(":")[0]).read_text())
    ]

    assert (short_files, short_functions) == ([], [])


def count_lines(path: Path) -> int:
    return len(path.read_text(encoding="utf-8").splitlines()) if path.exists() else 0


def test_every_face_offers_what_it_declares_and_declares_what_it_offers():
    problems = [problem for path in faces() for problem in face_problems(path)]

    assert problems == []


def face_problems(path: Path) -> list[str]:
    names = declared(path) or []
    module = importlib.import_module(module_name(path))
    return [
        *(f"{inside(path)}: {name} is in __all__ and does not exist" for name in names if not hasattr(module, name)),
        *(f"{inside(path)}: {name} is offered and not in __all__" for name in sorted(offered(path) - set(names))),
        *(f"{inside(path)}: {name} has no docstring" for name in names if undocumented(module, name)),
        *(f"{inside(path)}: {name} is in __all__ twice" for name in sorted({n for n in names if names.count(n) > 1})),
    ]


def undocumented(module: ModuleType, name: str) -> bool:
    """Whether a class or function of ours lacks a docstring of its own."""
    thing = getattr(module, name, None)
    ours = str(getattr(thing, "__module__", "")).startswith("headway")
    return ours and (inspect.isclass(thing) or inspect.isfunction(thing)) and not thing.__doc__


@pytest.mark.parametrize("room", ["worker", "client"])
def test_what_runs_far_from_the_server_starts_without_its_parts(room: str):
    code = f"import sys, headway.{room}; print(*[name for name in {SERVER_SIDE!r} if name in sys.modules])"

    loaded = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True).stdout.split()

    assert loaded == []


class TestWords:
    """tools/check_words.py finds what it is there to find."""

    words = tool("check_words")

    def test_the_source_has_none_of_the_forbidden_names(self):
        assert list(self.words.forbidden_names(FILES)) == []

    @pytest.mark.parametrize(
        "name", ["handle_frame", "LinkManager", "utils", "do_it", "_process_batch", "data", "JobInfoHelper"]
    )
    def test_a_name_that_says_nothing_is_refused(self, name: str):
        assert self.words.objection(name)

    def test_a_word_of_a_protocol_is_spoken_where_that_protocol_is(self, tmp_path: Path):
        for folder in ("mcp", "hub"):
            (tmp_path / folder).mkdir()
            (tmp_path / folder / "said.py").write_text("def task_of(): ...\n")

        findings = list(self.words.forbidden_names(sorted(tmp_path.rglob("*.py"))))

        assert [Path(finding.split(":")[0]).parent.name for finding in findings] == ["hub"]

    @pytest.mark.parametrize("name", ["handler", "processes", "JobState", "handles", "metadata", "docommand"])
    def test_a_name_that_only_resembles_one_is_not(self, name: str):
        assert self.words.objection(name) is None

    @pytest.mark.parametrize(
        "path",
        ["/" + "root/x", "/" + "home/somebody/x", "/" + "Users/me/x", "/" + "work/main/src", "03" + "-interfaces"],
    )
    def test_a_place_that_only_one_machine_has_is_found(self, path: str, tmp_path: Path):
        page = tmp_path / "page.md"
        page.write_text(f"fine: /api/v1/jobs, ~/headway, /home/you/x\nsee {path}\n")

        assert [finding.split(":")[1] for finding in self.words.foreign_places([page])] == ["2"]


class TestLinks:
    """tools/check_links.py finds what it is there to find."""

    links = tool("check_links")

    def test_a_link_to_nowhere_is_found_and_one_to_a_heading_is_followed(
        self, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
    ):
        monkeypatch.setattr(self.links, "ROOT", tmp_path)
        page = tmp_path / "page.md"
        page.write_text(
            "# One order\n[a](#one-order) [b](#two) [c](gone.md) [d](https://example.org/x) [e](page.md#one-order)\n"
        )

        findings = list(self.links.broken_links(page))

        assert findings == ["page.md: #two: no such heading", "page.md: gone.md: no such file"]


def test_a_long_function_is_counted_without_its_docstring():
    body = "\n".join("    x = 1" for _ in range(MOST_LINES_OF_A_FUNCTION))
    docstring = '    """One.\n\n' + "    more\n" * 50 + '    """\n'

    assert long_functions(f"def long():\n{body}\n") == {"long": MOST_LINES_OF_A_FUNCTION + 1}
    assert long_functions(f"def short():\n{docstring}    x = 1\n") == {}
