"""Bring `.venv` in line with `uv.lock`, on a machine that may have nothing but Python 3.11.

Called by `make install`; standard library only. uv does the work. Where there is none (or one too old for the
lock file), a private copy goes into `.tools/uv`, by the first of three ways that this machine allows:

    1. `python3 -m pip install --target`   python3-pip is there; honours the user's pip configuration and mirrors
    2. `python3 -m venv`, then its pip     python3-venv is there
    3. the wheel itself from PyPI          a bare Debian 12 has neither; its address and hash stand in uv.lock

It is kept outside `.venv`, because `uv sync` removes from there what the lock does not name.
"""

from __future__ import annotations

import hashlib
import os
import platform
import shutil
import subprocess
import sys
import tempfile
import urllib.request
import zipfile
from collections.abc import Callable
from pathlib import Path
from typing import Any

ROOT = Path(__file__).resolve().parent.parent
PRIVATE = ROOT / ".tools" / "uv"
SYSTEM_CERTIFICATES = Path("/etc/ssl/certs/ca-certificates.crt")
OLDEST_UV = (0, 8)
OLDEST_PYTHON = (3, 11)


def main() -> int:
    """Find or fetch uv, then sync. The exit code is uv's, or 1 with a sentence that says what to install."""
    if sys.version_info < OLDEST_PYTHON:
        return say(
            f"Headway needs Python 3.11 or newer; {sys.executable} is {platform.python_version()}.",
            "Install one (Debian 12: `apt-get install python3`) and run `make install PYTHON=/path/to/python3.11`.",
        )
    uv = installed_uv() or fetch_uv()
    if uv is None:
        return say(
            "uv could not be fetched: neither pip, nor venv, nor a download from pypi.org worked (see above).",
            "Debian 12: `apt-get install python3-venv ca-certificates`; or put uv on PATH; then `make install` again.",
        )
    command = [str(uv), "sync", "--frozen", "--quiet", "--no-progress"]
    return subprocess.run(command, cwd=ROOT, env=sync_environment(), check=False).returncode


def sync_environment() -> dict[str, str]:
    """The caller's environment, with `.venv` of this checkout as the target whatever else is activated.

    A new `.venv` is made with the Python that runs this; an existing one keeps its own. The machine's own list of
    certificates is believed where there is one: behind a company's proxy, uv's built-in list knows nobody.
    """
    venv = ROOT / ".venv"
    env = {name: value for name, value in os.environ.items() if name != "VIRTUAL_ENV"}
    env["UV_PROJECT_ENVIRONMENT"] = str(venv)
    if not (venv / "bin" / "python").exists():
        env.setdefault("UV_PYTHON", sys.executable)
    if SYSTEM_CERTIFICATES.exists():
        env.setdefault("UV_SYSTEM_CERTS", "true")
    return env


def installed_uv() -> Path | None:
    """uv on PATH or fetched before, if it runs and can read the lock file."""
    candidates = [shutil.which("uv"), PRIVATE / "bin" / "uv", PRIVATE / "venv" / "bin" / "uv"]
    return next((Path(uv) for uv in candidates if uv and new_enough(uv)), None)


def new_enough(uv: str | Path) -> bool:
    """Whether `uv --version` answers, and with a version that reads our lock file (a shim may exist and not run)."""
    try:
        answer = subprocess.run([uv, "--version"], capture_output=True, text=True, check=True, timeout=30).stdout
        numbers = answer.split()[1].split(".")[:2]
        return tuple(int(number) for number in numbers) >= OLDEST_UV
    except (OSError, subprocess.SubprocessError, IndexError, ValueError):
        return False


def fetch_uv() -> Path | None:
    """A private uv by the first way that works. Each failure is told, the last one ends in None."""
    ways: tuple[Callable[[], Path], ...] = (by_pip, by_venv, by_wheel)
    for way in ways:
        try:
            uv = way()
        except (OSError, subprocess.SubprocessError, LookupError, ValueError) as reason:
            sys.stderr.write(f"install: uv {way.__name__.replace('_', ' ')}: {short(reason)}\n")
            continue
        if new_enough(uv):
            return uv
    return None


def by_pip() -> Path:
    """With this Python's pip, beside the system's packages (Debian marks those as not ours to change)."""
    run(sys.executable, "-m", "pip", "install", "--quiet", "--upgrade", "--target", PRIVATE, uv_requirement())
    return PRIVATE / "bin" / "uv"


def by_venv() -> Path:
    """With the pip of a venv made for it (needs ensurepip, which Debian ships in python3-venv)."""
    venv = PRIVATE / "venv"
    run(sys.executable, "-m", "venv", "--clear", venv)
    run(venv / "bin" / "python", "-m", "pip", "install", "--quiet", uv_requirement())
    return venv / "bin" / "uv"


def by_wheel() -> Path:
    """From PyPI without any installer: a wheel is a zip, and uv's holds one static program."""
    wheel = next((wheel for wheel in locked_uv()["wheels"] if fits_here(wheel["url"])), None)
    if wheel is None:
        msg = f"uv.lock names no uv for {platform.system()} on {platform.machine()}"
        raise LookupError(msg)
    with urllib.request.urlopen(wheel["url"], timeout=300) as answer:
        content = answer.read()
    if f"sha256:{hashlib.sha256(content).hexdigest()}" != wheel["hash"]:
        msg = f"{wheel['url']} is not the file that uv.lock names (its hash differs)"
        raise ValueError(msg)
    return unpack_uv(content)


def locked_uv() -> dict[str, Any]:
    """What uv.lock says of uv itself: version, and the address and hash of each wheel."""
    import tomllib  # not before main() has said which Python is needed

    lock = tomllib.loads((ROOT / "uv.lock").read_text(encoding="utf-8"))
    return next(package for package in lock["package"] if package["name"] == "uv")


def uv_requirement() -> str:
    """As pip wants it."""
    return f"uv=={locked_uv()['version']}"


def fits_here(wheel: str) -> bool:
    """Whether a wheel's platform tag is this machine's (Linux with glibc, or macOS)."""
    system = {"Linux": "manylinux", "Darwin": "macosx"}.get(platform.system(), "?")
    machine = {"arm64": ("arm64", "aarch64"), "aarch64": ("aarch64",)}.get(platform.machine(), (platform.machine(),))
    return system in wheel and any(name in wheel for name in machine)


def unpack_uv(wheel: bytes) -> Path:
    """Take the one program out of the wheel and put it where `by_pip` would; whole or not at all."""
    target = PRIVATE / "bin" / "uv"
    target.parent.mkdir(parents=True, exist_ok=True)
    with tempfile.TemporaryFile() as file:
        file.write(wheel)
        with zipfile.ZipFile(file) as archive:
            inside = next(name for name in archive.namelist() if name.endswith("/scripts/uv"))
            half = target.with_suffix(".part")
            half.write_bytes(archive.read(inside))
    half.chmod(0o755)
    return half.replace(target)


def run(*command: str | Path) -> None:
    """Run quietly; what it said is in the error when it fails."""
    subprocess.run(command, check=True, stdout=subprocess.DEVNULL, stderr=subprocess.PIPE, text=True)


def short(reason: Exception) -> str:
    """The last line of what a command said, or the error itself."""
    said = (getattr(reason, "stderr", None) or "").strip().splitlines()
    return said[-1] if said else f"{type(reason).__name__}: {reason}"


def say(what: str, way_out: str) -> int:
    """Two sentences on stderr; exit code 1."""
    sys.stderr.write(f"install: {what}\n         {way_out}\n")
    return 1


if __name__ == "__main__":
    raise SystemExit(main())
