"""The live picture of a running attempt: which one stands, and when it goes.

Theory. A job has at most one preview, of its current attempt. A newer one takes its place, and it goes with the attempt:
what a job leaves behind are artifacts. Its version counts on over the attempts of the job, so that no two pictures of
it are ever called alike. What a picture is (bytes, types) is the server's to look at. Called by the rules of statements
(`attempt.py`) and by whatever ends an attempt (`ending.py`).
"""

from __future__ import annotations

from typing import Any

from headway.model import command as c
from headway.model.change import job_event
from headway.model.job import AttemptDoc, JobDoc
from headway.model.settings import Settings
from headway.model.world import World


def set_preview(world: World, job: JobDoc, attempt: AttemptDoc, command: c.SetPreview, settings: Settings) -> None:
    """The picture is stored; from here on it is what viewers see. Every event sets all parts, so that the newest will
    do (R4).
    """
    version = job.get("soft", {}).get("previews", 0) + 1
    picture = {"version": version, "label": None, **command.preview, "at": world.now_text}
    job_event(
        world, job, "job.previewed", {"preview": picture}, attempt=command.attempt, soft={"previews": version},
        words=preview_left(job),
    )  # fmt: skip


def preview_left(job: JobDoc) -> dict[str, Any]:
    """What an event that takes the preview away says of it: the key of a file that nobody needs any more."""
    preview = job.get("preview")
    return {"left": preview["key"]} if preview else {}
