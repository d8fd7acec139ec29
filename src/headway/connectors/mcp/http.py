"""An MCP server at a URL: the HTTP client that speaks to it, and what its answers say when it will not speak.

Reading has no timeout: a call may be silent for as long as its job allows. Redirects are followed within the URL's own
origin only (the SDK's rule), so that headers go nowhere else. Proxies of the environment are used, but not to this
machine. An answer that is no event stream is read whole by the SDK, which bounds only events: it is bounded here, by what
it has unfolded to. Made by `connection.py`.
"""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator
from contextlib import AbstractAsyncContextManager
from types import TracebackType
from urllib.parse import urlsplit

import httpx2
from mcp.client._transport import TransportStreams
from mcp.client.streamable_http import streamable_http_client

from headway.connectors.mcp.config import Resolved
from headway.connectors.mcp.process import LINE_BYTES
from headway.connectors.mcp.secrets import cut

_CONNECT_S = 15.0
_WRITE_S = 60.0
_HERE = frozenset({"localhost", "127.0.0.1", "::1"})
OVERLONG = "the answer has more than"
_NOBODY = frozenset({502, 503, 504})
_MEANINGS = {
    401: "HTTP 401: it wants credentials, or others; see headers in the config",
    403: "HTTP 403: it does not allow this; see headers in the config",
    404: "HTTP 404: there is nothing at this URL",
    429: "HTTP 429: too many requests",
}


class Endpoint(AbstractAsyncContextManager[TransportStreams]):
    """A transport of the SDK. `problem`: what its last unusable answer was, or nothing."""

    def __init__(self, resolved: Resolved) -> None:
        url = resolved.url or ""
        self._url = url
        self._secrets = resolved.secrets
        self._status: int | None = None
        self._http = httpx2.AsyncClient(
            headers=resolved.headers,
            timeout=httpx2.Timeout(_CONNECT_S, read=None, write=_WRITE_S, pool=None),
            limits=httpx2.Limits(max_connections=None, max_keepalive_connections=20),
            trust_env=urlsplit(url).hostname not in _HERE,
            event_hooks={"response": [self._note]},
        )
        self._inner = streamable_http_client(url, http_client=self._http, max_sse_event_size=LINE_BYTES)

    @property
    def problem(self) -> str:
        """In words, or empty."""
        return "" if self._status is None else _MEANINGS.get(self._status, f"HTTP {self._status}")

    async def _note(self, response: httpx2.Response) -> None:
        if not response.headers.get("content-type", "").lower().startswith("text/event-stream"):
            _bound(response)
        if response.request.method == "POST":
            self._status = response.status_code if response.status_code >= 400 else None
            if response.status_code == 404 and "mcp-session-id" in response.request.headers:
                # the session is over, says the protocol; of a JSON-RPC error beside it the SDK would show the words alone
                response.headers["content-type"] = "text/plain"

    async def knocked(self, patience_s: float) -> bool:
        """Whether anybody answers at the URL, whatever it says; a gateway that finds nobody behind it does not count."""
        try:
            async with asyncio.timeout(patience_s):
                async with self._http.stream("OPTIONS", self._url) as response:
                    return response.status_code not in _NOBODY
        except (TimeoutError, httpx2.HTTPError):
            return False

    async def __aenter__(self) -> TransportStreams:
        await self._http.__aenter__()
        try:
            return await self._inner.__aenter__()
        except BaseException:
            await self._http.aclose()
            raise

    async def __aexit__(
        self, exc_type: type[BaseException] | None, exc_val: BaseException | None, exc_tb: TracebackType | None
    ) -> bool | None:
        try:
            return await self._inner.__aexit__(exc_type, exc_val, exc_tb)
        finally:
            await self._http.aclose()


class TooLong(httpx2.StreamError):
    """What the SDK takes for an answer that can not be read: the request fails, and nothing else."""


class _Bounded(httpx2.AsyncByteStream):
    """The body of an answer, unfolded, up to the limit. TooLong; StreamError of one that can not be unfolded."""

    def __init__(self, answer: httpx2.Response) -> None:
        self._answer = answer

    async def __aiter__(self) -> AsyncIterator[bytes]:
        read = 0
        try:
            async for part in self._answer.aiter_bytes():
                read += len(part)
                if read > LINE_BYTES:
                    raise TooLong(f"{OVERLONG} {LINE_BYTES:,} bytes")
                yield part
        except httpx2.DecodingError as error:
            raise httpx2.StreamError(f"it is not encoded as it says ({cut(str(error), 200)})") from None

    async def aclose(self) -> None:
        await self._answer.aclose()


def _bound(response: httpx2.Response) -> None:
    """Put the bounded body in the place of its own."""
    whole = httpx2.Response(
        response.status_code, headers=response.headers, stream=response.stream, request=response.request
    )
    response.stream = _Bounded(whole)
    response.headers.pop("content-encoding", None)


def unreached(error: BaseException) -> str | None:
    """Why nobody is reached there, or None for another kind of error."""
    if isinstance(error, httpx2.TimeoutException):
        return f"it does not answer ({type(error).__name__})"
    if isinstance(error, httpx2.TransportError):
        return f"nobody is reached there: {cut(str(error), 300) or type(error).__name__}"
    return None
