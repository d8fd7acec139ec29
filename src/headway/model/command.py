"""Commands: everything that may be asked of the ledger, and what each must read before it can be decided.

A command is a wish in the imperative; `decide.py` answers it with events or a refusal (I1). Ids and randomness are made
by the caller, so that deciding twice gives the same events. This is the face: import commands from here.
"""

from __future__ import annotations

from headway.model.fleet_commands import (
    Back,
    Connect,
    Cut,
    Disconnect,
    Drain,
    Emit,
    Hear,
    LimitKind,
    LimitQueue,
    Lose,
    Note,
    PauseQueue,
    Problem,
    ReportServices,
    ResumeQueue,
    Stale,
)
from headway.model.job_commands import (
    Accept,
    AddArtifact,
    AnswerInput,
    Begin,
    Cancel,
    CancelStep,
    Compact,
    Delete,
    Elapse,
    End,
    Hold,
    Refuse,
    Report,
    Retry,
    SetPriority,
    Submit,
    Unblock,
    Unhold,
)
from headway.model.reads import (
    Claim,
    Command,
    JobCommand,
    Once,
    Reads,
    Statement,
    WorkerCommand,
)

__all__ = [  # noqa: RUF022 - grouped by where they come from
    # reads
    "Reads",
    "Once",
    "Command",
    "JobCommand",
    "Statement",
    "WorkerCommand",
    "Claim",
    # job_commands
    "Submit",
    "Begin",
    "Cancel",
    "Retry",
    "SetPriority",
    "Hold",
    "Unhold",
    "AnswerInput",
    "Unblock",
    "Elapse",
    "Delete",
    "Compact",
    "AddArtifact",
    "Accept",
    "Refuse",
    "Report",
    "End",
    "CancelStep",
    # fleet_commands
    "Connect",
    "Disconnect",
    "Stale",
    "Back",
    "Lose",
    "Drain",
    "Cut",
    "Problem",
    "ReportServices",
    "Hear",
    "PauseQueue",
    "ResumeQueue",
    "LimitQueue",
    "LimitKind",
    "Emit",
    "Note",
]
