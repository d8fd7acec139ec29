"""Headway: a job server with trustworthy real-time progress. This is its public face; everything is loaded when used."""

from __future__ import annotations

from importlib import import_module
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from headway.client import Blocking, Client, connect
    from headway.errors import (
        CallerError,
        Cancelled,
        HeadwayError,
        InvalidInput,
        JobCancelled,
        JobError,
        JobFailed,
        JobLost,
        JobTimedOut,
        Reject,
        Retry,
        Unreachable,
    )
    from headway.server.app import asgi
    from headway.worker.bars import stage, tqdm, track, trange
    from headway.worker.context import Answer, Context
    from headway.worker.job import Job
    from headway.worker.outside import current
    from headway.worker.pending import Pending
    from headway.worker.registry import App
    from headway.worker.stage import Stage

__all__ = [  # noqa: RUF022 - grouped by what they are for
    # writing jobs
    "App",
    "Job",
    "Context",
    "Stage",
    "Pending",
    "Answer",
    # progress in and outside of jobs
    "current",
    "stage",
    "track",
    "tqdm",
    "trange",
    # steering one's own job
    "Cancelled",
    "Retry",
    "Reject",
    # asking a server
    "Client",
    "Blocking",
    "connect",
    # a server inside your own application
    "asgi",
    # what can go wrong
    "HeadwayError",
    "CallerError",
    "InvalidInput",
    "Unreachable",
    "JobError",
    "JobFailed",
    "JobCancelled",
    "JobLost",
    "JobTimedOut",
]

_HOMES = {
    "headway.worker.registry": ("App",),
    "headway.worker.job": ("Job",),
    "headway.worker.context": ("Answer", "Context"),
    "headway.worker.stage": ("Stage",),
    "headway.worker.pending": ("Pending",),
    "headway.worker.outside": ("current",),
    "headway.worker.bars": ("stage", "tqdm", "track", "trange"),
    "headway.client": ("Blocking", "Client", "connect"),
    "headway.server.app": ("asgi",),
}
_HOME_OF = {name: home for home, names in _HOMES.items() for name in names}


def __getattr__(name: str) -> Any:
    """Load a name when it is first used (PEP 562), so that `import headway` costs nothing."""
    if name not in __all__:
        raise AttributeError(f"module 'headway' has no attribute {name!r}")
    value = getattr(import_module(_HOME_OF.get(name, "headway.errors")), name)
    globals()[name] = value
    return value


def __dir__() -> list[str]:
    return sorted(__all__)
