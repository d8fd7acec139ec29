"""The handle of a call: what an agent holds to come back to its job, as a task id or as the state of a call. Pure.

`JOB.SECRET`: the job it is, and 128 bits that only the caller was told. The job carries their hash as a label, so nothing
is kept anywhere else: a handle is good after a restart and at any server, a list of jobs does not give it away, and the
caller's token is asked about as ever. (Signing would need a key that servers share; a table would need to be kept.)
"""

from __future__ import annotations

import hashlib
import hmac
import secrets

from headway.errors import NotFound
from headway.model.job import JobDoc

LABEL = "mcp-call"
AGENT = "agent"


def new_secret() -> str:
    """Unguessable."""
    return secrets.token_urlsafe(16)


def labels_of(secret: str, agent: str) -> dict[str, str]:
    """What the job carries: the hash of the secret, and who asked."""
    return {AGENT: agent, LABEL: _hash(secret)}


def as_handle(job: str, secret: str) -> str:
    """What the caller is told."""
    return f"{job}.{secret}"


def job_of(handle: str) -> tuple[str, str]:
    """(job, secret) of a handle; NotFound where it is none."""
    job, dot, secret = handle.partition(".")
    if not (job and dot and secret and handle.isprintable() and len(handle) <= 200):
        raise unknown(handle)
    return job, secret


def check(job: JobDoc, secret: str) -> None:
    """NotFound unless the job was made by the call that was given this secret."""
    known = job.get("labels", {}).get(LABEL, "")
    if not hmac.compare_digest(known.encode(), _hash(secret).encode()):
        raise unknown(as_handle(job.get("id", ""), secret))


def unknown(handle: str) -> NotFound:
    """The same for every wrong handle: what is not theirs is not there."""
    return NotFound(
        "task", handle[:200], hint="Its job may have been deleted, or the id is not what the call answered."
    )


def _hash(secret: str) -> str:
    return hashlib.sha256(secret.encode()).hexdigest()[:32]
