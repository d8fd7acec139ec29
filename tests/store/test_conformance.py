"""Every store keeps every promise of the seam."""

from __future__ import annotations

import pytest

from headway.store.sqlite import SqliteStore
from headway.testing.store_suite import StoreSuite


class TestSqlite(StoreSuite):
    @pytest.fixture
    def make(self, tmp_path):
        return lambda: SqliteStore(tmp_path / "headway.db")
