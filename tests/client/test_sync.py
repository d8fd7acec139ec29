"""The blocking twin: the same calls without await."""

from __future__ import annotations

import pytest

from headway.client import Blocking, connect
from headway.client.jobs import Job
from headway.errors import NotFound


class Target:
    """Something asynchronous."""

    url = "http://hw:1"

    def __init__(self) -> None:
        self.closed = False

    async def get(self, job: str) -> dict[str, str]:
        return {"id": job, "state": "running", "kind": "crawl"}

    async def submit(self, kind: str, after: object = None) -> Job:
        self.after = after
        return Job(self, f"{kind}-1")

    async def submit_many(self, kinds: list[str]) -> list[Job]:
        return [Job(self, kind) for kind in kinds]

    async def fail(self) -> None:
        raise NotFound("job", "x")

    async def watch(self, job: str):
        try:
            for state in ("queued", "running"):
                yield state
        finally:
            self.closed = True

    async def close(self) -> None:
        self.closed = True


@pytest.fixture
def twin():
    made = Blocking(Target())
    yield made
    made.close()


def test_a_coroutine_is_run_to_its_end(twin):
    assert twin.get("j")["state"] == "running"


def test_a_plain_attribute_stays_what_it_is(twin):
    assert twin.url == "http://hw:1"


def test_an_error_comes_through(twin):
    with pytest.raises(NotFound):
        twin.fail()


def test_a_handle_blocks_too_and_goes_back_in_as_the_handle_it_is(twin):
    job = twin.submit("crawl")
    other = twin.submit("crawl", after=job)

    assert job.get()["id"] == "crawl-1"
    assert isinstance(twin._target.after, Job)
    assert repr(other) == "<job crawl-1>"


def test_a_list_of_handles_is_a_list_of_blocking_ones(twin):
    assert [job.get()["id"] for job in twin.submit_many(["a", "b"])] == ["a", "b"]


def test_an_async_iterator_becomes_an_iterator(twin):
    assert list(twin.watch("j")) == ["queued", "running"]


def test_an_iterator_that_is_left_early_is_closed(twin):
    views = twin.watch("j")

    assert next(views) == "queued"
    views.close()

    assert twin._target.closed


def test_a_notebook_shows_how_the_job_stands_now(twin):
    assert "running" in twin.submit("crawl")._repr_mimebundle_()["text/html"]


def test_connect_is_a_client_that_blocks_and_closes_its_thread():
    with connect("http://127.0.0.1:9", patience_s=0.0) as client:
        assert client.url == "http://127.0.0.1:9"
