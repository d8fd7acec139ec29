from __future__ import annotations

import threading
from collections.abc import Callable

import psycopg
import pytest

from headway.errors import StoreUnavailable, StoreUnusable
from headway.store.base import Head
from headway.store.postgres import identity
from headway.store.postgres.address import Address
from headway.store.postgres.connecting import away, connect, reader_engine
from headway.store.postgres.opening import open_store, revision_of
from headway.store.schema import REVISIONS, SERVES, metadata
from postgres import Postgres

NOW = 1_700_000_000_000
Opened = Callable[..., Head]
Write = Callable[..., None]


def refusal(address: Address) -> str:
    with connect(address) as connection, pytest.raises(StoreUnusable) as caught:
        open_store(address, connection, NOW, "e1")
    return str(caught.value)


class TestANewStore:
    def test_is_made_with_every_table_and_the_revision_of_today(self, address, connection, opened: Opened):
        head = opened("e1")

        assert head == Head("e1", 0, NOW)
        with identity.transaction(connection, address):
            assert revision_of(connection) == (REVISIONS[-1], SERVES)
        made = connection.execute("SELECT tablename FROM pg_tables WHERE schemaname = 'headway'").fetchall()
        assert {name for (name,) in made} == {*metadata.tables, "alembic_version"}

    def test_is_opened_as_it_is_from_then_on(self, opened: Opened, write: Write):
        opened("e1")
        write("UPDATE log_head SET seq = 7")

        assert opened("e2") == Head("e1", 7, NOW)

    def test_never_begins_after_the_clock_of_the_database(self, opened: Opened):
        an_hour_ahead = opened("e1", at=1 << 52).at

        assert NOW < an_hour_ahead < NOW * 2

    def test_stands_in_the_schema_of_its_url_and_another_beside_it(self, database: str, opened: Opened, write: Write):
        opened("e1")
        write("UPDATE log_head SET seq = 7")
        other = Address.parse(f"{database}?schema=team_1")

        with connect(other) as connection:
            head = open_store(other, connection, NOW, "e2")

        assert head == Head("e2", 0, NOW)

    def test_is_made_once_by_servers_that_start_together(self, address: Address):
        heads: list[Head] = []
        starting = threading.Barrier(4)

        def start(number: int) -> None:
            with connect(address) as connection:
                starting.wait()
                heads.append(open_store(address, connection, NOW, f"e{number}"))

        threads = [threading.Thread(target=start, args=(number,)) for number in range(4)]
        for thread in threads:
            thread.start()
        for thread in threads:
            thread.join()

        assert len(heads) == 4
        assert len({head.epoch for head in heads}) == 1

    def test_text_sorts_by_its_bytes_wherever_the_database_stands(self, connection, opened: Opened):
        opened()

        loose = connection.execute(
            "SELECT table_name, column_name FROM information_schema.columns WHERE table_schema = 'headway'"
            " AND data_type = 'text' AND collation_name IS DISTINCT FROM 'C'"
        ).fetchall()

        assert loose == []


class TestWhatIsRefused:
    def test_a_schema_with_tables_of_another_program(self, address, connection, database: str):
        connection.execute("CREATE SCHEMA headway; CREATE TABLE headway.users (id int)")

        assert refusal(address) == (
            f"The schema headway of {address} is not a Headway store: another program's tables are there (users). "
            "It was not changed. Name another with ?schema=NAME; a missing one is made."
        )
        assert connection.execute("SELECT count(*) FROM pg_tables WHERE schemaname = 'headway'").fetchone() == (1,)

    def test_an_older_postgresql(self, address, connection, monkeypatch: pytest.MonkeyPatch):
        monkeypatch.setattr(psycopg.ConnectionInfo, "server_version", 120_007)

        assert refusal(address) == (
            f"The database {address} is PostgreSQL 12; Headway needs 13 or newer. Upgrade it, or name another."
        )

    def test_another_encoding(self, postgres: Postgres):
        with postgres.admin() as admin:
            admin.execute(
                "CREATE DATABASE latin ENCODING LATIN1 TEMPLATE template0 LOCALE 'C' LOCALE_PROVIDER libc OWNER headway"
            )
        address = Address.parse(postgres.url("latin"))

        said = refusal(address)

        postgres.drop_database(postgres.url("latin"))
        assert said == (
            f"The database {address} is encoded in LATIN1; Headway needs UTF8. "
            "Make one: createdb --encoding=UTF8 --template=template0 NAME."
        )

    def test_a_database_that_is_set_to_be_read(self, database: str):
        address = Address.parse(f"{database}?options=-c%20default_transaction_read_only%3Don")

        assert refusal(address) == (
            f"The database {address} is set to be only read. "
            "Name the primary; or name all hosts and add target_session_attrs=read-write, which finds it."
        )

    def test_a_store_that_is_too_new(self, address, connection, opened: Opened, write: Write):
        opened()
        write("UPDATE alembic_version SET version_num = '9999'; UPDATE facts SET value = '9999' WHERE name = 'serves'")

        assert f"The store {address} is at schema '9999', which this Headway does not know" in refusal(address)

    def test_but_not_a_newer_one_that_still_serves_us(self, opened: Opened, write: Write):
        opened("e1")
        write("UPDATE alembic_version SET version_num = '9999'")

        assert opened("e2").epoch == "e1"

    def test_a_user_who_may_make_no_schema(self, guest: Address):
        said = refusal(guest)

        assert said.startswith(
            f"The user guest may not use the schema headway of {guest}: permission denied for database"
        )
        assert said.endswith(
            'Let a superuser run: CREATE SCHEMA headway AUTHORIZATION "guest"; '
            'or, where there is a store: REASSIGN OWNED BY its_owner TO "guest".'
        )

    def test_a_user_who_may_not_write_a_table_of_the_store(self, guest: Address, connection, opened: Opened):
        opened()
        connection.execute("GRANT USAGE ON SCHEMA headway TO guest; GRANT ALL ON ALL TABLES IN SCHEMA headway TO guest")
        connection.execute("REVOKE DELETE ON headway.jobs FROM guest")

        assert "permission denied for table jobs" in refusal(guest)

        connection.execute("GRANT DELETE ON headway.jobs TO guest")
        with connect(guest) as theirs:
            assert open_store(guest, theirs, NOW, "e2").epoch == "e1"

    def test_a_store_that_another_server_is_busy_with(self, address, opened: Opened, monkeypatch: pytest.MonkeyPatch):
        opened()
        monkeypatch.setattr(identity, "LOCK_WAIT_S", 0.05)

        with connect(address) as other, identity.transaction(other, address):
            identity.lock(other, address)
            with pytest.raises(StoreUnavailable) as caught:
                opened()

        assert str(caught.value) == (
            f"The store {address} is being made or migrated by another server, or its tables are locked. "
            "Start again when that is done; pg_locks tells who holds them."
        )


class TestADatabaseThatIsAway:
    @pytest.mark.parametrize(
        ("change", "problem", "hint"),
        [
            ({"port": "1"}, "Connection refused", "Look whether PostgreSQL runs and is reached from here"),
            ({"dbname": "nowhere"}, 'database "nowhere" does not exist', "createdb NAME"),
            ({"password": "wrong"}, "password authentication failed", "PGPASSWORD or ~/.pgpass"),
            ({"user": "nobody"}, "password authentication failed", "PGPASSWORD or ~/.pgpass"),
        ],
    )
    def test_what_is_wrong_is_said_with_what_to_look_at(self, address: Address, change, problem: str, hint: str):
        elsewhere = Address({**address.options, **change})

        with pytest.raises(StoreUnavailable) as caught:
            connect(elsewhere)

        assert caught.value.message.startswith(f"The database {elsewhere} can not be used: ")
        assert problem in caught.value.message
        assert hint in caught.value.hint
        assert "\n" not in str(caught.value)

    def test_of_several_attempts_the_last_is_told(self, address: Address):
        several = psycopg.OperationalError(
            "Multiple connection attempts failed. All failures were:\n- host: 'a': connection failed: refused\n"
            "- host: 'b': connection failed: no route"
        )

        assert "can not be used: host: 'b': connection failed: no route." in away(address, several).message


class TestReaders:
    def test_each_transaction_is_one_state_of_our_schema_and_only_reads(
        self, address, connection, opened: Opened, write: Write
    ):
        opened()
        engine = reader_engine(address)

        with engine.connect() as reading:
            before = reading.exec_driver_sql("SELECT seq FROM log_head").scalar()
            write("UPDATE log_head SET seq = 7")
            after = reading.exec_driver_sql("SELECT seq FROM log_head").scalar()
            with pytest.raises(Exception, match="read-only transaction"):
                reading.exec_driver_sql("UPDATE log_head SET seq = 9")
        with engine.connect() as reading:
            later = reading.exec_driver_sql("SELECT seq FROM log_head").scalar()
        engine.dispose()

        assert (before, after, later) == (0, 0, 7)

    def test_a_connection_that_was_ended_in_the_pool_is_not_given_to_anybody(self, address, connection, opened: Opened):
        opened()
        engine = reader_engine(address)
        with engine.connect() as reading:
            pid = reading.exec_driver_sql("SELECT pg_backend_pid()").scalar()

        connection.execute("SELECT pg_terminate_backend(%s, 5000)", (pid,))

        with engine.connect() as reading:
            assert reading.exec_driver_sql("SELECT pg_backend_pid()").scalar() != pid
        engine.dispose()

    def test_nothing_outlives_a_transaction_where_a_pooler_hands_out_connections(self, database: str, opened: Opened):
        opened()
        engine = reader_engine(Address.parse(f"{database}?pooler=transaction"))

        for _ in range(9):  # a statement is prepared when it comes for the sixth time
            with engine.connect() as reading:
                reading.exec_driver_sql("SELECT seq FROM log_head")
        with engine.connect() as reading:
            driver = reading.connection.driver_connection
            left = driver.execute(
                "SELECT (SELECT count(*) FROM pg_prepared_statements), current_setting('search_path')"
            )
            found = left.fetchone()
        engine.dispose()

        assert found == (0, '"$user", public')


@pytest.fixture
def guest(postgres: Postgres, database: str):
    """The address of the same store for a user who was granted nothing."""
    with postgres.admin() as admin:
        admin.execute("CREATE ROLE guest LOGIN PASSWORD 'guest'")
    yield Address.parse(f"postgresql://guest:guest@{database.partition('@')[2]}")
    with postgres.admin(database.rpartition("/")[2]) as admin:
        admin.execute("DROP OWNED BY guest; DROP ROLE guest")
