"""`headway serve` with a worker beside it: they start together and end in order."""

from __future__ import annotations

import json
import os
import signal
import subprocess
import sys

import httpx
import pytest
from tests.worker.toys import install_toy

from headway.client import connect


@pytest.mark.process
def test_a_worker_beside_the_server_serves_its_jobs_and_leaves_first(tmp_path):
    words = [
        sys.executable,
        "-m",
        "headway",
        "serve",
        "--app",
        "headway.demo.app:app",
        "--port",
        "0",
        "--data",
        str(tmp_path),
    ]
    process = subprocess.Popen(words, stderr=subprocess.PIPE, text=True, env={**os.environ, "NO_COLOR": "1"})
    try:
        url = process.stderr.readline().rpartition(" ")[2].strip().rstrip("/")
        (tmp_path / "src").mkdir()
        (tmp_path / "src/a.py").write_text("x = 1\n")
        with connect(url) as client:
            job = client.submit("index_source", {"folder": str(tmp_path / "src")})
            result = job.result(timeout=50)
            artifacts = job.get()["artifacts"]
        process.send_signal(signal.SIGTERM)
        _, rest = process.communicate(timeout=30)
    finally:
        process.kill()

    assert (result["files"], list(artifacts)) == (1, ["index.db"])
    assert process.returncode == 0
    assert rest.index("Stopping: ") < rest.index("leaving: 0 attempts run")


def test_a_port_in_use_is_said_with_the_way_out(headway, server):
    said = headway("serve", "--port", server.rpartition(":")[2])

    assert said.code == 2
    assert "is in use on 127.0.0.1" in said.err
    assert "--port 0" in said.err


@pytest.mark.process
def test_an_app_that_does_not_exist_is_named():
    words = [sys.executable, "-m", "headway", "worker", "no_such_module:app", "--server", "http://127.0.0.1:9"]

    said = subprocess.run(words, capture_output=True, text=True, timeout=30, check=False)

    assert said.returncode == 2
    assert "no_such_module" in said.stderr


@pytest.mark.process
def test_a_server_whose_app_does_not_exist_says_so_once_and_ends(tmp_path):
    words = [sys.executable, "-m", "headway", "serve", "--app", "no_such_module:app", "--port", "0"]

    said = subprocess.run([*words, "--data", str(tmp_path)], capture_output=True, text=True, timeout=30, check=False)

    assert said.returncode == 2
    assert said.stderr.count("there is no module 'no_such_module'") == 1


@pytest.mark.parametrize(
    ("words", "sentence"),
    [
        (
            (),
            "Nothing to serve: give MODULE:APP, --connector TYPE=TARGET, or both; or [mcp.servers.NAME] in headway.toml.",
        ),
        (("--connector", "toy"), "--connector toy: is not TYPE=TARGET."),
    ],
)
def test_a_worker_without_anything_to_serve_says_what_to_give(headway, words, sentence, monkeypatch, tmp_path):
    monkeypatch.chdir(tmp_path)

    said = headway("worker", *words)

    assert said.code == 2
    assert sentence in said.err


@pytest.mark.process
def test_engines_beside_a_server_are_its_services_and_their_kinds_run(tmp_path, monkeypatch):
    install_toy(tmp_path, monkeypatch)
    (tmp_path / "headway.toml").write_text('[worker]\nconnectors = ["nobody=asked"]\n')
    monkeypatch.chdir(tmp_path)
    words = [sys.executable, "-m", "headway", "serve", "--connector", "toy=a:1", "--connector", "toy=b:2"]
    process = subprocess.Popen(
        [*words, "--port", "0", "--data", str(tmp_path)], stderr=subprocess.PIPE, text=True,
        env={**os.environ, "NO_COLOR": "1"},
    )  # fmt: skip
    try:
        url = process.stderr.readline().rpartition(" ")[2].strip().rstrip("/")
        with connect(url) as client:
            result = client.submit("toy.work", {}).result(timeout=50)
        services = httpx.get(f"{url}/api/v1/services").json()["services"]
        process.send_signal(signal.SIGTERM)
        _, rest = process.communicate(timeout=30)
    finally:
        process.kill()

    assert result == "done"
    assert [(each["name"], each["status"]) for each in services] == [("a:1", "idle"), ("b:2", "idle")]
    assert "/1 serves toy.hang, toy.wait, toy.work by toy a:1, toy b:2" in rest


MCP_SERVER = '''
from mcp.server import MCPServer

server = MCPServer("sums")


@server.tool()
def add(a: int, b: int) -> int:
    """Add."""
    return a + b


server.run()
'''


@pytest.mark.process
def test_a_plain_server_has_a_worker_for_the_mcp_servers_of_its_configuration(tmp_path, monkeypatch):
    (tmp_path / "sums.py").write_text(MCP_SERVER)
    words = [sys.executable, "-m", "headway", "serve", "--port", "0", "--data", str(tmp_path / "data")]
    monkeypatch.chdir(tmp_path)
    (tmp_path / "headway.toml").write_text(
        f"[mcp.servers.sums]\ncommand = {json.dumps(sys.executable)}\nargs = ['sums.py']\n"
    )
    process = subprocess.Popen(words, stderr=subprocess.PIPE, text=True, env={**os.environ, "NO_COLOR": "1"})
    try:
        url = process.stderr.readline().rpartition(" ")[2].strip().rstrip("/")
        with connect(url) as client:
            result = client.submit("mcp.sums.add", {"a": 1, "b": 2}).result(timeout=50)
        services = httpx.get(f"{url}/api/v1/services").json()["services"]
        process.send_signal(signal.SIGTERM)
        _, rest = process.communicate(timeout=30)
    finally:
        process.kill()

    assert result["content"] == [{"type": "text", "text": "3"}]
    assert [(each["name"], each["type"], each["slots"]) for each in services] == [("sums", "mcp", 8)]
    assert "/1 serves what mcp sums has" in rest


@pytest.mark.process
@pytest.mark.parametrize(
    ("toml", "sentence"),
    [
        ("[mcp.servers.a]\nslots = 3\n", "mcp.servers.a: has neither command nor url."),
        ('[mcp.servers.a]\ncommand = "x"\nurl = "https://h/mcp"\n', "mcp.servers.a: has a command and a url."),
        ('[mcp.servers.a]\ncomand = "x"\n', "mcp.servers.a.comand: is not known."),
    ],
)
def test_a_worker_of_an_mcp_server_that_is_configured_wrongly_says_where_and_ends(toml, sentence, tmp_path):
    (tmp_path / "headway.toml").write_text(toml)
    words = [sys.executable, "-m", "headway", "worker", "--server", "http://127.0.0.1:9"]

    said = subprocess.run(words, capture_output=True, text=True, timeout=50, check=False, cwd=tmp_path)

    assert said.returncode == 2
    assert sentence in said.stderr
