from __future__ import annotations

import hashlib
from collections.abc import AsyncIterator
from pathlib import Path

import pytest
from starlette.requests import ClientDisconnect

from headway.clock import ulid
from headway.errors import NotFound, StoreUnavailable, TooLarge
from headway.server.artifacts import Artifacts

KEY = ulid(1, 0xABCDEF)


def files(folder: Path) -> list[Path]:
    return [path for path in folder.rglob("*") if path.is_file()]


async def parts(*chunks: bytes) -> AsyncIterator[bytes]:
    for chunk in chunks:
        yield chunk


def store(folder: Path, limit: int = 100) -> Artifacts:
    return Artifacts(folder, new_key=lambda: KEY, limit=limit)


async def test_a_file_is_hashed_as_it_comes_and_found_by_its_key(tmp_path: Path):
    artifacts = store(tmp_path)

    stored = await artifacts.write(parts(b"one ", b"two"))

    assert stored.size == 7
    assert stored.sha256 == hashlib.sha256(b"one two").hexdigest()
    assert artifacts.path(stored.key).read_bytes() == b"one two"


async def test_a_file_over_the_limit_leaves_nothing(tmp_path: Path):
    with pytest.raises(TooLarge) as caught:
        await store(tmp_path).write(parts(b"x" * 60, b"x" * 60))

    assert str(caught.value) == "The artifact has 120 bytes; the limit is 100. It was not read further."
    assert files(tmp_path) == []


async def test_an_upload_that_breaks_off_leaves_nothing(tmp_path: Path):
    async def broken() -> AsyncIterator[bytes]:
        yield b"half"
        raise ClientDisconnect

    with pytest.raises(ClientDisconnect):
        await store(tmp_path).write(broken())

    assert files(tmp_path) == []


async def test_a_disk_that_says_no_is_said_with_the_way_out(tmp_path: Path):
    (tmp_path / KEY[-2:]).write_text("in the way")

    with pytest.raises(StoreUnavailable) as caught:
        await store(tmp_path).write(parts(b"x"))

    assert caught.value.message.startswith("The artifact could not be written: ")
    assert caught.value.hint == f"Free space below {tmp_path}, then upload it again."


@pytest.mark.parametrize("key", ["../../etc/passwd", "", "/etc/passwd", KEY.lower(), KEY + "/..", ulid(9, 9)])
async def test_no_key_but_one_of_ours_is_ever_a_path(key: str, tmp_path: Path):
    artifacts = store(tmp_path)
    await artifacts.write(parts(b"x"))

    with pytest.raises(NotFound):
        artifacts.path(key)


async def test_removing_is_for_good_and_twice_is_once(tmp_path: Path):
    artifacts = store(tmp_path)
    stored = await artifacts.write(parts(b"x"))

    await artifacts.remove(stored.key)
    await artifacts.remove(stored.key)

    with pytest.raises(NotFound):
        artifacts.path(stored.key)
