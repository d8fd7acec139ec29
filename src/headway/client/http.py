"""`Client`: submit, ask, act, follow. One object per server, for asyncio; `headway.connect()` is its blocking twin.

    async with headway.Client("http://127.0.0.1:8400") as client:
        job = await client.submit("crawl", {"url": "https://example.org"})
        async for view in job.watch():
            print(view.state, view.overall)
        print(await job.result())

Every method raises the error the server named (headway.errors), or Unreachable. Must never know how frames travel: what
follows is imported when something is followed, because a call by REST needs no WebSocket.
"""

from __future__ import annotations

import os
from collections.abc import AsyncGenerator, AsyncIterator, Iterable, Mapping, Sequence
from types import TracebackType
from typing import TYPE_CHECKING, Any, Self
from urllib.parse import quote

from headway.client.gathering import Gathering
from headway.client.jobs import Job, JobView, ended
from headway.client.problems import error_from
from headway.client.rest import Rest, as_part
from headway.clock import Clock
from headway.errors import Refused
from headway.model.documents import KindDoc
from headway.model.event import Event
from headway.model.job import JobDoc

if TYPE_CHECKING:
    from headway.client.follow import Update

DEFAULT_URL = "http://127.0.0.1:8400"
WAIT_S = 25.0
"""How long one `result` request waits at the server before it is asked again."""
PAGE = 500
BATCH = 1_000


class Client:
    """The server at `url` (else HEADWAY_SERVER, else this machine), with `token` (else HEADWAY_TOKEN).

    `patience_s`: how long a call that may be repeated is repeated while nobody answers.
    """

    def __init__(
        self, url: str | None = None, token: str | None = None, *, patience_s: float = 10.0, clock: Clock | None = None
    ) -> None:
        address = url or os.environ.get("HEADWAY_SERVER") or DEFAULT_URL
        self.rest = Rest(address, token or os.environ.get("HEADWAY_TOKEN"), patience_s=patience_s, clock=clock)
        self._gathering = Gathering(self._call)

    async def _call(self, method: str, path: str, body: Any) -> Any:
        """By the connections of the moment: `rest` may be replaced."""
        return await self.rest.call(method, path, body)

    @property
    def url(self) -> str:
        return self.rest.url

    async def __aenter__(self) -> Self:
        return self

    async def __aexit__(
        self, type: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        await self.close()

    async def close(self) -> None:
        """Close its connections."""
        await self.rest.close()

    # -- submit

    async def submit(
        self, kind: str, args: Mapping[str, Any] | None = None, *, key: str | None = None, **options: Any
    ) -> Job:
        """Make a job. `options`: queue, priority, delay or at, unique, labels, after, expires, max_attempts, timeout …

        Durations are seconds or texts (`1h30m`); `after` takes jobs or ids. `key` makes a repeated call one submit.
        Calls made at the same time share requests.
        InvalidInput names the argument that does not fit.
        """
        request = _request(kind, args, options)
        if key is None:
            made = await self._gathering.submit(request)
        else:
            made = await self.rest.call("POST", "/jobs", request, key=key)
        return Job(self, made["id"], created=made["created"], hint=made.get("hint"))

    async def submit_many(self, jobs: Iterable[Mapping[str, Any]]) -> list[Job]:
        """Make many jobs, each `{"kind", "args", …}`, in requests of a thousand. An error in any refuses its request.

        A job that the ledger itself refused raises its error after the others were made.
        """
        requests = [_request(job["kind"], job.get("args"), _options(job)) for job in jobs]
        made: list[Job] = []
        for start in range(0, len(requests), BATCH):
            answer = await self.rest.call("POST", "/jobs/batch", {"jobs": requests[start : start + BATCH]})
            made += [_made(self, each) for each in answer["jobs"]]
        return made

    # -- ask

    async def get(self, job: str) -> JobDoc:
        """The whole document, arguments and result included."""
        return await self.rest.get(f"/jobs/{_id(job)}")

    async def list(self, query: str = "", *, limit: int = 50) -> list[JobDoc]:
        """Up to `limit` jobs that match the filter (`headway.model.query`), newest first."""
        found: list[JobDoc] = []
        after: str | None = None
        while len(found) < limit:
            page = await self.rest.get("/jobs", {"q": query, "limit": min(limit - len(found), PAGE), "after": after})
            found += page["jobs"]
            after = page.get("next")
            if after is None:
                break
        return found

    async def result(self, job: str, timeout: float | None = None) -> Any:
        """What it returned. Raises JobFailed, JobCancelled, JobLost or JobTimedOut; TimeoutError after `timeout` s."""
        clock = self.rest.clock
        end = None if timeout is None else clock.monotonic() + timeout
        while True:
            wait = WAIT_S if end is None else max(min(WAIT_S, end - clock.monotonic()), 0.0)
            ending = await self.rest.get(f"/jobs/{_id(job)}/result", {"wait": wait}, wait_s=wait)
            if ending["final"]:
                return ended(ending)
            if end is not None and clock.monotonic() >= end:
                raise TimeoutError(f"Job {job} is {ending['state']} after {timeout:g} s.")

    async def kinds(self) -> list[KindDoc]:
        """Every kind that a worker declared, by name; `quarantine` is a definition that waits for `approve_kind`."""
        return (await self.rest.get("/kinds"))["kinds"]

    async def kind(self, name: str) -> KindDoc:
        """One kind."""
        return await self.rest.get(f"/kinds/{as_part(name)}")

    # -- act

    async def approve_kind(self, name: str, definition: str) -> KindDoc:
        """Take the definition in its quarantine, as it was looked at. Refused: it changed again since then."""
        return await self.rest.call("POST", f"/kinds/{as_part(name)}/approve", {"definition": definition})

    async def cancel(self, job: str, reason: str = "") -> JobDoc:
        """Stop it; the document's `cancel` is the receipt. A second time changes nothing."""
        return await self.rest.call("POST", f"/jobs/{_id(job)}/cancel", {"reason": reason} if reason else {})

    async def retry(self, job: str, args: Mapping[str, Any] | None = None) -> Job:
        """A new job of the same lineage, with the same arguments or with `args`."""
        made = await self.rest.call("POST", f"/jobs/{_id(job)}/retry", {} if args is None else {"args": args})
        return Job(self, made["id"], hint=made.get("hint"))

    async def answer(
        self, job: str, content: Any = None, *, action: str = "accept", request: str | None = None
    ) -> JobDoc:
        """Answer what it asks for; `action` accept (with `content`, as the asked `schema` wants it), decline or cancel.
        `request`: the one that is meant, by default what the job asks now. InvalidInput names the field of `content`
        that does not fit; Refused: it does not ask for this (any more).
        """
        if request is None:
            asked = (await self.get(job)).get("input")
            if asked is None:
                raise Refused("answer", "not waiting for input", entity=f"job {job}", hint="Look at its `input`.")
            request = asked["request"]
        body = {"request": request, "action": action, "content": content}
        return await self.rest.call("POST", f"/jobs/{_id(job)}/input", body)

    async def act(
        self,
        action: str,
        query: str | None = None,
        *,
        ids: Iterable[str] | None = None,
        priority: int | None = None,
        reason: str = "",
        key: str | None = None,
    ) -> Job:
        """Do one thing to every job that matches (`""`: to all there are), or to those of `ids`: cancel, retry, delete,
        hold, release or priority. The job that does it has a result: `{"matched", "done", "refused": {code: number}}`.
        """
        body = _without_none({"priority": priority, "reason": reason or None})
        made = await self.rest.call("POST", "/jobs/actions", {"action": action, **_meant(query, ids), **body}, key=key)
        return Job(self, made["job"])

    async def matching(self, query: str | None = None, *, ids: Iterable[str] | None = None) -> dict[str, Any]:
        """How many jobs `act` would mean now: `matched`, as of `seq`; `partial` where the search was cut at its bound."""
        return await self.rest.call(
            "POST", "/jobs/actions", {"action": "cancel", **_meant(query, ids), "dry_run": True}
        )

    async def emit(self, type: str, data: Mapping[str, Any] | None = None, **options: Any) -> None:
        """A custom event `<prefix>.<name>`. `options`: priority, conflate_key, job."""
        await self.rest.call("POST", "/events", {"type": type, "data": data or {}, **options})

    # -- follow

    def watch(self, job: str) -> AsyncIterator[JobView]:
        """A view of the job at each change, over every broken link, the final one last."""
        from headway.client.watch import watch_job

        return watch_job(self.rest, _id(job))

    def watch_topics(self, topics: Sequence[str]) -> AsyncGenerator[Update, None]:
        """The view of several topics, with the events that were new, at each change."""
        from headway.client.watch import watch_topics

        return watch_topics(self.rest, topics)

    def events(
        self, topics: Sequence[str] = ("jobs",), since: str | None = None, *, conflate: bool = False
    ) -> AsyncIterator[tuple[Event, str]]:
        """(event, cursor) without end, each once and in order; `since` a cursor: from there on."""
        from headway.client.watch import watch_events

        return watch_events(self.rest, topics, since, conflate=conflate)

    def logs(self, job: str, *, follow: bool = False, first: int = 1) -> AsyncIterator[dict[str, Any]]:
        """Its lines from number `first` on: `{number, at, level, text}`. `follow`: as they come, until it ends."""
        from headway.client.watch import follow_lines, read_lines

        return follow_lines(self.rest, _id(job), first) if follow else read_lines(self.rest, _id(job), first)


def _without_none(values: Mapping[str, Any]) -> dict[str, Any]:
    return {name: value for name, value in values.items() if value is not None}


def _meant(query: str | None, ids: Iterable[str] | None) -> dict[str, Any]:
    return _without_none({"q": query, "ids": None if ids is None else [_id(each) for each in ids]})


def _options(job: Mapping[str, Any]) -> dict[str, Any]:
    return {name: value for name, value in job.items() if name not in ("kind", "args")}


def _request(kind: str, args: Mapping[str, Any] | None, options: Mapping[str, Any]) -> dict[str, Any]:
    request: dict[str, Any] = {"kind": kind, "args": dict(args or {})}
    request |= _without_none(options)
    if "after" in request:
        request["after"] = [_id(each) for each in request["after"]]
    if "parent" in request:
        request["parent"] = _id(request["parent"])
    return request


def _made(client: Client, answer: Mapping[str, Any]) -> Job:
    if (problem := answer.get("problem")) is not None:
        raise error_from(problem, int(problem.get("status", 500)))
    return Job(client, answer["id"], created=answer["created"])


def _id(job: Any) -> str:
    """The id of a job, a handle or a document; safe within a path."""
    found = job.id if hasattr(job, "id") else job["id"] if isinstance(job, Mapping) else job  # pyright: ignore[reportUnknownVariableType, reportUnknownMemberType]
    return quote(str(found), safe="")  # pyright: ignore[reportUnknownArgumentType]
