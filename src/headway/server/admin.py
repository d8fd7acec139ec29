"""For administrators: is the store what its log says, which servers are on it, who is connected, an announcement to all.

The list of connections is this server's; several servers each have their own, and a link is cut wherever it is. Must
never know how links work: it asks the feed and the gateway.
"""

from __future__ import annotations

import asyncio
from collections.abc import Sequence
from typing import Annotated, Any, TypedDict, cast

import msgspec
from fastapi import APIRouter
from starlette.requests import Request
from starlette.responses import Response

from headway.clock import iso
from headway.errors import NotFound
from headway.hub.verify import verify
from headway.hub.viewer import Viewer
from headway.model.command import Note
from headway.server.answers import answer, done
from headway.server.bodies import decode, read_json
from headway.server.openapi import API, gives, gives_nothing, takes
from headway.server.requests import Asked
from headway.server.site import CUT, Site, SiteOf, subject_of
from headway.server.submit import ENVELOPE_BYTES

router = APIRouter(prefix=f"{API}/admin", tags=["admin"])

_OBJECT = {"type": "object"}


class ServerDoc(TypedDict, total=False):
    """One server on this log, as it last said of itself; `age_s` ago."""

    id: str
    age_s: float
    version: str
    machine: str
    address: str
    started_at: str
    viewers: int
    workers: int
    seq: int  # that it knew of


class ServerList(TypedDict):
    """Servers by id; which of them leads, and which one was asked."""

    servers: list[ServerDoc]
    leader: str | None
    asked: str
    now: str


class SubscriptionDoc(TypedDict):
    """A subscription of a viewer, and the seq it stands at."""

    id: str
    topics: Sequence[str]
    at: int
    state: str


class ViewerDoc(TypedDict):
    """A viewer's link."""

    server: str
    id: str
    address: str
    transport: str
    subject: str | None
    connected_s: float
    heard_s: float
    subscriptions: list[SubscriptionDoc]
    buffered: int  # bytes that it has not drained yet


class WorkerLinkDoc(TypedDict):
    """A worker's link."""

    server: str
    worker: str | None
    machine: str | None
    address: str
    phase: str
    connected_s: float
    heard_s: float


class ConnectionList(TypedDict):
    """Every link to one server."""

    server: str
    now: str
    started_at: str
    viewers: list[ViewerDoc]
    workers: list[WorkerLinkDoc]


class Announcement(Asked, frozen=True):
    """A sentence for everybody who looks."""

    message: Annotated[str, msgspec.Meta(min_length=1, max_length=2_000)]


@router.get("/verify", summary="Compare every job with its log", responses=gives(_OBJECT, "What differs"))
async def verify_store(site: SiteOf) -> Response:
    """Fold each job's events again and compare with its row; on the live store, in a thread."""
    return answer(await asyncio.to_thread(verify, site.hub.store))


@router.get(
    "/servers", summary="Which servers are on this log", responses=gives(ServerList, "servers, and the one that leads")
)
async def list_servers(site: SiteOf) -> Response:
    """Each as it last said of itself: version, machine, address, since when, viewers, workers; how long ago it did."""
    peers, now = site.hub.peers, site.hub.clock.now()
    servers = [{**peer.doc, "id": peer.id, "age_s": max(0.0, (now - peer.heard_at) / 1000)} for peer in peers.others]
    servers.append({**site.of_itself(), "id": peers.server, "age_s": 0.0})
    servers.sort(key=lambda server: str(server["id"]))
    listed = cast("list[ServerDoc]", servers)
    return answer(ServerList(servers=listed, leader=peers.standing.leader, asked=peers.server, now=iso(now)))


@router.get("/connections", summary="Who is connected", responses=gives(ConnectionList, "viewers and workers"))
async def list_connections(site: SiteOf) -> Response:
    """Every link to this server."""
    now = site.hub.clock.monotonic()
    viewers = [_viewer(site, viewer, now) for viewer in site.hub.feed.viewers.values()]
    return answer(
        ConnectionList(
            server=site.hub.feed.server,
            now=iso(site.hub.clock.now()),
            started_at=iso(site.started_at),
            viewers=viewers,
            workers=cast("list[WorkerLinkDoc]", site.gateway.links()),
        )
    )


def _viewer(site: Site, viewer: Viewer, now: float) -> ViewerDoc:
    subject: Any = viewer.subject
    return {
        "server": site.hub.feed.server,
        "id": viewer.session,
        "address": viewer.address,
        "transport": viewer.wire.coding.name,
        "subject": getattr(subject, "name", None),
        "connected_s": round(now - viewer.opened_at, 1),
        "heard_s": round(now - viewer.heard_at, 1),
        "subscriptions": [
            SubscriptionDoc(
                id=each.id, topics=each.crowd.shape.topics, at=each.stands_at, state=each.state.name.lower()
            )
            for each in viewer.subscriptions or ()
        ],
        "buffered": viewer.wire.buffered,
    }


@router.delete(
    "/connections/{id}", summary="Cut a viewer's link", status_code=204, responses=gives_nothing("It is cut")
)
async def cut_connection(site: SiteOf, request: Request, id: str) -> Response:
    """The viewer may come back; a token that is not valid any more keeps it out. Another server is asked by the log."""
    server, peers = id.partition(".")[0], site.hub.peers
    if server != peers.server and peers.is_alive(server):
        await site.execute(Note(name=CUT, data={"session": id, "by": subject_of(request).name}))
    elif not site.cut_viewer(id):
        raise NotFound("connection", id, hint="GET /api/v1/admin/connections of each server lists its own.")
    return done()


@router.post(
    "/announce",
    summary="Tell everybody something",
    status_code=204,
    openapi_extra=takes(Announcement, {"message": "Restart at 18:00 UTC."}),
    responses=gives_nothing("It is in the log, and shown"),
)
async def announce(site: SiteOf, request: Request) -> Response:
    """An event `system.announced` for viewers of the topic `system`."""
    asked = decode(await read_json(request, ENVELOPE_BYTES), Announcement, site.settings.json_depth)
    await _note(site, asked, subject_of(request).name)
    return done()


async def _note(site: Site, asked: Announcement, by: str) -> None:
    await site.execute(Note(name="system.announced", data={"message": asked.message, "by": by}, priority="high"))
