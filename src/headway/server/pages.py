"""What a browser is shown: the dashboard where it is built, and the small built-in page, always at `/plain/`.

Needs no token: nothing here is anybody's. So it is an application of its own, chosen by the edge before any route of
the API is met: a path that is open by mistake can show a page and nothing else. Files come from tables, never by a path
that somebody sent, with policies that run nothing but them. What the files are is built.py's.
"""

from __future__ import annotations

from functools import cache
from importlib.resources import files

from starlette.datastructures import Headers
from starlette.requests import Request
from starlette.responses import RedirectResponse, Response
from starlette.types import Receive, Scope, Send

from headway.errors import HeadwayError, NotFound
from headway.server.built import ASSETS, TYPES, Dashboard, File, Form, best_form
from headway.server.prefix import base_of
from headway.server.problems import answer_error

PAGE = "/page/"
PLAIN = "/plain/"
OWN = frozenset({"/", "/favicon.ico", PLAIN, PLAIN.rstrip("/")})
METHODS = frozenset({"GET", "HEAD"})
FILES = ("index.html", "page.css", "page.js", "view.js", "link.js", "dom.js", "facts.js", "list.js", "actions.js",
         "job.js", "icon.svg")  # fmt: skip
"""Of the built-in page."""

POLICY = (
    "default-src 'none'; script-src 'self'; style-src 'self'; connect-src 'self'; img-src 'self'; "
    "base-uri 'none'; form-action 'none'; frame-ancestors 'none'"
)
DASHBOARD_POLICY = (
    "default-src 'none'; script-src 'self'; style-src 'self'; connect-src 'self'; img-src 'self' data: blob:; "
    "media-src blob:; font-src 'self'; worker-src 'self'; manifest-src 'self'; base-uri 'self'; form-action 'none'; "
    "frame-ancestors 'none'"
)
"""'self' covers ws: and wss: of the same host: Chromium since 71, Firefox since 2018, Safari since 16 (w3c/webappsec-csp#7)."""
DASHBOARD_HEADERS = {
    "Content-Security-Policy": DASHBOARD_POLICY,
    "Referrer-Policy": "same-origin",
    "Permissions-Policy": "camera=(), display-capture=(), geolocation=(), microphone=(), payment=(), usb=()",
}
AGAIN = {"Cache-Control": "no-cache"}
FOR_EVER = {"Cache-Control": "public, max-age=31536000, immutable"}


class Pages:
    """An ASGI application for the paths that `has` knows. `version` and `authenticated` are told to the dashboard."""

    def __init__(self, dashboard: Dashboard, *, version: str, authenticated: bool) -> None:
        self.dashboard = dashboard
        self._version = version
        self._authenticated = authenticated

    def has(self, scope: Scope, path: str) -> bool:
        """True where a request for `path` (below the prefix) is answered here."""
        if scope.get("method") not in METHODS or path.startswith("/api/"):
            return False
        if path in OWN or path.startswith((PAGE, ASSETS)) or path in self.dashboard.files:
            return True
        return self.dashboard.has_view(path, Headers(scope=scope).get("accept", ""))

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        request = Request(scope, receive)
        try:
            response = self._answer(request, scope["path"].removeprefix(scope.get("root_path", "")))
        except HeadwayError as error:
            response = await answer_error(request, error)
        await response(scope, receive, send)

    def _answer(self, request: Request, path: str) -> Response:
        if (file := self.dashboard.files.get(path)) is not None:
            return _send_file(request, file)
        if path.startswith(ASSETS):
            raise NotFound("file", path.removeprefix(ASSETS))
        if path in {PLAIN, PLAIN.rstrip("/")}:
            return _plain(request) if path == PLAIN else RedirectResponse("plain/")  # relative: below any prefix
        if path == "/favicon.ico":
            return _send_part(request, "icon.svg")
        if path.startswith(PAGE):
            return _send_part(request, path.removeprefix(PAGE))
        return self._front(request)

    def _front(self, request: Request) -> Response:
        """The dashboard's page for `/` and each of its views; without one, the built-in page."""
        if self.dashboard.index is None:
            return _send_part(request, "index.html")
        base = base_of(request.scope.get("root_path", ""))
        form = self.dashboard.page(base, version=self._version, authenticated=self._authenticated)
        return send_form(request, form, TYPES["html"], {**DASHBOARD_HEADERS, **AGAIN})


def _send_file(request: Request, file: File) -> Response:
    encoding = best_form(file, request.headers.get("accept-encoding", ""))
    headers = {**DASHBOARD_HEADERS, **(FOR_EVER if file.lasting else AGAIN), "Vary": "Accept-Encoding"}
    packed = {"Content-Encoding": encoding} if encoding else {}
    return send_form(request, file.forms[encoding], file.media_type, headers | packed)


def _send_part(request: Request, name: str) -> Response:
    """One file of the built-in page; its links are relative to `/`."""
    if name not in FILES:
        raise NotFound("file", name)
    return _send_built_in(request, _part(name), name)


def _plain(request: Request) -> Response:
    """The built-in page one folder deeper, so that it is there beside a dashboard too."""
    body = _part("index.html").replace(b'="page/', b'="../page/').replace(b'="api/', b'="../api/')
    return _send_built_in(request, body, "index.html")


def _send_built_in(request: Request, body: bytes, name: str) -> Response:
    headers = {"Content-Security-Policy": POLICY, **AGAIN}
    return send_form(request, Form.of(body), TYPES[name.rpartition(".")[2]], headers)


def send_form(request: Request, form: Form, media_type: str, headers: dict[str, str]) -> Response:
    """Bytes with their tag: 304 to who has them, none to who asks for the head alone."""
    headers = {**headers, "ETag": form.tag}
    if _has_already(request.headers.get("if-none-match", ""), form.tag):
        return Response(status_code=304, headers=headers)
    headers["Content-Length"] = str(len(form.body))
    return Response(b"" if request.method == "HEAD" else form.body, headers=headers, media_type=media_type)


def _has_already(tags: str, tag: str) -> bool:
    """A proxy that packs on its way makes the tag a weak one (RFC 9110, 13.1.2)."""
    return any(each.strip().removeprefix("W/") == tag for each in tags.split(","))


@cache
def _part(name: str) -> bytes:
    return (files("headway.server") / "page" / name).read_bytes()
