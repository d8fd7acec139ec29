from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest

from headway.hub.verify import verify
from headway.model.settings import Settings
from headway.server.previews import label_of
from postgres import Postgres

PNG = b"\x89PNG\r\n\x1a\n"
JPEG = b"\xff\xd8\xff\xe0"
AT_ANY_PACE = Settings(preview_ms=0)


def files(folder: Path) -> list[Path]:
    return [path for path in (folder / "artifacts").rglob("*") if path.is_file()]


def put(bench: Any, id: str, content: Any = PNG, attempt: int = 1, **headers: str):
    sent = {"Content-Type": "image/png", **headers}
    return bench.http.put(f"/api/v1/jobs/{id}/attempts/{attempt}/preview", content=content, headers=sent)


async def running_job(bench: Any) -> str:
    id = await bench.submit()
    await bench.start(id)
    return id


async def test_whoever_watches_gets_the_newest_picture(running, tmp_path: Path):
    async with running(settings=AT_ANY_PACE) as bench:
        id = await running_job(bench)
        await put(bench, id, PNG + b"1", **{"Headway-Label": "KSampler%20%E2%80%93%20step%201"})
        labelled = (await bench.job(id))["preview"]

        answer = await put(bench, id, JPEG + b"2")
        shown = (await bench.job(id))["preview"]
        got = await bench.http.get(f"/api/v1/jobs/{id}/preview?v=2")
        await bench.until(lambda: len(files(tmp_path)) == 1)

    assert labelled["label"] == "KSampler – step 1"
    assert answer.status_code == 200
    assert (shown["version"], shown["type"], shown["size"]) == (2, "image/jpeg", 5)
    assert "label" not in shown
    assert (got.content, got.headers["content-type"], got.headers["headway-version"]) == (
        JPEG + b"2",
        "image/jpeg",
        "2",
    )


async def test_its_bytes_are_sent_so_that_nothing_in_them_runs(running):
    async with running() as bench:
        id = await running_job(bench)
        await put(bench, id, PNG + b"<script>alert(1)</script>", **{"Content-Type": "text/html"})

        got = await bench.http.get(f"/api/v1/jobs/{id}/preview")

    assert got.headers["content-type"] == "image/png"
    assert got.headers["x-content-type-options"] == "nosniff"
    assert got.headers["content-security-policy"] == "sandbox; default-src 'none'"


async def test_what_is_no_picture_is_refused_whatever_its_header_says(running, tmp_path: Path):
    async with running() as bench:
        id = await running_job(bench)

        answer = await put(bench, id, b"<svg xmlns='http://www.w3.org/2000/svg'/>")

    assert answer.status_code == 422
    assert answer.json()["message"] == "preview: the bytes are no PNG, JPEG, WebP or GIF."
    assert files(tmp_path) == []


async def test_one_that_is_too_large_is_refused_whether_it_says_so_or_not(running, tmp_path: Path):
    async with running(settings=Settings(preview_bytes=10)) as bench:
        id = await running_job(bench)

        async def unannounced():
            yield PNG + b"123"

        declared = await put(bench, id, PNG + b"123")
        streamed = await put(bench, id, unannounced())

    assert (declared.status_code, streamed.status_code) == (413, 413)
    assert declared.json()["message"] == "The preview has 11 bytes; the limit is 10."
    assert files(tmp_path) == []


async def test_a_worker_can_not_fill_the_log_with_them(running, tmp_path: Path):
    async with running(settings=Settings(preview_ms=600_000)) as bench:
        id = await running_job(bench)
        await put(bench, id)

        answer = await put(bench, id, PNG + b"too soon")

    assert answer.status_code == 429
    assert answer.json()["message"] == "Too many previews of this job."
    assert len(files(tmp_path)) == 1


async def test_the_end_of_the_attempt_takes_picture_and_file_away(running, tmp_path: Path):
    async with running() as bench:
        id = await running_job(bench)
        await put(bench, id)

        await bench.end(id)
        job = await bench.job(id)
        got = await bench.http.get(f"/api/v1/jobs/{id}/preview")
        announced = await bench.http.get(f"/api/v1/jobs/{id}/preview?v=1")
        late = await put(bench, id)

    assert "preview" not in job
    assert (announced.status_code, announced.content) == (204, b"")
    assert (got.status_code, late.status_code) == (404, 409)
    assert "The job shows none now; what its attempts left behind are its artifacts." in got.json()["hint"]
    assert late.json()["message"].startswith(f"preview refused: attempt 1 of job {id} is fenced")
    assert files(tmp_path) == []


async def test_the_fence_is_asked_again_when_the_picture_is_whole(running, tmp_path: Path):
    async with running() as bench:
        id = await running_job(bench)

        async def slow():
            yield PNG
            await bench.end(id)
            yield b"second half"

        answer = await put(bench, id, slow())

    assert answer.status_code == 409
    assert files(tmp_path) == []


async def test_another_worker_may_not_show_for_the_attempt(running):
    async with running() as bench:
        id = await running_job(bench)

        answer = await put(bench, id, **{"Headway-Worker": "somebody/else"})

    assert answer.status_code == 409


async def test_one_that_is_replaced_while_it_is_fetched_gives_the_newer(running, monkeypatch: pytest.MonkeyPatch):
    async with running(settings=AT_ANY_PACE) as bench:
        id = await running_job(bench)
        await put(bench, id, PNG + b"1")
        read = bench.site.artifacts.read

        async def raced(key: str, start: int, end: int):
            monkeypatch.undo()
            await put(bench, id, PNG + b"2")
            await bench.site.artifacts.remove(key)
            async for part in read(key, start, end):
                yield part

        monkeypatch.setattr(bench.site.artifacts, "read", raced)
        got = await bench.http.get(f"/api/v1/jobs/{id}/preview?v=1")

    assert (got.content, got.headers["headway-version"]) == (PNG + b"2", "2")


async def test_rows_stay_folds_of_their_events(running):
    async with running(settings=AT_ANY_PACE) as bench:
        for last in (PNG, JPEG):
            id = await running_job(bench)
            await put(bench, id)
            await put(bench, id, last)
            if last == PNG:
                await bench.end(id)

        found = verify(bench.application.hub.store)

    assert (found.differences, found.jobs) == ([], 2)


async def test_a_database_of_several_servers_keeps_and_forgets_them_as_well(running, postgres: Postgres):
    url = postgres.new_database()
    async with running(settings=AT_ANY_PACE, store=url) as bench, running(settings=AT_ANY_PACE, store=url) as other:
        id = await running_job(bench)
        await put(other, id, PNG + b"1")
        await put(bench, id, PNG + b"2")

        seen = await other.http.get(f"/api/v1/jobs/{id}/preview")
        await other.end(id)
        found = verify(bench.application.hub.store)
    async with running(store=url) as later:
        left = [key async for some in later.site.artifacts.every_key() for key in some]
    postgres.drop_database(url)

    assert (seen.content, seen.headers["headway-version"]) == (PNG + b"2", "2")
    assert (found.differences, left) == ([], [])


@pytest.mark.parametrize(
    ("header", "label"),
    [("", ""), ("a%0Ab%00", "a b"), ("%E2%80%9C%FF", "“\N{REPLACEMENT CHARACTER}"), ("x" * 300, "x" * 200)],
)
def test_a_label_is_one_short_line_of_plain_characters(header: str, label: str):
    assert label_of(header) == label
