"""What PostgreSQL's errors mean to a batch: run it again, or say why it can not be written and what to do.

Rules as a table over SQLSTATE (https://www.postgresql.org/docs/current/errcodes-appendix.html). Called by `store.py`
only where it is certain that nothing was committed.
"""

from __future__ import annotations

import psycopg
from sqlalchemy.exc import DBAPIError

from headway.errors import StoreContended, StoreUnavailable
from headway.store.postgres.address import Address
from headway.store.postgres.connecting import away

RUN_AGAIN = (
    "40001", "40P01",  # serialization failure, deadlock
    "55P03",  # lock not available
    "23505",  # somebody else was first with a key
    "22012",  # the log is another one, or a queue or a kind changed since offers were decided (statements.py)
    "57P01", "57P02", "25P03",  # the session was ended: by an administrator, a crash, its own silence
)  # fmt: skip

_GOES_ON = "the server goes on by itself."
_SENTENCES = {
    "53100": ("The disk of the database {address} is full; nothing was committed.", f"Free some space; {_GOES_ON}"),
    "53300": (
        "The database {address} takes no more connections.",
        "Raise max_connections, or put a pooler between (?pooler=transaction).",
    ),
    "25006": (
        "The database {address} can only be read: it is a standby, or was set so.",
        f"Name the primary, or add target_session_attrs=read-write to the URL; {_GOES_ON}",
    ),
    "57014": (
        "The database {address} took longer than 15 s for a statement; nothing was committed.",
        "Look for a lock in pg_stat_activity and at the load of its machine; " + _GOES_ON,
    ),
    "57P03": ("The database {address} is starting or stopping.", f"Wait a little; {_GOES_ON}"),
    "42501": ("The database {address} refuses: {said}.", "Give the user the tables of the schema."),
}  # fmt: skip
_OTHER = ("The database {address} refuses: {said}. Nothing was committed.", "Look at the log of the database.")


def meaning_of(address: Address, error: psycopg.Error) -> StoreUnavailable:
    """For a batch of which surely nothing was committed."""
    if error.sqlstate in RUN_AGAIN or (error.sqlstate is None and isinstance(error, psycopg.OperationalError)):
        return StoreContended(
            f"The batch met another one on {address}: {_said(error)}.", hint="Nothing was committed; try again."
        )
    if error.sqlstate is None:
        return away(address, error)
    state = "25006" if "during recovery" in str(error) else error.sqlstate  # a standby says it in several ways
    sentence, hint = _SENTENCES.get(state, _OTHER)
    return StoreUnavailable(sentence.format(address=address, said=_said(error)), hint=hint)


def unreadable(address: Address, error: DBAPIError | psycopg.Error) -> StoreUnavailable:
    """For a reading."""
    cause = error.orig if isinstance(error, DBAPIError) else error
    state = getattr(cause, "sqlstate", None)
    if state in _SENTENCES:
        sentence, hint = _SENTENCES[state]
        return StoreUnavailable(sentence.format(address=address, said=_said(cause or error)), hint=hint)
    return away(address, cause or error)


def too_many_readings(address: Address) -> StoreUnavailable:
    """None of the connections for readers became free in time."""
    return StoreUnavailable(
        f"Too many readings of {address} at once.", hint="Try again; if it stays, look at the load of its machine."
    )


def not_known(address: Address) -> StoreUnavailable:
    """The connection was lost while a batch was committed, and it could not be found out whether it was."""
    return StoreUnavailable(
        f"The database {address} was lost during a commit; it is not known whether the commit stands.",
        hint="Look before you repeat: the jobs may be there. Repeating with an idempotency key is safe.",
    )


def _said(error: BaseException) -> str:
    return str(error).strip().splitlines()[0].rstrip(".") if str(error).strip() else type(error).__name__
