from __future__ import annotations

import asyncio
from pathlib import Path
from typing import Any

import httpx
import pytest
from fastapi import FastAPI

from headway.clock import SystemClock
from headway.errors import InvalidInput, StoreUnusable
from headway.server.app import Application, asgi, open_files
from headway.server.artifacts import FolderFiles
from headway.server.config import Config
from headway.store.postgres.files import TableFiles
from headway.store.urls import open_store


def client(app) -> httpx.AsyncClient:
    return httpx.AsyncClient(transport=httpx.ASGITransport(app), base_url="http://127.0.0.1:8400")


@pytest.mark.parametrize(
    ("url", "sentence"),
    [
        ("sqlite://", "store: 'sqlite://' names no file."),
        ("sqlite:///", "store: 'sqlite:///' names no file."),
        ("mysql://x/y", "store: 'mysql://x/y' is no store that this version knows."),
        ("jobs.db", "store: 'jobs.db' is no store that this version knows."),
    ],
)
def test_a_store_that_is_none_is_named(url: str, sentence: str):
    with pytest.raises(InvalidInput) as caught:
        open_store(url)

    assert caught.value.message == sentence
    assert "sqlite:///" in caught.value.hint


async def test_mounted_and_given_its_lifespan_it_runs_with_the_application(tmp_path: Path):
    headway = asgi(config=Config(data=str(tmp_path)))
    app = FastAPI(lifespan=headway.lifespan)
    app.mount("/headway", headway)

    async with app.router.lifespan_context(app), client(app) as http:
        made = await http.post("/headway/api/v1/jobs", json={"kind": "add"})
        page = await http.get("/headway/")
        script = await http.get("/headway/page/page.js")

    assert made.headers["location"] == f"/headway/api/v1/jobs/{made.json()['id']}"
    assert (page.status_code, script.status_code) == (200, 200)
    assert not headway.site.ready


async def test_mounted_without_its_lifespan_it_starts_once_with_the_first_request_and_ends_with_the_loop(
    tmp_path: Path,
):
    headway = asgi(config=Config(data=str(tmp_path)))
    app = FastAPI()
    app.mount("/headway", headway)

    async with client(app) as http:
        answers = await asyncio.gather(*(http.post("/headway/api/v1/jobs", json={"kind": "add"}) for _ in range(5)))
        listed = (await http.get("/headway/api/v1/jobs")).json()["jobs"]
    running = next(task for task in asyncio.all_tasks() if task.get_name() == "headway")
    running.cancel()
    with pytest.raises(asyncio.CancelledError):
        await running

    assert {answer.status_code for answer in answers} == {201}
    assert len(listed) == 5
    with headway_store(tmp_path) as events:
        assert events[-1] == "system.stopping"


class headway_store:  # noqa: N801  # a scene of these tests
    """The types of all events of a store that no server holds any more."""

    def __init__(self, folder: Path) -> None:
        self._store = open_store(f"sqlite:///{folder}/headway.db")

    def __enter__(self) -> list[str]:
        self._store.open(now=1, new_epoch="x")
        with self._store.reading() as reading:
            return [event.type for event in reading.events(0)]

    def __exit__(self, *_: object) -> None:
        self._store.close()


async def test_as_the_outermost_application_it_speaks_the_lifespan_protocol(tmp_path: Path):
    headway = Application(Config(data=str(tmp_path)))
    inbox: asyncio.Queue[dict[str, str]] = asyncio.Queue()
    outbox: asyncio.Queue[dict[str, str]] = asyncio.Queue()

    serving = asyncio.create_task(headway({"type": "lifespan"}, inbox.get, outbox.put))
    await inbox.put({"type": "lifespan.startup"})
    started = await outbox.get()
    ready = headway.site.ready
    await inbox.put({"type": "lifespan.shutdown"})
    stopped = await outbox.get()
    await serving

    assert (started["type"], stopped["type"]) == ("lifespan.startup.complete", "lifespan.shutdown.complete")
    assert (ready, headway.site.ready) == (True, False)


async def test_a_store_that_another_server_holds_is_refused_with_the_way_out(tmp_path: Path):
    async with Application(Config(data=str(tmp_path))).lifespan():
        with pytest.raises(StoreUnusable, match="in use by another Headway server") as caught:
            async with Application(Config(data=str(tmp_path))).lifespan():
                pass

    assert "--store" in caught.value.hint


async def test_what_fails_inside_arrives_as_itself(tmp_path: Path):
    with pytest.raises(ZeroDivisionError):
        async with Application(Config(data=str(tmp_path))).lifespan():
            raise ZeroDivisionError


async def test_a_start_and_a_stop_are_in_the_log(tmp_path: Path):
    async with Application(Config(data=str(tmp_path))).lifespan():
        pass

    with headway_store(tmp_path) as events:
        assert events == ["system.started", "system.stopping"]


async def test_who_waits_for_a_result_is_answered_when_the_server_stops(running):
    async with running() as bench:
        id = await bench.submit()
        waiting = asyncio.create_task(bench.http.get(f"/api/v1/jobs/{id}/result", params={"wait": 60}))
        await bench.until(lambda: len(bench.site.waits) == 1)

        await bench.application.say_bye()
        answer = await waiting

    assert answer.json() == {"id": id, "state": "queued", "final": False}


@pytest.mark.parametrize(
    ("config", "kind"),
    [
        ({}, FolderFiles),
        ({"store": "postgresql://u@db/x"}, TableFiles),
        ({"store": "postgresql://u@db/x", "artifacts": "/mnt/shared"}, FolderFiles),
    ],
)
def test_files_of_jobs_are_where_the_store_is_or_in_the_folder_that_is_named(
    config: dict[str, Any], kind: type, tmp_path: Path
):
    files = open_files(Config(data=str(tmp_path), **config), SystemClock())

    assert type(files) is kind
    if isinstance(files, FolderFiles):
        assert files.folder == Path(config.get("artifacts") or tmp_path / "artifacts")


async def test_a_poll_that_ends_before_anything_was_sent_gives_no_cursor_to_go_on_from(running):
    async with running() as bench:
        polling = asyncio.create_task(bench.http.get("/api/v1/events", params={"topic": "jobs", "wait": 30}))
        await bench.until(lambda: bench.application.hub.feed.viewers)

        await bench.application.say_bye()
        answer = (await polling).json()

    assert answer["cursor"] is None
