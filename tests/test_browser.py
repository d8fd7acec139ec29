"""Which browser the tests of web/e2e run in, and that the summary says so where there is none. Those tests are vitest's."""

from __future__ import annotations

import subprocess
from pathlib import Path

import pytest

from browser import NO_CHROMIUM, chromium


def program(folder: Path, name: str) -> Path:
    path = folder / name
    path.write_text("#!/bin/sh\n")
    path.chmod(0o755)
    return path


def test_the_browser_of_this_machine_starts():
    found = chromium.find()
    if found is None:
        pytest.skip(NO_CHROMIUM)

    said = subprocess.run([found, "--version"], capture_output=True, text=True, check=True, timeout=60).stdout

    assert any(name in said for name in ("Chromium", "Chrome")), said


def test_the_one_that_is_named_wins(tmp_path: Path):
    program(tmp_path, "chromium")
    named = program(tmp_path, "mine")

    assert chromium.find({"PATH": str(tmp_path), "HEADWAY_CHROMIUM": str(named)}) == named


def test_one_that_is_named_and_not_there_is_an_error(tmp_path: Path):
    with pytest.raises(LookupError, match=r"^HEADWAY_CHROMIUM=mine: there is no such program\.$"):
        chromium.find({"PATH": str(tmp_path), "HEADWAY_CHROMIUM": "mine"})


def test_the_first_name_on_the_path_is_taken(tmp_path: Path):
    program(tmp_path, "google-chrome")
    found = program(tmp_path, "chromium")

    assert chromium.find({"PATH": str(tmp_path)}) == found


def test_there_may_be_none(tmp_path: Path):
    assert chromium.find({"PATH": str(tmp_path)}) is None


def test_nothing_is_installed_on_a_machine_that_is_not_CIs(tmp_path: Path):
    assert not chromium.may_install({"PATH": str(tmp_path)})
    assert chromium.find_or_install({"PATH": str(tmp_path)}) is None
