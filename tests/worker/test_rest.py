"""Files and children by REST, against a real HTTP server that fails when told."""

from __future__ import annotations

import json
import threading
from collections.abc import Iterator
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from typing import Any

import pytest

from headway.clock import SystemClock
from headway.errors import CallerError, Unreachable
from headway.worker import rest as rest_module
from headway.worker.rest import Rest
from headway.worker.showing import Picture


class Answers(BaseHTTPRequestHandler):
    """Answers by the server's list, then 200."""

    def do_POST(self) -> None:
        body = self.rfile.read(int(self.headers["Content-Length"]))
        status, answer = self.server.answers.pop(0) if self.server.answers else (200, {"id": "J"})  # type: ignore[attr-defined]
        self.server.seen.append((self.command, self.path, dict(self.headers), body))  # type: ignore[attr-defined]
        raw = json.dumps(answer).encode()
        self.send_response(status)
        self.send_header("Content-Length", str(len(raw)))
        self.end_headers()
        self.wfile.write(raw)

    def do_GET(self) -> None:
        status, content = self.server.answers.pop(0)  # type: ignore[attr-defined]
        self.server.seen.append((self.command, self.path, dict(self.headers), b""))  # type: ignore[attr-defined]
        self.send_response(status)
        self.send_header("Content-Length", str(len(content)))
        self.end_headers()
        self.wfile.write(content)

    do_PUT = do_POST  # noqa: N815 - http.server wants it

    def log_message(self, *args: Any) -> None: ...


class Server(ThreadingHTTPServer):
    def __init__(self) -> None:
        super().__init__(("127.0.0.1", 0), Answers)
        self.answers: list[tuple[int, Any]] = []
        self.seen: list[tuple[str, str, dict[str, str], bytes]] = []


@pytest.fixture
def server() -> Iterator[Server]:
    made = Server()
    thread = threading.Thread(target=made.serve_forever, kwargs={"poll_interval": 0.01})
    thread.start()
    yield made
    made.shutdown()
    thread.join()
    made.server_close()


@pytest.fixture
def rest(server: Server) -> Iterator[Rest]:
    made = Rest(f"http://127.0.0.1:{server.server_port}", "secret", SystemClock())
    yield made
    made.close()


def test_a_child_is_submitted_once_however_often_it_was_tried(server: Server, rest: Rest):
    server.answers = [(503, {}), (429, {})]

    id = rest.submit({"kind": "k", "args": {}, "parent": "P"}, "P.1.1").result(20)

    assert id == "J"
    assert {headers["Idempotency-Key"] for _, _, headers, _ in server.seen} == {"P.1.1"}
    assert len(server.seen) == 3
    assert server.seen[0][2]["Authorization"] == "Bearer secret"
    assert json.loads(server.seen[0][3])["parent"] == "P"


def test_a_file_is_stored_and_then_deleted_here(server: Server, rest: Rest, tmp_path: Path):
    file = tmp_path / "x"
    file.write_bytes(b"content")

    rest.store("J", 2, "a b/report.html", file, "text/html").result(20)

    method, path, headers, body = server.seen[0]
    assert (method, path) == ("PUT", "/api/v1/jobs/J/attempts/2/artifacts/a%20b/report.html")
    assert (headers["Content-Type"], headers["Content-Length"], body) == ("text/html", "7", b"content")
    assert not file.exists()


def test_an_artifact_of_another_job_is_written_to_a_file(server: Server, rest: Rest, tmp_path: Path):
    server.answers = [(503, b"{}"), (200, b"content")]

    rest.fetch("J", "a b/report.html", tmp_path / "x").result(20)

    assert server.seen[1][1] == "/api/v1/jobs/J/artifacts/a%20b/report.html"
    assert server.seen[1][2]["Authorization"] == "Bearer secret"
    assert (tmp_path / "x").read_bytes() == b"content"


def test_an_artifact_that_is_not_there_is_the_callers_error(server: Server, rest: Rest, tmp_path: Path):
    server.answers = [(404, b'{"message": "No artifact has the id \'x\'."}')]

    with pytest.raises(CallerError, match="No artifact has the id 'x'"):
        rest.fetch("J", "x", tmp_path / "x").result(20)


@pytest.mark.parametrize(
    ("name", "type"),
    [
        ("plots/a b.png", "image/png"),
        ("report.HTML", "text/html"),
        ("data.json", "application/json"),
        ("lines.jsonl", "application/jsonl"),
        ("run.log", "text/plain"),
        ("all.tar.gz", "application/gzip"),
        ("data:text/html,x", "application/octet-stream"),
        ("model.bin", "application/octet-stream"),
        ("noend", "application/octet-stream"),
    ],
)
def test_a_file_of_no_type_has_the_one_of_its_name(server: Server, rest: Rest, tmp_path: Path, name: str, type: str):
    file = tmp_path / "x"
    file.write_bytes(b"content")

    rest.store("J", 2, name, file, None).result(20)

    assert server.seen[0][2]["Content-Type"] == type


def test_a_no_is_told_with_its_reason_and_not_tried_again(server: Server, rest: Rest):
    server.answers = [(422, {"message": "kind: is missing.", "hint": "Name one."})]

    with pytest.raises(CallerError, match=r"The server answered 422: kind: is missing\. Name one\."):
        rest.submit({}, "k").result(20)

    assert len(server.seen) == 1


def test_a_picture_is_put_with_its_label(server: Server, rest: Rest):
    rest.show("J", 2, Picture(b"pixels", "image/webp", "step 3 – größer"))

    method, path, headers, body = server.seen[0]
    assert (method, path, body) == ("PUT", "/api/v1/jobs/J/attempts/2/preview", b"pixels")
    assert (headers["Content-Type"], headers["Headway-Label"]) == (
        "image/webp",
        "step%203%20%E2%80%93%20gr%C3%B6%C3%9Fer",
    )


def test_a_picture_that_is_refused_is_not_tried_again(server: Server, rest: Rest):
    server.answers = [(409, {"message": "fenced."})]

    with pytest.raises(CallerError, match="fenced"):
        rest.show("J", 2, Picture(b"pixels", "image/png"))

    assert len(server.seen) == 1


def test_a_picture_after_the_end_is_nobodys_trouble(server: Server):
    made = Rest(f"http://127.0.0.1:{server.server_port}", None, SystemClock())
    made.close()

    made.showing("J", 2).show(Picture(b"pixels", "image/png"))

    assert server.seen == []


def test_when_nobody_answers_for_too_long_the_attempt_is_told(monkeypatch: pytest.MonkeyPatch):
    monkeypatch.setattr(rest_module, "PATIENCE_S", 0.1)
    rest = Rest("http://127.0.0.1:9", None, SystemClock())

    with pytest.raises(Unreachable, match=r"No Headway server answers at http://127\.0\.0\.1:9"):
        rest.submit({}, "k").result(20)
    rest.close()
