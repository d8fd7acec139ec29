"""examples/cluster with the ports of a test, and its nginx as a process of a test."""

from __future__ import annotations

import re
import shutil
import subprocess
from pathlib import Path

import httpx

from processes import Headway, free_port

CLUSTER = Path(__file__).resolve().parents[1] / "examples" / "cluster"
NO_NGINX = "nginx is not installed; left out: the example behind a real proxy"


def copied(folder: Path, front: int, one: int, two: int) -> Path:
    """The example in a folder of the test, its three ports (8400, 8401, 8402) replaced; the folder."""
    target = folder / "cluster"
    shutil.copytree(CLUSTER, target, ignore=shutil.ignore_patterns("run", "__pycache__"))
    ports = {"8400": str(front), "8401": str(one), "8402": str(two)}
    for name in ("nginx.conf", "cluster.sh"):
        path = target / name
        path.write_text(re.sub(r"\b840[012]\b", lambda found: ports[found[0]], path.read_text()))
    return target


def started_nginx(hw: Headway, one: int, two: int) -> httpx.Client:
    """nginx before two ports, as the example has it; `hw.http`, now a client of it."""
    front = free_port()
    folder = copied(hw.folder, front, one, two)
    (folder / "run").mkdir()
    with (hw.folder / "nginx.log").open("ab") as log:
        command = ["nginx", "-p", str(folder / "run"), "-c", "../nginx.conf"]
        hw.processes.append(subprocess.Popen(command, stdout=log, stderr=log, start_new_session=True))
    hw.http.close()
    hw.http = httpx.Client(base_url=f"http://127.0.0.1:{front}", timeout=30)
    hw.until(lambda: hw.http.get("/healthz").status_code, "nginx answers")
    return hw.http
