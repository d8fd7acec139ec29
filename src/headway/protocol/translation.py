"""From a worker's frames to commands, and from the ledger's answers to frames: tables without memory.

A statement that the ledger refuses (does not fence) is replaced by one that says so under the same `n`, because numbers
are dense and one bad report must not silence an attempt for ever: first without what a handler may have made up, then
without anything but the warning, then the attempt is fenced. Must never know links. Called by session.py.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from typing import Any, cast

import msgspec

from headway.errors import HeadwayError, InvalidInput, ServerError
from headway.model import command as c
from headway.model.job import Outcome
from headway.model.report import Checkpoint, Custom, InputRequested, Warned
from headway.protocol.frames import (
    Accept,
    Ack,
    Begin,
    Begun,
    CancelState,
    Ended,
    Error,
    Fenced,
    Frame,
    Heartbeat,
    Offer,
    Refuse,
    Report,
    WorkerHello,
)

Statement = Accept | Refuse | Report | Ended | CancelState

REFUSED = "refused_by_server"
"""Reason code of an outcome that stands for one the ledger could not take."""

MADE_UP = (Custom, Checkpoint, InputRequested)
"""Items whose content is the handler's own, and so the likeliest to be refused."""


class Speaker(msgspec.Struct, frozen=True):
    """Who speaks: a worker's id and instance, its namespace; `new_id` and `dice` make the randomness of commands; `server`
    is who listens.
    """

    worker: str
    instance: str
    namespace: str
    new_id: Callable[[], str]
    dice: Callable[[], float]
    server: str = ""


def joined(hello: WorkerHello, profile: dict[str, Any], speaker: Speaker) -> c.Connect:
    """The command that registers a worker, by its description as it was checked."""
    return c.Connect(
        worker=speaker.worker,
        profile=profile,
        kinds=tuple(hello.kinds),
        services=tuple(hello.services),
        running=tuple((each.job, each.attempt, each.n) for each in hello.running),
        namespace=speaker.namespace,
        server=speaker.server,
        dice=speaker.dice(),
    )


def observed(frame: Heartbeat, speaker: Speaker, now: int) -> list[c.Command]:
    """A command for each thing that a heartbeat tells of: what is not taken of one does not keep the others."""
    worker, instance, server = speaker.worker, speaker.instance, speaker.server
    commands: list[c.Command] = [c.Hear(worker=worker, at=now, load=frame.load)]
    if frame.services is not None:
        services = tuple(frame.services)
        commands.append(c.ReportServices(worker=worker, services=services, instance=instance, server=server))
    if frame.kinds is not None:
        commands.append(c.ReportKinds(worker=worker, kinds=tuple(frame.kinds), instance=instance, server=server))
    if frame.running is not None:
        running = tuple((each.job, each.attempt) for each in frame.running)
        commands.append(
            c.Compare(worker=worker, running=running, instance=instance, server=server, dice=speaker.dice())
        )
    return commands


def not_taken(answer: Any) -> list[Error]:
    """What the worker is told of services and kinds that were not taken; they stand with it as a problem, too."""
    refused = cast("Sequence[Mapping[str, str]]", answer if isinstance(answer, list) else ())
    return [Error(code=InvalidInput.code, message=each["message"], field=each["field"]) for each in refused]


def adopted(frame: Begin, speaker: Speaker) -> c.Begin:
    """The command that adopts outside work."""
    return c.Begin(
        id=speaker.new_id(),
        worker=speaker.worker,
        instance=speaker.instance,
        external_id=frame.external_id,
        kind=frame.kind,
        args=bytes(frame.args),
        plan=frame.plan,
        attempt=frame.attempt,
        namespace=speaker.namespace,
        queue=frame.queue,
        labels=frame.labels,
        options=frame.options,
        dice=speaker.dice(),
    )


def stated(frame: Statement, speaker: Speaker) -> c.Statement:
    """The command that a statement is."""
    about: dict[str, Any] = {"job": frame.job, "worker": speaker.worker, "attempt": frame.attempt}
    match frame:
        case Accept():
            return c.Accept(**about)
        case Refuse():
            return c.Refuse(**about, reason=frame.reason, dice=speaker.dice())
        case Report():
            return c.Report(**about, n=frame.n, items=tuple(frame.items))
        case CancelState():
            return c.CancelStep(**about, n=frame.n, step=frame.step, note=frame.note)
        case _:
            succeeded = frame.outcome == Outcome.SUCCEEDED
            return c.End(
                **about,
                n=frame.n,
                outcome=frame.outcome,
                result=bytes(frame.result) if succeeded else None,
                error=frame.error,
                retry_after_s=frame.retry_after_s,
                reason=frame.reason,
                dice=speaker.dice(),
            )


def substitute(frame: Statement, error: HeadwayError, tries: int) -> Report | Ended | None:
    """What stands in for a statement refused for the (`tries` + 1)th time; None: nothing can, fence the attempt."""
    why = Warned(message=f"Not taken by the server: {error}")
    match frame:
        case Ended() if tries == 0:
            return msgspec.structs.replace(
                frame,
                outcome=Outcome.ERRORED,
                result=msgspec.Raw(b"null"),
                error={"type": type(error).__name__, "message": why.message},
                retry_after_s=None,
                reason=REFUSED,
            )
        case Report() if tries == 0:
            items = [item for item in frame.items if not isinstance(item, MADE_UP)]
            return msgspec.structs.replace(frame, items=[*items, why])
        case Report() if tries == 1:
            return msgspec.structs.replace(frame, items=[why])
        case CancelState() if tries == 0:
            return Report(job=frame.job, attempt=frame.attempt, n=frame.n, items=[why])
        case _:
            return None


def reply(frame: Statement, answer: Any) -> Frame | None:
    """The frame that answers a statement; None: it needs none. A caller's error is not for here (`substitute`)."""
    if isinstance(answer, ServerError):
        return error_frame(answer, None)
    if "fenced" in answer:
        return Fenced(job=frame.job, attempt=frame.attempt, reason=answer["fenced"])
    return Ack(job=frame.job, attempt=frame.attempt, n=answer["ack"]) if "ack" in answer else None


def begun(frame: Begin, answer: Any) -> Frame:
    """The frame that answers `begin`."""
    if isinstance(answer, HeadwayError):
        return error_frame(answer, frame.external_id)
    job, attempt, n = answer["id"], answer["attempt"], answer.get("n", 0)
    return Begun(external_id=frame.external_id, job=job, attempt=attempt, created=answer["created"], n=n)


def offer_of(job: Mapping[str, Any], args: bytes, checkpoints: dict[str, Any], accept_s: float) -> Offer:
    """The offer of a job's current attempt."""
    number: int = job.get("attempt", 0)
    attempt: Mapping[str, Any] = job.get("attempts", {}).get(str(number), {})
    return Offer(
        job=job["id"],
        attempt=number,
        kind=job.get("kind", ""),
        args=msgspec.Raw(args),
        tries=job.get("tries", 0),
        queue=job.get("queue", ""),
        namespace=job.get("namespace", "default"),
        plan=attempt.get("plan"),
        options=dict(job.get("options", {})),
        labels=dict(job.get("labels", {})),
        checkpoints=checkpoints,
        accept_s=accept_s,
        definition=attempt.get("definition"),
    )


def error_frame(error: HeadwayError, id: str | None) -> Error:
    """An error as the other side reads it."""
    retry_after_s: float | None = getattr(error, "retry_after_s", None)
    return Error(
        code=error.code,
        message=error.message,
        id=id,
        hint=error.hint or None,
        field=getattr(error, "field", None),
        retry_after_ms=None if retry_after_s is None else round(retry_after_s * 1000),
    )
