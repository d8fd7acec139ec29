"""The frames of the viewer link, `headway.v1`: what viewers say, and what servers tell them.

What a viewer sends is checked strictly, because people type it by hand and an unknown field is a typo; what a server
sends may carry fields of a newer version. Must never know who is subscribed. Called through `frames.py`.
"""

# ruff: noqa: RUF012 (ruff does not see that Frame is a msgspec.Struct, which makes empty defaults anew each time)

from __future__ import annotations

from typing import Annotated, Any, Literal

import msgspec

from headway.protocol.base import (
    DEFAULTS,
    JSON_DEPTH,
    VERSION,
    VIEWER_FRAME_BYTES,
    Bye,
    Error,
    Frame,
    Id,
    Name,
    Number,
    Ping,
    Priority,
    Seconds,
)


class Typed(Frame, frozen=True, forbid_unknown_fields=True):
    """Root of what a viewer sends, often typed by hand: unknown fields are refused."""


# -- viewer link: viewer -> server ---------------------------------------------------------------------------------


class Hello(Typed, frozen=True, tag="hello"):
    """First frame, within `hello_s`. Without `token` the cookie or header of the upgrade counts."""

    v: Number = VERSION
    token: str | None = None
    client: str = ""
    namespace: str | None = None


class Subscribe(Typed, frozen=True, tag="subscribe"):
    """Follow `topics` as one view with one cursor (R2). The same `id` again replaces the subscription.

    `since` a cursor: resume; `want` "snapshot" asks for one in any case, "events" never gets one. `types` and
    `min_priority` narrow, and are allowed only with "events": a view made of part of the events would be wrong.
    """

    id: Id
    topics: Annotated[list[Name], msgspec.Meta(min_length=1)]
    since: str | None = None
    want: Literal["auto", "snapshot", "events"] = "auto"
    conflate: bool = True
    pace_ms: Number | None = None
    types: list[Name] | None = None
    min_priority: Priority | None = None


class Unsubscribe(Typed, frozen=True, tag="unsubscribe"):
    """End of a subscription."""

    id: Id


class Pace(Typed, frozen=True, tag="pace"):
    """At most one batch each `ms` for this subscription."""

    id: Id
    ms: Number


class Visible(Typed, frozen=True, tag="visible"):
    """Whether somebody looks (R6): decides how often the server pings; answered by a `ping` at once, so a probe too."""

    visible: bool


class ViewerPong(Typed, frozen=True, tag="pong"):
    """The answer to `ping`."""


class Auth(Typed, frozen=True, tag="auth"):
    """A fresh token for this link; the subject must stay the same."""

    token: str


class Request(Typed, frozen=True, tag="request"):
    """A command over the link (`job.cancel`, `job.submit` …): the checks and errors of REST. `key` makes it idempotent."""

    id: Id
    method: Name
    params: dict[str, Any] = {}
    key: str | None = None


FromViewer = Hello | Subscribe | Unsubscribe | Pace | Visible | ViewerPong | Auth | Request

# -- viewer link: server -> viewer ---------------------------------------------------------------------------------


class Limits(msgspec.Struct, kw_only=True, frozen=True, gc=False):
    """What the server takes on this link."""

    frame_bytes: int = VIEWER_FRAME_BYTES
    frames_per_s: float = DEFAULTS.frames_per_s
    frames_burst: int = DEFAULTS.frames_burst
    subscriptions: int = DEFAULTS.subscriptions
    topics: int = DEFAULTS.topics_per_subscription
    json_depth: int = JSON_DEPTH


class Welcome(Frame, frozen=True, tag="welcome"):
    """The answer to `hello`: this log (`epoch`) stands at `seq`."""

    session: str
    epoch: str
    seq: Number
    now: str
    ping_s: Seconds
    token_ttl_s: Seconds | None = None
    limits: Limits = Limits()
    server: str = ""


class Snapshot(Frame, frozen=True, tag="snapshot"):
    """One page of the state at `seq`; nothing counts before the page with `more` false (R5).

    `topics` maps each topic to its data, in one shape for all (`TopicData` in viewing.py). Pages of one snapshot
    have the same `seq` and count from 0.
    """

    id: str
    seq: Number
    now: str
    page: Number = 0
    more: bool = False
    topics: dict[str, Any] = {}


class WireEvent(msgspec.Struct, kw_only=True, frozen=True, omit_defaults=True, gc=False):
    """The envelope. An absent `subject` is the job of a `job.*` event, and nothing of others."""

    seq: Number
    at: str
    type: str
    namespace: str
    priority: str
    job: str | None = None
    attempt: int | None = None
    worker: str | None = None
    queue: str | None = None
    kind: str | None = None
    labels: dict[str, str] | None = None
    subject: str | None = None
    data: dict[str, Any]


class Batch(Frame, frozen=True, tag="batch"):
    """The events in (`from`, `to`], in order; `conflated` of them were left out (R4). Without events: a bookmark."""

    id: str
    since: Number = msgspec.field(name="from")
    to: Number
    now: str
    conflated: Number = 0
    events: list[WireEvent] = []


class Reset(Frame, frozen=True, tag="reset"):
    """What the viewer has is not to be continued; a snapshot follows. `reason`: epoch expired permission slow schema."""

    id: str
    epoch: str
    reason: str


class Response(Frame, frozen=True, tag="response"):
    """A request was carried out."""

    id: str
    result: Any = None


ToViewer = Welcome | Snapshot | Batch | Reset | Response | Error | Ping | Bye
