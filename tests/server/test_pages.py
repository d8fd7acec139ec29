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
