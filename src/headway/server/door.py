"""The door to the stream: who may open a link, and what a URL subscribes to. The same for front and endpoints.

`Ask` is a request as any transport has it; `Door.admit` answers with an `Admission` or raises what is wrong (a
CallerError, which the transport turns into its own refusal). Must never know ASGI or sockets.
"""

from __future__ import annotations

from collections.abc import Mapping
from functools import lru_cache
from typing import Any
from urllib.parse import parse_qs

import msgspec

from headway.errors import CallerError, InvalidInput, Overloaded, ServerError
from headway.hub.feed import Feed
from headway.hub.subscription import Subscription
from headway.hub.viewer import Viewer
from headway.hub.wire import Wire
from headway.model.topic import parse_topic
from headway.protocol.frames import Subscribe, parse_cursor
from headway.server.guard import Perimeter, bearer, check_request, client_address

LIVE = "/api/v1/live"
EVENTS = "/api/v1/events"
STREAM_ID = "stream"
"""The subscription's id where the URL subscribes."""
LONGEST_WAIT_S = 60.0
WAIT_S = 25.0


class Ask(msgspec.Struct, frozen=True):
    """A request: header names in lower case, a header that came twice joined by a comma; `peer` the other address."""

    headers: Mapping[str, str]
    query: str = ""
    peer: str = ""
    websocket: bool = False


class Admission(msgspec.Struct, frozen=True):
    """Come in. `subscribe` is what the URL asks for; a WebSocket without one says hello first."""

    address: str
    subject: Any
    namespace: str
    subscribe: Subscribe | None
    wait_s: float = WAIT_S


class Door:
    """One per server. Everything it checks is in `feed` and `guard`."""

    def __init__(self, feed: Feed, guard: Perimeter) -> None:
        self.feed = feed
        self.guard = guard
        self.closed: ServerError | None = None
        """Why nobody is let in now."""

    def admit(self, ask: Ask) -> Admission:
        """CallerError or ServerError: this link is not for us, and why."""
        headers = ask.headers
        refusal = check_request(
            self.guard,
            method="GET",
            host=headers.get("host"),
            origin=headers.get("origin"),
            site=headers.get("sec-fetch-site"),
            authorization=headers.get("authorization"),
            stream=True,
        )
        if refusal is not None:
            raise refusal
        if self.closed is not None:
            raise self.closed
        address = client_address(self.guard, ask.peer, headers.get("x-forwarded-for"))
        if not self.feed.has_room(address):
            raise Overloaded(len(self.feed.viewers), retry_after_s=5.0)
        wish = wish_of(ask.query, headers.get("last-event-id"))
        subscribe = wish.subscribe
        if subscribe is None and not ask.websocket:
            raise InvalidInput("topic", "is missing", hint="Name one or more: ?topic=jobs&topic=job:ID.")
        for topic in subscribe.topics if subscribe else ():
            parse_topic(topic)  # a wrong one is refused while there is still a status to refuse it with
        token = bearer(headers.get("authorization"))
        waits_for_hello = subscribe is None and token is None
        return Admission(
            address=address,
            subject=None if waits_for_hello else self.feed.desk.authorize(token),
            namespace=wish.namespace,
            subscribe=subscribe,
            wait_s=wish.wait_s,
        )

    def open(self, wire: Wire, admission: Admission, *, pinged: bool = True) -> Viewer:
        """The viewer of a link that was admitted; what its URL asks for is not begun yet (`begin`)."""
        greeted = admission.subscribe is not None
        viewer = self.feed.open_viewer(
            wire, address=admission.address, subject=admission.subject, greeted=greeted, pinged=pinged
        )
        viewer.namespace = admission.namespace
        return viewer

    def begin(self, viewer: Viewer, admission: Admission, *, welcomed: bool = True) -> Subscription | None:
        """Welcome it and begin what its URL asks for; None where that is nothing, or was refused."""
        if admission.subscribe is None:
            return None
        if welcomed:
            viewer.welcome()
        return viewer.begin(admission.subscribe)


class Wish(msgspec.Struct, frozen=True):
    """What a URL says."""

    subscribe: Subscribe | None
    namespace: str
    wait_s: float


@lru_cache(maxsize=1024)  # a crowd that reconnects asks the same
def wish_of(query: str, last_event_id: str | None) -> Wish:
    """The query of a URL, checked. CallerError names what is wrong."""
    said = parse_qs(query, keep_blank_values=True)
    return Wish(
        subscription_of(said, last_event_id),
        _one(said, "namespace", "default"),
        min(max(_number(said, "wait", WAIT_S), 0.0), LONGEST_WAIT_S),
    )


def subscription_of(query: Mapping[str, list[str]], last_event_id: str | None) -> Subscribe | None:
    """What a URL subscribes to: the fields of the frame `subscribe` as parameters. None without a topic."""
    topics = query.get("topic")
    if not topics:
        return None
    since = last_event_id or _one(query, "since", "") or None
    if since is not None:
        parse_cursor(since)
    wanted: dict[str, Any] = {
        "id": STREAM_ID,
        "topics": topics,
        "since": since,
        "want": _one(query, "want", "auto"),
        "conflate": _one(query, "conflate", "true").lower() not in {"false", "0", "no"},
        "pace_ms": None if "pace_ms" not in query else _one(query, "pace_ms", ""),
        "types": [word for words in query.get("types", ()) for word in words.split(",")] or None,
        "min_priority": query.get("min_priority", [None])[0],
    }
    try:
        return msgspec.convert(wanted, Subscribe, strict=False)
    except msgspec.ValidationError as error:
        problem, _, place = str(error).partition(" - at `$.")
        raise InvalidInput(place.rstrip("`") or "query", problem) from None


def _one(query: Mapping[str, list[str]], name: str, default: str) -> str:
    return query.get(name, [default])[-1]


def _number(query: Mapping[str, list[str]], name: str, default: float) -> float:
    text = _one(query, name, str(default))
    try:
        return float(text)
    except ValueError:
        raise InvalidInput(name, f"{text!r} is not a number", hint="Give seconds.") from None


def refusal_of(error: CallerError | ServerError) -> tuple[int, bytes, float | None]:
    """Status, problem+json body and Retry-After of a refusal, for transports without a framework."""
    retry_s: float | None = getattr(error, "retry_after_s", None)
    problem: dict[str, Any] = {
        "type": "about:blank",
        "status": error.status,
        "code": error.code,
        "message": error.message,
    }
    problem |= {"hint": error.hint} if error.hint else {}
    problem |= {"retry_after_s": retry_s} if retry_s is not None else {}
    return error.status, msgspec.json.encode(problem), retry_s
