"""The built-in page: three files of the package, sent with a policy that runs nothing but them.

It stays as the fallback where the full dashboard is not built. Files are chosen from a table, never by a path that
somebody sent.
"""

from __future__ import annotations

import hashlib
from functools import cache
from importlib.resources import files

from fastapi import APIRouter
from starlette.requests import Request
from starlette.responses import Response

from headway.errors import NotFound

router = APIRouter(include_in_schema=False)

FILES = {
    "index.html": "text/html; charset=utf-8",
    "page.css": "text/css; charset=utf-8",
    "page.js": "text/javascript; charset=utf-8",
    "view.js": "text/javascript; charset=utf-8",
    "link.js": "text/javascript; charset=utf-8",
    "dom.js": "text/javascript; charset=utf-8",
    "facts.js": "text/javascript; charset=utf-8",
    "list.js": "text/javascript; charset=utf-8",
    "actions.js": "text/javascript; charset=utf-8",
    "job.js": "text/javascript; charset=utf-8",
    "icon.svg": "image/svg+xml",
}
POLICY = (
    "default-src 'none'; script-src 'self'; style-src 'self'; connect-src 'self'; img-src 'self'; "
    "base-uri 'none'; form-action 'none'; frame-ancestors 'none'"
)


@router.get("/")
async def index(request: Request) -> Response:
    """The page itself; its links are relative, so it works below any prefix."""
    return send_file(request, "index.html")


@router.get("/favicon.ico")
async def icon(request: Request) -> Response:
    """What browsers ask for unasked."""
    return send_file(request, "icon.svg")


@router.get("/page/{name}")
async def part(request: Request, name: str) -> Response:
    """Its script, style and icon."""
    return send_file(request, name)


def send_file(request: Request, name: str) -> Response:
    """One file of the table, checked again by its tag each time."""
    if name not in FILES:
        raise NotFound("file", name)
    body, tag = _content(name)
    headers = {"ETag": tag, "Cache-Control": "no-cache", "Content-Security-Policy": POLICY}
    if request.headers.get("if-none-match") == tag:
        return Response(status_code=304, headers=headers)
    return Response(body, headers=headers, media_type=FILES[name])


@cache
def _content(name: str) -> tuple[bytes, str]:
    body = (files("headway.server") / "page" / name).read_bytes()
    return body, f'"{hashlib.sha256(body).hexdigest()[:32]}"'
