"""A store as servers see it: its address, and a connection of a writer."""

from __future__ import annotations

from collections.abc import Callable, Iterator

import pytest

from headway.store.base import Head
from headway.store.postgres.address import Address
from headway.store.postgres.connecting import Connection, connect
from headway.store.postgres.identity import transaction
from headway.store.postgres.opening import open_store

NOW = 1_700_000_000_000


@pytest.fixture
def address(database: str) -> Address:
    return Address.parse(database)


@pytest.fixture
def connection(address: Address) -> Iterator[Connection]:
    with connect(address) as made:
        yield made


@pytest.fixture
def opened(address: Address, connection: Connection) -> Callable[..., Head]:
    """Open the store as a server would: `opened("e1")`."""
    return lambda epoch="e1", at=NOW: open_store(address, connection, at, epoch)


@pytest.fixture
def write(address: Address, connection: Connection) -> Callable[..., None]:
    """Run a statement on the tables of the store: `write("UPDATE log_head SET seq = 7")`."""

    def run(statement: str, **values: object) -> None:
        with transaction(connection, address):
            connection.execute(statement.encode(), values or None)

    return run
