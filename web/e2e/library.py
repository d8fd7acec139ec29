"""Jobs for pictures of the dashboard: they read, count, compress and draw Python's own standard library.

What they show is what they do: every number comes from a file that was read. Run by e2e/camera.ts.
"""

from __future__ import annotations

import ast
import hashlib
import io
import json
import lzma
import struct
import sysconfig
import tokenize
import urllib.request
import zlib
from collections import Counter
from collections.abc import Iterator
from pathlib import Path

import headway

app = headway.App()

LIBRARY = Path(sysconfig.get_paths()["stdlib"])
GREEN, YELLOW, CYAN, BOLD, PLAIN = "\x1b[32m", "\x1b[33m", "\x1b[36m", "\x1b[1m", "\x1b[0m"


def _modules(part: str = "") -> list[Path]:
    found = (LIBRARY / part).rglob("*.py")
    return sorted(path for path in found if "site-packages" not in path.parts and "dist-packages" not in path.parts)


def _short(path: Path) -> str:
    return str(path.relative_to(LIBRARY))


@app.job(stages={"find": 1, "read": 2, "pack": 40, "check": 1}, labels={"shelf": "library"})
def archive_library(ctx: headway.Context, part: str = "", level: int = 9) -> dict[str, object]:
    """Packs the source of Python's standard library, and checks the archive by unpacking it."""
    with ctx.stage("find"):
        paths = _modules(part)
        ctx.log.info(f"{BOLD}{len(paths)}{PLAIN} modules below {CYAN}{LIBRARY}{PLAIN}")
    total = sum(path.stat().st_size for path in paths)
    sums: dict[str, str] = {}
    with ctx.stage("read", unit="files", total=len(paths)) as stage:
        for path in stage.track(paths):
            sums[_short(path)] = hashlib.sha256(path.read_bytes()).hexdigest()
            ctx.log.debug(f"{sums[_short(path)][:12]}  {_short(path)}")
    packed = io.BytesIO()
    packer = lzma.LZMACompressor(preset=level | lzma.PRESET_EXTREME)
    with ctx.stage("pack", unit="B", total=total) as stage:
        halves = (paths[: len(paths) // 2], paths[len(paths) // 2 :])
        for name, half in zip(("a to l", "m to z"), halves, strict=True):
            with ctx.stage(name, unit="B", total=sum(path.stat().st_size for path in half)) as inner:
                for path in half:
                    content = path.read_bytes()
                    packed.write(packer.compress(content))
                    inner.advance(len(content))
                    stage.advance(len(content))
                    _say(ctx, path, content)
        packed.write(packer.flush())
    with ctx.stage("check", unit="B", total=total) as stage:
        unpacked = lzma.decompress(packed.getvalue())
        stage.advance(len(unpacked))
    ctx.artifact("checksums.json", json.dumps(sums, indent=1))
    return {"modules": len(paths), "bytes": total, "packed": packed.tell(), "ratio": round(packed.tell() / total, 4)}


def _say(ctx: headway.Context, path: Path, content: bytes) -> None:
    lines = content.count(b"\n")
    if lines > 3_000:
        ctx.log.warning(f"{YELLOW}large{PLAIN}  {_short(path)}: {BOLD}{lines:,}{PLAIN} lines")
    else:
        ctx.log.info(f"{GREEN}packed{PLAIN} {_short(path)} ({lines:,} lines)")


@app.job(stages={"tokenize": 6, "draw": 1}, labels={"shelf": "library"})
def count_words(ctx: headway.Context, part: str = "asyncio", most: int = 40) -> dict[str, int]:
    """Counts the names that a part of the library uses, and draws how often."""
    names: Counter[str] = Counter()
    with ctx.stage("tokenize", unit="modules") as stage:
        for path in stage.track(_modules(part)):
            names.update(_names(path))
            ctx.log.info(f"{_short(path)}: {CYAN}{len(names):,}{PLAIN} names so far")
    with ctx.stage("draw"):
        common = names.most_common(most)
        ctx.artifact("names.png", _bars([count for _, count in common]))
        ctx.artifact("names.txt", "\n".join(f"{count:6} {name}" for name, count in common))
    return dict(common[:5])


def _names(path: Path) -> Iterator[str]:
    with tokenize.open(path) as source:
        for token in tokenize.generate_tokens(source.readline):
            if token.type == tokenize.NAME:
                yield token.string


def _bars(counts: list[int], width: int = 640, height: int = 200) -> bytes:
    """A bar chart as a PNG."""
    back, front = b"\xf4\xf6\xfb", b"\x3b\x5b\xdb"
    step = width // max(1, len(counts))
    tall = [round((height - 20) * count / max(counts)) for count in counts]
    rows = bytearray()
    for y in range(height):
        rows.append(0)
        for x in range(width):
            at = x // step
            is_bar = at < len(tall) and x % step > 2 and height - 10 - tall[at] <= y < height - 10
            rows += front if is_bar else back
    parts = [(b"IHDR", struct.pack(">IIBBBBB", width, height, 8, 2, 0, 0, 0)), (b"IDAT", zlib.compress(bytes(rows), 9))]
    chunks = (
        struct.pack(">I", len(body)) + name + body + struct.pack(">I", zlib.crc32(name + body)) for name, body in parts
    )
    return b"\x89PNG\r\n\x1a\n" + b"".join(chunks) + b"\0\0\0\0IEND\xaeB`\x82"


@app.job(max_attempts=4, backoff="45s", labels={"team": "mirrors"})
def fetch_mirror(ctx: headway.Context, url: str) -> int:
    """Fetches a list of packages."""
    ctx.log.info(f"asking {url}")
    with urllib.request.urlopen(url, timeout=2) as answer:  # noqa: S310
        return len(answer.read())


@app.job(max_attempts=1, labels={"team": "reports"})
def read_settings(ctx: headway.Context, path: str) -> object:
    """Reads settings written as JSON."""
    text = (LIBRARY / path).read_text(encoding="utf-8")
    ctx.log.error(f"{path} begins with {text[:40]!r}")
    return json.loads(text)


@app.job(stages=["outline"])
def outline_module(ctx: headway.Context, path: str) -> dict[str, int]:
    """Counts the classes and functions of a module."""
    tree = ast.parse((LIBRARY / path).read_text(encoding="utf-8"))
    with ctx.stage("outline", unit="nodes") as stage:
        kinds = Counter(type(node).__name__ for node in stage.track(list(ast.walk(tree))))
    return {"classes": kinds["ClassDef"], "functions": kinds["FunctionDef"]}


@app.job()
async def publish_reading_list(ctx: headway.Context, title: str) -> str:
    """Asks somebody before it goes out."""
    schema = {
        "type": "object",
        "required": ["audience"],
        "properties": {"audience": {"type": "string", "enum": ["team", "everybody"]}, "note": {"type": "string"}},
    }
    answer = await ctx.ask(f"May “{title}” go out, and to whom?", schema)
    return f"{title}: {answer.content}"


@app.job()
def reindex_every_document_of_the_very_long_named_collection(ctx: headway.Context, collection: str) -> str:
    """Has a name as long as names can be in the wild."""
    return collection


@app.job(queue="gpu")
def render_cover(ctx: headway.Context, book: str, width: int = 1200, height: int = 1600) -> None:
    """Waits where the queue is paused."""
