"""`index_source`: a tree of Python source as a full-text file that answers "where is this?" in a millisecond.

Without any server, with a bar:  python -c "import headway.demo.app as a; print(a.index_source(artifact=False))"
"""

from __future__ import annotations

import sqlite3
import sysconfig
from collections.abc import Iterable
from pathlib import Path

import headway
from headway.demo.source import Source, python_files, read_source

app = headway.App()


@app.job(stages={"discover": 1, "parse": 12, "index": 4}, timeout="10m")
def index_source(ctx: headway.Context, folder: str = "", artifact: bool = True) -> dict[str, int]:
    """Index every line, function and class below `folder` (default: this Python's standard library)."""
    root = Path(folder or sysconfig.get_path("stdlib"))
    if not root.is_dir():
        raise headway.Reject(f"{root} is no folder on this machine.")

    with ctx.stage("discover", unit="files") as stage:
        files = list(stage.track(python_files(root)))

    sources: list[Source] = []
    with ctx.stage("parse", unit="files") as stage:
        for file in stage.track(files):
            ctx.check()  # raises Cancelled once somebody cancels
            source = read_source(file, root)
            if source.problem:
                ctx.warn("%s: %s", source.path, source.problem)
            sources.append(source)

    index = ctx.tmp / "index.db"
    with ctx.stage("index", unit="files") as stage:
        write_index(index, stage.track(sources))

    if artifact:
        ctx.artifact("index.db", index)
    return {
        "files": len(sources),
        "lines": sum(len(source.lines) for source in sources),
        "symbols": sum(len(source.symbols) for source in sources),
        "bytes": index.stat().st_size,
    }


def write_index(file: Path, sources: Iterable[Source]) -> None:
    """One row per line and per symbol, in two tables that SQLite's FTS5 searches."""
    database = sqlite3.connect(file)
    database.execute("CREATE VIRTUAL TABLE lines USING fts5(text, path UNINDEXED, number UNINDEXED)")
    database.execute("CREATE VIRTUAL TABLE symbols USING fts5(name, kind UNINDEXED, path UNINDEXED, number UNINDEXED)")
    for source in sources:
        rows = ((line, source.path, number) for number, line in enumerate(source.lines, start=1) if line.strip())
        database.executemany("INSERT INTO lines VALUES (?, ?, ?)", rows)
        database.executemany("INSERT INTO symbols VALUES (?, ?, ?, ?)", source.symbols)
    database.commit()
    database.close()
