"""How a prompt fails, as errors that steer the job: final ones (`Reject`) and those that another try may mend (`Retry`).

    Reject                  the same workflow will fail again, here or elsewhere
    ├── InvalidWorkflow     not a graph in API format, or an input that can not be read
    ├── WorkflowRefused     ComfyUI's validation said no: node, input and its words
    └── NodeFailed          a node raised while it ran
    Retry
    ├── OutOfMemory         a node ran out of memory: a freer machine may do it
    ├── PromptLost          the engine knows nothing of the prompt any more (restarted, or somebody deleted it)
    ├── PromptInterrupted   somebody else interrupted it
    └── EngineUnusable      the engine answered what no ComfyUI answers, or nothing

The class is what the board shows as the error's type; the sentences are the caller's. Raised by the handler alone.
"""

from __future__ import annotations

from headway.errors import Reject, Retry


class InvalidWorkflow(Reject):
    """It can not even be sent."""

    code = "invalid_workflow"


class WorkflowRefused(Reject):
    """ComfyUI checked it and will not run any of it."""

    code = "workflow_refused"


class NodeFailed(Reject):
    """A node raised an exception that is not for want of memory."""

    code = "node_failed"


class OutOfMemory(Retry):
    """The device had not enough memory for a node."""

    code = "out_of_memory"


class PromptLost(Retry):
    """Neither in the engine's queue nor in its history."""

    code = "prompt_lost"


class PromptInterrupted(Retry):
    """Interrupted in the engine, and not by us: an interrupt without an id hits whatever runs."""

    code = "prompt_interrupted"


class EngineUnusable(Retry):
    """Its answers are of no use: an error of its own, a body that is too large or no JSON."""

    code = "engine_unusable"
