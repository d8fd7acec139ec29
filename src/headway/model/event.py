"""Events: the entries of the log, named in the past tense. The only carriers of change.

`data["set"]` is an RFC 7396 merge patch of the document the event is about; `data["put"]` replaces whole
top-level values (arguments, results: anybody's JSON, whose nulls must survive); `data["was"]` is the state a job
left when the event moved it. Everything else in `data` describes. Must never know topics' viewers or rows.
"""

from __future__ import annotations

from typing import Any

import msgspec

PRIORITIES = ("low", "normal", "high", "critical")

PREFIXES = frozenset(
    {"job", "worker", "service", "queue", "kind", "flow", "schedule", "saved", "system", "metrics", "headway"}
)
"""Reserved first words of event types. Anything else is a custom event."""


class Event(msgspec.Struct, kw_only=True, frozen=True, gc=False):
    """One entry. `seq` is 0 until the store gives it inside the transaction (I2). `at` in ms since the epoch.

    `subject` is the id of the document that `data["set"]` patches: a job, worker, queue, kind, or
    `worker/service`. `extra` is content kept beside the log (log lines) and joined when read.
    """

    type: str
    at: int
    subject: str = ""
    namespace: str = "default"
    priority: str = "normal"
    job: str | None = None
    attempt: int | None = None
    worker: str | None = None
    queue: str | None = None
    kind: str | None = None
    labels: dict[str, str] | None = None
    data: dict[str, Any] = {}
    extra: dict[str, Any] | None = None
    seq: int = 0

    @property
    def prefix(self) -> str:
        """The first word of the type: which sort of document it is about, or a custom one."""
        return self.type.partition(".")[0]

    @property
    def is_custom(self) -> bool:
        return self.prefix not in PREFIXES


CONFLATABLE = frozenset(
    {"job.progressed", "job.previewed", "worker.loaded", "service.loaded", "metrics.sampled", "queue.counted"}
)
"""The only events a viewer's batch may leave out, counted, when a newer one of the same key follows (I7, R4)."""


def conflation_key(event: Event) -> tuple[str, ...] | None:
    """Events with the same key supersede one another; None: never conflated."""
    if event.type == "job.progressed":
        return ("job.progressed", event.job or "", str(event.attempt), str(event.data.get("stage")))
    if event.type in CONFLATABLE:
        return (event.type, event.subject)
    if event.is_custom and (key := event.data.get("conflate_key")):
        return (event.type, str(key))
    return None
