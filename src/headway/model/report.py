"""What a worker may report of an attempt: the items of a `report` frame, one tagged struct each.

Shared by the worker (which makes them), the worker link (which carries them) and `attempt.py` (which applies
them). Values are the worker's own, untrusted: the rules clamp, the limits cut. Instants are the worker's clock.
"""

from __future__ import annotations

from typing import Any

import msgspec


class Item(msgspec.Struct, kw_only=True, frozen=True, tag_field="type", omit_defaults=True, gc=False):
    """Root of the items; `type` is the tag."""


class Progressed(Item, tag="progress", frozen=True, kw_only=True):
    """Where a stage stands. `stage` is its path ("parse", "parse/inner"; "" for a job without stages);
    `current` of `total` in `unit`; `total` None: indeterminate; both None: a message alone.
    """

    stage: str = ""
    current: float | None = None
    total: float | None = None
    unit: str | None = None
    message: str | None = None
    details: Any = None
    at: int = 0


class StageStarted(Item, tag="stage_started", frozen=True, kw_only=True):
    """A stage began. One that the plan does not name is shown, and weighs nothing in the overall."""

    stage: str
    total: float | None = None
    unit: str | None = None
    at: int = 0


class StageCompleted(Item, tag="stage_completed", frozen=True, kw_only=True):
    """A stage is done, whatever its counter said."""

    stage: str
    at: int = 0


class StepDone(Item, tag="step", frozen=True, kw_only=True):
    """One named piece of work is done (`ctx.step_done`)."""

    name: str
    at: int = 0


class LogLines(Item, tag="lines", frozen=True, kw_only=True):
    """Lines in order: `[instant ms, level, text]` each; level: debug info success warning error, out err."""

    lines: list[tuple[int, str, str]]


class Dropped(Item, tag="dropped", frozen=True, kw_only=True):
    """`lines` of log were dropped at the worker (spool full, rate or quota); `reason` says which."""

    lines: int
    reason: str


class Warned(Item, tag="warning", frozen=True, kw_only=True):
    """Something the reader should know; the job goes on."""

    message: str
    at: int = 0


class ErrorNoted(Item, tag="error", frozen=True, kw_only=True):
    """Something failed and the handler goes on."""

    message: str
    kind: str = ""
    at: int = 0


class Alive(Item, tag="alive", frozen=True, kw_only=True):
    """Evidence of life without a number: what the attempt waits for goes on. Moves its stall clock, and nothing else."""

    at: int = 0


class Checkpoint(Item, tag="checkpoint", frozen=True, kw_only=True):
    """`value` is kept under `key` and handed to later attempts."""

    key: str
    value: Any


class InputRequested(Item, tag="input", frozen=True, kw_only=True):
    """The handler waits for an answer; `schema` is a JSON Schema of it, `url` a page on which it is given (`is_page`)."""

    request: str
    message: str
    schema: Any = None
    url: str | None = None
    at: int = 0


class InputTaken(Item, tag="input_taken", frozen=True, kw_only=True):
    """The worker has the answer to this request, and hands it to the handler once: it need not be told again."""

    request: str


class Custom(Item, tag="custom", frozen=True, kw_only=True):
    """An event of the user's own: `name` outside the reserved prefixes, at most 16 KB of data."""

    name: str
    data: dict[str, Any] = {}
    priority: str = "normal"
    conflate_key: str | None = None
    at: int = 0


ReportItem = (
    Progressed
    | StageStarted
    | StageCompleted
    | StepDone
    | LogLines
    | Dropped
    | Warned
    | ErrorNoted
    | Alive
    | Checkpoint
    | InputRequested
    | InputTaken
    | Custom
)


URL_CHARS = 2_048


def is_page(url: str) -> bool:
    """True for an http(s) URL with a host, of printable characters and at most 2,048 of them: what a person may open."""
    scheme, parted, rest = url.partition("://")
    readable = len(url) <= URL_CHARS and url.isprintable() and " " not in url
    return readable and bool(parted) and scheme.lower() in ("http", "https") and rest[:1] not in ("", "/", "?", "#")
