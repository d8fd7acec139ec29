"""Fields of rows as they come, in PostgreSQL's text form, as values. The other direction is `packing.py`. Pure.

Called by whoever reads rows of a batch: `loading.py`, `claiming.py`, `writing.py`; knows no tables.
"""

from __future__ import annotations

from headway.store.postgres.wire import Field
from headway.store.texts import unescape


def text_of(field: Field) -> str:
    """A text of users, as they wrote it."""
    return unescape((field or b"").decode())


def number_of(field: Field) -> int:
    """An integer."""
    return int(field or 0)


def blob_of(field: Field) -> bytes:
    """A bytea."""
    return bytes.fromhex((field or b"\\x")[2:].decode())
