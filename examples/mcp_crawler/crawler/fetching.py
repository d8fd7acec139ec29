"""One URL to its bytes: redirects by hand, every hop checked, size and time bounded, bytes counted as they come.

Knows nothing of HTML or robots.txt: what may be fetched and what a response may be are the caller's `permit` and
`check`. Progress is what came over the wire of its Content-Length, which is why decoding is done here.
"""

import zlib
from collections.abc import AsyncIterator, Awaitable, Callable
from contextlib import asynccontextmanager
from dataclasses import dataclass
from math import inf

import anyio
import httpx

from crawler.addresses import Allowed, Resolve, checked
from crawler.errors import CrawlError

REDIRECTS = frozenset({301, 302, 303, 307, 308})
PORTS = {"http": 80, "https": 443}


@dataclass(frozen=True, kw_only=True)
class Limits:
    max_bytes: int = 5_000_000
    timeout_s: float = 60.0
    quiet_s: float = 15.0
    max_redirects: int = 10


@dataclass(frozen=True, kw_only=True)
class Fetched:
    url: str
    status: int
    reason: str
    headers: httpx.Headers
    content: bytes
    hops: list[str]


Permit = Callable[[httpx.URL], Awaitable[None]]
Check = Callable[[httpx.Response], None]
OnBytes = Callable[[int, int | None], Awaitable[None]]


class Pinned(httpx.AsyncBaseTransport):
    """Connects to addresses that were judged, by the name for Host and TLS; never one connection for two names."""

    def __init__(self, resolve: Resolve, allowed: Allowed) -> None:
        self._resolve = resolve
        self._allowed = allowed
        self._inner = httpx.AsyncHTTPTransport(trust_env=False, limits=httpx.Limits(max_keepalive_connections=0))

    async def handle_async_request(self, request: httpx.Request) -> httpx.Response:
        url = request.url
        host = url.raw_host.decode("ascii")
        addresses = await checked(host, url.port or PORTS[url.scheme], self._resolve, self._allowed)
        *others, last = addresses
        for address in others:
            try:
                return await self._inner.handle_async_request(_to(str(address), host, request))
            except (httpx.ConnectError, httpx.ConnectTimeout):
                continue
        return await self._inner.handle_async_request(_to(str(last), host, request))

    async def aclose(self) -> None:
        await self._inner.aclose()


def _to(address: str, host: str, request: httpx.Request) -> httpx.Request:
    return httpx.Request(
        request.method,
        request.url.copy_with(host=address),
        headers=request.headers,  # Host among them, from the name
        stream=request.stream,
        extensions={**request.extensions, "sni_hostname": host},  # the certificate is compared with it too
    )


class Fetcher:
    """Fetches for one agent, by one resolver, to public addresses and those allowed."""

    def __init__(self, agent: str, resolve: Resolve, allowed: Allowed) -> None:
        self.agent = agent
        self._resolve = resolve
        self._allowed = allowed

    async def get(self, url: str, *, limits: Limits, permit: Permit, check: Check, on_bytes: OnBytes) -> Fetched:
        """What the last hop answers, whatever its status; `permit` is asked before each, `check` before the body."""
        try:
            with anyio.fail_after(limits.timeout_s) as scope:

                async def permitted(hop: httpx.URL) -> None:
                    """Pauses that a site asks for are not its slowness."""
                    left, scope.deadline = scope.deadline - anyio.current_time(), inf
                    await permit(hop)
                    scope.deadline = anyio.current_time() + left

                return await self._follow(web_url(url), limits, permitted, check, on_bytes)
        except TimeoutError as error:
            raise CrawlError(f"{url} took longer than {limits.timeout_s:g} s (timeout_s).") from error

    async def _follow(self, url: httpx.URL, limits: Limits, permit: Permit, check: Check, on_bytes: OnBytes) -> Fetched:
        hops: list[str] = []
        async with self._client(limits) as client:
            while len(hops) <= limits.max_redirects:
                await permit(url)
                async with _answer(client, url, limits) as response:
                    if response.status_code not in REDIRECTS or "location" not in response.headers:
                        check(response)
                        content = await _body(response, limits.max_bytes, on_bytes)
                        return Fetched(
                            url=str(url), status=response.status_code, reason=response.reason_phrase,
                            headers=response.headers, content=content, hops=hops,
                        )  # fmt: skip
                    hops.append(str(url))
                    url = web_url(response.headers["location"], url)
        raise CrawlError(f"{hops[0]} was redirected more than {limits.max_redirects} times, last to {url}.")

    def _client(self, limits: Limits) -> httpx.AsyncClient:
        return httpx.AsyncClient(
            transport=Pinned(self._resolve, self._allowed),
            headers={"User-Agent": self.agent, "Accept-Encoding": "gzip", "Accept": "text/html,text/*;q=0.9"},
            timeout=limits.quiet_s,
            trust_env=False,  # a proxy of the environment would connect where it likes
        )


def web_url(text: str, base: httpx.URL | None = None) -> httpx.URL:
    """An http or https URL without fragment; no user and password, which would end in logs."""
    try:
        url = (base.join(text) if base else httpx.URL(text)).copy_with(fragment=None)
    except (httpx.InvalidURL, ValueError, TypeError) as error:
        raise CrawlError(f"{text[:200]!r} is no URL: {error}.") from error
    if url.scheme not in PORTS or not url.host:
        raise CrawlError(f"{text[:200]!r} is no http or https URL.")
    if url.userinfo:
        raise CrawlError(f"A URL with user or password is not fetched: that of {url.host} has one.")
    return url.copy_with(raw_path=url.raw_path)  # `/` written out: one page, one name


@asynccontextmanager
async def _answer(client: httpx.AsyncClient, url: httpx.URL, limits: Limits) -> AsyncIterator[httpx.Response]:
    try:
        async with client.stream("GET", url) as response:
            yield response
    except httpx.TimeoutException as error:
        raise CrawlError(f"{url} was silent for {limits.quiet_s:g} s.") from error
    except httpx.HTTPError as error:
        raise CrawlError(f"{url} could not be read: {error or type(error).__name__}.") from error


async def _body(response: httpx.Response, most: int, on_bytes: OnBytes) -> bytes:
    """All of it, decoded; `most` holds for what it becomes, so that no small answer can unfold into a huge one."""
    length = response.headers.get("content-length", "")
    total = int(length) if length.isdecimal() else None
    if total is not None and total > most:
        raise CrawlError(f"{response.url} has {total:,} bytes, more than {most:,} (max_bytes).")
    unfold = Unfolding(response.headers.get("content-encoding", ""))
    content = bytearray()
    await on_bytes(0, total)
    async for raw in response.aiter_raw():
        content += unfold(raw, most + 1 - len(content))
        if len(content) > most:
            raise CrawlError(f"{response.url} has more than {most:,} bytes (max_bytes).")
        await on_bytes(response.num_bytes_downloaded, total)
    if not unfold.complete:
        raise CrawlError(f"{response.url} ended in the middle of its compressed content.")
    return bytes(content)


class Unfolding:
    """Content-Encoding, a bounded piece at a time."""

    def __init__(self, encoding: str) -> None:
        name = encoding.strip().lower()
        if name not in {"", "identity", "gzip", "x-gzip"}:
            raise CrawlError(f"The answer is encoded by {name[:40]!r}, which was not asked for.")
        self._zlib = zlib.decompressobj(31) if "gzip" in name else None

    def __call__(self, raw: bytes, room: int) -> bytes:
        """At most `room` bytes of what comes next."""
        if self._zlib is None:
            return raw[:room]
        try:
            return self._zlib.decompress(raw, room)
        except zlib.error as error:
            raise CrawlError(f"The answer says gzip and is none: {error}.") from error

    @property
    def complete(self) -> bool:
        """Whether it came to its own end."""
        return self._zlib is None or self._zlib.eof
