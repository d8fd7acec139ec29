"""docs/reference/errors.md: the tree of errors with code, HTTP status, exit code and what each says.

An error that makes its own sentence is made here with example fields, so the sentence shown is the one that is said.
"""

from __future__ import annotations

import inspect
import sys
import textwrap
from typing import Any

from reference import code, fenced, first_sentence, publish, table

from headway import errors
from headway.cli.exits import exit_of
from headway.errors import HeadwayError

EXAMPLES: dict[str, Any] = {
    "field": "args.max_files", "problem": "'many' is not a whole number", "command": "retry", "state": "running",
    "entity": "job 01KAQ3W2", "what": "job", "id": "01KAQ3W2", "size": 300_000, "limit": 262_144, "cursor": "yesterday",
    "key": "nightly", "waiting": 10_000, "close_code": 4003, "reason": "no such token", "url": "http://127.0.0.1:8400",
    "message": "…", "job": "01KAQ3W2", "error": "ValueError: no luck", "hint": "", "silent_s": 12.0,
}  # fmt: skip
OTHER_EXAMPLES = {
    "TooLarge": {"what": "args"}, "BadFrame": {"problem": "report.n is missing"},
    "Unreachable": {"problem": "connection refused"}, "Refused": {"reason": ""},
    "JobCancelled": {"error": "", "reason": "cancelled"}, "JobLost": {"error": "", "reason": "worker_lost"},
    "JobTimedOut": {"error": "", "reason": "timeout"}, "Reject": {"reason": "the folder is empty"},
    "Cancelled": {"reason": "cancelled"}, "Retry": {"reason": "the service is busy"},
}  # fmt: skip


def page() -> str:
    """The whole page."""
    tree = textwrap.dedent((errors.__doc__ or "").split("\n\n")[1])
    rows = (row(each) for each in descend(HeadwayError) if each.__module__ == errors.__name__)
    return f"""# Errors

All that Headway raises on purpose is one tree, in `headway.errors`; what callers meet is in `headway` too.

{fenced("text", tree)}

By REST an error is `application/problem+json` with `code`, `message` and `hint`; the client raises the class of the same
code. On the command line the message and the hint go to stderr.

{table(("class", "code", "HTTP", "exit", "means", "for example"), rows)}

The `JobError` family is raised by `result()`: it says how a job ended. The `Signal` family is raised *by* handlers, to
steer their own job; `Cancelled` is also what `ctx.check()` raises.
"""


def descend(root: type[HeadwayError]) -> list[type[HeadwayError]]:
    """The class and those below it, in the order of the source."""
    return [root, *(each for child in root.__subclasses__() for each in descend(child))]


def row(kind: type[HeadwayError]) -> tuple[str, str, str, str, str, str]:
    """One class."""
    spoken = issubclass(kind, errors.JobError | errors.Signal)
    exit_code = "" if issubclass(kind, errors.Signal) else str(exit_of(kind.__new__(kind)))
    said = str(example(kind)) if kind.__init__ is not HeadwayError.__init__ else ""
    return (
        code(kind.__name__), code(kind.code), "" if spoken else str(kind.status), exit_code,
        first_sentence(kind.__doc__), said,
    )  # fmt: skip


def example(kind: type[HeadwayError]) -> HeadwayError:
    """One as it might be raised."""
    known = {**EXAMPLES, **OTHER_EXAMPLES.get(kind.__name__, {})}
    named = inspect.signature(kind).parameters
    return kind(**{name: known[name] for name in named if name in known})


if __name__ == "__main__":
    sys.exit(publish("errors", page))
