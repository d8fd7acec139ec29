"""PostgreSQL keeps every promise of the seam."""

from __future__ import annotations

from itertools import count

import pytest

from headway.store.postgres import PostgresStore
from headway.testing.store_suite import StoreSuite

numbers = count(1)


@pytest.fixture(scope="module")
def shared_database(postgres):
    """Each test has a schema of it: that is made faster than a database."""
    url = postgres.new_database()
    yield url
    postgres.drop_database(url)


class TestPostgres(StoreSuite):
    @pytest.fixture
    def make(self, shared_database):
        url = f"{shared_database}?schema=s{next(numbers)}"
        return lambda: PostgresStore(url)
