"""A web page, a neighbour and a broken program against a real server: refused in words, and nobody else notices."""

from __future__ import annotations

import contextlib
import json
import os
import re
import socket
import struct
from collections.abc import Iterator
from typing import Any
from urllib.parse import quote

import httpx
import pytest

from processes import Headway, headway

pytestmark = pytest.mark.timeout(120)

VERBS = ("GET", "HEAD", "POST", "PUT", "PATCH", "DELETE", "OPTIONS", "PROPFIND")
PATHS = (
    "/",
    "/api/v1/jobs",
    "/api/v1/jobs/x",
    "/api/v1/live?topic=jobs",
    "/api/v1/events?topic=jobs",
    "/api/v1/worker",
)
UNSAFE = ("POST", "PUT", "PATCH", "DELETE")


@pytest.fixture(scope="module")
def running(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Headway]:
    """One server for all; it must be well at the end."""
    with headway(tmp_path_factory.mktemp("hostile")) as hw:
        hw.serve()
        yield hw
        assert hw.http.get("/readyz").status_code == 200
        assert "src/headway" not in hw.log("server.log")  # no traceback of ours


@pytest.fixture(scope="module")
def guarded(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Headway]:
    """A server with a token."""
    with headway(tmp_path_factory.mktemp("guarded")) as hw:
        hw.env["HEADWAY_TOKEN"] = "a-long-secret"
        hw.serve()
        yield hw


def _raw(hw: Headway, data: bytes, timeout: float = 10) -> bytes:
    """What the server answers to these bytes, up to its close, or to where it is silent."""
    with socket.create_connection(("127.0.0.1", hw.port), timeout=timeout) as link:
        link.settimeout(timeout)
        answer = b""
        try:
            link.sendall(data)
            while part := link.recv(65_536):
                answer += part
        except (TimeoutError, ConnectionError):
            pass
        return answer


def _status(answer: bytes) -> int:
    return int(answer.split(b" ", 2)[1]) if answer else 0


def _ask(method: str, path: str, *headers: str, body: bytes = b"") -> bytes:
    lines = [f"{method} {path} HTTP/1.1", *headers, "Connection: close", f"Content-Length: {len(body)}"]
    return "\r\n".join([*lines, "", ""]).encode() + body


@pytest.mark.parametrize(
    "host", ["evil.example", "evil.example:8400", "127.0.0.1.evil.example", "localhost@evil", "[::2]"]
)
def test_a_name_that_was_rebound_to_us_gets_nothing_by_any_verb(running: Headway, host: str) -> None:
    got = {(verb, path): _status(_raw(running, _ask(verb, path, f"Host: {host}"))) for verb in VERBS for path in PATHS}

    assert {key: status for key, status in got.items() if status not in (400, 403)} == {}


@pytest.mark.parametrize("lines", [(), ("Host: 127.0.0.1", "Host: evil.example"), ("Host:",)])
def test_no_host_or_two_of_them_is_nobody(running: Headway, lines: tuple[str, ...]) -> None:
    got = {path: _status(_raw(running, _ask("GET", path, *lines))) for path in PATHS}

    assert {path: status for path, status in got.items() if status not in (400, 403)} == {}


@pytest.mark.parametrize(
    "origin", ["https://evil.example", "null", "http://127.0.0.1:1", "http://localhost.evil.example", "file://"]
)
def test_a_foreign_page_may_neither_change_nor_follow_anything(running: Headway, origin: str) -> None:
    host = f"Host: 127.0.0.1:{running.port}"
    stream = ("Accept: text/event-stream",)
    upgrade = (
        "Upgrade: websocket",
        "Connection: Upgrade",
        "Sec-WebSocket-Version: 13",
        "Sec-WebSocket-Key: AAAAAAAAAAAAAAAAAAAAAA==",
    )

    got = {
        (verb, path): _status(_raw(running, _ask(verb, path, host, f"Origin: {origin}", body=b"{}")))
        for verb in UNSAFE
        for path in PATHS
    }
    for path in ("/api/v1/live?topic=jobs", "/api/v1/events?topic=jobs", "/api/v1/worker"):
        got["sse", path] = _status(_raw(running, _ask("GET", path, host, f"Origin: {origin}", *stream)))
        request = "\r\n".join([f"GET {path} HTTP/1.1", host, f"Origin: {origin}", *upgrade, "", ""]).encode()
        got["ws", path] = _status(_raw(running, request))

    assert {key: status for key, status in got.items() if status != 403} == {}


def test_a_form_of_a_foreign_page_is_no_json(running: Headway) -> None:
    for type in ("text/plain", "application/x-www-form-urlencoded", "multipart/form-data; boundary=x", ""):
        answer = running.http.post("/api/v1/jobs", content=b'{"kind": "x"}', headers={"Content-Type": type})

        assert answer.status_code == 415, type


@pytest.mark.parametrize(
    ("headers", "status"),
    [
        ({}, 401),
        ({"Authorization": "Bearer wrong"}, 401),
        ({"Authorization": "Basic a-long-secret"}, 401),
        ({"Authorization": "Bearer a-long-secret"}, 201),
        ({"Authorization": "Bearer a-long-secret", "Origin": "https://evil.example"}, 403),
    ],
)
def test_without_an_origin_only_a_token_speaks(guarded: Headway, headers: dict[str, str], status: int) -> None:
    answer = guarded.http.post("/api/v1/jobs", json={"kind": "x"}, headers=headers)
    stream = guarded.http.get("/api/v1/events?topic=jobs&wait=0", headers=headers)

    assert answer.status_code == status
    assert stream.status_code == (200 if status == 201 else status)


def test_another_address_without_a_token_is_refused_with_the_way_on(running: Headway) -> None:
    for host in ("0.0.0.0", "::", "192.0.2.1"):
        refused = running.run("serve", "--host", host, "--port", "0", HEADWAY_DATA=str(running.folder / "other"))

        assert refused.returncode != 0
        assert "HEADWAY_TOKEN" in refused.stderr


@pytest.mark.parametrize(
    "body",
    [b"[" * 100_000, b'{"a":' * 50_000, b'{"kind":"x","args":' + b"[" * 40 + b"]" * 40 + b"}", b"\xff\xfe", b'{"kind":"x"', b"NaN",
     b'{"kind":"x","args":1e999999}', b'{"kind":"\\ud800"}', b"null", b"[]", b'"x"', b"{}" * 10],
)  # fmt: skip
def test_broken_and_deep_json_is_refused(running: Headway, body: bytes) -> None:
    answer = running.http.post("/api/v1/jobs", content=body, headers={"Content-Type": "application/json"})

    assert 400 <= answer.status_code < 500
    assert answer.json()["message"]


def test_a_body_that_lies_about_its_size_is_not_read_for_ever(running: Headway) -> None:
    def pour() -> Iterator[bytes]:
        for _ in range(2_000):
            yield b" " * 65_536

    try:
        status = running.http.post(
            "/api/v1/jobs", content=pour(), headers={"Content-Type": "application/json"}
        ).status_code
    except httpx.TransportError:
        status = 413  # it was cut off while it still spoke

    assert status == 413


@pytest.mark.parametrize(
    "path",
    ["/page/../../../../etc/passwd", "/page/%2e%2e/%2e%2e/etc/passwd", "/page/..%2f..%2fapp.py", "/page//etc/passwd", "/page/\x00",
     "/page/%00", "//etc/passwd", "/page/..\\..\\x", "/api/v1/../../etc/passwd", "/page/" + "a/" * 2000],
)  # fmt: skip
def test_no_path_leads_out_of_the_page(running: Headway, path: str) -> None:
    answer = _raw(running, _ask("GET", path, f"Host: 127.0.0.1:{running.port}"))

    assert 400 <= _status(answer) < 500
    assert b"root:" not in answer


@pytest.mark.parametrize(
    "request_",
    [b"\x16\x03\x01\x02\x00\x01\x00\x01\xfc\x03\x03", b"GET / HTTP/9.9\r\n\r\n", b"\x00" * 1000, b"G" * 200_000,
     b"GET / HTTP/1.1\r\nHost: 127.0.0.1\r\n" + b"X: " + b"y" * 1_000_000 + b"\r\n\r\n",
     b"GET /api/v1/live HTTP/1.1\r\nHost: 127.0.0.1\r\n" + b"X: y\r\n" * 100_000 + b"\r\n"],
)  # fmt: skip
def test_what_is_no_request_is_dropped(running: Headway, request_: bytes) -> None:
    answer = _raw(running, request_, timeout=5)

    assert _status(answer) in (0, 400, 403, 413, 414, 431)


def test_a_head_that_never_ends_does_not_hold_its_connection(hw: Headway) -> None:
    hw.env["HEADWAY_HELLO_S"] = "1"
    hw.serve()
    whole = f"GET /healthz HTTP/1.1\r\nHost: 127.0.0.1:{hw.port}\r\n\r\n".encode()

    answers = [_raw(hw, begun + b"GET / HTTP/1.1\r\nHost: 127.0.0.1\r\nX: y", timeout=30) for begun in (b"", whole)]

    assert _status(answers[0]) == 408
    assert _status(answers[1]) == 200
    assert b"408 Request Timeout" in answers[1]


# -- WebSockets ----------------------------------------------------------------------------------------------------


def _frame(
    opcode: int, payload: bytes, *, fin: bool = True, rsv: int = 0, mask: bool = True, length: int | None = None
) -> bytes:
    first = (0x80 if fin else 0) | rsv << 4 | opcode
    size = len(payload) if length is None else length
    head = bytes([first])
    bit = 0x80 if mask else 0
    if size < 126:
        head += bytes([bit | size])
    elif size < 65_536:
        head += bytes([bit | 126]) + struct.pack("!H", size)
    else:
        head += bytes([bit | 127]) + struct.pack("!Q", size)
    return head + (b"\0\0\0\0" if mask else b"") + payload


def _upgraded(hw: Headway, path: str, protocol: str, data: bytes) -> bytes:
    """All that comes back on a WebSocket on which `data` was sent, its handshake cut off."""
    key = "Sec-WebSocket-Key: AAAAAAAAAAAAAAAAAAAAAA=="
    lines = [f"GET {path} HTTP/1.1", f"Host: 127.0.0.1:{hw.port}", "Upgrade: websocket", "Connection: Upgrade", key]
    lines += ["Sec-WebSocket-Version: 13", f"Sec-WebSocket-Protocol: {protocol}", "", ""]
    with socket.create_connection(("127.0.0.1", hw.port), timeout=10) as link:
        link.sendall("\r\n".join(lines).encode())
        answer = b""
        while b"\r\n\r\n" not in answer:
            answer += link.recv(65_536)
        assert answer.startswith(b"HTTP/1.1 101"), answer
        answer = answer.partition(b"\r\n\r\n")[2]
        with contextlib.suppress(ConnectionError, TimeoutError):
            link.sendall(data)
        with contextlib.suppress(ConnectionError, TimeoutError):
            while _close_code(answer) is None and (part := link.recv(65_536)):
                answer += part
        return answer


def _close_code(answer: bytes) -> int | None:
    """The code of the close frame among unmasked frames, if one came."""
    while len(answer) >= 2:
        opcode, size, answer = answer[0] & 15, answer[1] & 127, answer[2:]
        if size == 126:
            size, answer = struct.unpack("!H", answer[:2])[0], answer[2:]
        elif size == 127:
            size, answer = struct.unpack("!Q", answer[:8])[0], answer[8:]
        payload, answer = answer[:size], answer[size:]
        if opcode == 8:
            code: int = struct.unpack("!H", payload[:2])[0]
            return code
    return None


HELLO = json.dumps({"type": "hello"}).encode()
BAD: dict[str, bytes] = {
    "not masked": _frame(1, b"{}", mask=False),
    "compressed": _frame(1, b"{}", rsv=4),
    "unknown opcode": _frame(3, b"{}"),
    "not UTF-8": _frame(1, b"\xff\xff"),
    "not JSON": _frame(1, b"hello"),
    "a number": _frame(1, b"1"),
    "no type": _frame(1, b"{}"),
    "too deep": _frame(1, b"[" * 60_000),
    "too large": _frame(1, b" " * 2_000_000),
    "declares 2^62 bytes": _frame(1, b"x" * 1000, length=1 << 62),
    "a continuation of nothing": _frame(0, b"x"),
    "a control frame in parts": _frame(9, b"x", fin=False),
    "a ping too long": _frame(9, b"x" * 200),
    "wrong types inside": _frame(1, json.dumps({"type": "subscribe", "id": 7, "topics": "jobs"}).encode()),
}


@pytest.mark.parametrize("what", BAD)
@pytest.mark.parametrize(
    ("path", "protocol"), [("/api/v1/live", "headway.v1"), ("/api/v1/worker", "headway.worker.v1")]
)
def test_a_malformed_frame_ends_its_link_with_a_reason(running: Headway, path: str, protocol: str, what: str) -> None:
    answer = _upgraded(running, path, protocol, BAD[what])

    assert _close_code(answer) in (1002, 1003, 1007, 1009, *range(4000, 5000))


def test_a_message_in_endless_parts_ends_at_the_limit(running: Headway) -> None:
    parts = _frame(1, b"x" * 60_000, fin=False) + _frame(0, b"x" * 60_000, fin=False) * 50

    answer = _upgraded(running, "/api/v1/live", "headway.v1", parts)

    assert _close_code(answer) is not None


def test_a_flood_of_frames_ends_with_a_reason(running: Headway) -> None:
    flood = (
        _frame(1, HELLO) + _frame(1, json.dumps({"type": "subscribe", "id": "a", "topics": ["jobs"]}).encode()) * 2_000
    )

    answer = _upgraded(running, "/api/v1/live", "headway.v1", flood)

    assert _close_code(answer) is not None


# -- content -------------------------------------------------------------------------------------------------------


def test_what_jobs_say_is_text_to_the_page(running: Headway) -> None:
    evil = "<img src=x onerror=alert(1)><script>alert(1)</script>\u202e\x1b[31m"
    body: dict[str, Any] = {
        "kind": evil,
        "args": {evil: evil},
        "labels": {"x": evil},
        "queue": evil,
        "unique": evil,
        "limit_key": evil,
    }
    submitted = running.http.post("/api/v1/jobs", json=body)
    page = running.http.get("/plain/")
    scripts = [running.http.get(f"/page/{name}") for name in _assets(page.text)]

    assert submitted.status_code == 201
    assert (
        running.http.get(f"/api/v1/jobs/{submitted.json()['id']}")
        .headers["content-type"]
        .startswith("application/json")
    )
    policy = page.headers["content-security-policy"]
    assert "unsafe" not in policy
    assert "default-src 'none'" in policy
    assert page.headers["x-content-type-options"] == "nosniff"
    assert scripts
    for script in scripts:
        assert script.status_code == 200
        assert not any(
            word in script.text for word in ("innerHTML", "outerHTML", "insertAdjacentHTML", "document.write", "eval(")
        )


def _assets(page: str) -> list[str]:
    return re.findall(r"""(?:src|href)="(?:\.{1,2}/|/)?page/([^"]+)""", page)


def test_an_artifact_is_a_download_and_never_a_page(running: Headway) -> None:
    running.work()
    id = running.submit("keeps", name="evil.html", text="<script>alert(1)</script>")
    running.state(id, "completed")

    answer = running.http.get(f"/api/v1/jobs/{id}/artifacts/evil.html")

    assert answer.text == "<script>alert(1)</script>"
    assert answer.headers["content-disposition"].startswith("attachment")
    assert answer.headers["x-content-type-options"] == "nosniff"
    assert "default-src 'none'" in answer.headers["content-security-policy"]
    assert os.listdir(running.folder).count("evil.html") == 0  # noqa: PTH208


@pytest.mark.parametrize("name", ["a/b", "a%2Fb", "a b", "../jobs", "a//b", "größe", "x/clear"])
def test_a_queue_of_any_name_has_an_address(running: Headway, name: str) -> None:
    address = quote(name, safe="")
    id = running.submit("nobody-serves-this", name)

    limited = running.http.patch(f"/api/v1/queues/{address}", json={"limit": 3})
    cleared = running.http.post(f"/api/v1/queues/{address}/clear").raise_for_status()

    assert limited.json() == {"name": name, "counts": {"queued": 1}, "limit": 3}
    assert cleared.json()["done"] == 1
    assert running.job(id)["state"] == "cancelled"
