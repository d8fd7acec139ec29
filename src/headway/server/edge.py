"""The outermost layer of the HTTP side: who may come in, and what every answer carries.

In: Host and Origin on every verb (guard.py), the token and its scope (tokens.py), the prefix settled (prefix.py). Out:
`Headway-Seq`, `nosniff`, a policy that runs nothing, CORS for listed origins. What needs no token because it shows
nothing goes to the pages, all else to `inner`. Plain ASGI, so that it also covers WebSockets, streams and whatever is
mounted. Must never know what a route does, only what it takes to be let in.
"""

from __future__ import annotations

import re

from starlette.responses import RedirectResponse, Response
from starlette.types import ASGIApp, Message, Receive, Scope, Send

from headway.errors import CallerError, ServerError, Unauthorized
from headway.protocol.frames import CloseCode
from headway.server.door import EVENTS, LIVE
from headway.server.guard import SAFE_METHODS, bearer, check_request, is_proxy
from headway.server.openapi import API
from headway.server.pages import Pages
from headway.server.prefix import FORWARDED, settle
from headway.server.problems import answer_problem, problem_of
from headway.server.site import SUBJECT, Site

DOOR = frozenset({("GET", LIVE), ("GET", EVENTS)})
"""Streams for viewers have a door of their own (door.py): their token may come in a frame."""
MCP = "/mcp"
"""For agents (mcp.py). A page of the dashboard has the same path; a browser asks for that by GET, and for a page."""
STREAMS = frozenset({f"{API}/worker", MCP})
OPEN = frozenset({"/healthz", "/livez", "/readyz"})
"""Paths that ask for no token, beside the pages: they show nothing of anybody's."""
STORED = tuple(
    f"{API}/{name}" for name in ("jobs", "queues", "kinds", "workers", "services", "saved", "stats", "events")
)
"""What no server can answer that does not reach its store."""

_OF_ATTEMPTS = re.compile(f"{API}/jobs/[^/]+/attempts/")
"""What only the worker of an attempt may put: its files, its live picture."""
_POLICY = b"default-src 'none'; frame-ancestors 'none'"
_UNLESS_SET: list[tuple[bytes, bytes]] = [
    (b"x-content-type-options", b"nosniff"),
    (b"referrer-policy", b"no-referrer"),
    (b"content-security-policy", _POLICY),
    (b"cache-control", b"no-store"),
]
_PREFLIGHT = {
    "Access-Control-Allow-Methods": "GET, POST, PUT, PATCH, DELETE",
    "Access-Control-Allow-Headers": "Authorization, Content-Type, Idempotency-Key, Last-Event-ID, "
    "Mcp-Protocol-Version, Mcp-Method, Mcp-Name",
    "Access-Control-Max-Age": "600",
}


class Edge:
    """An ASGI application around `inner` and the pages."""

    def __init__(self, inner: ASGIApp, pages: Pages, site: Site) -> None:
        self.inner = inner
        self.pages = pages
        self.site = site

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        if scope["type"] == "lifespan":
            await self.inner(scope, receive, send)
            return
        headers = _headers(scope)
        self._settle_prefix(scope, headers)
        path = path_within(scope)
        if scope["type"] == "http":
            send = self._dressed(scope, headers, send)
        is_page = self.pages.has(scope, path)
        try:
            self._let_in(scope, path, headers, is_page=is_page)
        except (CallerError, ServerError) as error:
            await _refuse(scope, receive, send, error)
            return
        if scope.get("method") == "OPTIONS" and b"access-control-request-method" in headers:
            await Response(status_code=204, headers=_PREFLIGHT)(scope, receive, send)
            return
        if scope["type"] == "http" and scope["path"] == scope.get("root_path"):
            await RedirectResponse(scope["path"] + "/")(scope, receive, send)  # the page's links are relative
            return
        await (self.pages if is_page else self.inner)(scope, receive, send)

    def _settle_prefix(self, scope: Scope, headers: dict[bytes, str]) -> None:
        """A proxy may take the prefix off or leave it on; both arrive at the same route, and know where they are."""
        forwarded = headers.get(_FORWARDED)
        client: tuple[str, int] | None = scope.get("client")
        if forwarded is not None and not (client and is_proxy(self.site.guard, client[0])):
            forwarded = None
        configured = self.site.config.base_path
        if configured or forwarded:
            scope["root_path"], scope["path"] = settle(
                scope.get("root_path", ""), scope["path"], configured=configured, forwarded=forwarded
            )

    def _let_in(self, scope: Scope, path: str, headers: dict[bytes, str], *, is_page: bool) -> None:
        method = scope.get("method", "GET")
        if (method, path) in DOOR:
            return
        refusal = check_request(
            self.site.guard,
            method=method,
            host=headers.get(b"host"),
            origin=headers.get(b"origin"),
            site=headers.get(b"sec-fetch-site"),
            authorization=headers.get(b"authorization"),
            stream=path in STREAMS,
        )
        if refusal is not None:
            raise refusal
        if is_page or path in OPEN or method == "OPTIONS":
            return
        subject = self.site.tokens.subject(bearer(headers.get(b"authorization")))
        subject.require(scope_needed(method, path))
        scope[SUBJECT] = subject
        cut_off = self.site.door.closed
        if cut_off is not None and scope["type"] == "http" and path.startswith(STORED):
            raise cut_off  # at once, not when the store's time is up: so a balancer asks another server

    def _dressed(self, scope: Scope, headers: dict[bytes, str], send: Send) -> Send:
        """`send` that adds the headers every answer has."""
        origin = headers.get(b"origin", "").lower()
        shared = origin if origin in self.site.guard.origins else ""

        async def dressed(message: Message) -> None:
            if message["type"] == "http.response.start":
                self.site.answered[scope["method"], message["status"] // 100] += 1
                sent: list[tuple[bytes, bytes]] = list(message.get("headers", ()))
                names = {name for name, _ in sent}
                sent += [header for header in _UNLESS_SET if header[0] not in names]
                sent.append((b"headway-seq", b"%d" % self.site.seq))
                if shared:
                    sent += _shared_with(shared)
                message["headers"] = sent
            await send(message)

        return dressed


def path_within(scope: Scope) -> str:
    """The path below where this application is mounted."""
    root: str = scope.get("root_path", "")
    path: str = scope["path"]
    return path[len(root) :] or "/" if root and path.startswith(root) else path


def scope_needed(method: str, path: str) -> str:
    """The scope of a token that a request takes."""
    if path == f"{API}/worker" or (method == "PUT" and _OF_ATTEMPTS.match(path)):
        return "worker"
    if path.startswith(f"{API}/admin"):
        return "admin"
    if path.rstrip("/") == MCP:
        return "viewer"  # to come in; what is then called goes by REST, and takes what that takes
    return "viewer" if method in SAFE_METHODS else "operator"


def _headers(scope: Scope) -> dict[bytes, str]:
    """The few that decide, and only those that came once: a doubled Host or token is nobody's."""
    found: dict[bytes, str] = {}
    for name, value in scope["headers"]:
        if name in _WANTED:
            found[name] = f"{found[name]}, {value.decode('latin-1')}" if name in found else value.decode("latin-1")
    return found


_FORWARDED = FORWARDED.encode()
_WANTED = frozenset(
    {b"host", b"origin", b"sec-fetch-site", b"authorization", b"access-control-request-method", _FORWARDED}
)


def _shared_with(origin: str) -> list[tuple[bytes, bytes]]:
    return [
        (b"access-control-allow-origin", origin.encode("latin-1")),
        (b"access-control-expose-headers", b"Headway-Seq, Idempotent-Replayed, Location"),
        (b"vary", b"Origin"),
    ]


async def _refuse(scope: Scope, receive: Receive, send: Send, error: CallerError | ServerError) -> None:
    response = answer_problem(problem_of(error))
    if scope["type"] == "websocket" and "websocket.http.response" not in scope.get("extensions", {}):
        code = CloseCode.UNAUTHENTICATED if error.status == Unauthorized.status else CloseCode.FORBIDDEN
        await send({"type": "websocket.close", "code": code, "reason": error.message[:120]})
        return
    await response(scope, receive, send)
