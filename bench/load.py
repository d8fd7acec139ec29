"""The load client `fan.c` against the real front, door and feed (`fanout.py`), as the peers' driver does it.

Server on one core, client on the other, both ahead of other work where we may say so. Loads: `w16` closed loop with 16
events under way, `r1000` a thousand events a second, `s100` everybody reconnects having missed 100. Without a C compiler
there is nothing to measure with, and scripts say so.
"""

from __future__ import annotations

import contextlib
import json
import os
import shutil
import socket
import subprocess
import sys
import tempfile
import time
import urllib.request
from collections.abc import Iterator
from pathlib import Path
from typing import Any

from harness import HERE, SMOKE, START_S, out

WATCH = "/api/v1/live?topic=custom:bench&want=events&conflate=false&pace_ms=0"
FIRST = 'echo -19 > /proc/self/autogroup 2>/dev/null; exec nice -n -19 "$@"'
AHEAD = ["sh", "-c", FIRST, "sh"] if os.geteuid() == 0 else []
"""Ahead of other work: a session of its own has a niceness of its own beside that of the process."""


def pinned(core: int) -> list[str]:
    return [*AHEAD, "taskset", "-c", str(core)] if (os.cpu_count() or 1) > core and shutil.which("taskset") else AHEAD


def client() -> Path:
    """The load client, built once."""
    made = Path(tempfile.gettempdir()) / f"headway-fan-{os.getuid()}"
    source = HERE / "fan.c"
    if not made.exists() or made.stat().st_mtime < source.stat().st_mtime:
        compiler = shutil.which("cc") or shutil.which("gcc")
        if compiler is None:
            raise SystemExit("The load client is C, and there is no compiler here.")
        subprocess.run([compiler, "-O2", "-w", "-o", str(made), str(source)], check=True)
    return made


@contextlib.contextmanager
def server() -> Iterator[tuple[int, int]]:
    """(port, pid) of a fresh one."""
    with socket.socket() as free:
        free.bind(("127.0.0.1", 0))
        port = free.getsockname()[1]
    words = [*pinned(0), sys.executable, str(HERE / "fanout.py"), "serve", str(port)]
    process = subprocess.Popen(words, start_new_session=True)
    try:
        wait_for(port)
        yield port, process.pid
    finally:
        process.terminate()
        process.wait(10)


def wait_for(port: int) -> None:
    end = time.monotonic() + START_S
    while time.monotonic() < end:
        with contextlib.suppress(OSError):
            socket.create_connection(("127.0.0.1", port), 1).close()
            return
        time.sleep(0.05)
    raise RuntimeError("the server did not start")


def health(port: int) -> dict[str, Any]:
    """How far its log is, and how often it has read its store."""
    with urllib.request.urlopen(f"http://127.0.0.1:{port}/health", timeout=5) as answer:
        return json.load(answer)


def press(port: int, pid: int, load: str, conns: int, secs: float) -> dict[str, Any]:
    """One run of the client; what it counted."""
    words = ["--port", str(port), "--pid", str(pid), "--conns", str(conns), "--path", WATCH, "--tag", "headway"]
    words += ["--secs", str(secs), "--warm", "0.4", "--settle", "250"]
    kind, number = load[0], load[1:]
    if kind == "s":
        since = f"bench.{health(port)['seq']}"
        words += ["--storm", number, "--inflight", "1000", "--path2", f"{WATCH}&since={since}"]
    else:
        words += ["--window" if kind == "w" else "--rate", number]
    done = subprocess.run(
        [*pinned(1), str(client()), *words],
        capture_output=True,
        text=True,
        timeout=180,
        check=False,
        start_new_session=True,
    )
    if done.returncode or not done.stdout.strip():
        raise RuntimeError(done.stderr)
    found = json.loads(done.stdout)
    if found.get("open", conns) < conns:
        raise RuntimeError(f"only {found['open']} of {conns} viewers came in: {done.stderr}")
    return found


def size_of_crowd(conns: int) -> int:
    return 20 if SMOKE else conns


def measure(load: str, conns: int, *, secs: float = 1.2) -> dict[str, Any]:
    """A fresh server under one load."""
    conns = size_of_crowd(conns)
    load = "s3" if SMOKE and load[0] == "s" else load
    with server() as (port, pid):
        found = press(port, pid, load, conns, 0.3 if SMOKE else secs)
        return {**found, "store_reads": health(port)["reads"]}


def out_fanout(found: dict[str, Any], load: str) -> None:
    """The rows that the peers have too."""
    n, more = found["conns"], {"store": "memory", "variant": f"{found['conns']}x{load}"}
    out("deliveries", found["deliv_s"], "1/s", n=n, **more)
    out("cpu_per_delivery", found["srv_us_per_deliv"], "us", n=n, **more, cpu=found["srv_cpu_pct"])
    out("delivery_p50", found["p50_ms"], "ms", n=n, **more)
    out("delivery_p99", found["p99_ms"], "ms", n=n, **more)
    out("lost", found["lost"], "events", n=n, **more)
