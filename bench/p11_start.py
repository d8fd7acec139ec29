"""P11: how soon a server answers, what it weighs idle, alone and with a worker beside it, and what a prompt waits for.

python bench/p11_start.py
"""

from __future__ import annotations

import subprocess
import sys
import time

from harness import out, setting, size


def prompt(tries: int) -> float:
    """Seconds of `headway --version`, the best of some: what else the machine does is not ours."""
    best = float("inf")
    for _ in range(tries):
        began = time.monotonic()
        subprocess.run([sys.executable, "-m", "headway", "--version"], check=True, capture_output=True)
        best = min(best, time.monotonic() - began)
    return best


def main() -> None:
    with setting() as place:
        out("server_up", place.up_s, "s")
        time.sleep(size(2, 0))
        out("server_idle", place.server.memory_mb()[0], "MB")
        worker = place.worker(slots=4)
        time.sleep(size(2, 0))
        out("server_and_worker_idle", place.server.memory_mb()[0] + sum(worker.memory_mb()), "MB")
    out("version", prompt(size(10, 1)) * 1000, "ms")


if __name__ == "__main__":
    main()
