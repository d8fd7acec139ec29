"""What other languages need of documents and answers, made from the types: spec/documents.schema.json.

Owns the list of what is described, and two things that the types alone do not say: which fields of a folded document are
always there, and the comments beside fields. Frames are described by headway.protocol.schema. Called by
`python -m headway.server.documents spec` and tools/generate_wire.py, which makes TypeScript of both.
"""

from __future__ import annotations

import inspect
import re
import sys
from collections.abc import Iterator
from pathlib import Path
from typing import Any, get_type_hints

import msgspec

from headway.hub.verify import Verified
from headway.model.documents import KindDoc, ServiceDoc, SetQueueDoc, WorkerDoc
from headway.model.job import JobDoc
from headway.model.saved import SavedDoc
from headway.server.admin import ConnectionList, ServerList
from headway.server.bulk import ActionsAnswer
from headway.server.fleet import KindList, KindSeen, MachineList, ServiceList, ServiceSeen, WorkerList, WorkerSeen
from headway.server.jobs import AttemptList, Ending, EventPage, JobPage
from headway.server.logs import LogLine
from headway.server.problems import Problem
from headway.server.queues import QueueDoc, QueueList
from headway.server.requests import (
    ActionsRequest,
    ApproveRequest,
    BatchAnswer,
    EventRequest,
    InputRequest,
    JobRequest,
    KindRequest,
    QueueRequest,
    Submitted,
    TemplateRequest,
    ViewRequest,
)
from headway.server.stats import Stats
from headway.server.why import Why

FILE = "documents.schema.json"

DESCRIBED: tuple[Any, ...] = (
    *(JobDoc, WorkerDoc, ServiceDoc, SetQueueDoc, KindDoc, SavedDoc),
    *(JobPage, AttemptList, EventPage, Ending, Submitted, BatchAnswer, ActionsAnswer, QueueDoc, QueueList, Stats, Why),
    LogLine,
    *(
        WorkerSeen,
        WorkerList,
        MachineList,
        ServiceSeen,
        ServiceList,
        KindSeen,
        KindList,
        ServerList,
        ConnectionList,
        Verified,
        Problem,
    ),
    *(JobRequest, ActionsRequest, InputRequest, QueueRequest, KindRequest, ApproveRequest, EventRequest, ViewRequest),
    TemplateRequest,
)
"""Documents as folded, answers of REST, bodies that are asked with; what they refer to comes with them."""

ALWAYS: dict[str, tuple[str, ...]] = {
    "JobDoc": ("id", "namespace", "kind", "queue", "priority", "labels", "args_bytes", "created_at", "state", "options",
               "max_attempts", "attempt", "tries", "seq"),
    "AttemptDoc": ("number", "worker", "instance", "phase", "offered_at"),
    "StageDoc": ("state", "started_at"),
    "ProgressDoc": ("at",),
    "CancelDoc": ("requested_at",),
    "WorkerDoc": ("id", "namespace", "state"),
    "WorkerSeen": ("id", "namespace", "state"),
    "ServiceDoc": ("id", "name", "worker", "type", "status", "slots", "changed_at"),
    "ServiceSeen": ("id", "name", "worker", "type", "status", "slots", "changed_at"),
    "SetQueueDoc": ("name",),
    "KindDoc": ("name",),
    "KindSeen": ("name", "served"),
    "SavedDoc": ("id", "section", "name", "owner", "body", "stored_at"),
    "ServerDoc": ("id", "age_s", "version", "machine", "address", "viewers", "seq"),
}  # fmt: skip
"""Fields that every document of this sort has once it is there, though a patch of it may not."""

EXTENDS: dict[str, Any] = {"WorkerSeen": WorkerDoc, "ServiceSeen": ServiceDoc, "KindSeen": KindDoc}
"""Documents with more in them, which a TypedDict does not remember."""

HIDDEN = {"JobDoc": "soft"}
"""What the server keeps to itself (I3)."""
UNSEEN = {"SoftDoc", "AnswerDoc"}
"""Types of that alone."""


def document() -> dict[str, Any]:
    """One schema document; `$defs` holds each type once, fields in the order of their declaration."""
    _, definitions = msgspec.json.schema_components(DESCRIBED, ref_template="#/$defs/{name}")
    for name, field in HIDDEN.items():
        del definitions[name]["properties"][field]
    for name in UNSEEN:
        del definitions[name]
    for name, fields in ALWAYS.items():
        definitions[name]["required"] = list(fields)
    for each in _types():
        definition = definitions[each.__name__]
        definition["properties"] = _fields(definition["properties"], each)
    return {
        "$schema": "https://json-schema.org/draft/2020-12/schema",
        "title": "Headway: documents, and what REST takes and answers",
        "description": "Made by tools/generate_wire.py. Of a field that is not required, null is never sent: it is left out.",
        "$defs": dict(sorted(definitions.items())),
    }


_COMMENT = re.compile(r"^    (\w+): [^#\n]*?  # (.+)$", re.MULTILINE)


def _fields(properties: dict[str, Any], type: Any) -> dict[str, Any]:
    """The fields in the order of their declaration, each described by the comment beside it."""
    comments: dict[str, str] = {}
    for each in (EXTENDS.get(type.__name__), type):
        if each is not None:
            comments |= dict(_COMMENT.findall(inspect.getsource(each)))
    order = [*(name for name in type.__annotations__ if name in properties), *properties]
    return {
        name: {**properties[name], **({"description": comments[name]} if name in comments else {})}
        for name in dict.fromkeys(order)
    }


def _types() -> Iterator[Any]:
    """Everything described, and what its fields refer to, once."""
    waiting, seen = list(DESCRIBED), set[str]()
    while waiting:
        type = waiting.pop()
        if type.__name__ in seen | UNSEEN:
            continue
        seen.add(type.__name__)
        yield type
        for hint in get_type_hints(type, include_extras=False).values():
            waiting += [part for part in _parts(hint) if hasattr(part, "__annotations__")]


def _parts(hint: Any) -> Iterator[Any]:
    arguments: tuple[Any, ...] = getattr(hint, "__args__", ())
    if inspect.isclass(hint) and hint.__module__.startswith("headway."):
        yield hint
    for argument in arguments:
        yield from _parts(argument)


def text() -> str:
    """The file, byte for byte."""
    return msgspec.json.format(msgspec.json.encode(document()), indent=2).decode() + "\n"


if __name__ == "__main__":
    (Path(sys.argv[1]) / FILE).write_text(text(), encoding="utf-8")
