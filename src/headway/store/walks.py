"""Walks over jobs, newest first, along indexes: pages of (id, document, seq), each page one statement.

A walk is a table whose index ends in the job's id, and the places in it: their newest ids are merged by the database,
and only documents that pass the sieve are read and sent. SQL as text, because a page may have a hundred branches.
The databases differ in three words and in how branches are joined. Called by `listing.py`; must never know a filter.
"""

from __future__ import annotations

from collections.abc import Callable, Collection, Iterator, Sequence
from functools import lru_cache
from typing import Any, NamedTuple

from sqlalchemy import Connection, TextClause, text as sql

from headway.store.sieve import Need
from headway.store.texts import escape, unescape

MOST_ROWS = 2_000
"""Rows of a page, at most: they are in memory at once."""

MOST_LETTERS = 200
"""Of a part that is looked for: SQLite takes no patterns of any length."""

Found = tuple[str, str | None, int]
"""id, text of the document (None: it did not pass the sieve), seq"""


_Ends = tuple[str, ...]
"""Those of `low` and `high` that a page has."""


_WITH_PRIORITY = "j.priority <> 0"  # literally the condition of its index, or it is not used


class Bounds(NamedTuple):
    """Ids of interest: from `low` up to, without, `high`."""

    low: str = ""
    high: str | None = None

    def cut(self, low: str, high: str | None) -> Bounds:
        """What lies in both."""
        highs = [each for each in (self.high, high) if each is not None]
        return Bounds(max(self.low, low), min(highs) if highs else None)


class Shelves(NamedTuple):
    """An index that a walk goes along: two columns that say where, then the id."""

    table: str
    columns: tuple[str, str]
    types: tuple[str, str]
    id: str


BY_STATE = Shelves("jobs", ("lane", "state"), ("int", "text"), "id")
BY_LABEL = Shelves("job_labels", ("name", "value"), ("text", "text"), "job")


class _Words(NamedTuple):
    """How a database says it."""

    has: str  # a document a part
    has_in_any_case: str
    part: Callable[[str], str]
    any_case_part: Callable[[str], str]
    bytes: str
    stored: Callable[[str], str]
    told: Callable[[str], str]


def _glob(part: str) -> str:
    """What has the part, and perhaps more: `?` and `*` stay. A quote is no good first letter to look for."""
    return "*" + part.removeprefix('"').replace("[", "[[]") + "*"


_WORDS = {
    "sqlite": _Words(  # GLOB and LIKE, for instr() costs thrice as much
        "j.doc GLOB {}", "j.doc LIKE {}", _glob, "%{}%".format, "length(CAST(j.doc AS BLOB))", str, str
    ),
    "postgresql": _Words(
        "strpos(j.doc, {}) > 0", "strpos(lower(j.doc), {}) > 0", str, str, "octet_length(j.doc)", escape, unescape
    ),
}


class Walker:
    """Makes walks within bounds, through a sieve, on one connection. Pages grow from `size`."""

    def __init__(self, db: Connection, bounds: Bounds, size: int, needs: Sequence[Need] = ()) -> None:
        self._db = db
        self._bounds = bounds
        self._size = size
        self._words = _WORDS[db.dialect.name]
        self._sieve, self._parameters = _sieve(self._words, needs)

    def over_all(self, *, with_priority: bool = False) -> Iterator[Found]:
        """Every job; or every one whose priority is not 0."""
        where = _WITH_PRIORITY if with_priority else "1 = 1"

        def page(ends: _Ends, size: int) -> str:
            within = _within("j.id", ends)
            return (
                f"SELECT j.id, {self._sieve}, j.seq FROM jobs j WHERE {where}{within} ORDER BY j.id DESC LIMIT {size}"  # noqa: S608
            )

        return self._pages(page, {})

    def over_shelves(self, shelves: Shelves, places: Collection[tuple[Any, ...]]) -> Iterator[Found]:
        """The jobs in the places, each of which no other place has."""
        if not places:
            return iter(())
        join, parameters = self._branches(shelves, places)

        def page(ends: _Ends, size: int) -> str:
            return (
                f"SELECT j.id, {self._sieve}, j.seq FROM (SELECT id FROM ({join(ends, size)}) b "  # noqa: S608
                f"ORDER BY id DESC LIMIT {size}) p JOIN jobs j ON j.id = p.id ORDER BY p.id DESC"
            )

        return self._pages(page, parameters)

    def over_ids(self, ids: Collection[str]) -> Iterator[Found]:
        """Those of the ids that there are."""
        low, high = self._bounds
        wanted = sorted((id for id in set(ids) if low <= id and (high is None or id < high)), reverse=True)
        text = f"SELECT j.id, {self._sieve}, j.seq FROM jobs j WHERE j.id = :id"  # noqa: S608
        for id in wanted:
            yield from ((id, doc, seq) for _, doc, seq in self._rows(text, {"id": self._words.stored(id)}))

    def _branches(
        self, shelves: Shelves, places: Collection[tuple[Any, ...]]
    ) -> tuple[Callable[[_Ends, int], str], dict[str, Any]]:
        """The newest ids of each place, side by side, and the parameters that say which places."""
        stored = self._words.stored
        cells = [tuple(stored(cell) if isinstance(cell, str) else cell for cell in place) for place in places]
        if self._db.dialect.name == "postgresql":  # one text, however many, and planned in no time
            a, b = zip(*cells, strict=True)
            return lambda ends, size: _lateral(shelves, ends, size), {"a": list(a), "b": list(b)}
        parameters = {
            f"{name}{n}": cell for n, place in enumerate(cells) for name, cell in zip("ab", place, strict=True)
        }
        return lambda ends, size: _union(shelves, len(cells), ends, size), parameters

    def _pages(self, page: Callable[[_Ends, int], str], parameters: dict[str, Any]) -> Iterator[Found]:
        (low, high), size = self._bounds, min(self._size, MOST_ROWS)
        stored = self._words.stored
        told = self._words.told
        while True:
            ends = {name: stored(end) for name, end in (("low", low or None), ("high", high)) if end is not None}
            rows = self._rows(page(tuple(ends), size), parameters | ends)
            yield from ((told(id), text, seq) for id, text, seq in rows)
            if len(rows) < size:
                return
            high = told(rows[-1][0])
            size = min(2 * size, MOST_ROWS)

    def _rows(self, text: str, parameters: dict[str, Any]) -> Sequence[Any]:
        return self._db.execute(_statement(text), {**parameters, **self._parameters}).all()


@lru_cache(maxsize=512)
def _statement(text: str) -> TextClause:
    return sql(text)


_OPERATORS = {"low": ">=", "high": "<"}


def _within(id: str, ends: _Ends) -> str:
    return "".join(f" AND {id} {_OPERATORS[end]} :{end}" for end in ends)


def _branch(shelves: Shelves, wanted: Sequence[str], ends: _Ends, size: int) -> str:
    (a, b), id = shelves.columns, shelves.id
    where = f"{a} = {wanted[0]} AND {b} = {wanted[1]}{_within(id, ends)}"
    return f"SELECT {id} AS id FROM {shelves.table} WHERE {where} ORDER BY {id} DESC LIMIT {size}"  # noqa: S608


def _lateral(shelves: Shelves, ends: _Ends, size: int) -> str:
    arrays = ", ".join(f"CAST(:{name} AS {type}[])" for name, type in zip("ab", shelves.types, strict=True))
    branch = _branch(shelves, ("s.a", "s.b"), ends, size)
    return f"SELECT l.id FROM unnest({arrays}) AS s (a, b) CROSS JOIN LATERAL ({branch}) l"  # noqa: S608


@lru_cache(maxsize=256)
def _union(shelves: Shelves, number: int, ends: _Ends, size: int) -> str:
    branches = (_branch(shelves, (f":a{n}", f":b{n}"), ends, size) for n in range(number))
    return " UNION ALL ".join(f"SELECT id FROM ({branch})" for branch in branches)  # noqa: S608


def _sieve(words: _Words, needs: Sequence[Need]) -> tuple[str, dict[str, str]]:
    """The document where it has all that is needed, else NULL; and the parameters of that."""
    tests: list[str] = []
    parameters: dict[str, str] = {}
    for need in needs:
        has, written = (words.has_in_any_case, words.any_case_part) if need.any_case else (words.has, words.part)
        names = [f"n{n}" for n in range(len(parameters), len(parameters) + len(need.parts))]
        parameters |= {name: written(part[:MOST_LETTERS]) for name, part in zip(names, need.parts, strict=True)}
        ways = [has.format(f":{name}") for name in names]
        ways += [f"length(j.doc) < {words.bytes}"] if need.any_case else []
        tests.append(f"({' OR '.join(ways)})")
    return (f"CASE WHEN {' AND '.join(tests)} THEN j.doc END" if tests else "j.doc"), parameters
