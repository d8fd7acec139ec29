"""PostgreSQL: several servers append to one log, each through the same head row."""

from headway.store.postgres.store import PostgresStore

__all__ = ["PostgresStore"]
