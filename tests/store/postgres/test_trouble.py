"""The database fails at every step: what was acknowledged is stored, once, and nobody is told what is not so."""

from __future__ import annotations

import contextlib
import os
import socket
import threading
from collections.abc import Callable, Iterator
from random import Random
from typing import Any

import psycopg
import pytest

from headway.errors import StoreContended, StoreUnavailable
from headway.model.command import Reads
from headway.model.world import World
from headway.store.postgres import PostgresStore, outcome, statements, store as module
from headway.store.postgres.address import Address
from headway.store.postgres.batch import Batch
from headway.store.postgres.connecting import connect
from headway.store.postgres.trouble import meaning_of, unreadable
from headway.store.postgres.wire import Wire
from headway.testing.store_worlds import NOW, about, changed, job_id, load_for, submitted, write
from postgres import required_postgres  # pyright: ignore[reportAttributeAccessIssue] - not this folder: tests/postgres.py
from writers import Reader, Writer, opened, problems, together


@pytest.fixture
def store(database: str) -> Iterator[PostgresStore]:
    with opened([PostgresStore(database)]) as [store]:
        yield store


def jobs_in(store: PostgresStore) -> list[str]:
    with store.reading() as reading:
        return sorted(job.get("id", "") for job in reading.board(("jobs", ""), unfinished=10_000, finished=0))


# -- a connection that ends during a commit ------------------------------------------------------------------------


class Cut:
    """Ends the writer's connection once: before its last exchange is sent, or before the answer is read."""

    def __init__(self, monkeypatch: pytest.MonkeyPatch, *, sent: bool) -> None:
        self.times = 1
        ask, collect, read = Wire.ask, Wire._collect, Wire._next

        def listen(wire: Any, text: str, parameters: Any = ()) -> Any:
            wire.last = text
            return ask(wire, text, parameters)

        def cut(wire: Any) -> None:
            if wire.last == statements.COMMIT and self.times:
                self.times -= 1
                dead, other = socket.socketpair()
                other.close()
                os.dup2(dead.fileno(), wire._pg.socket)
                dead.close()

        def before(wire: Any, asked: Any) -> Any:
            cut(wire)
            return collect(wire, asked)

        def after(wire: Any, end: float) -> Any:
            if wire.last == statements.COMMIT and self.times:
                threading.Event().wait(0.3)  # the server carries it out
            cut(wire)
            return read(wire, end)

        monkeypatch.setattr(Wire, "ask", listen)
        monkeypatch.setattr(Wire, "_next" if sent else "_collect", after if sent else before)


def test_a_commit_that_stood_though_its_answer_was_lost_is_told_as_it_is(store, database, monkeypatch):
    write(store, submitted(job_id(1)))
    cut = Cut(monkeypatch, sent=True)
    world = load_for(store, submitted(job_id(2)), changed(known(store, 1), state="running", worker="w/1"), at=NOW + 5)
    with opened([PostgresStore(database)]) as [other]:
        write(other, submitted(job_id(3)))
        made = store.commit(world, {})
        after = write(store, submitted(job_id(4)))

    assert cut.times == 0
    assert [(event.seq, event.subject) for event in made] == [(3, job_id(2)), (4, job_id(1))]
    assert [event.seq for event in after] == [5]
    with store.reading() as reading:
        assert reading.events(0)[2:4] == made
        assert reading.job(job_id(1)) == world.jobs[job_id(1)]
        assert reading.counts() == {"default": {"queued": 3, "running": 1}}


def known(store: PostgresStore, n: int) -> Any:
    with store.reading() as reading:
        return reading.job(job_id(n))


def test_a_commit_that_never_reached_the_server_is_run_again(store, monkeypatch):
    Cut(monkeypatch, sent=False)

    with pytest.raises(StoreContended):
        write(store, submitted(job_id(1)))
    made = write(store, submitted(job_id(1)))

    assert [event.seq for event in made] == [1]


def test_a_commit_that_can_not_be_looked_for_is_said_to_be_unknown(store, monkeypatch):
    Cut(monkeypatch, sent=True)
    monkeypatch.setattr(outcome, "ASKED_S", 0.0)

    with pytest.raises(StoreUnavailable) as caught:
        write(store, submitted(job_id(1)))

    assert not isinstance(caught.value, StoreContended)
    assert str(caught.value) == (
        f"The database {store._address} was lost during a commit; it is not known whether the commit stands. "
        "Look before you repeat: the jobs may be there. Repeating with an idempotency key is safe."
    )
    assert jobs_in(store) == [job_id(1)]


def test_another_transaction_with_our_number_is_not_ours(store, monkeypatch):
    Cut(monkeypatch, sent=True)
    world = load_for(store, submitted(job_id(1)))
    look: Any = outcome._written
    monkeypatch.setattr(outcome, "_written", lambda *place: look(*place[:-1], with_other_data(place[-1])))

    with pytest.raises(StoreContended):
        store.commit(world, {})


def with_other_data(journal: Any) -> Any:
    row = list(journal.event_rows[0])
    row[12] = '{"set":{}}'
    journal.event_rows[0] = tuple(row)
    return journal


def test_a_number_that_was_never_on_disk_is_that_of_nothing(store):
    assert status_of(store, b"99999999999") == "aborted"


def test_a_transaction_that_hangs_is_ended_before_it_is_looked_at(store, database):
    world = load_for(store, submitted(job_id(1)))
    xid = store._batch.xid

    status = None
    for _ in range(200):  # two seconds: by itself it would go after ten
        if (status := status_of(store, xid)) != "in progress":
            break
        threading.Event().wait(0.01)

    assert status == "aborted"
    with pytest.raises(StoreContended):
        store.commit(world, {})


def status_of(store: PostgresStore, xid: bytes) -> str | None:
    with connect(store._address) as connection:
        return outcome._status(connection, store._address, Batch(World(NOW), xid=xid))


# -- under load ----------------------------------------------------------------------------------------------------


class PatientReader(Reader):
    """Comes again when the database was away."""

    def _read(self) -> bool:
        try:
            return super()._read()
        except StoreUnavailable:
            return True


def stored_once(stores: list[PostgresStore], writers: list[Writer], readers: list[Reader]) -> None:
    acknowledged = {event.subject for writer in writers for event in writer.acknowledged}
    doubtful = {id for writer in writers for id in writer.doubtful}
    with stores[0].reading() as reading:
        log = reading.events(0, limit=100_000)
        counts = reading.counts()
    subjects = [event.subject for event in log]
    assert [event.seq for event in log] == list(range(1, len(log) + 1))
    assert len(set(subjects)) == len(subjects) == counts["default"]["queued"]
    assert acknowledged <= set(subjects) <= acknowledged | doubtful
    assert problems(writers, readers) == []
    assert jobs_in(stores[0]) == sorted(subjects)


def under(
    trouble: Any, writers: list[Writer], readers: list[Reader], *, enough: Callable[[], bool] = lambda: True
) -> None:
    """Writers and readers at work while `trouble(done)` goes on; they work on until there was enough of it."""
    done = threading.Event()

    def write() -> None:
        try:
            together(*[writer.run for writer in writers])
            while not enough():
                together(*[writer.run for writer in writers])
        finally:
            done.set()

    together(write, lambda: trouble(done), *[lambda reader=reader: reader.run(done) for reader in readers])


def test_sessions_that_are_ended_at_any_moment_lose_and_double_nothing(database, postgres):
    with opened([PostgresStore(database) for _ in range(6)]) as stores:
        writers = [Writer(store, number, 25, pause_s=0.002) for number, store in enumerate(stores[:4])]
        readers: list[Reader] = [PatientReader(store) for store in stores[4:]]
        ended = 0

        def terminate(done: threading.Event) -> None:
            nonlocal ended
            dice = Random(4)
            with postgres.admin() as admin:
                while not done.wait(dice.random() * 0.06):
                    row = admin.execute(
                        "SELECT count(pg_terminate_backend(pid)) FROM (SELECT pid FROM pg_stat_activity "
                        "WHERE datname = %s AND backend_type = 'client backend' ORDER BY random() LIMIT 1) s",
                        (database.rsplit("/", 1)[1],),
                    ).fetchone()
                    ended += row[0] if row else 0

        under(terminate, writers, readers, enough=lambda: ended > 5)
        stored_once(stores, writers, readers)


def test_a_crash_of_the_database_loses_and_doubles_nothing():
    with required_postgres(durable=True) as server:
        database = server.new_database()
        with opened([PostgresStore(database) for _ in range(4)]) as stores:
            writers = [Writer(store, number, 150, pause_s=0.002) for number, store in enumerate(stores[:3])]
            readers: list[Reader] = [PatientReader(stores[3])]

            def crash(done: threading.Event) -> None:
                for _ in range(2):
                    done.wait(0.4)
                    server.kill()
                    server.start()

            under(crash, writers, readers)
            stored_once(stores, writers, readers)


# -- what is said --------------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("error", "said"),
    [
        (psycopg.errors.DiskFull("x"), "The disk of the database postgresql://me@db/d is full; nothing was committed. Free some space; the server goes on by itself."),
        (psycopg.errors.TooManyConnections("x"), "The database postgresql://me@db/d takes no more connections. Raise max_connections, or put a pooler between (?pooler=transaction)."),
        (psycopg.errors.ReadOnlySqlTransaction("x"), "The database postgresql://me@db/d can only be read: it is a standby, or was set so. Name the primary, or add target_session_attrs=read-write to the URL; the server goes on by itself."),
        (psycopg.errors.QueryCanceled("x"), "The database postgresql://me@db/d took longer than 15 s for a statement; nothing was committed. Look for a lock in pg_stat_activity and at the load of its machine; the server goes on by itself."),
        (psycopg.errors.InsufficientPrivilege("no."), "The database postgresql://me@db/d refuses: no. Give the user the tables of the schema."),
        (psycopg.errors.CheckViolation("bad row\nDETAIL"), "The database postgresql://me@db/d refuses: bad row. Nothing was committed. Look at the log of the database."),
    ],
)  # fmt: skip
def test_what_is_said_names_the_database_and_the_way_out(error, said):
    meant = meaning_of(Address.parse("postgresql://me:secret@db/d"), error)

    assert str(meant) == said
    assert not isinstance(meant, StoreContended)


def test_a_server_that_became_a_standby_is_said_to_be_one():
    error = psycopg.errors.InternalError_("cannot assign TransactionIds during recovery")

    assert "it is a standby" in str(meaning_of(Address.parse("postgresql://db/d"), error))


@pytest.mark.parametrize("state", ["40001", "40P01", "55P03", "23505", "22012", "57P01", "57P02", "25P03"])
def test_a_race_that_was_lost_may_be_run_again(state):
    assert isinstance(meaning_of(Address.parse("postgresql://db/d"), psycopg.errors.lookup(state)("x")), StoreContended)


def test_a_reading_is_refused_with_the_same_words(store):
    said = unreadable(store._address, psycopg.errors.DiskFull("x"))

    assert str(said).startswith(f"The disk of the database {store._address} is full")


# -- that nothing hangs --------------------------------------------------------------------------------------------


def test_a_batch_that_waits_too_long_for_a_lock_is_refused_and_the_next_goes_on(store, database, monkeypatch):
    monkeypatch.setitem(statements.SETTINGS, "statement_timeout", "300ms")
    write(store, submitted(job_id(1)))
    with opened([PostgresStore(database)]) as [slow]:
        store.load(Reads(jobs={job_id(1)}), NOW)
        with pytest.raises(StoreUnavailable, match="took longer than"):
            slow.load(Reads(jobs={job_id(1)}), NOW)
        store.rollback()

        made = write(
            slow,
            changed(
                {"id": job_id(1), "namespace": "default", "kind": "crawl", "queue": "default", "state": "queued"},
                state="running",
            ),
        )

    assert [event.seq for event in made] == [2]


def test_a_server_that_froze_between_load_and_commit_gives_its_rows_back(store, database, monkeypatch):
    monkeypatch.setitem(statements.SETTINGS, "idle_in_transaction_session_timeout", "200ms")
    with opened([PostgresStore(database)]) as [frozen]:
        write(store, submitted(job_id(1)))
        world = load_for(frozen, changed(known(store, 1), state="running"))
        write(store, changed(known(store, 1), state="cancelled"))

        with pytest.raises(StoreContended):
            frozen.commit(world, {})

    with store.reading() as reading:
        assert reading.counts() == {"default": {"cancelled": 1}}


def test_a_reading_gets_another_connection_for_one_that_died(store, postgres, database):
    with store.reading():
        pass
    postgres.terminate_backends(database)

    with store.reading() as reading:
        assert reading.head.seq == 0


def test_a_connection_that_dies_between_the_pool_and_the_reading_is_replaced_once(store, monkeypatch):
    made: list[Any] = []
    whole = module.SqlReading

    def dying(connection: Any) -> Any:
        made.append(connection)
        if len(made) == 1:
            raise psycopg.OperationalError("server closed the connection unexpectedly")
        return whole(connection)

    monkeypatch.setattr(module, "SqlReading", dying)

    with store.reading() as reading:
        assert reading.head.seq == 0
    assert len(made) == 2


def test_a_database_that_is_away_is_said_at_once_and_used_again_when_it_is_back():
    with required_postgres() as server, opened([PostgresStore(server.new_database())]) as [store]:
        write(store, submitted(job_id(1)))
        server.stop()
        with pytest.raises(StoreContended):
            write(store, submitted(job_id(2)))
        with pytest.raises(StoreUnavailable, match="can not be used"):
            write(store, submitted(job_id(2)))
        with pytest.raises(StoreUnavailable, match="can not be used"), store.reading():
            pass
        server.start()

        made = write(store, submitted(job_id(2)))

        assert [event.seq for event in made] == [2]


def test_events_that_can_not_be_packed_leave_no_lock_behind(store, database, monkeypatch):
    write(store, about("queue.noted", "q", n=1))
    with opened([PostgresStore(database)]) as [other]:
        world = load_for(store, about("queue.noted", "q", n=2))
        monkeypatch.setattr(statements.Rows, "parameters", lambda *_: 1 / 0)
        with pytest.raises(ZeroDivisionError):
            store.commit(world, {})
        monkeypatch.undo()

        written = False
        while not written:  # PostgreSQL sees a moment later that the connection is closed
            with contextlib.suppress(StoreContended):
                written = bool(write(other, about("queue.noted", "q", n=3)))
        made = write(store, about("queue.noted", "q", n=4))

    assert [event.seq for event in made] == [3]
