from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator
from typing import Any

from headway.clock import ulid
from headway.server.artifacts import FolderFiles
from headway.server.leftovers import KEPT_MS, Leftovers

PNG = b"\x89PNG\r\n\x1a\n"


async def chunks(body: bytes) -> AsyncIterator[bytes]:
    yield body


async def left(bench: Any, job: str, *, age_ms: int) -> str:
    """A file that was begun so long ago, and that nobody named."""
    own = ulid(bench.site.hub.clock.now() - age_ms, 7)
    files = FolderFiles(bench.site.artifacts.folder, new_id=lambda: own, limit=100)
    return (await files.write(job, chunks(b"x"))).key


async def keys(bench: Any) -> set[str]:
    return {key async for some in bench.site.artifacts.every_key() for key in some}


async def test_a_file_that_no_job_names_goes_after_a_day_and_no_other(running):
    async with running() as bench:
        id = await bench.submit()
        await bench.start(id)
        named = (await bench.http.put(f"/api/v1/jobs/{id}/attempts/1/artifacts/a", content=b"x")).json()["key"]
        old_unnamed = await left(bench, id, age_ms=KEPT_MS + 60_000)
        of_no_job = await left(bench, ulid(5, 5), age_ms=2 * KEPT_MS)
        young = await left(bench, id, age_ms=KEPT_MS - 60_000)
        before = await keys(bench)

        gone = await Leftovers(bench.site).sweep()
        after = await keys(bench)

    assert before == {named, old_unnamed, of_no_job, young}
    assert (gone, after) == (2, {named, young})


async def test_a_file_that_is_old_and_named_stays(running):
    async with running() as bench:
        id = await bench.submit()
        await bench.start(id)
        bench.site.artifacts._new_id = lambda: ulid(bench.site.hub.clock.now() - 2 * KEPT_MS, 7)
        await bench.http.put(f"/api/v1/jobs/{id}/attempts/1/artifacts/a", content=b"x")

        gone = await Leftovers(bench.site).sweep()
        answer = await bench.http.get(f"/api/v1/jobs/{id}/artifacts/a")

    assert (gone, answer.content) == (0, b"x")


async def test_the_picture_of_an_attempt_that_runs_for_days_stays(running):
    async with running() as bench:
        id = await bench.submit()
        await bench.start(id)
        bench.site.artifacts._new_id = lambda: ulid(bench.site.hub.clock.now() - 2 * KEPT_MS, 7)
        await bench.http.put(f"/api/v1/jobs/{id}/attempts/1/preview", content=PNG)

        gone = await Leftovers(bench.site).sweep()
        answer = await bench.http.get(f"/api/v1/jobs/{id}/preview")

    assert (gone, answer.content) == (0, PNG)


async def test_a_picture_whose_server_died_with_the_end_of_its_attempt_goes(running, monkeypatch):
    async with running() as bench:
        id = await bench.submit()
        await bench.start(id)
        bench.site.artifacts._new_id = lambda: ulid(bench.site.hub.clock.now() - 2 * KEPT_MS, 7)
        await bench.http.put(f"/api/v1/jobs/{id}/attempts/1/preview", content=PNG)
        with monkeypatch.context() as dead:
            dead.setattr(bench.site.artifacts, "remove", asyncio.sleep)
            await bench.end(id)
        stayed = await keys(bench)

        gone = await Leftovers(bench.site).sweep()

    assert (len(stayed), gone) == (1, 1)


async def test_what_a_crash_left_half_written_goes_too(running, tmp_path):
    async with running() as bench:
        key = ulid(5, 5) + ulid(bench.site.hub.clock.now() - 2 * KEPT_MS, 7)
        half = tmp_path / "artifacts" / key[-2:] / f"{key}.part"
        half.parent.mkdir(parents=True)
        half.write_bytes(b"x")

        await Leftovers(bench.site).sweep()

    assert not half.exists()
