from __future__ import annotations

import gzip
import html
import json
import re
from importlib.metadata import version
from pathlib import Path
from typing import Any

import httpx
import pytest

from headway.server.built import Dashboard, best_form
from headway.server.pages import Pages

HTML = {"Accept": "text/html,application/xhtml+xml,*/*;q=0.8"}
HEAD = '<head><!--headway--><link rel="icon" href="./icon.svg"></head>'
BUILD = {
    "index.html": f"<!doctype html><html>{HEAD}<body>built</body></html>",
    "icon.svg": "<svg/>",
    "manifest.webmanifest": "{}",
    ".stamp": "abc",
    "assets/index-abc.js": "run()",
    "assets/style-abc.css": "p {}",
}
PACKED = {"br": b"run() by br", "gz": gzip.compress(b"run()", mtime=0)}


@pytest.fixture
def build(tmp_path: Path) -> Path:
    """A built dashboard."""
    folder = tmp_path / "dashboard"
    for name, content in BUILD.items():
        (folder / name).parent.mkdir(parents=True, exist_ok=True)
        (folder / name).write_text(content)
    for ending, body in PACKED.items():
        (folder / f"assets/index-abc.js.{ending}").write_bytes(body)
    return folder


def base_in(page: httpx.Response) -> str:
    found = re.search(r'<base href="([^"]*)">', page.text)
    assert found is not None, page.text
    return html.unescape(found.group(1))


def facts_in(page: httpx.Response) -> dict[str, Any]:
    found = re.search(r'<meta name="headway" content="([^"]*)">', page.text)
    assert found is not None, page.text
    return json.loads(html.unescape(found.group(1)))


async def told(pages: Pages, method: str, path: str) -> list[dict[str, Any]]:
    """The messages of an answer, as they leave the application."""
    messages: list[dict[str, Any]] = []

    async def send(message: Any) -> None:
        messages.append(message)

    async def receive() -> Any:
        return {"type": "http.request"}

    scope = {"type": "http", "method": method, "path": path, "headers": [], "query_string": b""}
    await pages(scope, receive, send)
    return messages


class TestThePage:
    async def test_it_is_at_the_root_with_its_base_and_facts_before_any_link(self, running, build):
        async with running(dashboard=build) as bench:
            page = await bench.http.get("/")

        assert page.headers["content-type"] == "text/html; charset=utf-8"
        assert page.text.index("<base ") < page.text.index("<link ")
        assert base_in(page) == "/"
        assert facts_in(page) == {"base": "/", "version": version("headway"), "authenticated": False}

    @pytest.mark.parametrize(
        "path",
        ["/jobs", "/jobs/01ABC", "/queues/mail", "/kinds/headway.actions", "/workers/host.example.org", "/a/b/c/"],
    )
    async def test_a_view_that_is_opened_by_its_address_is_the_page(self, path: str, running, build):
        async with running(dashboard=build) as bench:
            page = await bench.http.get(path, headers=HTML)

        assert (page.status_code, "built" in page.text) == (200, True)

    @pytest.mark.parametrize("path", ["/jobs", "/assets/gone.js", "/gone.js", "/kinds/x.js"])
    async def test_what_does_not_ask_for_a_page_never_gets_one(self, path: str, running, build):
        async with running(dashboard=build) as bench:
            script = await bench.http.get(path, headers={"Accept": "*/*"})

        assert (script.status_code, script.headers["cache-control"]) == (404, "no-store")

    @pytest.mark.parametrize("path", ["/assets/gone.js", "/assets/gone", "/assets/", "/gone.js", "/index.html"])
    async def test_a_missing_file_is_missing_even_to_who_asks_for_a_page(self, path: str, running, build):
        async with running(dashboard=build) as bench:
            answer = await bench.http.get(path, headers=HTML)

        assert (answer.status_code, answer.json()["code"]) == (404, "not_found")

    async def test_it_never_takes_the_place_of_a_route(self, running, build):
        async with running(dashboard=build) as bench:
            pages = bench.application.edge.pages
            routes = [
                route
                for route in bench.application.agents.inner.inner.routes
                if "GET" in (getattr(route, "methods", None) or ())
            ]
            paths = [re.sub(r"\{[^}]*\}", "x", route.path) for route in routes]
            scope = {"type": "http", "method": "GET", "headers": [(b"accept", b"text/html")]}
            figures = await bench.http.get("/metrics", headers=HTML)

            assert {"/metrics", "/healthz"} <= set(paths)
            assert [path for path in paths if pages.has(scope, path)] == []
        assert "headway_seq" in figures.text

    @pytest.mark.parametrize("path", ["/jobs", "/", "/assets/index-abc.js"])
    async def test_it_answers_to_no_verb_that_changes_things(self, path: str, running, build):
        async with running(dashboard=build) as bench:
            answer = await bench.http.post(path, headers=HTML)

        assert answer.status_code == 404

    async def test_it_shows_itself_without_a_token_and_nothing_else(self, running, build):
        async with running(dashboard=build, token="open-sesame") as bench:
            shown = [await bench.http.get(path, headers=HTML) for path in ("/", "/jobs/x", "/icon.svg", "/plain/")]
            missing = await bench.http.get("/assets/gone.js")
            kept = [
                (await bench.http.get(path, headers=HTML)).status_code
                for path in ("/metrics", "/api/v1/jobs", "/api", "/api/nothing")
            ]

        assert {answer.status_code for answer in shown} == {200}
        assert facts_in(shown[0])["authenticated"] is True
        assert missing.status_code == 404
        assert set(kept) == {401}

    async def test_another_name_than_ours_gets_nothing(self, running, build):
        async with running(dashboard=build) as bench:
            answers = [
                await bench.http.get(path, headers={**HTML, "Host": "evil.example"}) for path in ("/", "/jobs/x")
            ]

        assert [answer.status_code for answer in answers] == [403, 403]

    async def test_it_runs_nothing_but_its_own_files(self, running, build):
        async with running(dashboard=build) as bench:
            page = await bench.http.get("/")

        policy = dict(rule.split(" ", 1) for rule in page.headers["content-security-policy"].split("; "))
        assert policy["default-src"] == "'none'"
        assert {policy[name] for name in ("script-src", "style-src", "connect-src", "font-src", "worker-src")} == {
            "'self'"
        }
        assert (policy["base-uri"], policy["form-action"], policy["frame-ancestors"]) == ("'self'", "'none'", "'none'")
        assert page.headers["x-content-type-options"] == "nosniff"
        assert page.headers["referrer-policy"] == "same-origin"
        assert "geolocation=()" in page.headers["permissions-policy"]

    async def test_it_is_asked_about_each_time_and_sent_only_when_it_changed(self, running, build):
        async with running(dashboard=build) as bench:
            first = await bench.http.get("/")
            tag = first.headers["etag"]
            again = await bench.http.get("/jobs", headers={**HTML, "If-None-Match": f'"other", W/{tag}'})
            other = await bench.http.get("/", headers={"If-None-Match": tag, "X-Forwarded-Prefix": "/elsewhere"})

        assert first.headers["cache-control"] == "no-cache"
        assert (again.status_code, again.content) == (304, b"")
        assert other.status_code == 200

    @pytest.mark.parametrize("path", ["/", "/assets/style-abc.css"])
    async def test_its_head_has_its_length_and_no_body(self, path: str, build):
        pages = Pages(Dashboard(build), version="1", authenticated=False)

        whole, head = await told(pages, "GET", path), await told(pages, "HEAD", path)

        assert whole[0]["headers"] == head[0]["headers"]
        assert (len(whole[1]["body"]) > 3, head[1]["body"]) == (True, b"")


class TestItsFiles:
    async def test_a_hashed_one_is_kept_for_ever_others_are_asked_about(self, running, build):
        async with running(dashboard=build) as bench:
            style, icon = await bench.http.get("/assets/style-abc.css"), await bench.http.get("/icon.svg")
            again = await bench.http.get("/icon.svg", headers={"If-None-Match": icon.headers["etag"]})

        assert (style.text, style.headers["content-type"]) == ("p {}", "text/css; charset=utf-8")
        assert style.headers["cache-control"] == "public, max-age=31536000, immutable"
        assert (icon.headers["content-type"], icon.headers["cache-control"]) == ("image/svg+xml", "no-cache")
        assert again.status_code == 304

    @pytest.mark.parametrize(
        ("accepted", "encoding", "body"),
        [
            ("gzip, deflate, br", "br", PACKED["br"]),
            ("gzip", "gzip", PACKED["gz"]),
            ("br;q=0, gzip;q=0.5", "gzip", PACKED["gz"]),
            ("br;q=x, GZIP", "gzip", PACKED["gz"]),
            ("deflate, zstd", "", b"run()"),
            ("", "", b"run()"),
        ],
    )
    def test_it_is_sent_packed_as_the_browser_accepts(self, accepted: str, encoding: str, body: bytes, build):
        file = Dashboard(build).files["/assets/index-abc.js"]

        assert best_form(file, accepted) == encoding
        assert file.forms[encoding].body == body

    async def test_a_packed_one_says_so_and_varies(self, running, build):
        async with running(dashboard=build) as bench, bench.http.stream("GET", "/assets/index-abc.js") as packed:
            raw = b"".join([part async for part in packed.aiter_raw()])

        assert raw in PACKED.values()
        assert packed.headers["content-encoding"] in {"br", "gzip"}
        assert packed.headers["vary"] == "Accept-Encoding"
        assert packed.headers["content-type"] == "text/javascript; charset=utf-8"
        assert packed.headers["content-length"] == str(len(raw))

    @pytest.mark.parametrize(
        "path",
        [
            "/assets/index-abc.js.br",
            "/.stamp",
            "/assets/../index.html",
            "/assets/..%2findex.html",
            "/assets/%2e%2e/%2e%2e/config.py",
            "/%2e%2e/config.py",
            "/assets//index-abc.js",
        ],
    )
    async def test_what_is_not_in_the_table_is_not_found(self, path: str, running, build):
        async with running(dashboard=build) as bench:
            answer = await bench.http.get(path)

        assert answer.status_code == 404

    async def test_they_outlive_another_version_installed_under_a_running_server(self, running, build):
        async with running(dashboard=build) as bench:
            await bench.http.get("/")
            for place in sorted(build.rglob("*"), reverse=True):
                place.rmdir() if place.is_dir() else place.unlink()

            page, script = await bench.http.get("/"), await bench.http.get("/assets/index-abc.js")

        assert ("built" in page.text, script.status_code) == (True, 200)


class TestBelowAPrefix:
    """A proxy leaves the prefix on or takes it off; the browser sees the same page, whose links lead back to it."""

    @pytest.mark.parametrize("path", ["/ops/", "/ops/jobs/x", "/", "/jobs/x"])
    async def test_the_configured_base_path_is_its_base_whatever_the_proxy_does(self, path: str, running, build):
        async with running(dashboard=build, base_path="/ops") as bench:
            page = await bench.http.get(path, headers=HTML)
            script = await bench.http.get("/ops/assets/index-abc.js")
            stripped = await bench.http.get("/assets/index-abc.js")

        assert (base_in(page), facts_in(page)["base"]) == ("/ops/", "/ops/")
        assert (script.status_code, stripped.status_code) == (200, 200)

    @pytest.mark.parametrize(
        ("client", "proxies", "base"),
        [("127.0.0.1", (), "/ops/"), ("10.1.2.3", ("10.0.0.0/8",), "/ops/"), ("10.1.2.3", (), "/")],
    )
    async def test_the_header_of_a_proxy_counts_if_it_is_believed(
        self, client: str, proxies: tuple[str, ...], base: str, running, build
    ):
        async with running(dashboard=build, client=client, trusted_proxies=proxies) as bench:
            page = await bench.http.get("/jobs/x", headers={**HTML, "X-Forwarded-Prefix": "/ops"})

        assert base_in(page) == base

    @pytest.mark.parametrize("header", ["//evil.example", '/"><script>', "https://evil.example", "/a, /b"])
    async def test_a_header_that_is_no_path_does_not(self, header: str, running, build):
        async with running(dashboard=build) as bench:
            page = await bench.http.get("/", headers={"X-Forwarded-Prefix": header})

        assert base_in(page) == "/"

    async def test_what_was_made_is_found_below_it_too(self, running):
        async with running(base_path="/ops") as bench:
            left_on = await bench.http.post("/ops/api/v1/jobs", json={"kind": "add"})
            taken_off = await bench.http.post("/api/v1/jobs", json={"kind": "add"})

        assert left_on.headers["location"].startswith("/ops/api/v1/jobs/")
        assert taken_off.headers["location"].startswith("/ops/api/v1/jobs/")

    def test_facts_can_not_leave_their_attribute(self, build):
        page = Dashboard(build).page('/"><script>/', version="'\"<>&", authenticated=True).body.decode()

        assert "<script>" not in page
        found = re.search(r'content="([^"]*)"', page)
        assert found is not None
        assert json.loads(html.unescape(found.group(1)))["version"] == "'\"<>&"


class TestWithoutABuild:
    async def test_the_built_in_page_is_at_the_root_and_views_are_not_found(self, running):
        async with running() as bench:
            page = await bench.http.get("/")
            view = await bench.http.get("/jobs/x", headers=HTML)

        assert 'src="page/page.js"' in page.text
        assert view.status_code == 404

    async def test_a_folder_without_an_index_is_no_dashboard(self, running, tmp_path: Path):
        (tmp_path / "half").mkdir()
        async with running(dashboard=tmp_path / "half") as bench:
            page = await bench.http.get("/")

        assert 'src="page/page.js"' in page.text
