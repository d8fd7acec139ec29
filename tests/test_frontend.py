"""What tools/frontend.py says of the suites of TypeScript. No Node is started."""

from __future__ import annotations

import importlib
from pathlib import Path
from types import ModuleType

import pytest

TOOLS = Path(__file__).resolve().parent.parent / "tools"
SAID = """
 \x1b[32m✓\x1b[39m test/link.test.ts (42 tests) 12ms

 Test Files  2 passed (2)
      Tests  311 passed | 1 skipped (312)
   Start at  18:53:38
"""


@pytest.fixture
def frontend(monkeypatch: pytest.MonkeyPatch) -> ModuleType:
    """The script, which finds its neighbours as it does when it is run."""
    monkeypatch.syspath_prepend(str(TOOLS))
    return importlib.import_module("frontend")


def test_a_suite_that_passed_is_one_line(frontend: ModuleType):
    assert frontend.counted("the client", SAID) == "the client: 311 passed | 1 skipped (312)"


def test_a_suite_without_tests_says_so(frontend: ModuleType):
    assert frontend.counted("the client", "nothing\n") == "the client: no test"


def test_a_verb_that_there_is_not_is_a_mistake_of_whoever_calls(
    frontend: ModuleType, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
):
    monkeypatch.setattr("sys.argv", ["frontend.py", "dance"])

    assert frontend.main() == 2
    assert capsys.readouterr().err == "frontend: say one of check, test, browser, screenshots\n"


def test_who_does_without_the_dashboard_does_without_its_tests(
    frontend: ModuleType, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
):
    monkeypatch.setattr("sys.argv", ["frontend.py", "test"])
    monkeypatch.setenv("HEADWAY_SKIP_DASHBOARD", "1")

    assert frontend.main() == 0
    assert capsys.readouterr().err == "frontend: left out, HEADWAY_SKIP_DASHBOARD is set\n"
