"""What examples/cluster says to nginx, held by a real nginx before one real server: links, streams, uploads, failover.

Needs no PostgreSQL. The other of the two servers is a stub, or nobody.
"""

from __future__ import annotations

import json
import shutil
import threading
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path

import httpx
import pytest

from cluster_example import NO_NGINX, started_nginx
from processes import Gate, Headway, free_port, headway

pytestmark = [
    pytest.mark.process,
    pytest.mark.timeout(120),
    pytest.mark.skipif(shutil.which("nginx") is None, reason=NO_NGINX),
]


class Refusing(BaseHTTPRequestHandler):
    """A server that stops, or has no database: 503 for everything."""

    protocol_version = "HTTP/1.1"

    def do_GET(self) -> None:
        self.rfile.read(int(self.headers.get("Content-Length") or 0))
        body = b'{"status":503,"code":"not_serving","message":"stopping"}'
        self.server.asked += 1
        self.send_response(503)
        self.send_header("Content-Type", "application/problem+json")
        self.send_header("Retry-After", "2")
        self.send_header("Content-Length", str(len(body)))
        self.end_headers()
        self.wfile.write(body)

    def do_POST(self) -> None:
        self.do_GET()

    def log_message(self, *_: object) -> None:
        """Nothing."""


@pytest.fixture
def refusing() -> Iterator[ThreadingHTTPServer]:
    server = ThreadingHTTPServer(("127.0.0.1", 0), Refusing)
    server.asked = 0
    thread = threading.Thread(target=server.serve_forever, args=(0.05,))
    thread.start()
    yield server
    server.shutdown()
    thread.join()
    server.server_close()


@pytest.fixture
def hw(tmp_path: Path) -> Iterator[Headway]:
    with headway(tmp_path) as running:
        running.serve()
        yield running


def _waiters(hw: Headway) -> float:
    metrics = httpx.get(f"{hw.url}/metrics").text
    return float(next(line for line in metrics.splitlines() if line.startswith("headway_result_waiters ")).split()[1])


@pytest.fixture
def front(hw: Headway) -> httpx.Client:
    """A client of nginx; where the second server should be is nobody."""
    return started_nginx(hw, hw.port, free_port())


def test_a_server_that_is_gone_is_never_seen(front: httpx.Client):
    answers = [front.get("/api/v1/jobs").status_code for _ in range(10)]
    made = [front.post("/api/v1/jobs", json={"kind": "add", "args": {"a": 1}}).status_code for _ in range(10)]

    assert set(answers) == {200}
    assert set(made) == {201}


def test_a_503_of_one_is_the_others_answer_even_to_a_post_and_none_is_made_twice(
    hw: Headway, refusing: ThreadingHTTPServer
):
    front = started_nginx(hw, hw.port, refusing.server_port)

    answers = [front.get("/api/v1/jobs").status_code for _ in range(20)]
    made = [front.post("/api/v1/jobs", json={"kind": "add", "args": {"a": 1}}) for _ in range(20)]

    assert refusing.asked > 0
    assert set(answers) == {200}
    assert {answer.status_code for answer in made} == {201}
    assert len(front.get("/api/v1/jobs").json()["jobs"]) == 20


def test_a_503_of_all_is_said_as_they_said_it(hw: Headway, refusing: ThreadingHTTPServer):
    front = started_nginx(hw, refusing.server_port, refusing.server_port)

    answers = [front.post("/api/v1/jobs", json={"kind": "add"}) for _ in range(10)]

    assert {answer.status_code for answer in answers} == {503}
    assert {answer.json()["code"] for answer in answers} == {"not_serving"}
    assert {answer.headers["Retry-After"] for answer in answers} == {"2"}


def test_nobody_at_all_is_a_problem_with_when_to_come_back(hw: Headway):
    front = started_nginx(hw, free_port(), free_port())

    answer = front.get("/api/v1/jobs")

    assert answer.status_code == 502
    assert answer.headers["Content-Type"] == "application/problem+json"
    assert answer.headers["Retry-After"] == "1"
    assert answer.json()["code"] == "unreachable"


def test_events_come_while_they_happen(hw: Headway, front: httpx.Client):
    with front.stream(
        "GET", "/api/v1/live", params={"topic": "jobs"}, headers={"Accept": "text/event-stream"}
    ) as stream:
        lines = stream.iter_lines()
        next(line for line in lines if '"type":"snapshot"' in line)

        id = hw.submit("add", a=1)
        seen = next(line for line in lines if id in line)

    assert '"type":"batch"' in seen
    assert '"job.submitted"' in seen


def test_workers_and_viewers_are_linked_and_a_long_poll_waits(hw: Headway, front: httpx.Client, tmp_path: Path):
    url = str(front.base_url).rstrip("/")
    gate = Gate(tmp_path / "gate")
    hw.work(server=url)

    id = hw.submit("staged", gate=str(gate.path))
    watching = hw.spawn("watch", id, "--server", url, log="watch.log")
    hw.until(lambda: "running" in hw.log("watch.log"), "the watcher sees it run")
    waiting = ThreadPoolExecutor(1)
    answer = waiting.submit(front.get, f"/api/v1/jobs/{id}/result", params={"wait": 60}, timeout=90)
    hw.until(lambda: _waiters(hw) == 1, "the server holds the long-poll")
    gate.open()

    assert answer.result(60).json()["state"] == "completed"
    assert watching.wait(60) == 0
    assert "completed" in hw.log("watch.log")
    gate.close()
    waiting.shutdown()


def test_a_big_artifact_goes_in_and_out(hw: Headway, front: httpx.Client):
    size = 40_000_000
    (hw.folder / "big_jobs.py").write_text(
        "import headway\n\napp = headway.App()\n\n\n"
        "@app.job\ndef leave(ctx: headway.Context, size: int) -> None:\n"
        "    ctx.artifact('big.bin', bytes(size))\n"
    )
    hw.work(app=f"{hw.folder / 'big_jobs.py'}:app", server=str(front.base_url).rstrip("/"))

    id = hw.submit("leave", size=size)
    job = hw.state(id, "completed", "failed")

    assert job["state"] == "completed", json.dumps(job)
    with front.stream("GET", f"/api/v1/jobs/{id}/artifacts/big.bin") as answer:
        assert sum(map(len, answer.iter_bytes())) == size


def test_pages_of_others_are_still_refused(front: httpx.Client):
    own = str(front.base_url).rstrip("/")
    body = {"kind": "add", "args": {"a": 1}}

    ours = front.post("/api/v1/jobs", json=body, headers={"Origin": own})
    theirs = front.post("/api/v1/jobs", json=body, headers={"Origin": "http://evil.example"})
    renamed = front.get("/api/v1/jobs", headers={"Host": "evil.example"})

    assert (ours.status_code, theirs.status_code, renamed.status_code) == (201, 403, 403)
