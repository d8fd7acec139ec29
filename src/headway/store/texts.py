"""Texts of users in columns: PostgreSQL has no NUL, SQLite has; so a store that can not write it writes it otherwise.

NUL becomes U+0001 "0", and U+0001 becomes U+0001 "1": what is read is what was written, no two texts become one, and texts sort
as before. JSON is not concerned: there NUL is an escape already. Pure; called by `schema.py` for what goes through
SQLAlchemy, and by stores with statements of their own.
"""

from __future__ import annotations

_MARK = "\x01"


def escape(text: str) -> str:
    """Without NUL."""
    if "\0" in text or _MARK in text:
        return text.replace(_MARK, "\x011").replace("\0", "\x010")
    return text


def unescape(text: str) -> str:
    """What `escape` was given."""
    if _MARK in text:
        return text.replace("\x010", "\0").replace("\x011", _MARK)
    return text
