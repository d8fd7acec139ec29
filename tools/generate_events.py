"""docs/reference/events.md: every event type with what its data holds, as a scripted session of the rules makes them.

The session below runs real commands through the ledger's own `commit_batch` over a store in memory, at a fixed time; what
is shown is what was committed, encoded as on the wire. A type that the source names and the session does not make ends
this script, and so does one that nothing here explains.
"""

from __future__ import annotations

import json
import re
import sys
from collections.abc import Callable
from itertools import groupby
from typing import Any

import msgspec
from reference import ROOT, code, fenced, publish, table

from headway.model import command as c, report as r
from headway.model.event import CONFLATABLE, PREFIXES, Event
from headway.model.topic import NARROWED, PLAIN, topics_of
from headway.protocol.frames import encode_event
from headway.testing.clock import START
from headway.testing.factories import KIND, WORKER, Lab

WHEN = {
    "job.submitted": "a job was made; its state is `queued`, `scheduled` or `blocked` at once",
    "job.queued": "it may be offered (again): its time came, what it waited for is done, or its last attempt was given back",
    "job.scheduled": "what it waited for is done, and its own time has not come",
    "job.blocked": "it was submitted and waits for other jobs",
    "job.offered": "an attempt begins: the job is offered to a worker, with a frozen plan",
    "job.started": "the worker accepted it (or, for adopted work, it runs already)",
    "job.stage_started": "a stage began",
    "job.progressed": "a count, total or message changed",
    "job.stage_completed": "a stage is done",
    "job.step_completed": "`ctx.step_done`",
    "job.logged": "log lines were written; the lines come with it on the wire",
    "job.warned": "`ctx.warn`, or the server warns about the job",
    "job.error_noted": "`ctx.error`: noted, not fatal",
    "job.noted": "something of the job changed that has no event of its own",
    "job.input_requested": "`ctx.ask`",
    "job.input_given": "somebody answered",
    "job.artifact_added": "a file is stored",
    "job.previewed": "`ctx.preview`: a new picture of the running attempt; `left` is the key of the file it took the place of",
    "job.attempt_ended": "an attempt has its outcome; `left` is the key of its preview, which is removed",
    "job.retry_scheduled": "it is tried again after a pause",
    "job.completed": "final: it succeeded",
    "job.failed": "final: no try is left, or none would help",
    "job.cancelled": "final: it was cancelled",
    "job.cancel_requested": "somebody asked it to stop",
    "job.cancel_delivered": "the worker has the request",
    "job.cancel_acknowledged": "the handler was told, has stopped, or was cleaned up after; `step` says which",
    "job.cancel_too_late": "it succeeded although a cancel was on its way",
    "job.late_result": "an attempt that was over reported its end; recorded, not applied",
    "job.report_fenced": "an attempt that was over reported something; said once, not applied",
    "job.priority_changed": "its place in the order changed",
    "job.held": "it is kept from being offered",
    "job.released": "it is held no more",
    "job.retried": "somebody made a new job of the same lineage; said of the old one",
    "job.compacted": "a checkpoint: earlier events of the job may be thinned",
    "job.deleted": "the job was removed",
    "worker.connected": "a worker said hello",
    "worker.back": "a worker that was away is heard again",
    "worker.stale": "nothing was heard of it for `stale_s`",
    "worker.lost": "its lease is over",
    "worker.disconnected": "its link ended; its attempts keep their lease",
    "worker.draining": "it gets no more offers",
    "worker.disconnect_requested": "an administrator asked the server that has its link to close it",
    "worker.problem": "it was refused, or what it says does not agree",
    "worker.kinds_changed": "it serves other kinds than before, or the same with other definitions, while its link is up",
    "worker.loaded": "it was heard, with its load, which joins the series of the last ten minutes",
    "service.changed": "an engine behind a worker is in another status, or anything else of it that somebody may wait for changed",
    "service.loaded": "the engine gave a sign of life, or its load is another one",
    "queue.paused": "nothing more is offered from it",
    "queue.resumed": "it is offered from again",
    "queue.limits_changed": "how many of it may run at once",
    "kind.registered": "a worker brought a new or changed kind",
    "kind.quarantined": "a worker told another definition of a kind than the pinned one; nothing else of the kind changed",
    "kind.approved": "somebody approved the definition in quarantine: it is in place now",
    "kind.limits_changed": "how many of the kind may run at once",
    "saved.stored": "a view or a template was kept, in place of what had its name",
    "saved.removed": "it is kept no longer",
    "metrics.sampled": "what happened since the last sample, and how things stand; none while nothing happens",
    "system.started": "a server opened the store",
    "system.stopping": "a server is about to close it",
    "system.alert": "something that an operator should see",
    "system.disconnect_requested": "an administrator asked the server that has a viewer's link to close it",
    "system.announced": "an administrator's message to everybody",
    "crew.started": "a custom event: any `<prefix>.<name>` outside the reserved prefixes",
}
NOT_EVENTS = {
    "job.submit",
    "job.cancel",
    "job.hold",
    "job.release",
    "job.delete",
    "job.priority",
    "job.input",
    "queue.pause",
    "queue.resume",
    "worker.drain",
    "job.js",
}
"""Requests of the viewer link, and a file of the page, written alike."""
NOT_MADE_YET = {"queue.counted"}
"""Named as ones that may be conflated; nothing makes them in this version."""
LITERAL = re.compile(rf'"((?:{"|".join(sorted(PREFIXES - {"headway", "flow", "schedule"}))})\.[a-z_]+)"')


def page() -> str:
    """The whole page."""
    events = session()
    check(events)
    types = "\n\n".join(about(type, [event for event in events if event.type == type]) for type in WHEN)
    known = ", ".join(map(code, (*PLAIN, *(f"{name}:…" for name in NARROWED))))
    return f"""# Events

Whatever changes is an event in one log, numbered by `seq`. On the wire an event has `seq`, `at`, `type`, `namespace`,
`priority`, where it applies `job`, `attempt`, `worker`, `queue`, `kind`, `labels` and `subject` (the id of the document it
is about), and `data`:

| key of `data` | means |
|---|---|
| `set` | an RFC 7396 merge patch of the document: `null` removes |
| `put` | whole values that replace those of the document: somebody's JSON, whose nulls stay |
| `was` | the state that a job left; there whenever the state changes |
| others | describe what happened; they change nothing |

A viewer that applies `set` and then `put` has the document as the server has it
([decision 0003](../decisions/0003-fold-is-merge-patch.md)).

{conflation()}

## Topics

{topics(events)}

A custom event `a.b.c` is carried by `custom:a`, `custom:a.b` and `custom:a.b.c`. The topics there are: {known}.

## Types

Each example is the first such event of a session that the page's script runs.

{types}
"""


def conflation() -> str:
    """Which may be left out."""
    made = ", ".join(code(each) for each in sorted(CONFLATABLE - NOT_MADE_YET))
    return (
        f"A batch may leave out, and counts, {made} and custom events with a `conflate_key` when a newer one follows."
    )


def about(type: str, events: list[Event]) -> str:
    """One type: when, which keys, and an example as on the wire."""
    keys = sorted({key for event in events for key in event.data if key != "soft"})
    changed = sorted({key for event in events for part in ("set", "put") for key in event.data.get(part) or {}})
    wire = written(msgspec.json.decode(encode_event(events[0])))
    facts = [f"{WHEN[type][0].upper()}{WHEN[type][1:]}."]
    if keys:
        facts.append(f"Data: {', '.join(map(code, keys))}.")
    if changed:
        facts.append(f"Changes: {', '.join(map(code, changed))}.")
    return f"### {type}\n\n{' '.join(facts)}\n\n{fenced('json', wire)}"


def written(value: Any, margin: str = "") -> str:
    """JSON of which a part that fits into a line stands on one."""
    short = json.dumps(value, ensure_ascii=False)
    if len(margin + short) <= 100 or not isinstance(value, dict):
        return short
    inner = margin + "  "
    parts = [f"{inner}{json.dumps(key)}: {written(each, inner)}" for key, each in value.items()]
    return "{\n" + ",\n".join(parts) + f"\n{margin}}}"


def topics(events: list[Event]) -> str:
    """Type -> topics, with ids as names; types that go the same way share a row."""
    rows = sorted({(route(event), event.type) for event in events})
    grouped = [(way, [type for _, type in pairs]) for way, pairs in groupby(rows, key=lambda row: row[0])]
    return table(("carried by", "types"), ((way, shortened(types)) for way, types in grouped))


def route(event: Event) -> str:
    """The topics of the event as it would be with a label and in a flow."""
    if event.job:
        event = msgspec.structs.replace(event, labels={"KEY": "VALUE", "flow": "NAME"})
    pairs = (topic.partition(":") for topic in topics_of(event))
    names = {"job": "ID", "logs": "ID", "queue": "NAME", "kind": "NAME"}
    found = [name + colon + names.get(name, rest) for name, colon, rest in pairs if rest != "flow=NAME"]
    return ", ".join(map(code, found))


def shortened(types: list[str]) -> str:
    """All of a prefix but the log lines, in one word."""
    if len(types) > 20 and "job.submitted" in types:
        return "`job.*` but `job.logged`"
    return ", ".join(map(code, types))


# -- the session ---------------------------------------------------------------------------------------------------


def check(events: list[Event]) -> None:
    """Everything the source names is made here and explained."""
    named = {
        type
        for room in ("model", "hub", "server")
        for path in (ROOT / "src" / "headway" / room).glob("*.py")
        for type in LITERAL.findall(path.read_text(encoding="utf-8"))
    }
    made = {event.type for event in events}
    missing = (
        sorted((named - NOT_EVENTS - NOT_MADE_YET) - made) + sorted(made - WHEN.keys()) + sorted(WHEN.keys() - made)
    )
    if missing:
        sys.exit(f"events: not made, or not explained: {', '.join(missing)}")


class Session(Lab):
    """A lab that keeps every event."""

    def __init__(self) -> None:
        self.log: list[Event] = []
        super().__init__(workers=False)

    def together(self, *commands: c.Command) -> list[Any]:
        answers = super().together(*commands)
        self.log += self.events
        return answers


def session() -> list[Event]:
    """A small world in which everything happens once."""
    lab = Session()
    scenes: list[Callable[[Session], object]] = [
        begin, run_a_job, wait_and_block, fail_and_retry, cancel, come_too_late, ask, steer, change, leave, end,
    ]  # fmt: skip
    for scene in scenes:
        lab.wait(1)
        scene(lab)
    return lab.log


ENGINE = {
    "name": "127.0.0.1:8188", "type": "comfyui", "status": "idle", "url": "http://127.0.0.1:8188", "version": "0.3.64",
    "load": {"queue_running": 0, "queue_pending": 0}, "age_s": 0.4,
}  # fmt: skip


def begin(lab: Session) -> None:
    """A server, a worker, its kind and its service."""
    lab.do(c.Note(name="system.started", data={"epoch": "lab"}))
    happened, now = {"submitted": 2, "completed": 1}, {"queued": 1, "running": 0, "viewers": 3}
    lab.do(c.Note(name="metrics.sampled", data={"period_s": 5.0, "happened": happened, "now": now}))
    kind = {
        "name": KIND, "hash": "5f2a", "plan": {"download": 1, "parse": 3},
        "schema": {"type": "object", "properties": {"url": {"type": "string"}}, "required": ["url"]},
    }  # fmt: skip
    lab.worker(
        server="x7k2p4",
        kinds=(kind,),
        name="gpu",
        labels={"gpu": "1"},
        services=(ENGINE,),
    )
    lab.wait(15)
    lab.do(c.ReportServices(worker=WORKER, services=({**ENGINE, "load": {"queue_running": 1, "queue_pending": 2}},)))
    lab.do(c.Hear(worker=WORKER, at=lab.now, load={"cpu_percent": 31.0, "memory_percent": 44.5, "busy": 1, "slots": 4}))


def run_a_job(lab: Session) -> None:
    """From submit to result, with everything a handler may say."""
    job = lab.submit(args=b'{"url":"https://example.org"}', labels={"subject": "sub-01"})
    lab.claim()
    lab.accept(job)
    items: tuple[r.Item, ...] = (
        r.StageStarted(stage="download", total=10, unit="file"),
        r.Progressed(stage="download", current=4, total=10, unit="file", message="robots.txt", details={"depth": 1}),
        r.StepDone(name="robots"),
        r.LogLines(lines=[(START, "info", "fetched robots.txt"), (START, "warning", "slow")]),
        r.Warned(message="robots.txt is empty"),
        r.ErrorNoted(message="404", kind="HTTPError"),
        r.Checkpoint(key="page", value=4),
        r.StageCompleted(stage="download"),
        r.Custom(name="crew.started", data={"agents": 3}),
    )
    for item in items:
        lab.wait(1)
        lab.report(job, item)
    for label, size in (("page 1 of 10", 20_480), ("page 2 of 10", 21_504)):
        picture = {"key": f"{job}01KB…{label[5]}", "type": "image/png", "size": size, "label": label}
        lab.say(c.SetPreview, job, preview=picture, n=0)
    stored = {"size": 5120, "type": "text/html", "sha256": "9b…"}
    lab.say(c.AddArtifact, job, name="report.html", artifact=stored)
    lab.end(job, "succeeded", result=b'{"files":10}')


def wait_and_block(lab: Session) -> None:
    """Jobs that wait for time and for others."""
    first = lab.submit(run_at=lab.now + 1000)
    second = lab.submit(after=(first,), run_at=lab.now + 60_000)
    lab.wait(1)
    lab.look(first)
    lab.offer(first)
    lab.accept(first)
    lab.end(first, "succeeded")
    lab.do(c.Unblock(job=second, after=(first,)))
    lab.do(c.Cancel(job=second))


def fail_and_retry(lab: Session) -> None:
    """One pause, one end, one retry by hand; then it is thinned and removed."""
    job = lab.job("running", max_attempts=2)
    lab.end(job, "errored", error={"type": "ReadTimeout", "message": "no answer"})
    lab.wait(10)
    lab.look(job)
    lab.offer(job)
    lab.accept(job)
    lab.end(job, "errored", error={"type": "ReadTimeout", "message": "no answer"})
    lab.do(c.Retry(job=job, id="J9999", by="ann"))
    lab.do(c.Cancel(job="J9999"))
    lab.do(c.Compact(job=job))
    lab.do(c.Delete(job=job))


def cancel(lab: Session) -> None:
    """A cancel with every step of its receipt, and one that came too late."""
    job = lab.job("running")
    lab.do(c.Cancel(job=job, by="ann", reason="wrong folder"))
    lab.step(job, "delivered", n=0)
    lab.step(job, "acknowledged")
    lab.end(job, "cancelled")
    late = lab.job("cancelling")
    lab.end(late, "succeeded")


def come_too_late(lab: Session) -> None:
    """An attempt that was lost goes on talking."""
    job = lab.job("running", max_attempts=3)
    lab.wait(20)
    lab.do(c.Stale(worker=WORKER, instance="i1"))
    lab.do(c.Back(worker=WORKER, instance="i1"))
    lab.do(c.Lose(worker=WORKER, instance="i1"))
    lab.do(c.Report(job=job, worker=WORKER, attempt=1, n=1, items=(r.Warned(message="still here"),)))
    lab.do(c.End(job=job, worker=WORKER, attempt=1, n=2, outcome="succeeded"))
    lab.worker()
    lab.do(c.Cancel(job=job))


def ask(lab: Session) -> None:
    """A handler asks, somebody answers."""
    job = lab.job("running")
    lab.report(job, r.InputRequested(request="1.1", message="Overwrite?", schema={"type": "boolean"}))
    lab.do(c.AnswerInput(job=job, request="1.1", action="accept", content=True, by="ann"))
    lab.end(job, "succeeded")


def steer(lab: Session) -> None:
    """What operators do to jobs, queues and kinds."""
    job = lab.submit()
    lab.do(c.SetPriority(job=job, priority=9))
    lab.do(c.Hold(job=job, by="ann"))
    lab.do(c.Unhold(job=job))
    lab.do(c.PauseQueue(queue="default", by="ann", reason="disk"))
    lab.do(c.ResumeQueue(queue="default", by="ann"))
    lab.do(c.LimitQueue(queue="default", limit=2, by="ann"))
    lab.do(c.LimitKind(kind=KIND, limit=4, key_limit=1))
    lab.do(c.SaveEntry(section="views", name="Failed today", body={"q": "state:failed since:24h"}, by="ann"))
    lab.do(c.RemoveEntry(section="views", name="Failed today", by="ann"))
    lab.do(c.Note(name="system.disconnect_requested", data={"session": "x7k2p4.12", "by": "ann"}))
    lab.do(c.Note(name="system.announced", data={"message": "Restart at noon.", "by": "ann"}, priority="high"))


def change(lab: Session) -> None:
    """A tool of an outside program appears, changes, and is approved."""
    tool = {"name": "mcp.github.create_issue", "title": "Create an issue", "service": "mcp:github", "hash": "77b0"}
    for definition in ("9c1e", "d40a"):
        kinds = ({"name": KIND, "hash": "5f2a"}, {**tool, "definition": definition, "confirm": True})
        lab.do(c.ReportKinds(worker=WORKER, instance="i1", kinds=kinds))
    lab.do(c.ApproveKind(kind=tool["name"], definition="d40a", by="ann"))


def leave(lab: Session) -> None:
    """A worker drains and goes; another is refused."""
    lab.do(c.Drain(worker=WORKER, by="ann"))
    lab.do(c.Cut(worker=WORKER, for_good=False, reason="repair", by="ann"))
    lab.do(c.Disconnect(worker=WORKER, instance="i1", goodbye=True))
    lab.do(c.Problem(worker="w/9", problem="The hello lacks a machine."))


def end(lab: Session) -> None:
    """The server's last word."""
    lab.do(c.Note(name="system.stopping"))


if __name__ == "__main__":
    sys.exit(publish("events", page))
