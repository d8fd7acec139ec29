"""The OpenAPI 3.1 description: made from the very types that decode bodies and fold documents.

Endpoints that work on msgspec types say here what they take and give; `describe` puts the schemas of all those types
into the document that FastAPI makes of the routes. Called when routers are imported, and once per application.
"""

from __future__ import annotations

from typing import Any

import msgspec
from fastapi import FastAPI
from fastapi.openapi.utils import get_openapi

from headway.server.problems import MEDIA_TYPE, Problem

API = "/api/v1"
"""Where all of it is; only health and the page are outside."""

_REF = "#/components/schemas/{name}"
_types: dict[str, Any] = {Problem.__name__: Problem}

INTRODUCTION = """\
Every answer carries `Headway-Seq`: the number of the newest event it can know of. Errors are problem+json with `code`,
`message` and `hint`. Unsafe methods take `Idempotency-Key`: the same key with the same body gets the first answer again for
24 hours, its status included; another body gets 422 `key_reused`. A 201 for jobs that an earlier request with the key made
carries `Idempotent-Replayed: true`. Live updates: `GET /api/v1/live` (WebSocket, or SSE with `Accept: text/event-stream`).
"""


def _schema(type: Any) -> dict[str, Any]:
    if isinstance(type, dict):
        return type  # pyright: ignore[reportUnknownVariableType]
    _types[type.__name__] = type
    return {"$ref": _REF.format(name=type.__name__)}


def takes(type: Any, example: Any = None, *, required: bool = True) -> dict[str, Any]:
    """`openapi_extra` of an endpoint that decodes its JSON body as `type`."""
    content: dict[str, Any] = {"schema": _schema(type)}
    if example is not None:
        content["example"] = example
    return {"requestBody": {"required": required, "content": {"application/json": content}}}


def gives(
    type: Any,
    description: str = "Done",
    status: int = 200,
    *,
    example: Any = None,
    media_type: str = "application/json",
) -> dict[int | str, dict[str, Any]]:
    """`responses` of an endpoint that answers with `type`."""
    content: dict[str, Any] = {"schema": _schema(type)}
    if example is not None:
        content["example"] = example
    return {status: {"description": description, "content": {media_type: content}}}


def gives_nothing(description: str = "Done") -> dict[int | str, dict[str, Any]]:
    """`responses` of an endpoint that answers 204."""
    return {204: {"description": description}}


def describe(app: FastAPI) -> None:
    """Make `app` answer with this description."""

    def openapi() -> dict[str, Any]:
        if not app.openapi_schema:
            app.openapi_schema = _description(app)
        return app.openapi_schema

    app.openapi = openapi


_TOPICS: dict[str, Any] = {
    "name": "topic", "in": "query", "required": True, "example": ["jobs"],
    "schema": {"type": "array", "items": {"type": "string"}},
    "description": "jobs, workers, queues, kinds, saved, system, metrics, job:ID, logs:ID, queue:NAME, kind:NAME, label:K=V, custom:PREFIX",
}  # fmt: skip
_SINCE = {
    "name": "since", "in": "query", "schema": {"type": "string"},
    "description": "a cursor, as the last message had it: go on from there; without it a snapshot comes first",
}  # fmt: skip
_CONFLATE = {"name": "conflate", "in": "query", "schema": {"type": "boolean", "default": True},
             "description": "false: every event, however fast they come"}  # fmt: skip
_PACE = {
    "name": "pace_ms",
    "in": "query",
    "schema": {"type": "integer"},
    "description": "at most one batch each so often",
}
_WAIT = {"name": "wait", "in": "query", "schema": {"type": "number", "default": 25}, "description": "seconds"}

STREAMS: dict[str, Any] = {
    f"{API}/live": {
        "summary": "Follow topics: a snapshot, then every event",
        "description": "Server-Sent Events; as a WebSocket (subprotocol `headway.v1`) the same frames, and requests.",
        "tags": ["live"],
        "parameters": [_TOPICS, _SINCE, _CONFLATE, _PACE],
        "responses": {"200": {"description": "Frames, one each message", "content": {"text/event-stream": {}}}},
    },
    f"{API}/events": {
        "summary": "Follow topics by long-poll",
        "tags": ["live"],
        "parameters": [_TOPICS, _SINCE, _WAIT, _CONFLATE, _PACE],
        "responses": {
            "200": {
                "description": "frames, and the cursor to ask with next",
                "content": {
                    "application/json": {
                        "schema": {
                            "type": "object",
                            "properties": {"frames": {"type": "array"}, "cursor": {"type": "string"}},
                        }
                    }
                },
            }
        },
    },
}
"""The streams are plain ASGI, so they are described here. Their `GET` beside whatever else a path has."""


def _description(app: FastAPI) -> dict[str, Any]:
    document = get_openapi(
        title=app.title, version=app.version, openapi_version="3.1.0", description=INTRODUCTION, routes=app.routes
    )
    _, components = msgspec.json.schema_components(list(_types.values()), ref_template=_REF)
    schemas: dict[str, Any] = document.setdefault("components", {}).setdefault("schemas", {})
    schemas.pop("HTTPValidationError", None)
    schemas.pop("ValidationError", None)
    schemas.update(components)
    document["components"]["securitySchemes"] = {"bearer": {"type": "http", "scheme": "bearer"}}
    document["security"] = [{"bearer": []}, {}]
    problem = {"description": "Refused: what and why", "content": {MEDIA_TYPE: {"schema": _schema(Problem)}}}
    for path, operation in STREAMS.items():
        document["paths"].setdefault(path, {})["get"] = {**operation, "responses": {**operation["responses"]}}
    for operations in document["paths"].values():
        for operation in operations.values():
            operation["responses"].pop("422", None)
            operation["responses"]["4XX"] = problem
    return document
