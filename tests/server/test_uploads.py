from __future__ import annotations

import hashlib
from pathlib import Path

import pytest

from headway.model.command import Delete
from headway.model.settings import Settings


def files(folder: Path) -> list[Path]:
    return [path for path in (folder / "artifacts").rglob("*") if path.is_file()]


def put(bench, id: str, name: str = "report.html", attempt: int = 1, content: bytes = b"<b>hi</b>", **headers: str):
    sent = {"Content-Type": "text/html; charset=utf-8", **headers}
    return bench.http.put(f"/api/v1/jobs/{id}/attempts/{attempt}/artifacts/{name}", content=content, headers=sent)


async def test_a_file_of_the_running_attempt_is_stored_and_sent_as_an_attachment(running):
    async with running() as bench:
        id = await bench.submit()
        await bench.start(id)

        stored = await put(bench, id)
        listed = (await bench.http.get(f"/api/v1/jobs/{id}/artifacts")).json()["artifacts"]
        got = await bench.http.get(f"/api/v1/jobs/{id}/artifacts/report.html")

    assert stored.status_code == 201
    assert stored.json()["sha256"] == hashlib.sha256(b"<b>hi</b>").hexdigest()
    assert (listed["report.html"]["size"], listed["report.html"]["attempt"]) == (9, 1)
    assert got.content == b"<b>hi</b>"
    assert got.headers["content-disposition"] == "attachment; filename*=utf-8''report.html"
    assert got.headers["x-content-type-options"] == "nosniff"
    assert got.headers["content-security-policy"].startswith("sandbox")


async def test_the_fence_is_asked_before_the_first_byte(running, tmp_path: Path):
    async with running() as bench:
        id = await bench.submit()
        await bench.start(id)
        await bench.end(id)

        late = await put(bench, id)
        other = await put(bench, id, attempt=2)

    assert (late.status_code, other.status_code) == (409, 409)
    assert late.json()["message"] == (
        f"artifact refused: attempt 1 of job {id} is fenced: attempt 1 is over; the job is completed, attempt 1."
    )
    assert files(tmp_path) == []


async def test_the_fence_is_asked_again_when_the_file_is_whole(running, tmp_path: Path):
    async with running() as bench:
        id = await bench.submit()
        await bench.start(id)

        async def slow():
            yield b"first half, "
            await bench.end(id)
            yield b"second half"

        answer = await put(bench, id, content=slow())

    assert answer.status_code == 409
    assert files(tmp_path) == []


async def test_another_worker_may_not_speak_for_the_attempt(running):
    async with running() as bench:
        id = await bench.submit()
        await bench.start(id)

        answer = await put(bench, id, **{"Headway-Worker": "somebody/else"})

    assert answer.status_code == 409


async def test_the_same_name_again_replaces_the_file(running, tmp_path: Path):
    async with running() as bench:
        id = await bench.submit()
        await bench.start(id)
        await put(bench, id)

        await put(bench, id, content=b"newer")
        got = await bench.http.get(f"/api/v1/jobs/{id}/artifacts/report.html")

    assert got.content == b"newer"
    assert len(files(tmp_path)) == 1


async def test_a_file_over_the_limit_is_refused_whether_it_says_so_or_not(running, tmp_path: Path):
    async with running(settings=Settings(artifact_bytes=10)) as bench:
        id = await bench.submit()
        await bench.start(id)

        async def unannounced():
            yield b"x" * 11

        declared = await put(bench, id, content=b"x" * 11)
        streamed = await put(bench, id, content=unannounced())

    assert (declared.status_code, streamed.status_code) == (413, 413)
    assert files(tmp_path) == []


@pytest.mark.parametrize("name", ["%2e%2e/x", "a/%2e%2e/%2e%2e/x", "a//b", "x%00y", "n" * 201])
async def test_a_name_that_looks_like_a_path_out_is_refused(name: str, running, tmp_path: Path):
    async with running() as bench:
        id = await bench.submit()
        await bench.start(id)

        answer = await put(bench, id, name)

    assert answer.status_code in (404, 422)
    assert files(tmp_path) == []


async def test_a_name_may_have_folders_and_any_script(running):
    async with running() as bench:
        id = await bench.submit()
        await bench.start(id)

        await put(bench, id, "plots/größe.png", **{"Content-Type": 'image/png"; x=<script>'})
        got = await bench.http.get(f"/api/v1/jobs/{id}/artifacts/plots/größe.png")

    assert got.headers["content-disposition"] == "attachment; filename*=utf-8''gr%C3%B6%C3%9Fe.png"
    assert got.headers["content-type"] == "application/octet-stream"


async def test_deleting_a_job_deletes_its_files(running, tmp_path: Path):
    async with running() as bench:
        id = await bench.submit()
        await bench.start(id)
        await put(bench, id)
        await bench.end(id)

        await bench.http.delete(f"/api/v1/jobs/{id}")

    assert files(tmp_path) == []


async def test_whoever_deletes_the_job_its_files_go_too(running, tmp_path: Path):
    async with running() as bench:
        id = await bench.submit()
        await bench.start(id)
        await put(bench, id)
        await bench.end(id)

        await bench.application.hub.ledger.execute(Delete(job=id))  # as retention does

    assert files(tmp_path) == []
