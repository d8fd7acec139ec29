"""Exit codes, and how an error is said: the contract of scripts with `headway`.

Called by `entry.py` for what a command raised, and by commands that wait for jobs.
"""

from __future__ import annotations

import click

from headway.cli.plain import plain
from headway.errors import (
    CallerError,
    Forbidden,
    HeadwayError,
    JobCancelled,
    JobError,
    JobLost,
    JobTimedOut,
    LinkRefused,
    NotFound,
    ServerError,
    StoreUnusable,
    Unauthorized,
    WireError,
)

OK, FAILED, USAGE, CANCELLED, GONE, MISSING, DENIED, UNREACHABLE, INTERRUPTED = 0, 1, 2, 3, 4, 5, 6, 7, 130

BY_ERROR: dict[type[HeadwayError], int] = {
    JobCancelled: CANCELLED,
    JobLost: GONE,
    JobTimedOut: GONE,
    JobError: FAILED,
    NotFound: MISSING,
    Unauthorized: DENIED,
    Forbidden: DENIED,
    LinkRefused: DENIED,
    CallerError: USAGE,
    StoreUnusable: FAILED,
    WireError: UNREACHABLE,
    ServerError: UNREACHABLE,
}
"""The first class in the error's line of descent that stands here decides."""


def exit_of(error: HeadwayError) -> int:
    """The exit code of an error."""
    return next((BY_ERROR[kind] for kind in type(error).__mro__ if kind in BY_ERROR), FAILED)


def worst(codes: list[int]) -> int:
    """Of several jobs: the code of the one that ended worst."""
    return max(codes, key=(OK, CANCELLED, GONE, FAILED).index, default=OK)


def say_error(error: HeadwayError) -> None:
    """The sentence and the way out, on stderr."""
    click.secho(plain(f"headway: {error.message}"), err=True, fg="red")
    if error.hint:
        click.echo(plain(f"         {error.hint}"), err=True)


def say(sentence: str) -> None:
    """A message for people, on stderr: data alone goes to stdout."""
    click.echo(plain(sentence), err=True)
