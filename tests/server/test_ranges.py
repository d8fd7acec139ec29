from __future__ import annotations

import pytest

from headway.server.ranges import span_of


@pytest.mark.parametrize(
    ("header", "span"),
    [
        ("bytes=0-3", (0, 4)),
        ("bytes=4-", (4, 10)),
        ("bytes=-3", (7, 10)),
        ("bytes=-30", (0, 10)),
        ("bytes=8-30", (8, 10)),
        ("Bytes = 2 - 2", (2, 3)),
        ("bytes=0-1,4-5", None),
        ("bytes=5-4", None),
        ("bytes=-", None),
        ("bytes=a-b", None),
        ("lines=0-3", None),
        ("", None),
    ],
)
def test_one_range_is_served_and_anything_else_is_the_whole(header: str, span: tuple[int, int] | None):
    assert span_of(header, 10) == span


@pytest.mark.parametrize("header", ["bytes=10-", "bytes=99-100", "bytes=-0"])
def test_what_lies_beyond_the_end_has_nothing_in_it(header: str):
    span = span_of(header, 10)

    assert span is not None
    assert span[0] >= span[1]


async def test_a_part_of_a_file_is_sent_where_it_is_still_the_same_file(running):
    async with running() as bench:
        id = await bench.submit()
        await bench.start(id)
        await bench.http.put(f"/api/v1/jobs/{id}/attempts/1/artifacts/a.bin", content=b"0123456789")
        url = f"/api/v1/jobs/{id}/artifacts/a.bin"

        whole = await bench.http.get(url)
        part = await bench.http.get(url, headers={"Range": "bytes=2-4", "If-Range": whole.headers["etag"]})
        other = await bench.http.get(url, headers={"Range": "bytes=2-4", "If-Range": '"older"'})
        beyond = await bench.http.get(url, headers={"Range": "bytes=10-"})

    assert (whole.status_code, whole.content, whole.headers["accept-ranges"]) == (200, b"0123456789", "bytes")
    assert (part.status_code, part.content) == (206, b"234")
    assert (part.headers["content-range"], part.headers["content-length"]) == ("bytes 2-4/10", "3")
    assert (other.status_code, other.content) == (200, b"0123456789")
    assert (beyond.status_code, beyond.headers["content-range"]) == (416, "bytes */10")


async def test_a_file_that_is_gone_is_said_before_anything_is_sent(running):
    async with running() as bench:
        id = await bench.submit()
        await bench.start(id)
        stored = await bench.http.put(f"/api/v1/jobs/{id}/attempts/1/artifacts/a.bin", content=b"x")
        await bench.site.artifacts.remove(stored.json()["key"])

        answer = await bench.http.get(f"/api/v1/jobs/{id}/artifacts/a.bin")

    assert (answer.status_code, answer.json()["code"]) == (404, "not_found")


async def test_an_empty_file_is_a_file(running):
    async with running() as bench:
        id = await bench.submit()
        await bench.start(id)
        await bench.http.put(f"/api/v1/jobs/{id}/attempts/1/artifacts/empty", content=b"")

        answer = await bench.http.get(f"/api/v1/jobs/{id}/artifacts/empty")

    assert (answer.status_code, answer.content) == (200, b"")
