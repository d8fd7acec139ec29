"""PostgreSQL: several servers append to one log, each through the same head row."""
