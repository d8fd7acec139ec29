"""What watching yields: views of a job until its end, its log lines without a hole, events of any topics.

Each is a loop over `follow`, which keeps the view right; here stands only what is taken out of it. Called by `http.py`.
"""

from __future__ import annotations

from collections.abc import AsyncGenerator, Iterable, Sequence
from contextlib import aclosing
from typing import Any

import msgspec

from headway.client.follow import Update, follow
from headway.client.jobs import JobView
from headway.client.rest import Rest
from headway.errors import NotFound
from headway.model.event import Event
from headway.model.job import JobDoc, is_final

LINES_A_CALL = 1_000


async def watch_job(rest: Rest, job: str) -> AsyncGenerator[JobView, None]:
    """A view at each change of the job, the final one last. A lost link shows as a view with `live` False."""
    topic = f"job:{job}"
    async with aclosing(follow(rest, [topic])) as updates:
        async for update in updates:
            document = _document(update, topic, job)
            if document is None:
                continue
            yield JobView(document=document, as_of=update.view.as_of, live=update.live)
            if update.live and is_final(document):
                return


def _document(update: Update, topic: str, job: str) -> JobDoc | None:
    """The job as the view has it; NotFound where a whole cut does not know it; None before the first cut."""
    document: Any = update.view.topics[topic].documents.get("job", {}).get(job)
    if document is None and update.live and update.view.ready:
        raise NotFound("job", job, hint="'headway jobs' lists them.")
    return document


async def watch_topics(rest: Rest, topics: Sequence[str]) -> AsyncGenerator[Update, None]:
    """The view of several topics at each change: for lists and boards."""
    async with aclosing(follow(rest, topics)) as updates:
        async for update in updates:
            yield update


async def watch_events(
    rest: Rest, topics: Sequence[str], since: str | None, *, conflate: bool
) -> AsyncGenerator[tuple[Event, str], None]:
    """(event, cursor after it), each event once and in order, from `since` or from now on."""
    async with aclosing(follow(rest, topics, since=since, want="events", conflate=conflate)) as updates:
        async for update in updates:
            for event in update.events:
                yield event, f"{update.view.epoch}.{event.seq}"


async def read_lines(
    rest: Rest, job: str, first: int = 1, last: int | None = None
) -> AsyncGenerator[dict[str, Any], None]:
    """Stored lines `first`..`last` by REST: `{number, at, level, text, attempt}`."""
    params: dict[str, Any] = {"format": "jsonl", "from": first}
    if last is not None:
        params["limit"] = last - first + 1
    async with rest.stream(f"/jobs/{job}/logs", params, {}, silence_s=60.0) as response:
        async for line in response.aiter_lines():
            if line:
                yield msgspec.json.decode(line)


async def follow_lines(rest: Rest, job: str, first: int) -> AsyncGenerator[dict[str, Any], None]:
    """Lines from `first` on as they are written, until the job is final and its last line is out.

    What the stream began too late for is read by REST; numbers are dense, so nothing is missing and nothing twice.
    """
    logs, topic = f"logs:{job}", f"job:{job}"
    expected = first
    async with aclosing(follow(rest, [topic, logs])) as updates:
        async for update in updates:
            if not update.live:
                continue
            view = update.view.topics[logs]
            if view.lines and min(view.lines) > expected:
                async for line in read_lines(rest, job, expected, min(view.lines) - 1):
                    expected = line["number"] + 1
                    yield line
            for line in _from(view.lines, expected):
                expected = line["number"] + 1
                yield line
            _forget_below(view.lines, expected)
            document = _document(update, topic, job)
            if document is not None and is_final(document) and expected > document.get("log_lines", 0):
                return


def _from(lines: dict[int, list[Any]], expected: int) -> Iterable[dict[str, Any]]:
    while (line := lines.get(expected)) is not None:
        number, at, level, text = line[:4]
        yield {"number": number, "at": at, "level": level, "text": text}
        expected += 1


def _forget_below(lines: dict[int, list[Any]], number: int) -> None:
    """A follower needs no line twice: a long log must not fill its memory."""
    for each in [each for each in lines if each < number - 1]:
        del lines[each]
