"""The tools, as a client of MCP sees them: arguments with their limits, results with their schema, progress and log.

What they do is in `pages`, `repository` and `index`. `build` has two seams for tests: how names are resolved, and how a
pause is spent.
"""

import warnings
from collections.abc import AsyncIterator, Awaitable, Callable
from contextlib import asynccontextmanager
from dataclasses import asdict
from typing import Annotated

import anyio
from anyio import to_thread
from mcp.server import MCPServer
from mcp.server.mcpserver import Context
from mcp.server.mcpserver.exceptions import ToolError
from mcp.shared.exceptions import MCPDeprecationWarning
from mcp_types import CallToolResult, TextContent, ToolAnnotations
from pydantic import BaseModel, Field

from crawler.addresses import Resolve, system
from crawler.embedding import Embedder
from crawler.errors import CrawlError
from crawler.fetching import Fetcher, Limits
from crawler.index import Index
from crawler.manners import Manners
from crawler.pages import PageResult, SiteResult, Web, single_page, site
from crawler.progress import Meter, Stages, metering
from crawler.repository import WEIGHTS, Crawl, RepositoryResult
from crawler.robots import Robots
from crawler.settings import Settings

READS = ToolAnnotations(read_only_hint=True, destructive_hint=False, idempotent_hint=True, open_world_hint=True)
STORES = ToolAnnotations(read_only_hint=False, destructive_hint=False, idempotent_hint=True, open_world_hint=True)
SEARCHES = ToolAnnotations(read_only_hint=True, destructive_hint=False, idempotent_hint=True, open_world_hint=False)

Url = Annotated[str, Field(description="http or https; public addresses only", max_length=4000)]
Seconds = Annotated[float, Field(description="For each page, redirects included", ge=1, le=600)]
Bytes = Annotated[int, Field(description="Larger pages are refused", ge=1_000, le=50_000_000)]
Characters = Annotated[int, Field(description="Of text, for each page", ge=0, le=1_000_000)]
Query = Annotated[str, Field(description="Words, names, or a question", min_length=1, max_length=1000)]
Most = Annotated[int, Field(description="How many at most", ge=1, le=50)]
Of = Annotated[str, Field(description="Of this repository only, as list_sources names it; empty: of all")]


class Found(BaseModel):
    """A piece of a stored repository."""

    source: str
    version: str
    path: str
    language: str
    title: str
    first_line: int
    last_line: int
    text: str
    score: float


class SearchResult(BaseModel):
    hits: list[Found]


class SourceResult(BaseModel):
    url: str
    version: str
    files: int
    chunks: int
    model: str
    stored_at: str


class SourcesResult(BaseModel):
    sources: list[SourceResult]


def build(
    settings: Settings, *, resolve: Resolve = system, sleep: Callable[[float], Awaitable[None]] = anyio.sleep
) -> MCPServer:
    """The server with its tools."""
    warnings.filterwarnings("ignore", category=MCPDeprecationWarning)  # logging: deprecated, and nothing took its place
    server = MCPServer(
        "crawler", title="Crawler", version="1.0.0", log_level="WARNING",
        instructions="Reads web pages and git repositories. crawl first, then search_code or search_documents.",
    )  # fmt: skip
    fetcher = Fetcher(settings.agent, resolve, settings.private)
    _add_pages(server, Web(fetcher, Manners(Robots(fetcher), sleep)))
    index = Index(settings.data)
    embedder = Embedder(settings) if settings.embeddings_url else None
    _add_repositories(server, settings, resolve, index, embedder)
    _add_search(server, index, embedder)
    return server


def _add_pages(server: MCPServer, web: Web) -> None:
    @server.tool(title="Crawl a page", annotations=READS)
    async def crawl_single_page(
        ctx: Context, url: Url, max_text: Characters = 50_000, max_bytes: Bytes = 5_000_000, timeout_s: Seconds = 60
    ) -> Annotated[CallToolResult, PageResult]:
        """Read one web page: its title, text, headings and links. Obeys robots.txt; progress is bytes received."""
        limits = Limits(max_bytes=max_bytes, timeout_s=timeout_s)
        async with _call(ctx) as meter:
            return _answer(await single_page(web, url, limits, max_text, meter, _say(ctx)), "text")

    @server.tool(title="Crawl a site", annotations=READS)
    async def crawl_site(
        ctx: Context,
        url: Url,
        max_pages: Annotated[int, Field(ge=1, le=200)] = 20,
        max_depth: Annotated[int, Field(description="How many links away from the first", ge=0, le=10)] = 2,
        pause_s: Annotated[
            float, Field(description="Between pages, if robots.txt asks for no longer one", ge=0, le=60)
        ] = 1,
        max_text: Characters = 5_000,
        timeout_s: Seconds = 60,
    ) -> SiteResult:
        """Read the pages of one site that can be reached from a URL, near ones first. Progress is pages done of known."""
        async with _call(ctx) as meter:
            return await site(
                web, url, max_pages=max_pages, max_depth=max_depth, pause_s=pause_s, limits=Limits(timeout_s=timeout_s),
                max_text=max_text, meter=meter, say=_say(ctx),
            )  # fmt: skip


def _add_repositories(
    server: MCPServer, settings: Settings, resolve: Resolve, index: Index, embedder: Embedder | None
) -> None:
    writing = anyio.Lock()
    weights = {name: weight for name, weight in WEIGHTS.items() if name != "embed" or embedder is not None}

    @server.tool(title="Crawl a repository", annotations=STORES)
    async def smart_crawl_github(
        ctx: Context,
        repo_url: Annotated[
            str, Field(description="https://HOST/OWNER/NAME, or OWNER/NAME on GitHub", max_length=1000)
        ],
        ref: Annotated[str, Field(description="A branch or tag; empty: the default branch", max_length=200)] = "",
        max_mb: Annotated[int, Field(description="Larger clones are given up", ge=1, le=5000)] = 500,
        max_file_kb: Annotated[int, Field(description="Larger files are left out", ge=1, le=5000)] = 500,
    ) -> RepositoryResult:
        """Clone a repository, cut its code and documents into pieces, and store them for search_code and search_documents.

        What was stored of it before is replaced. Progress is true: git's own while it clones, then files and pieces.
        """
        async with _call(ctx) as meter:
            crawl = Crawl(settings, resolve, index, embedder, writing, Stages(meter, weights), _say(ctx))
            return await crawl.run(repo_url, ref, max_mb, max_file_kb)


def _add_search(server: MCPServer, index: Index, embedder: Embedder | None) -> None:
    async def search(query: str, source: str, most: int, *, document: bool) -> CallToolResult:
        try:
            vector = (await embedder.embed([query]))[0] if embedder is not None else None
        except CrawlError as error:
            raise ToolError(str(error)) from error
        model = embedder.model if embedder is not None else ""
        hits = await to_thread.run_sync(
            lambda: index.search(query, document=document, source=source, most=most, vector=vector, model=model)
        )
        text = "\n\n".join(f"{hit.path}:{hit.first_line}-{hit.last_line} {hit.title}\n{hit.text}" for hit in hits)
        result = SearchResult(hits=[Found(**asdict(hit)) for hit in hits])
        return CallToolResult(
            content=[TextContent(type="text", text=text or "Nothing of what is stored has these words.")],
            structured_content=result.model_dump(mode="json"),
        )

    @server.tool(title="Search code", annotations=SEARCHES)
    async def search_code(query: Query, source: Of = "", most: Most = 5) -> Annotated[CallToolResult, SearchResult]:
        """Search the code of repositories that smart_crawl_github stored: by words and names, best first."""
        return await search(query, source, most, document=False)

    @server.tool(title="Search documents", annotations=SEARCHES)
    async def search_documents(
        query: Query, source: Of = "", most: Most = 5
    ) -> Annotated[CallToolResult, SearchResult]:
        """Search the documents of repositories that smart_crawl_github stored, best first."""
        return await search(query, source, most, document=True)

    @server.tool(title="List sources", annotations=SEARCHES)
    async def list_sources() -> SourcesResult:
        """The repositories that are stored, newest first."""
        rows = await to_thread.run_sync(index.sources)
        return SourcesResult(sources=[SourceResult.model_validate(row) for row in rows])


def _answer(result: BaseModel, text: str) -> CallToolResult:
    """Both forms: one field as text for a model to read, all of it as data."""
    data = result.model_dump(mode="json")
    return CallToolResult(content=[TextContent(type="text", text=str(data[text]))], structured_content=data)


@asynccontextmanager
async def _call(ctx: Context) -> AsyncIterator[Meter]:
    """The meter of a call whose refusals are read; the SDK hides the text of every error but its own."""
    async with metering(ctx.report_progress) as meter:
        try:
            yield meter
        except CrawlError as error:
            raise ToolError(str(error)) from error


def _say(ctx: Context) -> Callable[[str], Awaitable[None]]:
    async def say(sentence: str) -> None:
        await ctx.info(sentence)

    return say
