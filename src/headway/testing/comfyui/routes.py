"""The HTTP of the fake: every route that a client of ComfyUI needs, also under `/api`, with its bodies.

A route reads a request, asks queue, files or validation, and answers. What is answered was recorded from 0.3.64; the routes of the newer generation are read from its
source. Knows nothing of threads.
"""

from __future__ import annotations

from collections.abc import Awaitable, Callable
from typing import Any, Protocol, cast
from urllib.parse import urlsplit
from uuid import UUID, uuid4

from starlette.applications import Starlette
from starlette.requests import Request
from starlette.responses import JSONResponse, PlainTextResponse, Response
from starlette.routing import Route, WebSocketRoute

from headway.clock import SystemClock
from headway.testing.comfyui.faults import Faults
from headway.testing.comfyui.files import Files, form_of
from headway.testing.comfyui.jobs import STATES, cancel, job_of, jobs_of
from headway.testing.comfyui.nodes import NODES, Node
from headway.testing.comfyui.queue import Item, Queue
from headway.testing.comfyui.sockets import FEATURES, Sockets
from headway.testing.comfyui.validation import verdict

GIB = 1 << 30
_BROKEN = "500 Internal Server Error\n\nServer got itself in trouble"


class Engine(Protocol):
    """What stands behind the routes."""

    queue: Queue
    files: Files
    sockets: Sockets
    faults: Faults
    generation: str

    @property
    def newer(self) -> bool:
        """Whether it has `/api/jobs` and wants UUIDs."""
        ...

    def hang_up(self, request: Request) -> None:
        """End the connection under it, without an answer."""
        ...


def application(engine: Engine) -> Starlette:
    """All routes of one engine."""
    routes = Routes(engine)
    both = [
        Route(prefix + path, _guarded(function), methods=[method])
        for prefix in ("", "/api")
        for method, path, function in routes.table()
    ]
    newer = [
        Route(path, _guarded(function), methods=[method])
        for method, path, function in (routes.newer() if engine.newer else ())
    ]
    sockets = [WebSocketRoute(prefix + "/ws", engine.sockets.serve) for prefix in ("", "/api")]
    return Starlette(routes=[*newer, *both, *sockets])


Function = Callable[[Request], Awaitable[Response]]


def _guarded(function: Function) -> Function:
    """What a route cannot read is a 500 there; a page of another site is refused."""

    async def answered(request: Request) -> Response:
        origin = request.headers.get("origin")
        if origin is not None and urlsplit(origin).netloc != request.headers.get("host"):
            return Response(status_code=403)
        try:
            return await function(request)
        except (ValueError, TypeError, KeyError, AttributeError):
            return PlainTextResponse(_BROKEN, 500)

    return answered


class Routes:
    """Each method is a route."""

    def __init__(self, engine: Engine) -> None:
        self._engine = engine
        self._queue = engine.queue
        self._files = engine.files

    def table(self) -> list[tuple[str, str, Function]]:
        """`(method, path, function)` of both generations."""
        return [
            ("GET", "/prompt", self.remaining),
            ("POST", "/prompt", self.submit),
            ("GET", "/queue", self.queue),
            ("POST", "/queue", self.change_queue),
            ("GET", "/history", self.history),
            ("POST", "/history", self.change_history),
            ("GET", "/history/{id}", self.entry),
            ("POST", "/interrupt", self.interrupt),
            ("GET", "/view", self.view),
            ("POST", "/upload/image", self.upload),
            ("GET", "/system_stats", self.system),
            ("GET", "/features", self.features),
            ("GET", "/object_info", self.nodes),
            ("GET", "/object_info/{name}", self.nodes),
            ("POST", "/free", self.free),
        ]

    def newer(self) -> list[tuple[str, str, Function]]:
        """Those of 0.38 alone."""
        return [
            ("GET", "/api/jobs", self.jobs),
            ("POST", "/api/jobs/cancel", self.cancel_many),
            ("GET", "/api/jobs/{id}", self.job),
            ("POST", "/api/jobs/{id}/cancel", self.cancel),
        ]

    # -- prompts -----------------------------------------------------------------------------------------------------

    async def submit(self, request: Request) -> Response:
        asked: dict[str, Any] = await request.json()
        faults = self._engine.faults
        if faults.lost_posts:
            faults.lost_posts -= 1
            self._engine.hang_up(request)
            return Response()
        answer = self._submitted(asked)
        await SystemClock().sleep(faults.submit_delay_s)
        if faults.lost_answers:
            faults.lost_answers -= 1
            self._engine.hang_up(request)
        return answer

    def _submitted(self, asked: dict[str, Any]) -> Response:
        number = self._queue.number(asked.get("number"), front=bool(asked.get("front")))
        if "prompt" not in asked:
            return _refusal("no_prompt", "No prompt provided", "No prompt provided")
        id = asked.get("prompt_id") or str(uuid4())
        if self._engine.newer and not _is_canonical(id):
            return _refusal(
                "invalid_prompt_id",
                "prompt_id must be a valid UUID",
                "prompt_id must be a UUID string in canonical lowercase hyphenated form; "
                "omit it to let the server generate one",
            )
        wanted = asked.get("partial_execution_targets")
        found = verdict(asked["prompt"], wanted, self._files.has, newer=self._engine.newer)
        if found.error is not None:
            return JSONResponse({"error": found.error, "node_errors": found.node_errors}, 400)
        self._queue.put(Item(number, str(id), asked["prompt"], self._extra(asked), found.outputs))
        return JSONResponse({"prompt_id": id, "number": number, "node_errors": found.node_errors})

    def _extra(self, asked: dict[str, Any]) -> dict[str, Any]:
        client = {"client_id": asked["client_id"]} if "client_id" in asked else {}
        created = {"create_time": SystemClock().now()} if self._engine.newer else {}
        return {**asked.get("extra_data", {}), **client, **created}

    async def remaining(self, request: Request) -> Response:
        return JSONResponse({"exec_info": {"queue_remaining": self._queue.remaining}})

    async def queue(self, request: Request) -> Response:
        running, pending = self._queue.items()
        return JSONResponse(
            {"queue_running": [item.entry() for item in running], "queue_pending": [item.entry() for item in pending]}
        )

    async def change_queue(self, request: Request) -> Response:
        asked = await request.json()
        if asked.get("clear"):
            self._queue.clear()
        for id in asked.get("delete", ()):
            self._queue.delete(id)
        return Response()

    async def interrupt(self, request: Request) -> Response:
        body = await request.body()
        asked: dict[str, Any] = await request.json() if body else {}
        self._queue.interrupt(asked.get("prompt_id"))
        return Response()

    async def history(self, request: Request) -> Response:
        most, offset = request.query_params.get("max_items"), request.query_params.get("offset", "-1")
        return JSONResponse(self._queue.entries(None if most is None else int(most), int(offset)))

    async def entry(self, request: Request) -> Response:
        id = request.path_params["id"]
        found = self._queue.remembered(id)
        return JSONResponse({} if found is None else {id: found})

    async def change_history(self, request: Request) -> Response:
        asked = await request.json()
        if asked.get("clear"):
            self._queue.forget()
        if asked.get("delete"):
            self._queue.forget(*asked["delete"])
        return Response()

    # -- the newer generation ----------------------------------------------------------------------------------------

    async def jobs(self, request: Request) -> Response:
        states = [each.strip() for each in request.query_params.get("status", "").lower().split(",") if each.strip()]
        unknown = [state for state in states if state not in STATES]
        if unknown:
            told = f"Invalid status value(s): {', '.join(unknown)}. Valid values: {', '.join(STATES)}"
            return JSONResponse({"error": told}, 400)
        found = [job for job in jobs_of(self._queue) if not states or job["status"] in states]
        offset = max(int(request.query_params.get("offset", 0)), 0)
        limit = int(request.query_params["limit"]) if "limit" in request.query_params else None
        shown = found[offset:] if limit is None else found[offset : offset + limit]
        more = offset + len(shown) < len(found)
        about = {"offset": offset, "limit": limit, "total": len(found), "has_more": more}
        return JSONResponse({"jobs": shown, "pagination": about})

    async def job(self, request: Request) -> Response:
        found = job_of(self._queue, request.path_params["id"])
        return JSONResponse(found) if found is not None else JSONResponse({"error": "Job not found"}, 404)

    async def cancel(self, request: Request) -> Response:
        return JSONResponse({"cancelled": cancel(self._queue, request.path_params["id"])})

    async def cancel_many(self, request: Request) -> Response:
        asked = (await request.json()).get("job_ids")
        if not isinstance(asked, list):
            return JSONResponse({"error": "job_ids must be a list"}, 400)
        bad = [id for id in cast("list[Any]", asked) if not _is_canonical(id)]
        if bad:
            return JSONResponse({"error": "job_ids contains invalid id(s)", "invalid_ids": bad}, 400)
        done = [cancel(self._queue, id) for id in cast("list[str]", asked)]  # all of them, not up to the first
        return JSONResponse({"cancelled": True in done})

    # -- files and facts ---------------------------------------------------------------------------------------------

    async def view(self, request: Request) -> Response:
        asked = request.query_params
        body = self._files.find(asked.get("type", "output"), asked.get("subfolder", ""), asked.get("filename", ""))
        if body is None:
            return Response(status_code=404)
        shown = {"content-disposition": f'filename="{asked["filename"]}"'}
        return Response(body, media_type=_media_type(asked["filename"]), headers=shown)

    async def upload(self, request: Request) -> Response:
        form = form_of(request.headers.get("content-type", ""), await request.body())
        if "image" not in form:
            return Response(status_code=400)
        name, body = form["image"]
        type, subfolder, overwrite = (
            form.get(key, ("", b""))[1].decode() for key in ("type", "subfolder", "overwrite")
        )
        kept = self._files.upload(body, name, subfolder, type or "input", overwrite=overwrite in {"true", "1"})
        return JSONResponse(kept) if kept is not None else Response(status_code=400)

    async def system(self, request: Request) -> Response:
        vram = {"vram_total": 24 * GIB, "vram_free": 20 * GIB, "torch_vram_total": 2 * GIB, "torch_vram_free": GIB}
        device = {"name": "cuda:0 Fake 4090 : native", "type": "cuda", "index": 0, **vram}
        system = {
            "os": "posix", "ram_total": 64 * GIB, "ram_free": 48 * GIB, "comfyui_version": self._engine.generation,
            "python_version": "3.11.7", "pytorch_version": "none: a fake", "embedded_python": False, "argv": ["main.py"],
        }  # fmt: skip
        return JSONResponse({"system": system, "devices": [device]})

    async def features(self, request: Request) -> Response:
        return JSONResponse(FEATURES)

    async def nodes(self, request: Request) -> Response:
        name = request.path_params.get("name")
        return JSONResponse({each.name: _described(each) for each in NODES.values() if name in {None, each.name}})

    async def free(self, request: Request) -> Response:
        return Response()


def _refusal(type: str, message: str, details: str) -> Response:
    error: dict[str, Any] = {"type": type, "message": message, "details": details, "extra_info": {}}
    return JSONResponse({"error": error, "node_errors": {}}, 400)


def _is_canonical(id: Any) -> bool:
    try:
        return str(UUID(id)) == id
    except (ValueError, TypeError, AttributeError):
        return False


def _media_type(name: str) -> str:
    return "image/png" if name.endswith(".png") else "application/octet-stream"


def _described(node: Node) -> dict[str, Any]:
    return {
        "input": {"required": {name: each.config() for name, each in node.inputs.items()}},
        "input_order": {"required": list(node.inputs)},
        "output": list(node.returns),
        "output_is_list": [False] * len(node.returns),
        "output_name": list(node.returns),
        "name": node.name,
        "display_name": node.name,
        "description": "",
        "python_module": "nodes",
        "category": "testing",
        "output_node": node.output,
    }
