"""Every error Headway raises on purpose, as one tree. Imports nothing; fields are ids, numbers and strings.

    HeadwayError
    ├── CallerError              the caller's fault: change the call and try again
    │   ├── InvalidInput         a field is missing, of the wrong type or out of range
    │   ├── Refused              the command does not fit the state it met
    │   ├── NotFound             no such job, queue, worker, kind, topic …
    │   ├── TooLarge             a body, frame or value is over its limit
    │   ├── BadCursor            a cursor that no server of this log can have given
    │   ├── KeyReused            an idempotency key came again with another body
    │   ├── CannotStart          a command is not there, or may not be run (connectors/command)
    │   ├── Unauthorized         no valid token where one is needed
    │   └── Forbidden            known, but not allowed (host, origin, scope)
    ├── ServerError              ours: the same call may succeed later
    │   ├── Overloaded           the inbox is full; carries retry_after_s
    │   ├── NotServing           the server is starting or stopping
    │   ├── CutOff               this server does not reach the store that others share; they may
    │   ├── StoreUnavailable     the database does not answer, or the disk is full
    │   └── StoreUnusable        locked by another server, another program's, or of a newer schema
    ├── WireError                the other side of a link, or the network
    │   ├── BadFrame             a frame that is not of the protocol
    │   ├── LinkRefused          the server ended the link for good and said why
    │   └── Unreachable          nobody answers at the URL
    ├── JobError                 how a job ended, raised by result()
    │   ├── JobFailed, JobCancelled, JobLost, JobTimedOut
    └── Signal                   raised by user code inside a handler, to steer its own job
        ├── Cancelled, Retry, Reject

`code` is stable and machine-readable; `message` is a sentence for people; `hint` says what to do next.
"""

from __future__ import annotations


class HeadwayError(Exception):
    """Root of the tree. `status` is the HTTP status the REST edge answers with."""

    code = "error"
    status = 500

    def __init__(self, message: str, *, hint: str = "") -> None:
        super().__init__(message)
        self.message = message
        self.hint = hint

    def __str__(self) -> str:
        return f"{self.message} {self.hint}".strip()


class CallerError(HeadwayError):
    """The call was wrong; nothing was changed."""

    code = "bad_request"
    status = 400


class InvalidInput(CallerError):
    """`field` names the offending input as the caller wrote it (`args.max_files`, `priority`)."""

    code = "invalid_input"
    status = 422

    def __init__(self, field: str, problem: str, *, hint: str = "") -> None:
        super().__init__(f"{field}: {problem}.", hint=hint)
        self.field = field
        self.problem = problem


class Refused(CallerError):
    """A command that does not fit the state it met (I1). The state is unchanged."""

    code = "refused"
    status = 409

    def __init__(self, command: str, state: str, *, entity: str = "", reason: str = "", hint: str = "") -> None:
        subject = f" {entity}" if entity else ""
        because = f": {reason}" if reason else ""
        super().__init__(f"{command} refused:{subject} is {state}{because}.", hint=hint)
        self.command = command
        self.state = state
        self.entity = entity
        self.reason = reason


class NotFound(CallerError):
    """No `what` has this `id`."""

    code = "not_found"
    status = 404

    def __init__(self, what: str, id: str, *, hint: str = "") -> None:
        super().__init__(f"No {what} has the id {id!r}.", hint=hint)
        self.what = what
        self.id = id


class TooLarge(CallerError):
    """`size` and `limit` in bytes."""

    code = "too_large"
    status = 413

    def __init__(self, what: str, size: int, limit: int, *, hint: str = "") -> None:
        super().__init__(f"{what} has {size:,} bytes; the limit is {limit:,}.", hint=hint)
        self.what = what
        self.size = size
        self.limit = limit


class BadCursor(CallerError):
    """The text is not a cursor at all. (A cursor of another epoch is answered with `reset`, not with this.)"""

    code = "bad_cursor"

    def __init__(self, cursor: str) -> None:
        super().__init__(
            f"{cursor!r} is not a cursor.",
            hint="A cursor reads '<epoch>.<seq>', as the last batch gave it; leave it out to start with a snapshot.",
        )
        self.cursor = cursor


class KeyReused(CallerError):
    """The Idempotency-Key `key` was used within 24 h with another body."""

    code = "key_reused"
    status = 422

    def __init__(self, key: str) -> None:
        super().__init__(
            f"Idempotency-Key {key!r} was used before with a different body.",
            hint="Use a new key for a new request; repeat the same body to get the first answer again.",
        )
        self.key = key


class Unauthorized(CallerError):
    """No valid token."""

    code = "unauthorized"
    status = 401


class Forbidden(CallerError):
    """Known, but not allowed."""

    code = "forbidden"
    status = 403


class ServerError(HeadwayError):
    """Ours. Nothing acknowledged was lost; the same call may succeed later."""

    code = "server_error"
    status = 500


class Overloaded(ServerError):
    """The command inbox is full."""

    code = "overloaded"
    status = 503

    def __init__(self, waiting: int, *, retry_after_s: float = 1.0) -> None:
        super().__init__(
            f"{waiting:,} commands wait to be committed; this one was not taken.",
            hint=f"Try again in {retry_after_s:g} s.",
        )
        self.waiting = waiting
        self.retry_after_s = retry_after_s


class NotServing(ServerError):
    """The server is starting or stopping: nothing is taken now. The command was not committed."""

    code = "not_serving"
    status = 503
    retry_after_s = 2.0

    def __init__(self) -> None:
        super().__init__("The server is starting or stopping.", hint=f"Try again in {self.retry_after_s:g} s.")


class CutOff(ServerError):
    """The server has not reached the store for `silent_s`, and sends everybody to those that share it."""

    code = "cut_off"
    status = 503
    retry_after_s = 2.0

    def __init__(self, silent_s: float) -> None:
        super().__init__(
            f"This server has not reached its store for {silent_s:.0f} s.",
            hint=f"Try again in {self.retry_after_s:g} s: another server of the same store may be reached.",
        )
        self.silent_s = silent_s


class StoreUnavailable(ServerError):
    """The store does not answer now: disk full, database away, I/O error. The command was not committed."""

    code = "store_unavailable"
    status = 503
    retry_after_s = 2.0


class StoreContended(StoreUnavailable):
    """A batch lost a race against another server, or its connection, and surely wrote nothing: it may be run again."""


class StoreUnusable(ServerError):
    """The store can not be opened by this server at all; starting again will not help."""

    code = "store_unusable"


class WireError(HeadwayError):
    """The other side of a link, or the network between."""

    code = "wire_error"
    status = 502


class BadFrame(WireError):
    """A frame that is not of the protocol; `problem` names the field."""

    code = "bad_frame"
    status = 400

    def __init__(self, problem: str) -> None:
        super().__init__(f"Frame not understood: {problem}.", hint="The frames are in spec/frames.schema.json.")
        self.problem = problem


class LinkRefused(WireError):
    """The server closed the link and asked not to come back (close codes 4001, 4003, 4009, 4013)."""

    code = "link_refused"

    def __init__(self, close_code: int, reason: str) -> None:
        super().__init__(f"The server refused the link ({close_code}): {reason}")
        self.close_code = close_code
        self.reason = reason


class Unreachable(WireError):
    """Nobody answers at `url`."""

    code = "unreachable"

    def __init__(self, url: str, problem: str) -> None:
        super().__init__(
            f"No Headway server answers at {url} ({problem}).",
            hint="Start one with 'headway serve', or name another with --server or HEADWAY_SERVER.",
        )
        self.url = url


class JobError(HeadwayError):
    """A job ended otherwise than by completing. `reason` is its reason code, `error` what it reported."""

    code = "job_error"

    def __init__(self, job: str, reason: str = "", error: str = "") -> None:
        detail = error or reason
        super().__init__(f"Job {job} {self.verb}{': ' + detail if detail else ''}.")
        self.job = job
        self.reason = reason
        self.error = error

    verb = "ended"


class JobFailed(JobError):
    """Every allowed try failed."""

    code = "job_failed"
    verb = "failed"


class JobCancelled(JobError):
    """Somebody cancelled it."""

    code = "job_cancelled"
    verb = "was cancelled"


class JobLost(JobError):
    """Its last worker went silent past its lease, or its process died."""

    code = "job_lost"
    verb = "was lost"


class JobTimedOut(JobError):
    """It ran over its timeout, or made no progress for its progress_timeout, or expired before it started."""

    code = "job_timed_out"
    verb = "timed out"


class Signal(HeadwayError):
    """Raised by user code inside a handler to steer its own job."""


class Cancelled(Signal):
    """The job was asked to stop and the handler agrees; also what `ctx.check()` raises once a cancel is delivered."""

    code = "cancelled"

    def __init__(self, reason: str = "cancelled") -> None:
        super().__init__(reason)
        self.reason = reason


class Retry(Signal):
    """End this attempt as errored and try again `after` seconds from now, within max_attempts."""

    code = "retry"

    def __init__(self, reason: str = "retry asked by the handler", *, after: float | None = None) -> None:
        super().__init__(reason)
        self.reason = reason
        self.after_s = after


class Reject(Signal):
    """The input can never work: fail the job now, without further tries."""

    code = "rejected"

    def __init__(self, reason: str) -> None:
        super().__init__(reason)
        self.reason = reason
