"""A file of a job as an answer: whole, or the part that a `Range` asks for, streamed from wherever files are kept.

One range is answered with 206, one beyond the end with 416; several at once, which a server need not serve, with the
whole (RFC 9110, 14.2). `If-Range` is the file's hash. Must never know jobs. Called by uploads.py.
"""

from __future__ import annotations

import re
from collections.abc import AsyncGenerator, Mapping
from contextlib import aclosing

from starlette.requests import Request
from starlette.responses import Response, StreamingResponse

from headway.store.files import Files

_ONE = re.compile(r"\s*bytes\s*=\s*(?P<first>\d*)\s*-\s*(?P<last>\d*)\s*", re.IGNORECASE)


async def file_answer(
    request: Request, files: Files, key: str, *, headers: Mapping[str, str], media_type: str
) -> Response:
    """The bytes of a file; `headers` hold its `ETag`. NotFound: there is no such file."""
    size = await files.size(key)
    said = {**headers, "Accept-Ranges": "bytes"}
    asked = span_of(request.headers.get("range", ""), size)
    if asked is None or request.headers.get("if-range", headers["ETag"]) != headers["ETag"]:
        said["Content-Length"] = str(size)
        return StreamingResponse(_begun(await _first(files.read(key, 0, size))), 200, said, media_type)
    start, end = asked
    if start >= end:
        return Response(status_code=416, headers={**said, "Content-Range": f"bytes */{size}"})
    said |= {"Content-Range": f"bytes {start}-{end - 1}/{size}", "Content-Length": str(end - start)}
    return StreamingResponse(_begun(await _first(files.read(key, start, end))), 206, said, media_type)


def span_of(header: str, size: int) -> tuple[int, int] | None:
    """(start, end) of one range, `end` excluded, nothing in it where it lies beyond; None: no range that is served."""
    found = _ONE.fullmatch(header)
    if found is None or not (found["first"] or found["last"]):
        return None
    if not found["first"]:
        return max(size - int(found["last"]), 0), size
    start, last = int(found["first"]), int(found["last"]) if found["last"] else size - 1
    if found["last"] and last < start:
        return None
    return start, min(last + 1, size)


Parts = tuple[bytes, AsyncGenerator[bytes]]


async def _first(parts: AsyncGenerator[bytes]) -> Parts:
    """What is not there must be said before the head of the answer is out."""
    return await anext(parts, b""), parts


async def _begun(parts: Parts) -> AsyncGenerator[bytes]:
    first, rest = parts
    async with aclosing(rest):
        yield first
        async for part in rest:
            yield part
