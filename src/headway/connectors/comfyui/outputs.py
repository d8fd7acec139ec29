"""What a prompt has made: its files become artifacts of the job, its texts stand in the result.

File names are the engine's: they are never paths here. A file is streamed into the attempt's own directory under a name
of ours, and stored as `NODE-FILENAME`. Called by `attempt.py`.
"""

from __future__ import annotations

import asyncio
from collections.abc import Callable, Iterator
from typing import Any, cast

import msgspec

from headway.clock import Clock
from headway.connectors.comfyui.api import Api, NoAnswer, Refusal
from headway.connectors.comfyui.failures import EngineUnusable, NodeFailed
from headway.connectors.comfyui.workflow import cut
from headway.worker.context import Context

Json = dict[str, Any]

MOST_FILES = 1_000
_NAME = 120
_TEXT, _TEXTS = 8_000, 100_000  # characters of one text, and of all of them, that the result keeps
_AGAIN_S = (0.5, 1.0, 2.0)


class File(msgspec.Struct, frozen=True):
    """One file of an output: of which node, of which of its lists, and what `/view` is asked for."""

    node: str
    kind: str
    view: Json
    artifact: str


def files_of(outputs: dict[str, Json]) -> list[File]:
    """The files, each with a name of its own: two nodes may save alike."""
    taken: set[str] = set()
    files: list[File] = []
    for node, kind, entry in _entries(outputs):
        view = cast("Json", entry) if isinstance(entry, dict) else {}
        if isinstance(name := view.get("filename"), str):
            files.append(File(node, kind, view, _free(f"{_plain(node)}-{_plain(name)}", taken)))
    return files


def texts_of(outputs: dict[str, Json]) -> dict[str, Json]:
    """What nodes show beside files, by node and list: texts, numbers; cut where they are long."""
    left = _TEXTS
    texts: dict[str, Json] = {}
    for node, kind, value in _entries(outputs):
        if isinstance(value, str | int | float) and left > 0:
            kept = value[: min(_TEXT, left)] if isinstance(value, str) else value
            left -= len(str(kept))
            texts.setdefault(node, {}).setdefault(kind, []).append(kept)
    return texts


async def fetched(
    ctx: Context,
    api: Api,
    files: list[File],
    on_file: Callable[[int, File], None],
    on_bytes: Callable[[], None],
    clock: Clock,
) -> Json:
    """Store the files as artifacts; by node what became of each. EngineUnusable, NodeFailed."""
    if len(files) > MOST_FILES:
        ctx.warn(f"The prompt made {len(files):,} files; the first {MOST_FILES:,} are kept.")
    made: dict[str, list[Json]] = {}
    for number, file in enumerate(files[:MOST_FILES]):
        on_file(number, file)
        size = await _fetch(ctx, api, number, file, on_bytes, clock)
        view = {key: cut(file.view[key], 200) for key in ("filename", "subfolder", "type") if isinstance(file.view.get(key), str)}  # fmt: skip
        made.setdefault(file.node, []).append({"artifact": file.artifact, "kind": file.kind, "bytes": size, **view})
    return dict(made)


async def _fetch(ctx: Context, api: Api, number: int, file: File, on_bytes: Callable[[], None], clock: Clock) -> int:
    """One file; an engine that does not answer is asked again, for it may be busy."""
    into = ctx.tmp / f"output-{number}"
    for wait in (*_AGAIN_S, None):
        try:
            size = await api.fetch(file.view, into, on_bytes)
            await asyncio.to_thread(ctx.artifact, file.artifact, into)
        except NoAnswer as silence:
            if wait is None:
                raise EngineUnusable(f"ComfyUI does not give its output {file.artifact}: {silence.problem}.") from None
            await clock.sleep(wait)
        except Refusal as refusal:
            raise EngineUnusable(
                f"ComfyUI no longer has its output {file.artifact} (HTTP {refusal.status}): somebody deleted the file."
            ) from None
        except OverflowError:
            raise NodeFailed(f"The output {file.artifact} is larger than an artifact may be.") from None
        else:
            return size
        finally:
            into.unlink(missing_ok=True)
    raise AssertionError("the last pass returns or raises")


def _entries(outputs: dict[str, Json]) -> Iterator[tuple[str, str, Any]]:
    for node, lists in outputs.items():
        for kind, entries in lists.items():
            for entry in cast("list[Any]", entries) if isinstance(entries, list) else []:
                yield str(node), str(kind), entry


def _plain(text: str) -> str:
    """A text as a part of an artifact's name: nothing that a path or a header could mean."""
    plain = "".join(c if c.isprintable() and c not in '/\\:*?"<>|' else "_" for c in text).strip()
    if len(plain) > _NAME:
        plain = plain[: _NAME // 2] + "…" + plain[-_NAME // 2 + 1 :]
    return plain.lstrip(".") or "_"


def _free(name: str, taken: set[str]) -> str:
    stem, dot, ending = name.rpartition(".")
    free, number = name, 1
    while free in taken:
        number += 1
        free = f"{stem}-{number}{dot}{ending}" if dot else f"{name}-{number}"
    taken.add(free)
    return free
