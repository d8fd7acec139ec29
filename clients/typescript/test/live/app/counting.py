# ruff: noqa: INP001 (a file that a worker is given by its name)
"""A kind for tests of the live link: works through steps with progress and log lines, so that a view has all of it."""

from __future__ import annotations

import hashlib
import logging

import headway

app = headway.App()
log = logging.getLogger(__name__)

ROUNDS = 60_000
"""Of one step: about 20 ms of work, so that what is said of it comes bit by bit."""


@app.job(stages={"count": 1}, retries=20)
def count(ctx: headway.Context, to: int = 20) -> str:
    """Derive a key from the one before, `to` times; the last one, which is always the same."""
    key = b"headway"
    with ctx.stage("count", total=to, unit="steps") as stage:
        for number in range(to):
            key = hashlib.pbkdf2_hmac("sha256", key, str(number).encode(), ROUNDS)
            log.info("step %d", number)
            stage.advance()
    return key.hex()
