"""A job as a client holds it: the handle that submitting gives, and the view that watching yields.

Knows how a job looks in a notebook and how its end becomes a result or an error; asks the server through the client
it came from. Called by `http.py` and `watch.py`.
"""

from __future__ import annotations

import html
from collections.abc import AsyncIterator, Mapping
from typing import Any, Protocol

import msgspec

from headway.errors import JobCancelled, JobError, JobFailed, JobLost, JobTimedOut
from headway.model.job import EstimateDoc, JobDoc, is_final

LOST = frozenset({"crashed", "worker_lost", "released", "refused"})
TIMED_OUT = frozenset({"timeout", "stalled", "expired"})
"""Reason codes (model/retry.py) by the error that `result` raises."""


class JobView(msgspec.Struct, frozen=True, kw_only=True):
    """A job as of one moment. `live` False: the link is down, and this is the last that was heard (I9).

    `as_of` is the server's clock (ISO 8601); `document` everything there is.
    """

    document: JobDoc
    as_of: str = ""
    live: bool = True

    @property
    def id(self) -> str:
        return self.document.get("id", "")

    @property
    def state(self) -> str:
        return self.document.get("state", "")

    @property
    def final(self) -> bool:
        return is_final(self.document)

    @property
    def overall(self) -> float | None:
        """0..1, or None: unknown."""
        return 1.0 if self.state == "completed" else self.document.get("progress", {}).get("overall")

    @property
    def stage(self) -> str | None:
        return self.document.get("progress", {}).get("stage")

    @property
    def message(self) -> str | None:
        return self.document.get("progress", {}).get("message")

    @property
    def estimate(self) -> EstimateDoc | None:
        """Time left as of its `at`; None: unknown, or over."""
        return None if self.final else self.document.get("estimate")


class Asking(Protocol):
    """What a handle asks of the client it came from."""

    async def get(self, job: str) -> JobDoc: ...
    async def result(self, job: str, timeout: float | None = None) -> Any: ...
    async def cancel(self, job: str, reason: str = "") -> JobDoc: ...
    async def retry(self, job: str, args: Mapping[str, Any] | None = None) -> Job: ...
    async def answer(self, job: str, content: Any = None, *, action: str = "accept") -> JobDoc: ...
    def watch(self, job: str) -> AsyncIterator[JobView]: ...
    def logs(self, job: str, *, follow: bool = False) -> AsyncIterator[dict[str, Any]]: ...


class Job:
    """What `submit` gives: the id, and what may be asked of it. `created` False: the unique key held this job already.

    `hint` says what it may wait for (no worker serves the kind).
    """

    def __init__(self, client: Asking, id: str, *, created: bool = True, hint: str | None = None) -> None:
        self.client = client
        self.id = id
        self.created = created
        self.hint = hint
        self._document: JobDoc = JobDoc(id=id)

    def __repr__(self) -> str:
        return f"<job {self.id} {self._document.get('state', '')}".rstrip() + ">"

    async def get(self) -> JobDoc:
        """The document as it stands, whole."""
        self._document = await self.client.get(self.id)
        return self._document

    async def result(self, timeout: float | None = None) -> Any:
        """What it returned, waited for. Raises as `Client.result`."""
        return await self.client.result(self.id, timeout)

    async def cancel(self, reason: str = "") -> JobDoc:
        """Stop it; a second time changes nothing."""
        return await self.client.cancel(self.id, reason)

    async def retry(self, args: Mapping[str, Any] | None = None) -> Job:
        """A new job of the same lineage."""
        return await self.client.retry(self.id, args)

    async def answer(self, content: Any = None, *, action: str = "accept") -> JobDoc:
        """Answer what it asks for, as `Client.answer`."""
        return await self.client.answer(self.id, content, action=action)

    def watch(self) -> AsyncIterator[JobView]:
        """A view at each change, the final one last."""
        return self.client.watch(self.id)

    def logs(self, *, follow: bool = False) -> AsyncIterator[dict[str, Any]]:
        """Its log lines."""
        return self.client.logs(self.id, follow=follow)

    async def refresh(self) -> Job:
        """Learn how it stands, for `repr` and notebooks."""
        await self.get()
        return self

    def _repr_mimebundle_(self, **_: Any) -> dict[str, str]:
        return {"text/plain": repr(self), "text/html": as_html(self._document)}


def ended(job: JobDoc) -> Any:
    """The result of a final job, or its error raised: JobFailed, JobCancelled, JobLost or JobTimedOut."""
    if job.get("state") == "completed":
        return job.get("result")
    raise error_of_job(job)


def error_of_job(job: JobDoc) -> JobError:
    """How a job that did not complete ended, as an error."""
    reason, error = job.get("reason", ""), job.get("error")
    said = f"{error['type']}: {error['message']}".rstrip(" .:") if error else ""
    kind = JobFailed
    if job.get("state") == "cancelled":
        kind = JobCancelled
    elif reason in LOST:
        kind = JobLost
    elif reason in TIMED_OUT:
        kind = JobTimedOut
    return kind(job.get("id", ""), reason, said)


def as_html(job: JobDoc) -> str:
    """One line for a notebook: kind, id, state, bar, message; colours that read on light and dark."""
    view = JobView(document=job)
    overall = view.overall
    shown = f"{overall:.0%}" if overall is not None else ""
    bar = (
        f'<progress value="{overall:.4f}" max="1" style="width:12em;vertical-align:middle"></progress> {shown}'
        if overall is not None
        else ""
    )
    words = [
        job.get("kind"),
        f"<code>{html.escape(view.id)}</code>",
        f"<b>{html.escape(view.state or 'submitted')}</b>",
    ]
    words[0] = html.escape(words[0]) if words[0] else None
    tail = [bar, html.escape(view.stage or ""), html.escape(view.message or "")]
    return f"<div>{' · '.join(word for word in [*words, *tail] if word)}</div>"
