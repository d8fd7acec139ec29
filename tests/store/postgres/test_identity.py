from __future__ import annotations

from collections.abc import Callable, Iterator

import pytest

from headway.errors import StoreUnusable
from headway.store.base import Head
from headway.store.postgres import PostgresStore
from headway.store.postgres.address import Address
from headway.store.postgres.connecting import Connection, connect
from headway.store.postgres.identity import compare_origin
from headway.store.postgres.opening import open_store
from headway.testing.store_worlds import job_id, submitted, write as commit
from postgres import Postgres, required_postgres

NOW = 1_700_000_000_000
Opened = Callable[..., Head]
Write = Callable[..., None]


@pytest.fixture(scope="module")
def server() -> Iterator[Postgres]:
    """A PostgreSQL to be restarted, killed and promoted."""
    with required_postgres(durable=True) as own:
        yield own


@pytest.fixture
def begun(server: Postgres) -> Address:
    """A store on that server with seven numbers given, under the epoch e1."""
    address = Address.parse(server.new_database())
    with connect(address) as connection:
        open_store(address, connection, NOW, "e1")
        connection.execute("UPDATE headway.log_head SET seq = 7")
    return address


def epoch_now(address: Address, new_epoch: str = "e2") -> str:
    with connect(address) as connection:
        return compare_origin(connection, address, new_epoch).epoch


def test_a_log_that_was_not_moved_keeps_its_epoch(
    address: Address, connection: Connection, opened: Opened, write: Write
):
    opened("e1")
    write("UPDATE log_head SET seq = 7")

    assert compare_origin(connection, address, "e2") == Head("e1", 7, NOW)


def test_a_restart_keeps_the_epoch(server: Postgres, begun: Address):
    server.restart()

    assert epoch_now(begun) == "e1"


def test_a_crash_and_its_recovery_keep_the_epoch(server: Postgres, begun: Address):
    server.kill()
    server.start()

    assert epoch_now(begun) == "e1"


def test_a_standby_that_was_promoted_begins_a_new_epoch(server: Postgres, begun: Address):
    server.stop()
    (server.folder / "data" / "standby.signal").touch()
    server.start()
    with server.admin() as admin:
        admin.execute("SELECT pg_promote()")

    assert epoch_now(begun) == "e2"
    assert epoch_now(begun, "e3") == "e2"


def test_a_standby_is_not_opened(server: Postgres, begun: Address):
    server.stop()
    (server.folder / "data" / "standby.signal").touch()
    server.start()

    with connect(begun) as connection, pytest.raises(StoreUnusable) as caught:
        open_store(begun, connection, NOW, "e2")

    with server.admin() as admin:
        admin.execute("SELECT pg_promote()")
    assert str(caught.value) == (
        f"The database {begun} is a standby, which only reads. "
        "Name the primary; or name all hosts and add target_session_attrs=read-write, which finds it."
    )


def test_a_dump_that_was_put_back_over_its_database_begins_a_new_epoch(
    postgres: Postgres, database: str, address, opened, write
):
    opened("e1")
    write("UPDATE log_head SET seq = 7")
    archive = str(postgres.folder / "dump")
    postgres.run("pg_dump", "--format=custom", f"--file={archive}", database)
    write("UPDATE log_head SET seq = 9")

    postgres.run("pg_restore", "--clean", f"--dbname={database}", archive)

    with connect(address) as connection:
        assert compare_origin(connection, address, "e2") == Head("e2", 7, NOW)
        assert compare_origin(connection, address, "e3") == Head("e2", 7, NOW)


def test_servers_that_see_it_at_once_agree_on_the_new_epoch(address, connection, opened: Opened, write: Write):
    opened("e1")
    write('UPDATE log_head SET seq = 7; UPDATE facts SET value = \'["1","2","3","4"]\' WHERE name = \'origin\'')

    with connect(address) as other:
        heads = [compare_origin(connection, address, "e2"), compare_origin(other, address, "e3")]

    assert [head.epoch for head in heads] == ["e2", "e2"]


def test_without_any_origin_it_is_not_taken_on_trust(address, connection, opened: Opened, write: Write):
    opened("e1")
    write("UPDATE log_head SET seq = 7; DELETE FROM facts WHERE name = 'origin'")

    assert compare_origin(connection, address, "e2").epoch == "e2"


def test_a_log_without_numbers_has_nothing_that_could_be_given_twice(address, connection, opened: Opened, write: Write):
    opened("e1")
    write("DELETE FROM facts WHERE name = 'origin'")

    assert compare_origin(connection, address, "e2").epoch == "e1"


class TestWhereTheClusterMayNotBeAsked:
    @pytest.fixture
    def closed(self, postgres: Postgres, database: str):
        """pg_control_system is for the superuser alone, as on some rented servers."""
        with postgres.admin(database.rpartition("/")[2]) as admin:
            admin.execute("REVOKE EXECUTE ON FUNCTION pg_control_system() FROM public")

    def test_what_can_be_known_is_compared(self, closed, address, connection, opened: Opened, write: Write):
        opened("e1")
        write("UPDATE log_head SET seq = 7")
        (origin,) = connection.execute("SELECT value FROM headway.facts WHERE name = 'origin'").fetchone()

        same = compare_origin(connection, address, "e2").epoch
        write("UPDATE facts SET value = replace(value, '\"00000001\"', '\"00000009\"') WHERE name = 'origin'")
        moved = compare_origin(connection, address, "e2").epoch

        assert origin.startswith('[null,"00000001",')
        assert (same, moved) == ("e1", "e2")

    def test_being_allowed_to_know_more_is_no_move(self, address, connection, opened: Opened, write: Write):
        opened("e1")
        write("UPDATE log_head SET seq = 7")
        write("UPDATE facts SET value = regexp_replace(value, '\"[0-9]+\"', 'null') WHERE name = 'origin'")

        epoch = compare_origin(connection, address, "e2").epoch

        (origin,) = connection.execute("SELECT value FROM headway.facts WHERE name = 'origin'").fetchone()
        assert epoch == "e1"
        assert "null" not in origin


def test_a_dump_put_back_under_a_server_begins_a_new_epoch_before_a_number_is_given(postgres: Postgres, database: str):
    dump = str(postgres.folder / "under-a-server")
    store = PostgresStore(database)
    store.open(now=NOW, new_epoch="e1")
    try:
        commit(store, submitted(job_id(1)))
        postgres.run("pg_dump", "-Fc", "-f", dump, database)
        commit(store, submitted(job_id(2)))

        postgres.run("pg_restore", "--clean", "--if-exists", "-d", database, dump)
        commit(store, submitted(job_id(3)))

        with store.reading() as reading:
            head, jobs = reading.head, [reading.job(job_id(number)) for number in (1, 2, 3)]
    finally:
        store.close()
    assert head.epoch != "e1"
    assert (head.seq, [job is not None for job in jobs]) == (2, [True, False, True])
