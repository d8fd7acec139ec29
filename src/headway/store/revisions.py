"""Which revisions of a store this program can serve, and what must be done first. The same rule for both databases.

    the store's revision                      this program
    is its newest                             serves it
    is an older one that it knows             brings it forward, then serves it
    is newer, and `serves` is one it knows    serves it as it is: the migration left alone what this program uses
    is newer, else                            refuses it
    is unknown, and nothing says `serves`     refuses it

So a new program can be rolled out server by server. Called by the openings and by `headway store migrate`.
"""

from __future__ import annotations

from headway.errors import StoreUnusable
from headway.store import schema


def must_migrate(store: str, revision: str | None, serves: str | None) -> bool:
    """True for an older store. `store` names it for people. StoreUnusable: it is too new for this program."""
    known = schema.REVISIONS
    if revision in known:
        return revision != known[-1]
    if serves in known:
        return False
    raise StoreUnusable(
        f"The store {store} is at schema {revision or 'none'!r}, which this Headway does not know "
        f"(it knows up to {known[-1]!r}).",
        hint="Start it with the newer Headway that wrote it, or put the backup from before that upgrade back.",
    )
