"""What a viewer may ask for over its link: the same commands as by REST, with the same checks and errors.

A table from method to command. `job.submit` goes through submit.py, so that arguments are judged alike; the rest are
one command each. Called by the feed's viewers (hub/wire.py: `Desk`); must never know frames.
"""

from __future__ import annotations

import hashlib
from collections.abc import Callable
from typing import Any

import msgspec

from headway.errors import InvalidInput, NotFound
from headway.model import command as c
from headway.server.bodies import decode
from headway.server.requests import Asked, CancelRequest, InputRequest, JobId, JobRequest, PriorityRequest, QueueName
from headway.server.site import Site
from headway.server.submit import to_command
from headway.server.tokens import Subject


class OneJob(Asked, frozen=True):
    """Which job."""

    id: JobId


class CancelOne(CancelRequest, kw_only=True, frozen=True):
    """Which job, and why."""

    id: JobId


class PriorityOne(PriorityRequest, kw_only=True, frozen=True):
    """Which job, and its new place."""

    id: JobId


class InputOne(InputRequest, kw_only=True, frozen=True):
    """Which job, and the answer."""

    id: JobId


class OneQueue(Asked, frozen=True):
    """Which queue, and why."""

    name: QueueName
    reason: str = ""


class OneWorker(Asked, frozen=True):
    """Which worker."""

    id: str


class _Ask(msgspec.Struct, frozen=True):
    """One request, decoded."""

    site: Site
    params: Any
    by: str
    once: c.Once | None


class _Method(msgspec.Struct, frozen=True):
    """What a method takes, and the command it makes."""

    takes: type[Asked]
    make: Callable[[_Ask], c.Command]


METHODS: dict[str, _Method] = {
    "job.submit": _Method(JobRequest, lambda ask: to_command(ask.site, ask.params, ask.once, ask.by)),
    "job.cancel": _Method(
        CancelOne, lambda ask: c.Cancel(once=ask.once, job=ask.params.id, by=ask.by, reason=ask.params.reason)
    ),
    "job.priority": _Method(
        PriorityOne, lambda ask: c.SetPriority(once=ask.once, job=ask.params.id, priority=ask.params.priority)
    ),
    "job.input": _Method(
        InputOne,
        lambda ask: c.AnswerInput(
            once=ask.once, job=ask.params.id, request=ask.params.request, action=ask.params.action,
            content=ask.params.content, by=ask.by,
        ),
    ),
    "job.hold": _Method(OneJob, lambda ask: c.Hold(once=ask.once, job=ask.params.id, by=ask.by)),
    "job.release": _Method(OneJob, lambda ask: c.Unhold(once=ask.once, job=ask.params.id)),
    "job.delete": _Method(OneJob, lambda ask: c.Delete(once=ask.once, job=ask.params.id)),
    "queue.pause": _Method(
        OneQueue,
        lambda ask: c.PauseQueue(once=ask.once, queue=ask.params.name, by=ask.by, reason=ask.params.reason),
    ),
    "queue.resume": _Method(OneQueue, lambda ask: c.ResumeQueue(once=ask.once, queue=ask.params.name, by=ask.by)),
    "worker.drain": _Method(OneWorker, lambda ask: c.Drain(once=ask.once, worker=ask.params.id, by=ask.by)),
}  # fmt: skip
"""Methods of the viewer link's `request`."""


class SiteDesk:
    """The desk of a server."""

    def __init__(self, site: Site) -> None:
        self._site = site

    def authorize(self, token: str | None) -> Subject:
        """Whose token this is, if they may look; Unauthorized or Forbidden."""
        subject = self._site.tokens.subject(token)
        subject.require("viewer")
        return subject

    async def request(self, subject: Subject, method: str, params: dict[str, Any], key: str | None) -> Any:
        """Carry it out; the ledger's answer, or the HeadwayError that REST would give."""
        known = METHODS.get(method)
        if known is None:
            raise NotFound("method", method, hint=f"Methods are {', '.join(METHODS)}.")
        subject.require("operator")
        body = msgspec.json.encode(params)
        asked = decode(body, known.takes, self._site.settings.json_depth, "params")
        ask = _Ask(self._site, asked, subject.name, _once(subject, method, body, key))
        return await self._site.execute(known.make(ask))


def _once(subject: Subject, method: str, body: bytes, key: str | None) -> c.Once | None:
    if key is None:
        return None
    if not 1 <= len(key) <= 200:
        raise InvalidInput("key", f"has {len(key)} characters", hint="Use 1 to 200, a UUID for example.")
    return c.Once(subject.name, key, hashlib.sha256(f"{method}\n".encode() + body).hexdigest())
