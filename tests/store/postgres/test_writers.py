"""Several servers write one log at once: one order, seen alike by all who follow it."""

from __future__ import annotations

import pytest

from headway.store.postgres import PostgresStore, writing
from headway.store.postgres.address import Address
from headway.store.postgres.connecting import connect
from headway.store.postgres.identity import transaction
from writers import Reader, Writer, follow, opened, problems

WRITERS, READERS, COMMITS = 8, 3, 40


def race(stores: list[PostgresStore], commits: int = COMMITS) -> tuple[list[Writer], list[Reader]]:
    writers = [Writer(store, number, commits) for number, store in enumerate(stores[:WRITERS])]
    readers = [Reader(store) for store in stores[WRITERS:]]
    follow(writers, readers)
    return writers, readers


def stores_of(database: str, *, pooled: bool = False) -> list[PostgresStore]:
    url = f"{database}?pooler=transaction" if pooled else database
    return [PostgresStore(url) for _ in range(WRITERS + READERS)]


@pytest.mark.parametrize("pooled", [False, True])
def test_what_eight_servers_write_is_read_whole_once_and_in_order(database, pooled):
    with opened(stores_of(database, pooled=pooled)) as stores:
        writers, readers = race(stores)

    assert problems(writers, readers) == []
    assert all(len(reader.events) == sum(len(writer.acknowledged) for writer in writers) > 500 for reader in readers)


class SequenceWriting(writing.Writing):
    """The mutant: numbers come from a sequence, as a bigserial gives them. All else is as it should be."""

    base = 0

    def flush(self) -> None:
        given = self.wire.ask("SELECT nextval('numbers')")
        self.wire.exchange()
        self.base = int(given.rows()[0][0] or 0)
        super().flush()

    def _take_head(self, events: object) -> None:
        """Not at all: nobody waits for anybody."""

    def _put(self, statement, rows) -> None:
        if rows:
            relative = statement.text.replace("(SELECT seq -", f"(SELECT {self.base} +")
            self.wire.ask(relative, statement.parameters(rows, 0))

    def head(self) -> tuple[int, int]:
        return self.base, 0


def test_the_check_finds_what_a_sequence_in_place_of_the_head_loses(database, monkeypatch):
    monkeypatch.setattr("headway.store.postgres.store.Writing", SequenceWriting)
    with opened(stores_of(database)) as stores:
        address = Address.parse(database)
        with connect(address) as connection, transaction(connection, address):
            connection.execute("CREATE SEQUENCE numbers INCREMENT BY 10 MINVALUE 0")  # room for a batch
        writers, readers = race(stores)

    assert any(problem.startswith("missed") for problem in problems(writers, readers))
