"""One HTTP call to the server: retried where that is safe, its problems turned back into the errors they were.

A call is safe to repeat if it only reads or carries an Idempotency-Key; `Rest` gives every unsafe call one. Knows
paths only as text. Called by `http.py` and by the streams of `links.py`, which share its connections.
"""

from __future__ import annotations

from collections.abc import AsyncGenerator, Mapping
from contextlib import asynccontextmanager
from typing import Any
from urllib.parse import quote, urlsplit

import httpx
import msgspec

from headway.client.problems import error_of, is_later
from headway.clock import Clock, SystemClock
from headway.errors import Unreachable

API = "/api/v1"
TIMEOUT_S = 30.0
LOCAL = frozenset({"localhost", "127.0.0.1", "::1"})


def as_part(name: str) -> str:
    """A name as a part of a path, where the server takes slashes for the name's own.

    A slash is written as it is, because many a proxy refuses an encoded one, except where the path would then be tidied up
    on its way (`a/../b`, `a//b`) and mean another.
    """
    is_tidy = all(part not in ("", ".", "..") for part in name.split("/"))
    return quote(name, safe="/" if is_tidy else "")


class Rest:
    """The server at `url`. `patience_s`: how long a call is repeated while nobody answers or the server says later.

    `transport` carries the calls instead of sockets; `ways` are then those by which topics can be followed through it.
    """

    def __init__(
        self,
        url: str,
        token: str | None = None,
        *,
        patience_s: float = 10.0,
        clock: Clock | None = None,
        transport: httpx.AsyncBaseTransport | None = None,
        ways: tuple[str, ...] = (),
    ) -> None:
        self.url = url.rstrip("/")
        self.ways = ways
        self.token = token or None
        self.clock: Clock = clock or SystemClock()
        self.patience_s = patience_s
        self.is_local = urlsplit(self.url).hostname in LOCAL
        self._transport = transport
        self._client: httpx.AsyncClient | None = None

    @property
    def headers(self) -> dict[str, str]:
        """What shows who we are."""
        return {"Authorization": f"Bearer {self.token}"} if self.token else {}

    @property
    def http(self) -> httpx.AsyncClient:
        """The connections, made when first needed. A proxy of the environment is not asked for this machine itself."""
        if self._client is None:
            self._client = httpx.AsyncClient(
                base_url=self.url,
                headers=self.headers,
                timeout=TIMEOUT_S,
                trust_env=not self.is_local,
                transport=self._transport,
            )
        return self._client

    async def close(self) -> None:
        """Close the connections; a later call makes new ones."""
        if self._client is not None:
            client, self._client = self._client, None
            await client.aclose()

    async def get(self, path: str, params: Mapping[str, Any] | None = None, *, wait_s: float = 0.0) -> Any:
        """The JSON answer of a read. `wait_s`: how long the server may keep it."""
        return await self.call("GET", path, params=params, wait_s=wait_s)

    async def call(
        self,
        method: str,
        path: str,
        body: Any = None,
        *,
        params: Mapping[str, Any] | None = None,
        key: str | None = None,
        wait_s: float = 0.0,
    ) -> Any:
        """The JSON answer, None for an empty one. Raises the error that the server named, or Unreachable."""
        headers: dict[str, str] = {}
        if method != "GET":
            headers["Idempotency-Key"] = key or self.clock.new_id()
        if body is not None:
            headers["Content-Type"] = "application/json"
        request = self.http.build_request(
            method,
            API + path,
            params={name: value for name, value in (params or {}).items() if value is not None},
            content=None if body is None else msgspec.json.encode(body),
            headers=headers,
            timeout=httpx.Timeout(TIMEOUT_S, read=TIMEOUT_S + wait_s),
        )
        return self._decoded(await self._insist(request))

    async def _insist(self, request: httpx.Request) -> httpx.Response:
        """Send it again while that may help, within `patience_s`."""
        end = self.clock.monotonic() + self.patience_s
        pause = 0.1
        while True:
            wait, problem = self.clock.uniform(0.5, 1.0) * pause, ""
            try:
                response = await self.http.send(request)
            except httpx.TransportError as error:
                response, problem = None, _said(error)
            else:
                if not is_later(response.status_code):
                    return response
                wait = max(wait, _retry_after(response))
            if self.clock.monotonic() + wait > end:
                if response is None:
                    raise Unreachable(self.url, problem) from None
                return response
            await self.clock.sleep(wait)
            pause = min(pause * 2, 5.0)

    def _decoded(self, response: httpx.Response) -> Any:
        if response.status_code >= 400:
            raise error_of(response.status_code, response.content, self.url)
        if not response.content:
            return None
        try:
            return msgspec.json.decode(response.content)
        except msgspec.DecodeError:
            raise Unreachable(self.url, "something else answers there, not with JSON") from None

    @asynccontextmanager
    async def stream(
        self, path: str, params: Mapping[str, Any], headers: Mapping[str, str], *, silence_s: float
    ) -> AsyncGenerator[httpx.Response, None]:
        """An answer that is read as it comes; ended as unreachable when it says nothing for `silence_s`."""
        timeout = httpx.Timeout(TIMEOUT_S, read=silence_s)
        try:
            async with self.http.stream(
                "GET", API + path, params=dict(params), headers=dict(headers), timeout=timeout
            ) as response:
                if response.status_code >= 400:
                    raise error_of(response.status_code, await response.aread(), self.url)
                yield response
        except httpx.TransportError as error:
            raise Unreachable(self.url, _said(error)) from None


def _said(error: Exception) -> str:
    if isinstance(error, httpx.ConnectError):
        return (
            "connection refused" if "refused" in str(error).lower() or "attempts failed" in str(error) else str(error)
        )
    if isinstance(error, httpx.TimeoutException):
        return "no answer in time"
    return str(error) or type(error).__name__


def _retry_after(response: httpx.Response) -> float:
    value = response.headers.get("retry-after", "")
    return float(value) if value.replace(".", "", 1).isdigit() else 0.0
