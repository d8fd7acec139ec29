"""What both links have together: names and numbers of the protocols, close codes, and the frames that either may carry.

Must never know sockets, sessions or rules. Called through `frames.py`, which is the face of all frames.
"""

from __future__ import annotations

import re
from enum import IntEnum
from typing import Annotated, Literal

import msgspec

from headway.errors import BadCursor
from headway.model.settings import Settings

VIEWER_PROTOCOL = "headway.v1"
WORKER_PROTOCOL = "headway.worker.v1"
VERSION = 1

DEFAULTS = Settings()
VIEWER_FRAME_BYTES = DEFAULTS.frame_bytes
WORKER_FRAME_BYTES = DEFAULTS.worker_frame_bytes
JSON_DEPTH = DEFAULTS.json_depth


class CloseCode(IntEnum):
    """Why a link was closed. The four of `REFUSALS` end it for good; after the others one comes back."""

    BAD_FRAME = 4000
    UNAUTHENTICATED = 4001
    FORBIDDEN = 4003
    TOO_MANY_REQUESTS = 4008
    TOO_MANY_SUBSCRIPTIONS = 4009
    NOT_REGISTERED = 4010  # worker link: the hello was refused (a field, or the id is taken); the reason says which
    FRAME_TOO_LARGE = 4013
    TOKEN_EXPIRED = 4101
    OVERLOADED = 4102
    NO_PONG = 4103
    DRAIN = 4200


REFUSALS = frozenset(
    {
        CloseCode.UNAUTHENTICATED,
        CloseCode.FORBIDDEN,
        CloseCode.TOO_MANY_SUBSCRIPTIONS,
        CloseCode.FRAME_TOO_LARGE,
    }
)

Id = Annotated[str, msgspec.Meta(min_length=1, max_length=64)]
"""Chosen by the client: of a subscription or a request."""
Name = Annotated[str, msgspec.Meta(min_length=1, max_length=256)]
Number = Annotated[int, msgspec.Meta(ge=0, le=2**53 - 1)]
Seconds = Annotated[float, msgspec.Meta(ge=0)]
Priority = Literal["low", "normal", "high", "critical"]


class Frame(msgspec.Struct, kw_only=True, frozen=True, tag_field="type", omit_defaults=True, gc=False):
    """Root of the frames; `type` is the tag. Fields at their default are left out."""


class Ping(Frame, frozen=True, tag="ping"):
    """Server, both links: I am here, at `seq`, and my clock says `now`. Answered by `pong`."""

    now: str
    seq: Number = 0


class Pong(Frame, frozen=True, tag="pong"):
    """The answer to `ping`."""


class Bye(Frame, frozen=True, tag="bye"):
    """Server, both links: it closes the link next; come back after a time drawn from `after_ms`."""

    reason: str  # drain | rebalance | revoked | replaced
    after_ms: tuple[Number, Number] = (0, 1000)


class Error(Frame, frozen=True, tag="error"):
    """A request (or subscription) `id` was refused; without `id`: the link is meant. Both links."""

    code: str
    message: str
    id: str | None = None
    hint: str | None = None
    field: str | None = None
    retry_after_ms: Number | None = None


class Unknown(msgspec.Struct, frozen=True, gc=False):
    """A frame type this end has never heard of: a newer other end. Passed over, and counted by who cares."""

    type: str


_CURSOR = re.compile(r"([A-Za-z0-9_-]{1,64})\.(0|[1-9][0-9]{0,15})")


class Cursor(msgspec.Struct, frozen=True, order=True, gc=False):
    """A place in the log named `epoch`: everything up to `seq` is known. As text `"<epoch>.<seq>"`."""

    epoch: str
    seq: int

    def __str__(self) -> str:
        return f"{self.epoch}.{self.seq}"


def parse_cursor(text: str) -> Cursor:
    """The cursor of a text. BadCursor where it is none; whether the log still has it is the server's question."""
    found = _CURSOR.fullmatch(text)
    if found is None:
        raise BadCursor(text)
    return Cursor(found[1], int(found[2]))
