"""SQLite: one file, one server process, one writer."""

from headway.store.sqlite.store import SqliteStore

__all__ = ["SqliteStore"]
