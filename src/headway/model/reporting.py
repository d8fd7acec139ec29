"""What a report says of the current attempt, item by item: progress, stages, steps, log lines, warnings, questions.

Theory. Values come from user code and are not trusted: counts are clamped, texts cut, numbers of stages, notes and
lines bounded, and every cut is said. A stage's patch is always whole, so that a viewer may miss an older one (R4).
Nothing goes backwards but by a changed total, which is said (I8). Called by `attempt.py`, past the fence.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import Any

import msgspec

from headway.clock import from_iso
from headway.errors import InvalidInput
from headway.model import command as c, report as r
from headway.model.change import fresh, job_event
from headway.model.custom import emit
from headway.model.estimate import estimate
from headway.model.job import KEPT_NOTES, KEPT_STAGES, KEPT_STEPS, AttemptDoc, JobDoc, StageDoc, current_attempt
from headway.model.progress import fraction_of, overall_of
from headway.model.settings import Settings
from headway.model.world import World

Apply = Callable[[World, JobDoc, Any, Settings], None]

NAME_CHARS = 200
TEXT_CHARS = 2_000
HALF = 0.5
ALIVE_EVERY_MS = 1_000

_encode = msgspec.json.encode


def apply_items(world: World, job: JobDoc, items: Sequence[r.Item], settings: Settings) -> None:
    """Each to the job as the one before left it."""
    for item in items:
        job = fresh(world, job)
        ITEMS[type(item)](world, job, item, settings)


def _attempt(job: JobDoc) -> AttemptDoc:
    return current_attempt(job) or AttemptDoc()


def _cut(text: str | None, limit: int = TEXT_CHARS) -> str | None:
    return text if text is None or len(text) <= limit else text[: limit - 1] + "…"


# -- progress and stages -------------------------------------------------------------------------------------------


def _progressed(world: World, job: JobDoc, item: r.Progressed, settings: Settings) -> None:
    path = item.stage[:NAME_CHARS]
    old = _attempt(job).get("stages", {}).get(path, StageDoc())
    if not _has_room(world, job, path, old, settings):
        return
    stage = _counted(world, old, item)
    words: dict[str, Any] = {"stage": path}
    before, total = old.get("total"), stage.get("total")
    if before is not None and total is not None and before != total:
        words["total_was"] = before
    put = None if item.details is None else {"details": _small(item.details, settings.details_bytes)}
    alive = any(stage.get(key) != old.get(key) for key in ("current", "total", "message"))
    patch = _progress_patch(world, job, path, stage, alive=alive)
    job_event(world, job, "job.progressed", patch, attempt=job.get("attempt"), put=put, words=words)


def _counted(world: World, old: StageDoc, item: r.Progressed) -> StageDoc:
    """The stage after the item. Both counts None: a message alone. With the same total its share never goes back."""
    current, total, unit = item.current, item.total, item.unit
    if current is None and total is None:
        current, total, unit = old.get("current"), old.get("total"), unit or old.get("unit")
    fraction = fraction_of(current, total)
    if fraction is not None and total == old.get("total"):
        fraction = max(fraction, old.get("fraction") or 0.0)
    stage = StageDoc(
        state="running", current=current, total=total, unit=_cut(unit, 40), message=_cut(item.message),
        fraction=fraction, started_at=old.get("started_at") or world.now_text, ended_at=None,
    )  # fmt: skip
    if "half_at" in old:
        stage |= StageDoc(half_at=old["half_at"], half=old.get("half", HALF))
    elif fraction is not None and fraction >= HALF:
        stage |= StageDoc(half_at=world.now_text, half=fraction)
    return stage


def _has_room(world: World, job: JobDoc, path: str, old: StageDoc, settings: Settings) -> bool:
    """A handler that names ever new stages is told once, and its further ones are not kept."""
    known = len(_attempt(job).get("stages", {}))
    if old or known < KEPT_STAGES:
        return True
    said = f"Only the first {KEPT_STAGES} stages of an attempt are kept; {path!r} is not."
    if not any(note["message"].startswith("Only the first") for note in job.get("notes", [])):
        _warned(world, job, r.Warned(message=said), settings)
    return False


def _progress_patch(world: World, job: JobDoc, path: str, stage: StageDoc, *, alive: bool = True) -> dict[str, Any]:
    """The whole of what progress sets, the same keys each time, so that a newer patch covers an older one (R4)."""
    attempt = _attempt(job)
    stages: dict[str, StageDoc] = {**attempt.get("stages", {}), path: stage}
    before = job.get("progress", {})
    overall = overall_of(attempt.get("plan", []), stages, before.get("overall"))
    progress: dict[str, Any] = {key: stage.get(key) for key in ("current", "total", "unit", "message")}
    progress |= {"overall": overall, "stage": path or None, "at": world.now_text}
    evidence = world.now_text if alive else attempt.get("progress_at") or attempt.get("started_at")
    after: AttemptDoc = {**attempt, "stages": stages}
    return {
        "progress": progress,
        "attempts": {str(job.get("attempt")): {"stages": {path: dict(stage)}, "progress_at": evidence}},
        "estimate": estimate(world.samples.get(job.get("kind", ""), ()), after, overall, world.now),
    }


def _small(value: Any, limit: int) -> Any:
    size = len(_encode(value))
    return value if size <= limit else {"cut": f"{size:,} bytes; the limit of details is {limit:,}"}


def _stage_started(world: World, job: JobDoc, item: r.StageStarted, settings: Settings) -> None:
    path = item.stage[:NAME_CHARS]
    old = _attempt(job).get("stages", {}).get(path, StageDoc())
    if not _has_room(world, job, path, old, settings):
        return
    stage = StageDoc(
        state="running", current=0 if item.total is not None else None, total=item.total, unit=_cut(item.unit, 40),
        message=None, fraction=0.0 if item.total else None, started_at=world.now_text, ended_at=None,
    )  # fmt: skip
    patch = _progress_patch(world, job, path, stage)
    job_event(world, job, "job.stage_started", patch, attempt=job.get("attempt"), words={"stage": path})


def _stage_completed(world: World, job: JobDoc, item: r.StageCompleted, settings: Settings) -> None:
    path = item.stage[:NAME_CHARS]
    old = _attempt(job).get("stages", {}).get(path, StageDoc())
    if not _has_room(world, job, path, old, settings):
        return
    stage: StageDoc = {**old, "state": "completed", "ended_at": world.now_text, "fraction": 1.0}
    stage.setdefault("started_at", world.now_text)
    patch = _progress_patch(world, job, path, stage)
    job_event(world, job, "job.stage_completed", patch, attempt=job.get("attempt"), words={"stage": path})


def _step_done(world: World, job: JobDoc, item: r.StepDone, settings: Settings) -> None:
    name = item.name[:NAME_CHARS]
    steps = [*job.get("last_steps", []), name][-KEPT_STEPS:]
    change = {"steps": job.get("steps", 0) + 1, "last_steps": steps, **_alive(world, job)}
    job_event(world, job, "job.step_completed", change, attempt=job.get("attempt"), words={"step": name})


def _noted_alive(world: World, job: JobDoc, item: r.Alive, settings: Settings) -> None:
    """At most one event a second, however often it is said."""
    attempt = _attempt(job)
    last = attempt.get("progress_at") or attempt.get("started_at")
    if last is None or world.now - from_iso(last) >= ALIVE_EVERY_MS:
        job_event(world, job, "job.noted", _alive(world, job), attempt=job.get("attempt"))


def _alive(world: World, job: JobDoc) -> dict[str, Any]:
    return {"attempts": {str(job.get("attempt")): {"progress_at": world.now_text}}}


# -- log lines -----------------------------------------------------------------------------------------------------


def _lines(world: World, job: JobDoc, item: r.LogLines, settings: Settings) -> None:
    """Give the lines their numbers; past the quota they are dropped and the cut is said once."""
    if "log_cut" in job or not item.lines:
        return
    soft = job.get("soft", {})
    used, first = soft.get("log_bytes", 0), soft.get("log_lines", 0) + 1
    kept: list[tuple[int, int, str, str]] = []
    for at, level, text in item.lines:
        text = _cut(text, settings.log_line_bytes) or ""  # noqa: PLW2901 - the line as it is kept
        used += len(text.encode()) + 1
        if used > settings.log_bytes:
            break
        kept.append((first + len(kept), at or world.now, level[:16], text))
    if kept:
        last = first + len(kept) - 1
        counted = {"log_lines": last, "log_bytes": min(used, settings.log_bytes)}
        job_event(
            world, job, "job.logged", attempt=job.get("attempt"), soft=counted, extra={"lines": kept},
            words={"first": first, "last": last},
        )  # fmt: skip
    if len(kept) < len(item.lines):
        said = f"The log is cut here: its quota is {settings.log_bytes:,} bytes."
        now = fresh(world, job)
        change = {"log_cut": said, **_noted(now, "warning", said, world)}
        job_event(world, now, "job.warned", change, attempt=job.get("attempt"), words={"message": said})


def _dropped(world: World, job: JobDoc, item: r.Dropped, settings: Settings) -> None:
    _warned(world, job, r.Warned(message=f"{item.lines:,} log lines were dropped: {item.reason}."), settings)


# -- notes ---------------------------------------------------------------------------------------------------------


def _noted(job: JobDoc, level: str, message: str, world: World) -> dict[str, Any]:
    note = {"level": level, "message": _cut(message), "at": world.now_text}
    counter = "warnings" if level == "warning" else "errors"
    return {counter: job.get(counter, 0) + 1, "notes": [*job.get("notes", []), note][-KEPT_NOTES:]}


def _warned(world: World, job: JobDoc, item: r.Warned, settings: Settings) -> None:
    change = _noted(job, "warning", item.message, world)
    job_event(world, job, "job.warned", change, attempt=job.get("attempt"), words={"message": _cut(item.message)})


def _error_noted(world: World, job: JobDoc, item: r.ErrorNoted, settings: Settings) -> None:
    change = _noted(job, "error", item.message, world)
    words = {"message": _cut(item.message)} | ({"error": item.kind[:NAME_CHARS]} if item.kind else {})
    job_event(world, job, "job.error_noted", change, attempt=job.get("attempt"), words=words)


def _checkpoint(world: World, job: JobDoc, item: r.Checkpoint, settings: Settings) -> None:
    key = item.key[:NAME_CHARS]
    world.new_checkpoints.append((job.get("id", ""), key, item.value))
    job_event(world, job, "job.noted", _alive(world, job), attempt=job.get("attempt"), words={"checkpoint": key})


def _input_requested(world: World, job: JobDoc, item: r.InputRequested, settings: Settings) -> None:
    asked = {"request": item.request, "message": _cut(item.message), "schema": item.schema, "asked_at": world.now_text}
    if item.url is not None and r.is_page(item.url):
        asked["url"] = item.url
    job_event(world, job, "job.input_requested", attempt=job.get("attempt"), put={"input": asked})


def _input_taken(world: World, job: JobDoc, item: r.InputTaken, settings: Settings) -> None:
    answers = job.get("soft", {}).get("answers", [])
    left = [each for each in answers if each["request"] != item.request]
    if len(left) < len(answers):
        words = {"input_taken": item.request}
        job_event(world, job, "job.noted", attempt=job.get("attempt"), soft={"answers": left or None}, words=words)


def _custom(world: World, job: JobDoc, item: r.Custom, settings: Settings) -> None:
    """A custom event of a handler; one that is not taken is said, and the rest of the report stands."""
    asked = c.Emit(
        name=item.name, data=item.data, priority=item.priority, conflate_key=item.conflate_key, job=job.get("id"),
        namespace=job.get("namespace", "default"),
    )  # fmt: skip
    try:
        emit(world, asked, settings)
    except InvalidInput as problem:
        _warned(world, job, r.Warned(message=f"Custom event not taken. {problem}"), settings)


ITEMS: dict[type[r.Item], Apply] = {
    r.Progressed: _progressed,
    r.StageStarted: _stage_started,
    r.StageCompleted: _stage_completed,
    r.StepDone: _step_done,
    r.LogLines: _lines,
    r.Dropped: _dropped,
    r.Warned: _warned,
    r.ErrorNoted: _error_noted,
    r.Alive: _noted_alive,
    r.Checkpoint: _checkpoint,
    r.InputRequested: _input_requested,
    r.InputTaken: _input_taken,
    r.Custom: _custom,
}
"""Item -> what it does. A test holds this complete."""
