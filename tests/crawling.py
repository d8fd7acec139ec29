"""What tests of examples/mcp_crawler share: a site of odd answers, a repository, a client.

The site runs in threads, so that it serves servers in this loop and in other processes alike.
"""

from __future__ import annotations

import contextlib
import os
import ssl
import subprocess
import threading
from collections.abc import AsyncIterator, Callable, Iterator
from dataclasses import dataclass, field
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from typing import Any

import psutil
from crawler.server import build
from crawler.settings import Settings
from mcp import Client
from mcp_types import CallToolResult, TextContent

EXAMPLE = Path(__file__).resolve().parents[1] / "examples" / "mcp_crawler"

Answer = Callable[[BaseHTTPRequestHandler], None]


def page(body: str | bytes, kind: str = "text/html; charset=utf-8", status: int = 200, **headers: str) -> Answer:
    """An answer with its length."""
    content = body.encode() if isinstance(body, str) else body

    def answer(request: BaseHTTPRequestHandler) -> None:
        request.send_response(status)
        for name, value in ({"Content_Type": kind, "Content_Length": str(len(content))} | headers).items():
            request.send_header(name.replace("_", "-"), value)
        request.end_headers()
        request.wfile.write(content)

    return answer


def moved(to: str) -> Answer:
    """A redirect."""
    return page("", status=302, Location=to)


class Site:
    """A web site on loopback: answers by path, and what was asked for; 404 for all else."""

    def __init__(self, tls: ssl.SSLContext | None = None) -> None:
        self.answers: dict[str, Answer] = {}
        self.asked: list[str] = []
        self.going_on = threading.Event()

        site = self

        class Handler(BaseHTTPRequestHandler):
            def do_GET(self) -> None:
                site.asked.append(self.path)
                with contextlib.suppress(ConnectionError):
                    site.answers.get(self.path, page("not here", status=404))(self)

            do_POST = do_GET  # noqa: N815 - as the base class calls it

            def log_message(self, *_: Any) -> None:
                """A test tells what it found."""

        self._server = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
        self._server.daemon_threads = True
        if tls is not None:
            self._server.socket = tls.wrap_socket(self._server.socket, server_side=True)
        self.port = self._server.server_port
        self.url = f"http://127.0.0.1:{self.port}"
        self._thread = threading.Thread(target=self._server.serve_forever, kwargs={"poll_interval": 0.01}, daemon=True)
        self._thread.start()

    def close(self) -> None:
        """The end, of answers that wait too."""
        self.going_on.set()
        self._server.shutdown()
        self._thread.join(10)
        self._server.server_close()

    def paused(self, content: bytes, at: int, length: int | None = None) -> Answer:
        """An answer whose first `at` bytes come at once, and the rest when `going_on` is set."""

        def answer(request: BaseHTTPRequestHandler) -> None:
            request.send_response(200)
            request.send_header("Content-Type", "text/html")
            request.send_header("Content-Length", str(len(content) if length is None else length))
            request.end_headers()
            request.wfile.write(content[:at])
            request.wfile.flush()
            self.going_on.wait(30)
            request.wfile.write(content[at:])

        return answer


@contextlib.contextmanager
def a_site(tls: ssl.SSLContext | None = None) -> Iterator[Site]:
    """A site, closed at the end."""
    site = Site(tls)
    try:
        yield site
    finally:
        site.close()


@dataclass
class Calls:
    """A client of a crawler in this process, and what it was told of each call."""

    client: Client
    progress: list[tuple[float, float | None, str | None]] = field(default_factory=list)
    log: list[str] = field(default_factory=list)

    async def call(self, tool: str, **args: Any) -> CallToolResult:
        """A tool to its end."""

        async def tell(done: float, total: float | None, message: str | None) -> None:
            self.progress.append((done, total, message))

        return await self.client.call_tool(tool, args, progress_callback=tell)

    async def data(self, tool: str, **args: Any) -> dict[str, Any]:
        """Its structured content; it must have gone well."""
        result = await self.call(tool, **args)
        assert not result.is_error, text(result)
        assert result.structured_content is not None
        return result.structured_content

    async def refusal(self, tool: str, **args: Any) -> str:
        """Its sentence; it must have gone wrong."""
        result = await self.call(tool, **args)
        assert result.is_error, text(result)
        return text(result).removeprefix(f"Error executing tool {tool}: ")


def text(result: CallToolResult) -> str:
    """What it says in words."""
    return "\n".join(each.text for each in result.content if isinstance(each, TextContent))


@contextlib.asynccontextmanager
async def calls(data: Path, seams: dict[str, Any] | None = None, **env: str) -> AsyncIterator[Calls]:
    """A client of a crawler with this environment."""
    log: list[str] = []

    async def logged(params: Any) -> None:
        log.append(params.data)

    crawler = build(Settings.of({"CRAWLER_DATA": str(data), **env}), **(seams or {}))
    async with Client(crawler, logging_callback=logged, log_level="debug") as client:
        yield Calls(client, log=log)


def git(folder: Path, *words: str) -> str:
    """git to its end, as nobody in particular."""
    names = ("-c", "user.name=T", "-c", "user.email=t@example.org", "-c", "init.defaultBranch=main")
    return subprocess.run(
        ["git", *names, *words], cwd=folder, capture_output=True, text=True, check=True
    ).stdout.strip()


def repository(folder: Path, files: dict[str, str | bytes]) -> Path:
    """A repository with these files in one commit."""
    folder.mkdir(parents=True)
    git(folder, "init", "-q")
    return committed(folder, files)


def committed(folder: Path, files: dict[str, str | bytes]) -> Path:
    """The same with one commit more."""
    for name, content in files.items():
        path = folder / name
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_bytes(content.encode() if isinstance(content, str) else content)
    git(folder, "add", "-A", "-f")
    git(folder, "commit", "-q", "-m", "work")
    return folder


def make_stuck(folder: Path) -> None:
    """git that reads the repository hangs from now on, at a FIFO in place of its packed refs."""
    os.mkfifo(folder / ".git" / "packed-refs")


def processes_about(folder: Path, word: str) -> list[psutil.Process]:
    """Those in whose command line both stand."""
    found: list[psutil.Process] = []
    for each in psutil.process_iter():
        with contextlib.suppress(psutil.Error):
            line = " ".join(each.cmdline())
            if word in line and str(folder) in line and each.status() != psutil.STATUS_ZOMBIE:
                found.append(each)
    return found
