"""Find the browser of the browser tests: HEADWAY_CHROMIUM, else a Chromium on PATH; on a CI machine Debian's package.

Standard library only. Called by tools/frontend.py, and by tests/test_browser.py, which names what is left out without
one. It must never know what is done in the browser.
"""

from __future__ import annotations

import os
import shutil
import subprocess
import sys
from collections.abc import Mapping
from pathlib import Path

NAMES = ("chromium", "chromium-browser", "google-chrome", "google-chrome-stable")
CHOSEN = "HEADWAY_CHROMIUM"
INSTALL_S = 600
ABSENT = f"no Chromium on PATH or in {CHOSEN}; left out: the tests in a browser (web/e2e)"


def find(environ: Mapping[str, str] = os.environ) -> Path | None:
    """The program, or None. What was chosen and is not there is an error: a build that names one means to test in it."""
    if chosen := environ.get(CHOSEN):
        found = shutil.which(chosen, path=environ.get("PATH"))
        if found is None:
            raise LookupError(f"{CHOSEN}={chosen}: there is no such program.")
        return Path(found)
    places = (shutil.which(name, path=environ.get("PATH", os.defpath)) for name in NAMES)
    return next((Path(place) for place in places if place), None)


def find_or_install(environ: Mapping[str, str] = os.environ) -> Path | None:
    """As `find`; where there is none, a CI machine that lets us (root, apt-get) gets Debian's package."""
    found = find(environ)
    if found is None and may_install(environ):
        install(environ)
        found = find(environ)
    return found


def may_install(environ: Mapping[str, str]) -> bool:
    """Only where nobody lives: `CI` is set, we are root, and there is an apt-get."""
    return bool(environ.get("CI")) and os.geteuid() == 0 and shutil.which("apt-get") is not None


def install(environ: Mapping[str, str]) -> None:
    """Debian's package, without what it recommends. A failure is said and is none: the tests are left out then."""
    env = {**environ, "DEBIAN_FRONTEND": "noninteractive"}
    sys.stderr.write("browser: installing Debian's chromium\n")
    for words in (["update", "-qq"], ["install", "-qq", "--no-install-recommends", "chromium"]):
        try:
            subprocess.run(["apt-get", *words], env=env, check=True, capture_output=True, text=True, timeout=INSTALL_S)
        except (OSError, subprocess.SubprocessError) as reason:
            said = (getattr(reason, "stderr", None) or str(reason)).strip().splitlines()
            sys.stderr.write(f"browser: apt-get {words[0]}: {said[-1] if said else reason}\n")
            return
