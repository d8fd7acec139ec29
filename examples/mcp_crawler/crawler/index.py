"""What was read, in one SQLite file: full text with BM25 (FTS5), and vectors where there are any.

A repository is replaced in one transaction: a search sees the old one or the new one, never half of either. Calls are
blocking; `storing` and `server` make them in threads.
"""

import contextlib
import re
import sqlite3
from collections import Counter
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path

from crawler.chunks import Chunk
from crawler.vectors import BYTES, Vector, cosine, packed, unpacked

SCHEMA = """
CREATE TABLE IF NOT EXISTS source (
  id INTEGER PRIMARY KEY, url TEXT NOT NULL UNIQUE, version TEXT NOT NULL, model TEXT NOT NULL,
  files INTEGER NOT NULL, chunks INTEGER NOT NULL, stored_at TEXT NOT NULL DEFAULT (strftime('%Y-%m-%dT%H:%M:%SZ', 'now')));
CREATE TABLE IF NOT EXISTS chunk (
  id INTEGER PRIMARY KEY, source INTEGER NOT NULL REFERENCES source(id), document INTEGER NOT NULL,
  language TEXT NOT NULL, first_line INTEGER NOT NULL, last_line INTEGER NOT NULL, vector BLOB);
CREATE INDEX IF NOT EXISTS chunk_source ON chunk(source);
CREATE VIRTUAL TABLE IF NOT EXISTS words USING fts5(path, title, text, parts, tokenize = 'porter unicode61');
"""
RANK = "bm25(words, 4.0, 6.0, 1.0, 1.0)"
SPREAD = 60
"""Reciprocal rank fusion: 1 / (60 + rank), as its authors found it."""

CANDIDATES = 200


@dataclass(frozen=True)
class Piece:
    path: str
    language: str
    document: bool
    chunk: Chunk
    vector: Vector | None = None


@dataclass(frozen=True)
class Hit:
    source: str
    version: str
    path: str
    language: str
    title: str
    first_line: int
    last_line: int
    text: str
    score: float


def parts(text: str) -> str:
    """The words inside of names: `readTextFile` is found by `text file`."""
    found = Counter(re.findall(r"\b[a-z]+(?:[A-Z][a-z0-9]+)+|\b(?:[A-Z][a-z0-9]+){2,}", text))
    return " ".join(word for name in found for word in re.findall(r"[A-Z]?[a-z0-9]+", name))


class Index:
    """One file, made when it is first needed."""

    def __init__(self, data: Path) -> None:
        self._path = data / "index.db"

    @contextlib.contextmanager
    def _open(self) -> Iterator[sqlite3.Connection]:
        self._path.parent.mkdir(parents=True, exist_ok=True)
        with contextlib.closing(
            sqlite3.connect(self._path, timeout=60, isolation_level=None, check_same_thread=False)
        ) as connection:
            connection.execute("PRAGMA journal_mode = WAL")
            connection.executescript(SCHEMA)
            yield connection

    @contextlib.contextmanager
    def replacing(self, url: str, version: str, model: str, files: int) -> Iterator["Writing"]:
        """Write the pieces of a source; kept if the block ends well, else as if nothing had been."""
        with self._open() as connection:
            connection.execute("BEGIN IMMEDIATE")
            try:
                yield Writing(connection, url, version, model, files)
                connection.execute("COMMIT")
            except BaseException:
                connection.execute("ROLLBACK")
                raise

    def sources(self) -> list[dict[str, object]]:
        """What there is, newest first."""
        with self._open() as connection:
            rows = connection.execute(
                "SELECT url, version, files, chunks, model, stored_at FROM source ORDER BY id DESC"
            )
            return [dict(zip([column[0] for column in rows.description], row, strict=True)) for row in rows]

    def search(
        self, query: str, *, document: bool, source: str, most: int, vector: Vector | None, model: str
    ) -> list[Hit]:
        """The best pieces, best first; by words, and by meaning where the vectors are of the same model."""
        with self._open() as connection:
            connection.execute("BEGIN")  # all of it from one moment
            where, values = "c.document = ?", [int(document)]
            if source:
                where, values = f"{where} AND s.url = ?", [*values, source]
            ranks = [self._by_words(connection, query, where, values)]
            if vector is not None:
                ranks.append(self._by_meaning(connection, vector, model, where, values))
            scores: Counter[int] = Counter()
            for ids in ranks:
                for rank, id in enumerate(ids):
                    scores[id] += 1 / (SPREAD + rank)  # type: ignore[assignment]
            return [self._hit(connection, id, score) for id, score in scores.most_common(most)]

    def _by_words(self, connection: sqlite3.Connection, query: str, where: str, values: Sequence[object]) -> list[int]:
        terms = dict.fromkeys([*re.findall(r"\w+", query), *parts(query).split()])
        if not terms:
            return []
        match = " OR ".join(f'"{term}"' for term in list(terms)[:40])  # quoted: no operator of FTS5 is left in it
        sql = (
            "SELECT words.rowid FROM words JOIN chunk c ON c.id = words.rowid JOIN source s ON s.id = c.source "  # noqa: S608 - all but values is written here
            f"WHERE words MATCH ? AND {where} ORDER BY {RANK} LIMIT {CANDIDATES}"
        )
        return [row[0] for row in connection.execute(sql, [match, *values])]

    def _by_meaning(
        self, connection: sqlite3.Connection, vector: Vector, model: str, where: str, values: Sequence[object]
    ) -> list[int]:
        sql = (
            "SELECT c.id, c.vector FROM chunk c JOIN source s ON s.id = c.source "  # noqa: S608 - all but values is written here
            f"WHERE s.model = ? AND length(c.vector) = ? AND {where}"
        )
        rows = connection.execute(sql, [model, len(vector) * BYTES, *values])
        near = sorted(((-cosine(vector, unpacked(blob)), id) for id, blob in rows))
        return [id for _, id in near[:CANDIDATES]]

    def _hit(self, connection: sqlite3.Connection, id: int, score: float) -> Hit:
        row = connection.execute(
            "SELECT s.url, s.version, w.path, c.language, w.title, c.first_line, c.last_line, w.text FROM chunk c "
            "JOIN source s ON s.id = c.source JOIN words w ON w.rowid = c.id WHERE c.id = ?", [id],
        ).fetchone()  # fmt: skip
        return Hit(*row, score=round(score, 5))


class Writing:
    """The transaction in which a source is replaced."""

    def __init__(self, connection: sqlite3.Connection, url: str, version: str, model: str, files: int) -> None:
        self._connection = connection
        connection.execute("DELETE FROM words WHERE rowid IN (SELECT c.id FROM chunk c JOIN source s ON s.id = c.source "
                           "WHERE s.url = ?)", [url])  # fmt: skip
        connection.execute("DELETE FROM chunk WHERE source IN (SELECT id FROM source WHERE url = ?)", [url])
        connection.execute("DELETE FROM source WHERE url = ?", [url])
        sql = "INSERT INTO source (url, version, model, files, chunks) VALUES (?, ?, ?, ?, 0)"
        self._source = connection.execute(sql, [url, version, model, files]).lastrowid

    def add(self, pieces: Sequence[Piece]) -> None:
        """More of it."""
        for piece in pieces:
            chunk = piece.chunk
            id = self._connection.execute(
                "INSERT INTO chunk (source, document, language, first_line, last_line, vector) VALUES (?, ?, ?, ?, ?, ?)",
                [self._source, int(piece.document), piece.language, chunk.first_line, chunk.last_line,
                 packed(piece.vector) if piece.vector is not None else None],
            ).lastrowid  # fmt: skip
            self._connection.execute(
                "INSERT INTO words (rowid, path, title, text, parts) VALUES (?, ?, ?, ?, ?)",
                [id, piece.path, chunk.title, chunk.text, parts(f"{piece.path} {chunk.title} {chunk.text}")],
            )
        self._connection.execute("UPDATE source SET chunks = chunks + ? WHERE id = ?", [len(pieces), self._source])
