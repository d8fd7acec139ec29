"""A made-up log and the server that has it: what the properties of the viewer link run against."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import msgspec
from hypothesis import strategies as st

from headway.clock import iso
from headway.model.event import Event
from headway.model.fold import fold, fold_counts
from headway.model.settings import Settings
from headway.model.topic import topics_of
from headway.protocol.frames import Batch, Cursor, Reset, Snapshot, Subscribe, WireEvent, encode_event, parse_cursor
from headway.protocol.resuming import Standing, conflate, plan

STAGES = ("parse", "embed")
FINAL = ("completed", "failed")


@st.composite
def logs(draw: st.DrawFn, *, most: int = 40) -> list[Event]:
    """A log of a few jobs: submitted, progressing in stages, warned, logging, finished, deleted; custom events between."""
    events: list[Event] = []
    states: dict[str, str] = {}
    lines: dict[str, int] = {}
    started: set[tuple[str, str]] = set()
    for seq in range(1, draw(st.integers(0, most)) + 1):
        job = draw(st.sampled_from("ABC"))
        more = {"job": job, "subject": job, "queue": "cpu" if job == "C" else "gpu", "kind": "k", "seq": seq, "at": seq}
        if job not in states:
            states[job] = "queued"
            document = {"id": job, "state": "queued", "queue": more["queue"]}
            events.append(Event(type="job.submitted", data={"set": document, "was": None}, **more))
            continue
        what = draw(st.sampled_from(["progress"] * 5 + ["move", "log", "warn", "custom", "delete"]))
        events.append(_event(draw, what, job, states, lines, started, more))
    return events


def _event(
    draw: st.DrawFn,
    what: str,
    job: str,
    states: dict[str, str],
    lines: dict[str, int],
    started: set[tuple[str, str]],
    more: dict[str, Any],
) -> Event:
    state = states[job]
    if what == "progress" and state not in FINAL:
        stage = draw(st.sampled_from(STAGES))
        patch: dict[str, Any] = {"current": more["seq"], "message": draw(st.sampled_from([None, "m"]))}
        if (job, stage) not in started:
            started.add((job, stage))
            patch["started_at"] = more["seq"]
        data: dict[str, Any] = {"set": {"progress": {"stage": stage}, "stages": {stage: patch}}, "stage": stage}
        if draw(st.booleans()):
            data["put"] = {"details": {"seq": more["seq"], "none": None}}
        return Event(type="job.progressed", attempt=1, data=data, **more)
    if what == "move" and state not in FINAL:
        states[job] = draw(st.sampled_from(["running", "completed", "failed"]))
        patch = {"state": states[job], "stages": None}
        if states[job] in FINAL:
            patch["finished_at"] = iso(more["at"])
        started -= {(job, stage) for stage in STAGES}
        return Event(type="job.moved", data={"set": patch, "was": state}, **more)
    if what == "delete" and state in FINAL:
        del states[job]
        return Event(type="job.deleted", data={"set": {"state": state}, "was": state, "deleted": True}, **more)
    if what == "log":
        first = lines.get(job, 0) + 1
        lines[job] = first + draw(st.integers(0, 2))
        said = [(number, more["at"], "info", f"line {number}") for number in range(first, lines[job] + 1)]
        return Event(type="job.logged", data={"first": first}, extra={"lines": said}, **more)
    if what == "custom":
        data = draw(st.sampled_from([{}, {"conflate_key": "k"}, {"conflate_key": "j"}]))
        return Event(type="crew.step", data={**data, "n": more["seq"]}, **(more | {"subject": ""}))
    return Event(type="job.warned", data={"set": {"warnings": more["seq"]}}, **more)


class Server:
    """The whole log, from which it answers as the protocol says. `first` is the oldest event still retained."""

    def __init__(self, events: Sequence[Event], epoch: str = "e1", settings: Settings | None = None) -> None:
        self.events = list(events)
        self.epoch = epoch
        self.first = 1
        self.settings = settings or Settings()

    def snapshot(self, id: str, topics: Sequence[str], seq: int, pages: int = 1) -> list[Snapshot]:
        """The state at `seq`, in pages, each with a part of the documents."""
        data = {topic: self._topic_data(topic, seq) for topic in topics}
        parts: list[dict[str, Any]] = []
        for page in range(pages):
            part: dict[str, Any] = {}
            for topic, whole in data.items():
                documents = whole["documents"]["job"]
                mine = {key: documents[key] for number, key in enumerate(sorted(documents)) if number % pages == page}
                rest = whole if page == 0 else {}
                part[topic] = {**rest, "documents": {"job": mine}}
            parts.append(part)
        return [
            Snapshot(id=id, seq=seq, now=iso(seq), page=page, more=page + 1 < pages, topics=part)
            for page, part in enumerate(parts)
        ]

    def _topic_data(self, topic: str, seq: int) -> dict[str, Any]:
        mine = [event for event in self.events if event.seq <= seq and topic in topics_of(event)]
        jobs: dict[str, Any] = {}
        counts: dict[str, dict[str, int]] = {}
        kept: dict[Any, Event] = {}
        lines: list[Any] = []
        for event in mine:
            if event.extra:
                lines += [[number, iso(at), level, text] for number, at, level, text in event.extra["lines"]]
                continue
            fold_counts(counts, event)
            if event.data.get("deleted"):
                jobs.pop(event.subject)
            elif event.type.startswith("job."):
                jobs[event.subject] = fold(jobs.get(event.subject), event)
            if event.type != "job.progressed":
                key = (event.data.get("conflate_key"), event.job) if event.data.get("conflate_key") else event.seq
                kept.pop(key, None)
                kept[key] = event
        data: dict[str, Any] = {"documents": {"job": jobs}}
        if topic == "jobs":
            data["counts"] = counts
        if topic.startswith("logs:"):
            data |= {"lines": lines, "first": 1, "last": len(lines)} if lines else {}
        elif topic != "jobs":
            data["events"] = [on_wire(event) for event in kept.values()]
        return data

    def batch(self, id: str, topics: Sequence[str], since: int, to: int, *, conflated: bool) -> Batch:
        """What happened in (since, to], as one frame."""
        events = [event for event in self.events if since < event.seq <= to and set(topics_of(event)) & set(topics)]
        kept, left_out = conflate(events) if conflated else (events, 0)
        wire = [msgspec.convert(on_wire(event), WireEvent) for event in kept]
        return Batch(id=id, since=since, to=to, now=iso(to), conflated=left_out, events=wire)

    def answer(
        self, asked: Subscribe, head: int, *, pages: int = 1, failures: int = 0
    ) -> list[Batch | Snapshot | Reset]:
        """Replay or snapshot, as `plan` decides."""
        since = parse_cursor(asked.since) if asked.since else None
        missed = head - since.seq if since else 0
        decided = plan(
            Standing(since=since, want=asked.want, head=Cursor(self.epoch, head), first=self.first, missed=missed,
                     failures=failures),
            self.settings,
        )  # fmt: skip
        frames: list[Batch | Snapshot | Reset] = []
        if decided.reset:
            frames.append(Reset(id=asked.id, epoch=self.epoch, reason=decided.reset))
        if decided.replay_from is None:
            return frames + self.snapshot(asked.id, asked.topics, head, pages)  # type: ignore[operator]
        return [*frames, self.batch(asked.id, asked.topics, decided.replay_from, head, conflated=asked.conflate)]


def on_wire(event: Event) -> dict[str, Any]:
    """The envelope as JSON."""
    return msgspec.json.decode(encode_event(event))
