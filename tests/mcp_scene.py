"""A server, workers with MCP servers as headway.toml names them, and jobs of their tools: what end-to-end tests share."""

from __future__ import annotations

import json
import os
import signal
import subprocess
import sys
from collections.abc import Mapping
from pathlib import Path
from typing import Any

from comfy_scene import services
from processes import Gate, Headway
from strays import MARK

Json = dict[str, Any]
SERVERS = Path(__file__).parent / "mcp_servers"


def bad(hw: Headway, **options: Any) -> Json:
    """The config of mcp_servers/bad.py, with the test's folder."""
    return {"command": sys.executable, "args": [str(SERVERS / "bad.py"), str(hw.folder)], **options}


def configure(hw: Headway, **servers: Json) -> None:
    """Write headway.toml where workers start; after `hw.serve()`, or the server has a worker with them of its own. What
    they start dies with the test (strays.py).
    """
    lines: list[str] = []
    for name, options in servers.items():
        marks = {"HEADWAY_DATA": str(hw.folder), MARK: os.environ.get(MARK, "")} if "command" in options else {}
        options = {**options, **({"env": {**marks, **options.get("env", {})}} if marks else {})}  # noqa: PLW2901
        lines += [f"[mcp.servers.{name}]", *(f"{key} = {_toml(value)}" for key, value in options.items())]
    (hw.folder / "headway.toml").write_text("\n".join(lines) + "\n")


def _toml(value: Any) -> str:
    if isinstance(value, Mapping):
        return "{" + ", ".join(f"{json.dumps(key)} = {_toml(each)}" for key, each in value.items()) + "}"  # pyright: ignore[reportUnknownVariableType, reportUnknownArgumentType]
    return json.dumps(value, ensure_ascii=True)


def work(hw: Headway, *names: str, worker: str = "w1", **environment: str) -> subprocess.Popen[bytes]:
    """Start a worker on what the config names, and wait until these servers can be used and their tools are kinds."""
    hw.env.update(environment)
    process = hw.spawn("worker", "--server", hw.url, "--name", worker, "--machine", "bench", log=f"{worker}.log")
    for name in names:
        hw.until(lambda name=name: is_usable(hw, name, worker), f"{name} can be used")
    return process


def is_usable(hw: Headway, name: str, worker: str = "") -> bool:
    return service(hw, name, worker).get("status") in {"idle", "busy"} and any(
        kind.startswith(f"mcp.{name}.") for kind in kinds(hw)
    )


def service(hw: Headway, name: str, worker: str = "") -> Json:
    """The service of an MCP server, empty if the board has none."""
    return next((each for each in services(hw) if each["name"] == name and worker in each["worker"]), {})


def kinds(hw: Headway) -> dict[str, Json]:
    """Every kind by its name."""
    return {kind["name"]: kind for kind in hw.http.get("/api/v1/kinds").json()["kinds"]}


def call(hw: Headway, tool: str, options: Json | None = None, /, **args: Any) -> str:
    """The id of a new job of `SERVER.TOOL`."""
    return hw.submit_with(options or {}, f"mcp.{tool}", **args)


def ended(hw: Headway, id: str) -> Json:
    """Its document once it is over."""
    return hw.state(id, "completed", "failed", "cancelled")


def result(hw: Headway, id: str) -> Json:
    """What a job gave that has to complete."""
    job = ended(hw, id)
    assert job["state"] == "completed", job
    found: Json = job["result"]
    return found


def text(result: Json) -> str:
    """The one text of a result."""
    (block,) = result["content"]
    assert block["type"] == "text"
    return str(block["text"])


def progressed(hw: Headway, id: str) -> list[Json]:
    """What each progress event told, in order."""
    told = [event["data"].get("set", {}) for event in hw.events(id) if event["type"] == "job.progressed"]
    return [each["progress"] for each in told if "progress" in each]


def logs(hw: Headway, id: str) -> str:
    """All its log lines."""
    return hw.http.get(f"/api/v1/jobs/{id}/logs").text


def warnings(hw: Headway, id: str) -> str:
    """All that its attempts warned of."""
    return "\n".join(event["data"]["message"] for event in hw.events(id) if event["type"] == "job.warned")


def error(job: Json) -> tuple[str, str]:
    """Type and message of the error with which a job ended."""
    return job["error"]["type"], job["error"]["message"]


def tries(job: Json) -> int:
    """How many attempts it took."""
    return len(job["attempts"])


def runs(hw: Headway, tool: str) -> int:
    """How often bad.py was called for a tool."""
    told = hw.folder / "runs"
    return told.read_text().split().count(tool) if told.exists() else 0


def pid_of(hw: Headway) -> int:
    """Of bad.py as it runs now."""
    return int((hw.folder / "pid").read_text())


def kill_server(hw: Headway) -> None:
    """kill -9 of bad.py."""
    os.kill(pid_of(hw), signal.SIGKILL)


def gated(hw: Headway, gate: Gate, tool: str, options: Json | None = None, /, **args: Any) -> str:
    """A call of bad.py that runs and waits at the gate."""
    before = runs(hw, tool.partition(".")[2])
    id = call(hw, tool, options, gate=str(gate.path), **args)
    hw.until(lambda: runs(hw, tool.partition(".")[2]) > before, f"{tool} runs")
    return id
