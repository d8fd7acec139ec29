"""Workers, machines, services and kinds by REST: what there is, how old the news of it is, and what may be asked.

Ages are the server's: from the roster, which hears every frame, or for a worker linked to another server from what that
one has written. A machine is derived from its workers. What is asked of a worker goes through the ledger, so that it is
done by the server that has its link.
"""

from __future__ import annotations

import asyncio
from collections.abc import Sequence
from typing import Any, TypedDict, cast

import msgspec
from fastapi import APIRouter
from starlette.requests import Request
from starlette.responses import Response

from headway.clock import from_iso, iso
from headway.errors import NotFound
from headway.model import command as c
from headway.model.documents import WORKER_STATES as STATES, KindDoc, ServiceDoc, WorkerDoc, WorkerState
from headway.server.answers import answer
from headway.server.bodies import decode, read_json
from headway.server.known import ALIVE
from headway.server.openapi import API, gives, takes
from headway.server.requests import ApproveRequest, KindRequest
from headway.server.site import Site, SiteOf, subject_of
from headway.server.submit import ENVELOPE_BYTES

router = APIRouter(prefix=API, tags=["workers"])

Document = dict[str, Any]

PARTING_S = 5.0


class WorkerSeen(WorkerDoc, total=False):
    """A worker, and how long ago anything was heard of it."""

    age_s: float


class ServiceSeen(ServiceDoc, total=False):
    """A service, and how long ago its engine last gave a sign of life."""

    age_s: float


class MachineDoc(TypedDict):
    """A host: as well as its best worker, with the slots of those that are connected."""

    name: str
    state: WorkerState
    workers: list[str]
    slots: int


class KindSeen(KindDoc):
    """A kind, and whether a worker that is connected serves it."""

    served: bool


class WorkerList(TypedDict):
    """Workers by id."""

    workers: list[WorkerSeen]
    now: str


class MachineList(TypedDict):
    """Machines by name."""

    machines: list[MachineDoc]
    now: str


class ServiceList(TypedDict):
    """Services by worker and name."""

    services: list[ServiceSeen]
    now: str


class KindList(TypedDict):
    """Kinds by name."""

    kinds: list[KindSeen]


def with_age(site: Site, worker: Document) -> WorkerSeen:
    """The document with `heard_at`, and `age_s`: seconds since anything was heard of it."""
    known = {key: value for key, value in worker.items() if key != "last_heard_at"}
    heard = max(site.hub.roster.last_heard(worker["id"]) or 0, worker.get("last_heard_at") or 0)
    if heard:
        known |= {"heard_at": iso(heard), "age_s": max(0.0, (site.hub.clock.now() - heard) / 1000)}
    return cast("WorkerSeen", known)


def machines_of(workers: Sequence[WorkerDoc]) -> list[MachineDoc]:
    """Machines with their workers and slots, by name; each in the best state of its workers. Servers are none."""
    machines: dict[str, MachineDoc] = {}
    for worker in workers:
        if worker.get("internal"):
            continue
        name = worker.get("machine") or "(unknown)"
        machine = machines.setdefault(name, MachineDoc(name=name, state=STATES[-1], workers=[], slots=0))
        machine["workers"].append(worker.get("id", ""))
        if worker.get("state") in ALIVE:
            machine["slots"] += worker.get("slots") or 0
        machine["state"] = min(machine["state"], worker.get("state", STATES[-1]), key=_rank)
    return [machines[name] for name in sorted(machines)]


def _rank(state: str) -> int:
    return STATES.index(state) if state in STATES else len(STATES)


async def _workers(site: Site) -> list[WorkerSeen]:
    workers = await site.read(lambda reading: reading.workers())
    return [with_age(site, worker) for worker in sorted(workers, key=lambda worker: worker["id"])]


@router.get(
    "/workers", summary="All workers", responses=gives(WorkerList, "workers, by id, with the age of their last word")
)
async def list_workers(site: SiteOf) -> Response:
    """Every worker there was, connected or not, with its problems."""
    return answer(WorkerList(workers=await _workers(site), now=iso(site.hub.clock.now())))


@router.get("/machines", summary="All machines", responses=gives(MachineList, "machines, by name"))
async def list_machines(site: SiteOf) -> Response:
    """The hosts of the workers."""
    return answer(MachineList(machines=machines_of(await _workers(site)), now=iso(site.hub.clock.now())))


@router.get("/services", summary="All services", responses=gives(ServiceList, "services, by worker and name"))
async def list_services(site: SiteOf) -> Response:
    """The engines behind the workers: status, why, since when, load, and how old the last sign of life is."""
    services = await site.read(lambda reading: reading.services())
    now = site.hub.clock.now()
    listed = [_service(service, now) for service in sorted(services, key=lambda service: service["id"])]
    return answer(ServiceList(services=listed, now=iso(now)))


def _service(service: Document, now: int) -> ServiceSeen:
    """The document with `age_s`, where the engine ever gave a sign of life."""
    seen_at = service.get("seen_at")
    age = {"age_s": max(0.0, (now - from_iso(seen_at)) / 1000)} if seen_at else {}
    return cast("ServiceSeen", {**service, **age})


@router.get("/workers/{id:path}", summary="One worker", responses=gives(WorkerSeen, "The worker"))
async def get_worker(site: SiteOf, id: str) -> Response:
    """Its profile, state, load and problems."""
    return answer(await _worker(site, id))


async def _worker(site: Site, id: str) -> WorkerSeen:
    worker = await site.read(lambda reading: reading.worker(id))
    if worker is None:
        raise NotFound("worker", id, hint="GET /api/v1/workers lists them.")
    return with_age(site, worker)


@router.post(
    "/workers/{id:path}/drain", summary="No more work for it", responses=gives(WorkerSeen, "The worker after it")
)
async def drain(site: SiteOf, request: Request, id: str) -> Response:
    """It gets no more offers and leaves when what it runs has ended."""
    await site.execute(c.Drain(worker=id, by=subject_of(request).name))
    return answer(await _worker(site, id))


@router.post(
    "/workers/{id:path}/disconnect", summary="Cut its link", responses=gives(WorkerSeen, "The worker after it")
)
async def disconnect(site: SiteOf, request: Request, id: str) -> Response:
    """Close its link for good: its process ends. Start it again to have it back.

    What it runs ends with it, and is lost (and tried again) once its lease has ended or it is back.
    """
    reason = "disconnected by an administrator"
    return await _cut(site, c.Cut(worker=id, for_good=True, reason=reason, by=subject_of(request).name))


@router.post(
    "/workers/{id:path}/repair", summary="Ask it who it is", responses=gives(WorkerSeen, "The worker after it")
)
async def repair(site: SiteOf, request: Request, id: str) -> Response:
    """Close its link and have it say hello again: profile, kinds and attempts are settled anew."""
    return await _cut(site, c.Cut(worker=id, for_good=False, reason="repair", by=subject_of(request).name))


async def _cut(site: Site, command: c.Cut) -> Response:
    """Ask, and give the server that has the link a moment to do it."""
    await _worker(site, command.worker)
    with site.partings.until_final(command.worker) as parted:
        await site.execute(command)
        await asyncio.wait([parted], timeout=PARTING_S)
    return answer(await _worker(site, command.worker))


# -- kinds ---------------------------------------------------------------------------------------------------------


@router.get("/kinds", summary="All kinds of jobs", tags=["kinds"], responses=gives(KindList, "kinds, by name"))
async def list_kinds(site: SiteOf) -> Response:
    """What workers have declared: schema, plan, defaults; and whether one of them is connected."""
    return answer(KindList(kinds=[_kind(site, site.known.kinds[name]) for name in sorted(site.known.kinds)]))


@router.get("/kinds/{name:path}", summary="One kind", tags=["kinds"], responses=gives(KindSeen, "The kind"))
async def get_kind(site: SiteOf, name: str) -> Response:
    """Its newest definition."""
    return answer(await _kind_now(site, name))


async def _kind_now(site: Site, name: str) -> KindSeen:
    """As it is stored: what is known by heart may be a moment behind what was just asked."""
    kinds = await site.read(lambda reading: reading.kinds())
    for kind in kinds:
        if kind["name"] == name:
            return _kind(site, kind)
    raise NotFound("kind", name, hint="GET /api/v1/kinds lists those that workers have declared.")


def _kind(site: Site, kind: Document) -> KindSeen:
    return cast("KindSeen", {**kind, "served": site.known.serves(kind["name"])})


@router.patch(
    "/kinds/{name:path}",
    summary="Limit it",
    tags=["kinds"],
    openapi_extra=takes(KindRequest, {"limit": 4}),
    responses=gives(KindSeen, "The kind after it"),
)
async def change_kind(site: SiteOf, request: Request, name: str) -> Response:
    """How many of its jobs may run at once. Set here, it wins over what the code declares."""
    asked = decode(await read_json(request, ENVELOPE_BYTES), KindRequest, site.settings.json_depth)
    await _kind_now(site, name)
    await site.execute(c.LimitKind(kind=name, **msgspec.structs.asdict(asked)))
    return answer(await _kind_now(site, name))


@router.post(
    "/kinds/{name:path}/approve",
    summary="Take its new definition",
    tags=["kinds"],
    openapi_extra=takes(ApproveRequest, {"definition": "5f1d…"}),
    responses=gives(KindSeen, "The kind after it"),
)
async def approve_kind(site: SiteOf, request: Request, name: str) -> Response:
    """The definition that is in quarantine, and was looked at, is in use from now on; what waited for it starts.

    Refused where it changed again meanwhile.
    """
    asked = decode(await read_json(request, ENVELOPE_BYTES), ApproveRequest, site.settings.json_depth)
    await site.execute(c.ApproveKind(kind=name, definition=asked.definition, by=subject_of(request).name))
    return answer(await _kind_now(site, name))
