from __future__ import annotations

import queue
from collections.abc import Callable, Iterator

import pytest

from headway.store.postgres import bell as module
from headway.store.postgres.address import Address
from headway.store.postgres.bell import Bell, bell_of
from headway.store.postgres.connecting import Connection
from postgres import Postgres

WAIT_S = 20.0


class Server:
    """A server with a bell, and what it has heard."""

    def __init__(self, address: Address) -> None:
        self.rings: queue.Queue[None] = queue.Queue()
        self.bell = Bell(address)
        self.bell.on_news(lambda: self.rings.put(None))

    def hears(self) -> None:
        """Returns when it is rung."""
        self.rings.get(timeout=WAIT_S)

    def forget(self) -> None:
        while not self.rings.empty():
            self.rings.get_nowait()


@pytest.fixture
def make(address: Address, connection: Connection) -> Iterator[Callable[[], Server]]:
    """Servers that listen already."""
    made: list[Server] = []

    def another() -> Server:
        server = Server(address)
        made.append(server)
        listening(connection, len(made))
        server.forget()
        return server

    yield another
    for server in made:
        server.bell.close()


def listening(connection: Connection, servers: int) -> None:
    """Returns when so many sessions have begun to listen: the pid is what they ask for after that."""
    query = (
        "SELECT count(*) FROM pg_stat_activity WHERE datname = current_database() AND state = 'idle'"
        " AND query = 'SELECT pg_backend_pid()'"
    )
    while connection.execute(query.encode()).fetchone() != (servers,):
        connection.execute("SELECT pg_sleep(0.01)")


def sent(connection: Connection, rings: Server) -> None:
    """Returns when everything that was sent before has been heard."""
    connection.execute('NOTIFY "headway_headway"')
    rings.hears()


def test_news_of_one_server_are_heard_by_the_others_and_not_by_itself(make, connection: Connection):
    a, b, c = make(), make(), make()

    a.bell.news()

    b.hears()
    c.hears()
    assert a.rings.empty()


def test_many_news_are_few_rings(make, connection: Connection, monkeypatch: pytest.MonkeyPatch):
    monkeypatch.setattr(module, "PAUSE_S", 0.2)
    a, b = make(), make()

    for _ in range(1_000):
        a.bell.news()

    b.hears()
    sent(connection, b)
    assert b.rings.qsize() < 10


def test_news_that_come_while_others_are_told_are_told_too(make, connection: Connection):
    a, b = make(), make()

    for _ in range(20):
        a.bell.news()
        b.hears()


def test_a_ring_for_another_store_in_the_same_database_is_not_ours(make, connection: Connection):
    a = make()

    connection.execute('NOTIFY "headway_other"')
    sent(connection, a)

    assert a.rings.empty()


def test_it_connects_again_by_itself_and_rings_for_what_it_has_missed(make, connection, postgres: Postgres):
    a, b = make(), make()

    ended = connection.execute(
        "SELECT count(pg_terminate_backend(pid)) FROM pg_stat_activity"
        " WHERE datname = current_database() AND pid <> pg_backend_pid()"
    ).fetchone()

    b.hears()
    a.hears()
    listening(connection, 2)
    b.forget()
    a.bell.news()
    b.hears()
    assert ended == (2,)


def test_news_while_it_is_cut_off_are_told_when_it_is_back(
    make, connection: Connection, monkeypatch: pytest.MonkeyPatch
):
    b = make()
    connects = module.connect
    allowed = queue.Queue()

    def connect_when_allowed(address: Address) -> Connection:
        allowed.get(timeout=WAIT_S)
        return connects(address)

    monkeypatch.setattr(module, "connect", connect_when_allowed)
    a = Bell(b.bell._address)

    a.news()
    allowed.put(None)

    b.hears()
    a.close()


def test_closing_ends_the_thread_and_the_session(make, connection: Connection):
    a = make()

    a.bell.close()
    a.bell.close()

    assert not a.bell._thread.is_alive()
    a.bell.news()


def test_closing_does_not_wait_for_a_database_that_is_away(address: Address):
    away = Bell(Address({**address.options, "port": "1"}))

    away.close()

    assert not away._thread.is_alive()


@pytest.mark.parametrize(
    ("store", "direct", "way"),
    [
        ("postgresql://db/jobs?schema=a", "", "postgresql://db/jobs?schema=a"),
        ("postgresql://pooler/jobs?schema=a&pooler=transaction", "", None),
        (
            "postgresql://pooler/jobs?schema=a&pooler=transaction",
            "postgresql://db/jobs",
            "postgresql://db/jobs?schema=a",
        ),
        ("postgresql://pooler/jobs?pooler=transaction", "postgresql://db/jobs?pooler=transaction", None),
    ],
)
def test_it_listens_only_where_one_can(store: str, direct: str, way: str | None, monkeypatch: pytest.MonkeyPatch):
    monkeypatch.setattr(module, "Bell", str)

    found = bell_of(Address.parse(store), Address.parse(direct) if direct else None)

    assert found == way
