"""Documents as lines of text: states, bars, times left, tables. Pure; the same words in every command.

Colours are click's (gone without a terminal and with NO_COLOR). Called by the commands.
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from typing import Any

import click

from headway.clock import from_iso
from headway.model.amounts import count_text
from headway.model.duration import duration_text
from headway.model.job import EstimateDoc, JobDoc, is_final
from headway.model.remaining import remaining
from headway.model.toolresult import tool_facts

COLOURS = {
    "completed": "green",
    "failed": "red",
    "cancelled": "yellow",
    "cancelling": "yellow",
    "running": "cyan",
    "online": "green",
    "lost": "red",
    "stale": "yellow",
    "draining": "yellow",
    "problem": "red",
    "idle": "green",
    "busy": "cyan",
    "error": "red",
    "unreachable": "red",
}
BLOCKS = " ▏▎▍▌▋▊▉█"


def state_text(state: str, width: int = 0) -> str:
    """The state in its colour, padded."""
    return click.style(state.ljust(width), fg=COLOURS.get(state))


def bar(overall: float | None, width: int = 20) -> str:
    """`██████▌             ` of 0..1; an unknown one is dotted."""
    if overall is None:
        return "·" * width
    eighths = min(max(round(overall * width * 8), 1 if overall > 0 else 0), width * 8)
    whole, part = divmod(eighths, 8)
    return ("█" * whole + (BLOCKS[part] if part else "")).ljust(width)


def percent(overall: float | None) -> str:
    """`43%`, and never 100% before it is completed (I8)."""
    return "" if overall is None else f"{min(int(overall * 100), 100)}%"


def progress_count(progress: Any) -> str:
    """`120/300 files` of a document that counts: progress of a job, a stage."""
    return count_text(progress.get("current"), progress.get("total"), progress.get("unit"))


def left_text(estimate: EstimateDoc | None, now: str, *, live: bool = True) -> str:
    """`1m 05s–2m 10s left (from 23 past runs)`, counted down from the instant it was made, and only while heard of."""
    if estimate is None:
        return ""
    gone = max(from_iso(now) - from_iso(estimate["at"]), 0) / 1000 if now and live else 0.0
    words = remaining(estimate, gone)
    return "any moment" if words is None else f"{words} ({estimate['basis']})"


def job_line(job: JobDoc, now: str = "", *, live: bool = True, width: int = 20) -> str:
    """One line of a job: kind, id, state, bar, stage and count, time left, what it says; how it ended."""
    state = job.get("state", "")
    progress: Any = job.get("progress", {})
    head = f"{job.get('kind', '')} {job.get('id', '')}  {state_text(state, 10)}"
    if is_final(job):
        return f"{head} {ending_text(job)}".rstrip()
    overall = progress.get("overall")
    parts = [part for part in (progress.get("stage") or "", progress_count(progress)) if part]
    text = f"{head} {bar(overall, width)} {percent(overall):>4}"
    for part in (" ".join(parts), left_text(job.get("estimate"), now, live=live), one_line(progress.get("message"))):
        text += f"  {part}" if part else ""
    return text.rstrip() if live else f"{text.rstrip()}  (link lost, as of {now[11:19]} UTC)"


def one_line(text: str | None) -> str:
    """What a job or an engine said, which may hold anything: no line breaks, nothing that a terminal obeys."""
    return "".join(each for each in " ".join((text or "").split()) if each.isprintable())


def ending_text(job: JobDoc) -> str:
    """How long it ran, what it left and warned of, what a tool said; or why it did not complete."""
    took = duration_between(job.get("started_at"), job.get("finished_at"))
    after = f"after {took}" if took else "before it started"
    if job.get("state") == "completed":
        said = ", ".join(part for part in (f"in {took}" if took else "", _files_text(job), _warnings_text(job)) if part)
        return " · ".join(part for part in (said, one_line(tool_facts(job.get("result")))) if part)
    error = job.get("error")
    said = f"{error['type']}: {error['message'].splitlines()[0] if error['message'] else ''}" if error else ""
    return f"{after}: {said or job.get('reason', '')}"


def _files_text(job: JobDoc) -> str:
    count = len(job.get("artifacts", {}))
    return f"{count} file{'s' if count > 1 else ''}" if count else ""


def _warnings_text(job: JobDoc) -> str:
    """`2 warnings, the last: ComfyUI leaves out …`."""
    count, notes = job.get("warnings", 0), job.get("notes", [])
    if not count:
        return ""
    last = one_line(next((note["message"] for note in reversed(notes) if note["level"] == "warning"), ""))
    word = f"{count} warning{'s' if count > 1 else ''}"
    return f"{word}{', the last' if count > 1 else ''}: {last}" if last else word


def reason_lines(reasons: Iterable[dict[str, Any]], job: str = "") -> Iterable[str]:
    """`waits        No worker serves the kind crawl.`, and below it the way out."""
    for reason in reasons:
        yield f"  {'waits':<12} {one_line(reason['text'])}"
        hint = f"headway answer {job}" if job and reason["code"] == "needs_input" else reason.get("hint")
        if hint:
            yield f"  {'':<12} {one_line(hint)}"


def duration_between(start: str | None, end: str | None) -> str:
    """The time between two instants of a document, "" if one is missing."""
    return duration_text((from_iso(end) - from_iso(start)) / 1000) if start and end else ""


def plain_step(job: JobDoc) -> tuple[str, str | None, int]:
    """What must change before a plain line is worth printing: state, stage, each tenth."""
    progress: Any = job.get("progress", {})
    return job.get("state", ""), progress.get("stage"), int((progress.get("overall") or 0.0) * 10)


def table(rows: Sequence[Sequence[str]], head: Sequence[str]) -> Iterable[str]:
    """Columns, left-aligned, as wide as needed."""
    widths = [max(len(click.unstyle(row[place])) for row in [head, *rows]) for place in range(len(head))]
    for row in [head, *rows]:
        padded = [cell + " " * (width - len(click.unstyle(cell))) for cell, width in zip(row, widths, strict=True)]
        yield "  ".join(padded).rstrip()


def time_text(instant: str | None) -> str:
    """`11-22 08:21:07` UTC of a document's instant."""
    return "" if not instant else f"{instant[5:10]} {instant[11:19]}"
