"""What a test makes go wrong in the fake. Set from any thread, looked at by the executor and the routes.

Every name is a thing that happens to real installations: a node that hangs on the GPU, a loop that is stuck, an answer
that gets lost, a history that is written late. Knows nobody.
"""

from __future__ import annotations

import threading
from collections import deque
from dataclasses import dataclass, field


class NodeFailure(Exception):
    """What `fail_next` makes a node raise: `type` is told in place of this class, as `torch.OutOfMemoryError`."""

    def __init__(self, type: str, message: str) -> None:
        self.type = type
        super().__init__(message)


def _set() -> threading.Event:
    event = threading.Event()
    event.set()
    return event


@dataclass(slots=True)
class Faults:
    """Nothing goes wrong until somebody says so. Durations in seconds."""

    history_lag_s: float = 0.0
    """How much later than `execution_success` the history is written. In the real one now and then, and short."""
    submit_delay_s: float = 0.0
    """How much later than it is queued a prompt is answered."""
    slow_step_s: float = 0.0
    """How much longer every node and every step takes."""
    lost_posts: int = 0
    """So many next POSTs of a prompt end without an answer before anything was queued."""
    lost_answers: int = 0
    """So many next POSTs of a prompt end without an answer after it was queued."""
    failures: deque[NodeFailure] = field(default_factory=deque[NodeFailure])
    """Raised by the next nodes that run."""
    executing: threading.Event = field(default_factory=_set)
    """Cleared: nodes stand still at their next check, and nobody sees an interrupt."""
    answering: threading.Event = field(default_factory=_set)
    """Cleared: HTTP requests are taken and not answered."""
