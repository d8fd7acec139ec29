"""Files of jobs in both places: a folder, and a table of PostgreSQL. What one promises, the other keeps."""

from __future__ import annotations

import hashlib
from collections.abc import AsyncIterator, Callable, Iterator
from pathlib import Path

import pytest
from starlette.requests import ClientDisconnect

from headway.clock import SystemClock, ulid
from headway.errors import NotFound, StoreUnavailable, TooLarge
from headway.server.artifacts import FolderFiles
from headway.store.files import PART_BYTES, Files, name_of
from headway.store.postgres.address import Address
from headway.store.postgres.connecting import connect
from headway.store.postgres.files import TableFiles
from headway.store.postgres.opening import open_store
from postgres import Postgres

JOB = ulid(1, 0xABCDEF)
MIB = PART_BYTES

Make = Callable[..., Files]


@pytest.fixture(scope="module")
def address(postgres: Postgres) -> Iterator[Address]:
    """A store with nothing but files in it, for all tests: their keys are their own."""
    url = postgres.new_database()
    address = Address.parse(url)
    with connect(address) as connection:
        open_store(address, connection, SystemClock().now(), "e1")
    yield address
    postgres.drop_database(url)


@pytest.fixture(params=["folder", "table"])
def make(request: pytest.FixtureRequest, tmp_path: Path) -> Iterator[Make]:
    """`make(limit=…)`: an empty place for files; every call gives another server of the same place."""
    made: list[Files] = []
    clock = SystemClock()
    address: Address | None = None
    if request.param == "table":
        address = request.getfixturevalue("address")
        empty(request.getfixturevalue("address"))

    def new(limit: int = 10 * MIB) -> Files:
        files: Files = (
            FolderFiles(tmp_path, new_id=clock.new_id, limit=limit)
            if address is None
            else TableFiles(address, new_id=clock.new_id, limit=limit)
        )
        made.append(files)
        return files

    yield new
    for files in made:
        files.close()


def empty(address: Address) -> None:
    with connect(address) as connection:
        connection.execute(f'TRUNCATE "{address.schema}".files'.encode())


async def chunks(*parts: bytes) -> AsyncIterator[bytes]:
    for part in parts:
        yield part


async def content(files: Files, key: str, start: int = 0, end: int | None = None) -> bytes:
    end = await files.size(key) if end is None else end
    return b"".join([part async for part in files.read(key, start, end)])


async def keys(files: Files) -> list[str]:
    return sorted([key async for some in files.every_key() for key in some])


async def test_a_file_is_hashed_as_it_comes_and_found_by_its_key_at_every_server(make: Make):
    stored = await make().write(JOB, chunks(b"one ", b"two"))

    assert (stored.size, stored.sha256) == (7, hashlib.sha256(b"one two").hexdigest())
    assert await content(make(), stored.key) == b"one two"


async def test_a_key_says_whose_file_it_is_and_since_when(make: Make):
    before = SystemClock().now()

    stored = await make().write(JOB, chunks(b"x"))

    name = name_of(stored.key)
    assert name is not None
    assert name.job == JOB
    assert before <= name.made_at <= SystemClock().now()


@pytest.mark.parametrize("sizes", [[0], [MIB], [MIB - 1, 2], [3 * MIB + 5], [700_000] * 5])
async def test_a_file_of_any_size_comes_back_as_it_was(sizes: list[int], make: Make):
    whole = bytes(range(256)) * (sum(sizes) // 256 + 1)
    parts, start = list[bytes](), 0
    for size in sizes:
        parts.append(whole[start : start + size])
        start += size
    files = make()

    stored = await files.write(JOB, chunks(*parts))

    assert await files.size(stored.key) == stored.size == sum(sizes)
    assert await content(files, stored.key) == b"".join(parts)


@pytest.mark.parametrize(("start", "end"), [(0, 1), (MIB - 2, MIB + 2), (MIB, 2 * MIB), (5, 2 * MIB + 7), (9, 9)])
async def test_any_stretch_of_a_file_can_be_read(start: int, end: int, make: Make):
    whole = bytes(range(251)) * 10_000
    files = make()
    stored = await files.write(JOB, chunks(whole))

    assert await content(files, stored.key, start, end) == whole[start:end]


async def test_no_more_of_a_file_is_in_hand_than_a_part(make: Make):
    files = make()
    stored = await files.write(JOB, chunks(*[b"x" * 300_000] * 12))

    sizes = [len(part) async for part in files.read(stored.key, 0, stored.size)]

    assert max(sizes) <= PART_BYTES
    assert sum(sizes) == stored.size


async def test_a_file_over_the_limit_leaves_nothing(make: Make):
    files = make(limit=2 * MIB)

    with pytest.raises(TooLarge) as caught:
        await files.write(JOB, chunks(b"x" * MIB, b"x" * MIB, b"x"))

    assert str(caught.value) == "The artifact has 2,097,153 bytes; the limit is 2,097,152. It was not read further."
    assert await keys(files) == []


async def test_an_upload_that_breaks_off_leaves_nothing(make: Make):
    async def broken() -> AsyncIterator[bytes]:
        yield b"x" * 2 * MIB
        raise ClientDisconnect

    files = make()
    with pytest.raises(ClientDisconnect):
        await files.write(JOB, broken())

    assert await keys(files) == []


async def test_what_is_half_written_is_listed_with_the_rest(make: Make):
    files = make()
    listed: list[str] = []

    async def watched() -> AsyncIterator[bytes]:
        yield b"x" * 2 * MIB
        listed.extend(await keys(make()))
        yield b"x"

    whole = await files.write(JOB, chunks(b"x"))
    half = await files.write(JOB, watched())

    assert listed == sorted([whole.key, half.key])


@pytest.mark.parametrize("key", ["../../etc/passwd", "", "/etc/passwd", JOB.lower(), JOB + "/..", ulid(9, 9)])
async def test_no_key_but_one_of_ours_is_ever_looked_for(key: str, make: Make):
    files = make()
    await files.write(JOB, chunks(b"x"))

    with pytest.raises(NotFound):
        await files.size(key)
    with pytest.raises(NotFound):
        await content(files, key, 0, 1)


async def test_no_word_of_a_client_is_ever_a_key(make: Make):
    files = make()

    with pytest.raises(NotFound):
        await files.write("../x", chunks(b"x"))

    assert await keys(files) == []


async def test_removing_is_for_good_and_twice_is_once(make: Make):
    files = make()
    stored = await files.write(JOB, chunks(b"x"))
    other = await files.write(JOB, chunks(b"y"))

    await files.remove(stored.key)
    await files.remove(stored.key)

    with pytest.raises(NotFound):
        await files.size(stored.key)
    assert await content(files, other.key) == b"y"


# -- what only one of them can meet --------------------------------------------------------------------------------


async def test_a_disk_that_says_no_is_said_with_the_way_out(tmp_path: Path):
    own = ulid(2, 2)
    (tmp_path / own[-2:]).write_text("in the way")
    files = FolderFiles(tmp_path, new_id=lambda: own, limit=100)

    with pytest.raises(StoreUnavailable) as caught:
        await files.write(JOB, chunks(b"x"))

    assert caught.value.message.startswith("The artifact could not be written: ")
    assert caught.value.hint == f"Free space below {tmp_path}, then upload it again."


async def test_a_connection_that_was_ended_while_it_lay_idle_is_not_the_callers_affair(address: Address):
    files = TableFiles(address, new_id=SystemClock().new_id, limit=100)
    stored = await files.write(JOB, chunks(b"x"))
    with connect(address) as other:
        other.execute(
            "SELECT pg_terminate_backend(pid) FROM pg_stat_activity"
            " WHERE datname = current_database() AND pid <> pg_backend_pid()"
        )

    assert await content(files, stored.key) == b"x"
    files.close()


async def test_a_file_that_is_removed_while_it_is_read_ends_with_an_error(address: Address):
    files = TableFiles(address, new_id=SystemClock().new_id, limit=10 * MIB)
    stored = await files.write(JOB, chunks(b"x" * 3 * MIB))
    reading = files.read(stored.key, 0, stored.size)
    await anext(reading)

    await files.remove(stored.key)

    with pytest.raises(NotFound):
        await anext(reading)
    files.close()


async def test_a_database_that_is_away_is_said_and_where():
    address = Address.parse("postgresql://u@127.0.0.1:1/x?connect_timeout=2")
    files = TableFiles(address, new_id=SystemClock().new_id, limit=100)

    with pytest.raises(StoreUnavailable) as caught:
        await files.write(JOB, chunks(b"x"))

    assert caught.value.message.startswith("The database postgresql://u@127.0.0.1:1/x can not be used: ")
