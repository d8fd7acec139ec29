from __future__ import annotations

import re

from headway.server.pages import FILES


async def test_the_page_runs_nothing_but_its_own_files(running):
    async with running() as bench:
        page = await bench.http.get("/")

    policy = page.headers["content-security-policy"]
    assert "default-src 'none'" in policy
    assert "unsafe" not in policy
    assert page.headers["x-content-type-options"] == "nosniff"
    assert re.findall(r"<script(?![^>]*\bsrc=)|\son\w+=|\sstyle=|javascript:", page.text) == []


async def test_everything_the_page_asks_for_is_there(running):
    async with running() as bench:
        page = (await bench.http.get("/")).text
        wanted = set(re.findall(r'(?:href|src)="(page/[^"]+)"', page))
        for name in FILES:
            if name.endswith(".js"):
                script = (await bench.http.get(f"/page/{name}")).text
                wanted |= {f"page/{each}" for each in re.findall(r'from "\./([^"]+)"', script)}
                assert "innerHTML" not in script
        answers = {path: await bench.http.get(f"/{path}") for path in sorted(wanted)}

    assert {path: answer.status_code for path, answer in answers.items() if answer.status_code != 200} == {}
    assert answers["page/page.js"].headers["content-type"] == "text/javascript; charset=utf-8"


async def test_it_is_at_plain_too_whatever_is_at_the_root(running):
    async with running(base_path="/ops") as bench:
        page = await bench.http.get("/ops/plain/")
        wanted = set(re.findall(r'(?:href|src)="([^"#]+)"', page.text))
        answers = {link: await bench.http.get(str(page.url.join(link))) for link in wanted}
        without_slash = await bench.http.get("/ops/plain")

    assert {link: answer.status_code for link, answer in answers.items() if answer.status_code != 200} == {}
    assert {"../page/page.js", "../page/page.css", "../api/v1/jobs"} <= wanted
    assert without_slash.url.join(without_slash.headers["location"]).path == "/ops/plain/"


async def test_its_scripts_ask_the_api_from_where_they_are_not_from_where_the_page_is(running):
    async with running() as bench:
        for name in FILES:
            if name.endswith(".js"):
                script = (await bench.http.get(f"/page/{name}")).text

                assert re.findall(r"""["'`]/?api/v1""", script) == [], name
        link = (await bench.http.get("/page/link.js")).text

    assert "new URL(`../api/v1/${path}`, import.meta.url)" in link


async def test_a_file_that_is_not_of_the_page_is_not_found(running):
    async with running() as bench:
        for name in ("nothing.js", "..%2fconfig.py", "%2e%2e/config.py"):
            answer = await bench.http.get(f"/page/{name}")

            assert answer.status_code == 404


async def test_a_page_that_has_not_changed_is_not_sent_again(running):
    async with running() as bench:
        first = await bench.http.get("/page/page.css")
        again = await bench.http.get("/page/page.css", headers={"If-None-Match": first.headers["etag"]})

    assert (again.status_code, again.content) == (304, b"")
