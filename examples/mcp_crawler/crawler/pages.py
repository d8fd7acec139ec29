"""One page, or the pages of one site: fetched with manners, parsed, told as it goes.

Between the network (`fetching`, `manners`) and the tools of `server`; the results are what a client gets as structured
content.
"""

from collections import deque
from collections.abc import Awaitable, Callable
from dataclasses import dataclass

import httpx
from pydantic import BaseModel, Field

from crawler.bounded import bounded
from crawler.errors import CrawlError
from crawler.fetching import Fetched, Fetcher, Limits, web_url
from crawler.manners import Manners
from crawler.page import Page, parsed, plain
from crawler.progress import Meter

HTML = frozenset({"text/html", "application/xhtml+xml"})


class Heading(BaseModel):
    level: int
    text: str


class Link(BaseModel):
    url: str
    text: str
    same_host: bool


class PageResult(BaseModel):
    """What a page says, and how it was reached."""

    url: str = Field(description="Where it was found in the end")
    redirects: list[str] = Field(description="Where it was looked for before, in order")
    status: int
    content_type: str
    charset: str
    bytes: int = Field(description="Of its content, decoded")
    title: str
    description: str
    language: str
    canonical: str = Field(description="The address that the page gives itself, or empty")
    headings: list[Heading]
    links: list[Link]
    text: str = Field(description="What a reader sees; headings begin with #, items with -")
    truncated: bool = Field(description="Whether text goes on after max_text characters")


class SitePage(BaseModel):
    url: str
    depth: int
    title: str = ""
    text: str = ""
    error: str = Field(default="", description="Why it could not be read; empty: it was")


class SiteResult(BaseModel):
    pages: list[SitePage]
    read: int
    failed: int
    not_visited: int = Field(description="Known pages beyond max_pages")


@dataclass(frozen=True)
class Web:
    """How to fetch, and with which manners."""

    fetcher: Fetcher
    manners: Manners


Say = Callable[[str], Awaitable[None]]


async def single_page(web: Web, url: str, limits: Limits, max_text: int, meter: Meter, say: Say) -> PageResult:
    """A page; progress is what came of its Content-Length, or a count of bytes if it has none."""

    async def waiting(message: str) -> None:
        await say(message)

    async def permit(hop: httpx.URL) -> None:
        await web.manners.permit(hop, waiting)

    async def on_bytes(done: int, total: int | None) -> None:
        await meter(done, total, f"{done:,} of {total:,} bytes" if total is not None else f"{done:,} bytes")

    got = await web.fetcher.get(url, limits=limits, permit=permit, check=check, on_bytes=on_bytes)
    for hop in got.hops:
        await say(f"{hop} was redirected")
    return await _result(got, max_text)


def check(response: httpx.Response) -> None:
    """Only text that was found is worth its bytes."""
    if response.status_code >= 400 or response.status_code < 200:
        raise CrawlError(f"{response.url} answered {response.status_code} {response.reason_phrase}.")
    kind = content_type(response.headers)
    if kind and kind not in HTML and not kind.startswith("text/"):
        raise CrawlError(f"{response.url} is {kind[:80]}: only HTML and text are read.")


def content_type(headers: httpx.Headers) -> str:
    """Without its parameters; empty: none was given."""
    return headers.get("content-type", "").partition(";")[0].strip().lower()


async def _page(got: Fetched) -> Page:
    kind = content_type(got.headers)
    declared = httpx.Response(200, headers=got.headers).charset_encoding
    is_html = kind in HTML or (not kind and got.content.lstrip()[:1] == b"<")
    if is_html:
        return await bounded(parsed, got.content, declared, got.url)
    return await bounded(plain, got.content, declared)


async def _result(got: Fetched, max_text: int) -> PageResult:
    page = await _page(got)
    host = httpx.URL(got.url).host
    return PageResult(
        url=got.url, redirects=got.hops, status=got.status, content_type=content_type(got.headers),
        charset=page.charset, bytes=len(got.content), title=page.title, description=page.description,
        language=page.language, canonical=page.canonical,
        headings=[Heading(level=level, text=text) for level, text in page.headings],
        links=[Link(url=url, text=text, same_host=httpx.URL(url).host == host) for url, text in page.links],
        text=page.text[:max_text], truncated=len(page.text) > max_text,
    )  # fmt: skip


async def site(
    web: Web, url: str, *, max_pages: int, max_depth: int, pause_s: float, limits: Limits, max_text: int, meter: Meter,
    say: Say,
) -> SiteResult:  # fmt: skip
    """Pages that can be reached from one, near ones first, of its own origin only; progress is pages done of those known."""
    start = web_url(url)
    origin = (start.scheme, start.netloc)
    known = {str(start)}
    waiting = deque([(start, 0)])
    pages: list[SitePage] = []

    async def permit(hop: httpx.URL) -> None:
        if (hop.scheme, hop.netloc) != origin:
            raise CrawlError(f"It leads away from the site, to {hop}.")
        await web.manners.permit(hop, say, pause_s)

    while waiting and len(pages) < max_pages:
        at, depth = waiting.popleft()
        await meter(len(pages), min(len(known), max_pages), f"page {len(pages) + 1} of {len(known)} known: {at.path}")
        try:
            got = await web.fetcher.get(str(at), limits=limits, permit=permit, check=check, on_bytes=_by_pages)
            page = await _page(got)
        except CrawlError as error:
            if not depth:
                raise
            pages.append(SitePage(url=str(at), depth=depth, error=str(error)))
            continue
        pages.append(SitePage(url=got.url, depth=depth, title=page.title, text=page.text[:max_text]))
        known.add(got.url)
        for link, _ in page.links if depth < max_depth and page.follow else ():
            found = httpx.URL(link)
            if (found.scheme, found.netloc) == origin and link not in known:
                known.add(link)
                waiting.append((found, depth + 1))
    await meter(len(pages), len(pages), f"{len(pages)} pages", now=True)
    failed = sum(bool(page.error) for page in pages)
    return SiteResult(pages=pages, read=len(pages) - failed, failed=failed, not_visited=len(waiting))


async def _by_pages(done: int, total: int | None) -> None:
    """A site's progress is counted in pages."""
