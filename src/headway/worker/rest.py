"""What an executor asks of the server by REST: store a file, submit a child, show a picture. In threads.

A file and a child are part of what a job did, so both are tried until the server took them or said no; only after
`PATIENCE_S` of no answer is the attempt told. A picture is tried once. Called by `host.py`; knows no user code.
"""

from __future__ import annotations

import contextlib
import mimetypes
import threading
from collections.abc import Callable, Mapping
from concurrent.futures import ThreadPoolExecutor
from functools import partial
from pathlib import Path
from typing import Any, TypeVar
from urllib.parse import quote

from headway.clock import Clock
from headway.errors import CallerError, Unreachable
from headway.worker.pending import Pending
from headway.worker.showing import Picture, Showing

T = TypeVar("T")

PATIENCE_S = 120.0
_TIMEOUT_S = 30.0
_PICTURE_TIMEOUT_S = 5.0
_LATER = frozenset({408, 425, 429, 500, 502, 503, 504})


_UNKNOWN = "application/octet-stream"
_TYPES = mimetypes.MimeTypes(filenames=())  # the same on every machine: none of its own files is read
_MORE = {
    ".jsonl": "application/jsonl",
    ".log": "text/plain",
    ".md": "text/markdown",
    ".parquet": "application/vnd.apache.parquet",
    ".toml": "application/toml",
    ".webp": "image/webp",
    ".yaml": "application/yaml",
    ".yml": "application/yaml",
}
for _ending, _type in _MORE.items():
    _TYPES.add_type(_type, _ending)
_PACKED = {"gzip": "application/gzip", "bzip2": "application/x-bzip2", "xz": "application/x-xz"}


def media_type(name: str) -> str:
    """What a file is by its name: a hint for who saves or shows it; nobody may run it because of that."""
    type, packed = _TYPES.guess_type(f"file:{quote(name)}")
    return _PACKED.get(packed, _UNKNOWN) if packed else type or _UNKNOWN


class Rest:
    """One per executor. Threads and connections are made when first needed."""

    def __init__(self, server: str, token: str | None, clock: Clock) -> None:
        self._server = server.rstrip("/")
        self._headers = {"Authorization": f"Bearer {token}"} if token else {}
        self._clock = clock
        self._local = threading.local()
        self._clients: list[Any] = []
        self._threads = ThreadPoolExecutor(max_workers=4, thread_name_prefix="headway-rest")
        # Of their own: what a job owes must not wait behind pictures of others.
        self._showing = ThreadPoolExecutor(max_workers=4, thread_name_prefix="headway-show")

    def submit(self, spec: Mapping[str, Any], key: str) -> Pending[str]:
        """Submit a job; the answer is its id. `key` makes the retries of this call one submit."""

        def send() -> str:
            answer = self._client().post("/api/v1/jobs", json=dict(spec), headers={"Idempotency-Key": key})
            return str(_checked(answer)["id"])

        return self._in_thread(send)

    def store(self, job: str, attempt: int, name: str, file: Path, type: str | None) -> Pending[None]:
        """Store a file as an artifact of the attempt, and delete it here. Without a `type` its name says it."""

        def send() -> None:
            path = f"/api/v1/jobs/{job}/attempts/{attempt}/artifacts/{quote(name)}"
            with file.open("rb") as content:
                size = str(file.stat().st_size)
                headers = {"Content-Type": type or media_type(name), "Content-Length": size}
                _checked(self._client().put(path, content=content, headers=headers))
            file.unlink(missing_ok=True)

        return self._in_thread(send)

    def fetch(self, job: str, name: str, into: Path) -> Pending[None]:
        """Write an artifact of a job to a file, streamed."""

        def get() -> None:
            path = f"/api/v1/jobs/{quote(job, safe='')}/artifacts/{quote(name)}"
            with self._client().stream("GET", path) as answer:
                if answer.status_code >= 400:
                    answer.read()
                    _checked(answer)
                with into.open("wb") as out:
                    for chunk in answer.iter_bytes(262_144):
                        out.write(chunk)

        return self._in_thread(get)

    def showing(self, job: str, attempt: int) -> Showing:
        """The way of an attempt's pictures."""
        return Showing(partial(self.show, job, attempt), self._soon, self._clock, threading.Event().wait)

    def show(self, job: str, attempt: int, picture: Picture) -> None:
        """Put one picture, once, in this thread."""
        path = f"/api/v1/jobs/{job}/attempts/{attempt}/preview"
        headers = {"Content-Type": picture.type, "Headway-Label": quote(picture.label or "")}
        _checked(self._client().put(path, content=picture.content, headers=headers, timeout=_PICTURE_TIMEOUT_S))

    def _soon(self, call: Callable[[], None]) -> None:
        with contextlib.suppress(RuntimeError):  # closed: nobody looks any more
            self._showing.submit(call)

    def close(self) -> None:
        """Wait for what is under way, and close the connections."""
        self._showing.shutdown(cancel_futures=True)
        self._threads.shutdown()
        for client in self._clients:
            client.close()

    def _client(self) -> Any:
        client = getattr(self._local, "client", None)
        if client is None:
            import httpx

            client = httpx.Client(base_url=self._server, headers=self._headers, timeout=_TIMEOUT_S)
            self._local.client = client
            self._clients.append(client)
        return client

    def _in_thread(self, send: Callable[[], T]) -> Pending[T]:
        pending: Pending[T] = Pending()

        def run() -> None:
            try:
                pending.settle(self._insist(send))
            except BaseException as error:  # noqa: BLE001 - raised where it is awaited
                pending.fail(error)

        self._threads.submit(run)
        return pending

    def _insist(self, send: Callable[[], T]) -> T:
        import httpx

        end = self._clock.monotonic() + PATIENCE_S
        wait = 0.2
        while True:
            try:
                return send()
            except (httpx.TransportError, _Later) as error:
                if self._clock.monotonic() + wait > end:
                    raise Unreachable(self._server, str(error) or type(error).__name__) from None
            threading.Event().wait(self._clock.uniform(0.5, 1.0) * wait)
            wait = min(wait * 2, 10.0)


class _Later(Exception):
    """The server asks to come again."""


def _checked(answer: Any) -> dict[str, Any]:
    if answer.status_code in _LATER:
        raise _Later(f"HTTP {answer.status_code}")
    try:
        body: Any = answer.json()
    except ValueError:
        body = {}
    if not isinstance(body, dict):
        body = {}
    if answer.status_code >= 400:
        said = body.get("message") or body.get("detail") or body.get("title") or answer.text[:200]  # pyright: ignore[reportUnknownMemberType, reportUnknownVariableType]
        raise CallerError(f"The server answered {answer.status_code}: {said}", hint=str(body.get("hint") or ""))  # pyright: ignore[reportUnknownMemberType, reportUnknownArgumentType]
    return body  # pyright: ignore[reportUnknownVariableType]
