"""Jobs that the tests in a browser run in a real worker. They wait at gates (FIFOs), never by sleeping."""

from __future__ import annotations

import asyncio
import os
import struct
import zlib
from pathlib import Path
from typing import Annotated, Any

import msgspec
import pydantic

import headway

app = headway.App()

PICTURE = bytes.fromhex(
    "89504e470d0a1a0a0000000d49484452000000010000000108060000001f15c4890000000d4944415478da63fccff0bf1e0005"
    "8002017f8e04d80000000049454e44ae426082"
)
"""The smallest PNG there is."""


def _pass(gate: str) -> None:
    """Take one byte of the FIFO; opened for both, so that its end is never read."""
    fifo = os.open(gate, os.O_RDWR)
    try:
        os.read(fifo, 1)
    finally:
        os.close(fifo)


@app.job(stages={"read": 1, "write": 3})
async def copy(ctx: headway.Context, gate: str, items: int = 4) -> dict[str, int]:
    """Copies items: a gate before each one that it writes."""
    with ctx.stage("read", unit="items", total=items) as stage:
        for number in stage.track(range(items)):
            ctx.log.info("read %s", number)
    with ctx.stage("write", unit="items", total=items) as stage:
        for number in range(items):
            await asyncio.to_thread(_pass, gate)
            ctx.log.info("wrote %s", number)
            stage.advance()
    return {"items": items}


@app.job()
async def add(ctx: headway.Context, a: int, b: int = 1) -> int:
    """Adds two whole numbers."""
    return a + b


@app.job(max_attempts=1)
async def refuse(ctx: headway.Context, message: str = "no luck") -> None:
    """Fails every time."""
    ctx.log.error("%s", message)
    raise ValueError(message)


@app.job()
async def greet(ctx: headway.Context, name: str) -> str:
    """Asks how to greet, and does."""
    answer = await ctx.ask("How shall I greet?", {"type": "object", "properties": {"word": {"type": "string"}}})
    return f"{answer.content['word']}, {name}"


def png(width: int, height: int, share: float) -> bytes:
    """A PNG drawn by hand: a disc of colour that grows with `share` (0..1) on a soft ground."""

    def chunk(type: bytes, body: bytes) -> bytes:
        return struct.pack(">I", len(body)) + type + body + struct.pack(">I", zlib.crc32(type + body))

    rows, reach = bytearray(), (share * min(width, height) / 2) ** 2
    for y in range(height):
        rows.append(0)  # no filter
        for x in range(width):
            inside = (x - width / 2) ** 2 + (y - height / 2) ** 2 <= reach
            rows += bytes((70 + 160 * x // width, 90, 200) if inside else (225, 228, 235 - 20 * y // height))
    head = struct.pack(">IIBBBBB", width, height, 8, 2, 0, 0, 0)
    body = chunk(b"IHDR", head) + chunk(b"IDAT", zlib.compress(bytes(rows))) + chunk(b"IEND", b"")
    return b"\x89PNG\r\n\x1a\n" + body


@app.job()
def paint(ctx: headway.Context, gate: str, frames: int = 3) -> None:
    """Shows how it looks before each gate, and leaves as many pictures and a text."""
    for frame in range(1, frames + 1):
        ctx.preview(png(320 * frame, 240, frame / frames), "image/png", label=f"frame {frame} of {frames}")
        ctx.progress(frame - 1, frames, unit="frames")
        _pass(gate)
        ctx.artifact(f"frames/frame_{frame}.png", png(64 * frame, 64, frame / frames))
    ctx.artifact("about.txt", "discs")


@app.job()
def render(
    ctx: headway.Context,
    workflow: Annotated[dict[str, Any], pydantic.Field(json_schema_extra={"x-headway-format": "comfyui-api"})],
) -> list[str]:
    """The nodes of a workflow of ComfyUI."""
    return sorted(workflow)


@app.job()
def draw(ctx: headway.Context) -> None:
    """Leaves a picture and a text."""
    ctx.artifact("picture.png", PICTURE)
    ctx.artifact("note.txt", "<b>not bold</b>")


@app.job()
def talk(ctx: headway.Context, path: str, gate: str = "") -> int:
    """Logs each line of a file, as fast as it can; behind a gate, one more."""
    ctx.reporter._log._limits = msgspec.structs.replace(ctx.reporter._limits, log_lines_per_s=1_000_000)  # noqa: SLF001
    lines = Path(path).read_text(encoding="utf-8").split("\n")
    for line in lines:
        ctx.log.info("%s", line)
    if gate:
        _pass(gate)
        ctx.log.info("the last word")
    return len(lines)


@app.job(cancel_grace="20s")
def hold(ctx: headway.Context, gate: str) -> None:
    """Notices a cancel only behind its gate."""
    _pass(gate)
    ctx.check()
