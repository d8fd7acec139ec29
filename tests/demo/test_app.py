"""The demo's job, run as a test would run any handler."""

from __future__ import annotations

import sqlite3

from headway.demo.app import index_source, write_index
from headway.demo.source import read_source


def test_the_index_answers_where_something_is(tmp_path):
    (tmp_path / "m.py").write_text("def needle():\n    return 'hay'\n")
    index = tmp_path / "index.db"

    write_index(index, [read_source(tmp_path / "m.py", tmp_path)])

    database = sqlite3.connect(index)
    assert database.execute("SELECT path, number FROM symbols WHERE symbols MATCH 'needle'").fetchall() == [("m.py", 1)]
    assert database.execute("SELECT text, number FROM lines WHERE lines MATCH 'hay'").fetchall() == [
        ("    return 'hay'", 2)
    ]
    database.close()


def test_the_job_counts_what_it_indexed(tmp_path):
    (tmp_path / "a.py").write_text("x = 1\ny = 2\n")
    (tmp_path / "b.py").write_text("def f(): ...\n")

    found = index_source(folder=str(tmp_path), artifact=False)

    assert (found["files"], found["lines"], found["symbols"]) == (2, 3, 1)
    assert found["bytes"] > 0
