"""A job's log lines: a page, the tail, or all of them streamed, as text or JSON lines, narrowed by text and level.

Streamed in pages, each one short read: a log of a gigabyte costs no memory and holds no transaction. `contains` is a
literal text; regular expressions run at the reader, never here: one evil pattern would hold the whole server.
"""

from __future__ import annotations

from collections.abc import AsyncIterator, Callable
from functools import partial
from typing import Annotated, Literal

import msgspec
from fastapi import APIRouter, Query
from starlette.responses import StreamingResponse

from headway.clock import iso
from headway.errors import InvalidInput
from headway.server.openapi import API
from headway.server.site import Site, SiteOf
from headway.store.base import Line, Reading

router = APIRouter(prefix=API, tags=["jobs"])

PAGE = 1_000
LEVELS = ("debug", "info", "success", "warning", "error", "out", "err")
MEDIA_TYPES = {"text": "text/plain; charset=utf-8", "jsonl": "application/jsonl"}


class LogLine(msgspec.Struct, kw_only=True):
    """One line: its number in the job, from 1."""

    number: int
    at: str
    level: str
    text: str
    attempt: int


_encoder = msgspec.json.Encoder()


@router.get(
    "/jobs/{id}/logs",
    summary="Its log",
    response_class=StreamingResponse,
    responses={200: {"description": "The lines, streamed", "content": {"text/plain": {}, "application/jsonl": {}}}},
)
async def get_logs(
    site: SiteOf,
    id: str,
    format: Literal["text", "jsonl"] = "text",
    start: Annotated[int, Query(alias="from", ge=1, description="number of the first line")] = 1,
    tail: Annotated[int | None, Query(ge=1, le=100_000, description="only the last so many lines")] = None,
    limit: Annotated[int | None, Query(ge=1, description="at most so many lines")] = None,
    contains: Annotated[str, Query(max_length=500, description="only lines with this text in them")] = "",
    ignore_case: Annotated[bool, Query(description="`contains` whatever its capitals")] = False,
    level: Annotated[str, Query(max_length=100, description="only lines of these levels, parted by commas")] = "",
) -> StreamingResponse:
    """All lines in order. The text form is the lines as they were written; `jsonl` has number, time and level too."""
    job = await site.job(id)
    wanted = _levels(level)
    last = job.get("soft", {}).get("log_lines") or job.get("log_lines", 0)
    first = max(start, last - tail + 1) if tail is not None else start

    folded = contains.lower()

    def keep(line: Line) -> bool:
        if wanted and line.level not in wanted:
            return False
        return folded in line.text.lower() if ignore_case else contains in line.text

    lines = _lines(site, id, first, keep, limit)
    headers = {"Headway-Log-Lines": str(last), "Content-Disposition": f'inline; filename="{id}.{_ENDINGS[format]}"'}
    return StreamingResponse(_written(lines, format), media_type=MEDIA_TYPES[format], headers=headers)


_ENDINGS = {"text": "log", "jsonl": "jsonl"}


async def _lines(
    site: Site, id: str, first: int, keep: Callable[[Line], bool], limit: int | None
) -> AsyncIterator[list[Line]]:
    """Kept lines page by page, up to what the log had when each page was read."""
    left = limit
    while True:
        page = await site.read(partial(_page, id=id, first=first))
        kept = [line for line in page if keep(line)]
        if left is not None:
            kept = kept[:left]
            left -= len(kept)
        yield kept
        if len(page) < PAGE or left == 0:
            return
        first = page[-1].number + 1


def _page(reading: Reading, id: str, first: int) -> list[Line]:
    return reading.lines(id, first=first, limit=PAGE)


async def _written(pages: AsyncIterator[list[Line]], format: str) -> AsyncIterator[bytes]:
    write = _text if format == "text" else _json
    async for page in pages:
        if page:
            yield b"".join(map(write, page))


def _text(line: Line) -> bytes:
    return line.text.encode() + b"\n"


def _json(line: Line) -> bytes:
    said = LogLine(number=line.number, at=iso(line.at), level=line.level, text=line.text, attempt=line.attempt)
    return _encoder.encode(said) + b"\n"


def _levels(text: str) -> frozenset[str]:
    levels = frozenset(part.strip() for part in text.split(",") if part.strip())
    if unknown := sorted(levels - set(LEVELS)):
        raise InvalidInput("level", f"{unknown[0]!r} is unknown", hint=f"Levels are {', '.join(LEVELS)}.")
    return levels
