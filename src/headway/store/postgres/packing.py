"""Columns of rows as arrays of PostgreSQL, in its binary form: one parameter carries a column of any length.

`INSERT … SELECT … FROM unnest($1::bigint[], $2::text[])` is prepared once, whatever the number of rows, and costs a
seventh of VALUES with a parameter for each field. Pure. The other direction is `fields.py`. Called by
`statements.py` and `loading.py`; knows no tables.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Sequence
from functools import lru_cache
from struct import Struct
from typing import Any

from headway.store.texts import escape

_head = Struct(">iiIii").pack  # dimensions, may hold NULL, oid of the elements, length, first index
_length = Struct(">i").pack
_long = Struct(">iq").pack
_double = Struct(">id").pack
_scalar = Struct(">q").pack
_NULL = b"\xff\xff\xff\xff"
_BYTEA, _INT8, _TEXT, _FLOAT8 = 17, 20, 25, 701

Pack = Callable[[Sequence[Any]], bytes]


def _array(oid: int, length: int, items: Iterable[bytes]) -> bytes:
    return _head(1, 1, oid, length, 1) + b"".join(items)


def longs(values: Sequence[int | None]) -> bytes:
    """bigint[]"""
    return _array(_INT8, len(values), [_NULL if value is None else _long(8, value) for value in values])


def doubles(values: Sequence[float]) -> bytes:
    """double precision[]"""
    return _array(_FLOAT8, len(values), [_double(8, value) for value in values])


def words(values: Sequence[str | None]) -> bytes:
    """text[] of short texts that come again and again: ids, names, types."""
    return _array(_TEXT, len(values), map(_word, values))


def documents(values: Sequence[str | None]) -> bytes:
    """text[] of JSON, each met once, and never with a NUL in it."""
    return _array(_TEXT, len(values), map(_document, values))


def blobs(values: Sequence[bytes]) -> bytes:
    """bytea[]"""
    return _array(_BYTEA, len(values), [_length(len(value)) + value for value in values])


@lru_cache(maxsize=8_192)
def _word(value: str | None) -> bytes:
    return _NULL if value is None else _document(escape(value))


def _document(value: str | None) -> bytes:
    if value is None:
        return _NULL
    data = value.encode()
    return _length(len(data)) + data


def long(value: int) -> bytes:
    """bigint"""
    return _scalar(value)
