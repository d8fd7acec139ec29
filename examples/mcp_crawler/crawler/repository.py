"""A repository from its address to the index, in stages: clone, discover, process, embed if there is a model, index, store.

Every total is known before its stage begins, and how far a clone is git says itself. Nothing is stored until the last
stage; a call that ends before leaves the index as it was and no file of the clone.
"""

import sys
from collections import Counter
from collections.abc import AsyncIterator, Awaitable, Callable, Sequence
from contextlib import ExitStack, asynccontextmanager
from dataclasses import replace
from pathlib import Path

import anyio
from anyio import to_thread
from pydantic import BaseModel, Field

from crawler import git
from crawler.addresses import Resolve, checked
from crawler.bounded import bounded
from crawler.chunks import Chunk, chunked
from crawler.embedding import BATCH, Embedder
from crawler.errors import CrawlError
from crawler.git_progress import Step
from crawler.index import Index, Piece, Writing
from crawler.progress import Stages
from crawler.selecting import is_document, language, reason_to_drop, reason_to_skip
from crawler.settings import Settings
from crawler.sources import Source, checked_ref, source

WEIGHTS = {"clone": 45.0, "discover": 2.0, "process": 25.0, "embed": 60.0, "index": 25.0, "store": 3.0}
"""How long stages take beside each other, roughly; without a model there is no `embed`."""

ROWS = 200
MOST_CHUNKS = 200_000


class RepositoryResult(BaseModel):
    """What was read of a repository, and what was not."""

    repository: str
    commit: str
    files: int = Field(description="Read and stored")
    skipped: dict[str, int] = Field(description="Files that were not read, by why")
    chunks: int = Field(description="Pieces that can be found")
    bytes: int
    languages: dict[str, int] = Field(description="Files by what they are written in")
    embedded: bool = Field(description="Whether pieces can be found by meaning too")


class Crawl:
    """One call."""

    def __init__(
        self, settings: Settings, resolve: Resolve, index: Index, embedder: Embedder | None, writing: anyio.Lock,
        stages: Stages, say: Callable[[str], Awaitable[None]],
    ) -> None:  # fmt: skip
        self._settings = settings
        self._resolve = resolve
        self._index = index
        self._embedder = embedder
        self._writing = writing
        self._stages = stages
        self._say = say

    async def run(self, text: str, ref: str, max_mb: int, max_file_kb: int) -> RepositoryResult:
        """All stages."""
        of, ref = source(text, self._settings), checked_ref(ref)
        await self._stages.begin("clone", f"clone: {of.url}")
        async with git.folder(self._settings.data) as home:
            clone = await self._clone(of, home, ref, max_mb)
            commit = await git.commit(clone)
            await self._stages.begin("discover")
            entries, skipped = await self._discover(clone, max_file_kb * 1000)
            await self._stages.begin("process")
            pieces = await self._process(clone, entries, skipped)
        pieces = await self._embed(pieces)
        files = dict.fromkeys(piece.path for piece in pieces)
        await self._store(of, f"{ref}@{commit}" if ref else commit, pieces, len(files))
        if skipped:
            await self._say("not read: " + ", ".join(f"{count} {reason}" for reason, count in skipped.most_common()))
        languages = Counter(language(path) for path in files)
        return RepositoryResult(
            repository=of.url, commit=commit, files=len(files), skipped=dict(skipped.most_common()),
            chunks=len(pieces), bytes=sum(len(piece.chunk.text.encode()) for piece in pieces),
            languages=dict(languages.most_common()), embedded=self._embedder is not None,
        )  # fmt: skip

    async def _clone(self, of: Source, home: Path, ref: str, max_mb: int) -> Path:
        async def on_step(step: Step) -> None:
            await self._stages.at(step.share, 1.0, step.message)

        addresses = await checked(of.host, of.port, self._resolve, self._settings.private) if of.host else []
        return await git.clone(of, home, ref=ref, addresses=addresses, max_bytes=max_mb * 1_000_000, on_step=on_step)

    async def _discover(self, clone: Path, max_bytes: int) -> tuple[list[git.Entry], Counter[str]]:
        found = await git.listing(clone)
        reasons = {entry.path: reason_to_skip(entry, max_bytes) for entry in found}
        entries = [entry for entry in found if reasons[entry.path] is None]
        skipped = Counter(reason for reason in reasons.values() if reason is not None)
        await self._stages.at(1, 1, f"{len(entries):,} of {len(found):,} files are worth reading")
        return entries, skipped

    async def _process(self, clone: Path, entries: list[git.Entry], skipped: Counter[str]) -> list[Piece]:
        pieces: list[Piece] = []
        async with git.reader(clone) as read:
            for number, entry in enumerate(entries, 1):
                content = await read(entry)
                if (reason := reason_to_drop(content)) is not None:
                    skipped[reason] += 1
                else:
                    kind = language(entry.path)
                    chunks = await self._chunks(content.decode("utf-8", "replace"), kind)
                    pieces += [Piece(entry.path, kind, is_document(kind), chunk) for chunk in chunks]
                if len(pieces) > MOST_CHUNKS:
                    raise CrawlError(f"The repository has more than {MOST_CHUNKS:,} pieces: too much for this index.")
                await self._stages.at(number, len(entries), f"{number:,}/{len(entries):,} {entry.path[:200]}")
        return pieces

    async def _chunks(self, text: str, kind: str) -> list[Chunk]:
        try:
            return await bounded(chunked, text, kind)
        except CrawlError:
            return chunked(text, "text")  # at lines, whatever it was

    async def _embed(self, pieces: list[Piece]) -> list[Piece]:
        if self._embedder is None:
            return pieces
        await self._stages.begin("embed")
        done: list[Piece] = []
        for batch in _batches(pieces, BATCH):
            vectors = await self._embedder.embed(
                [f"{each.path}\n{each.chunk.title}\n{each.chunk.text}" for each in batch]
            )
            done += [replace(piece, vector=vector) for piece, vector in zip(batch, vectors, strict=True)]
            await self._stages.at(len(done), len(pieces), f"{len(done):,}/{len(pieces):,} pieces")
        return done

    async def _store(self, of: Source, version: str, pieces: list[Piece], files: int) -> None:
        await self._stages.begin("index")
        model = self._embedder.model if self._embedder is not None else ""
        async with self._writing, _in_thread(self._index, of.url, version, model, files) as writing:
            done = 0
            for batch in _batches(pieces, ROWS):
                await to_thread.run_sync(writing.add, batch)
                done += len(batch)
                await self._stages.at(done, len(pieces), f"{done:,}/{len(pieces):,} pieces")
            await self._stages.begin("store")
        await self._stages.end(f"{len(pieces):,} pieces of {files:,} files are stored")


@asynccontextmanager
async def _in_thread(index: Index, url: str, version: str, model: str, files: int) -> AsyncIterator[Writing]:
    """`Index.replacing` whose beginning and end run in threads; the end is never cancelled half way."""
    stack = ExitStack()
    writing = await to_thread.run_sync(stack.enter_context, index.replacing(url, version, model, files))
    try:
        yield writing
    except BaseException:
        with anyio.CancelScope(shield=True):
            await to_thread.run_sync(stack.__exit__, *sys.exc_info())
        raise
    with anyio.CancelScope(shield=True):
        await to_thread.run_sync(stack.close)


def _batches(pieces: Sequence[Piece], size: int) -> list[list[Piece]]:
    return [list(pieces[at : at + size]) for at in range(0, len(pieces), size)]
