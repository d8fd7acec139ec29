"""Whether a value of user code can travel to the server: it is JSON, not too large, and not too deep for a frame.

Must never know jobs. Called by `context.py` and `stage.py`, before anything is reported.
"""

from __future__ import annotations

from typing import Any

import msgspec

from headway.errors import InvalidInput, TooLarge
from headway.model.nesting import check_nesting


def check_fits(what: str, value: Any, limit: int) -> None:
    """InvalidInput or TooLarge, naming `what`. `limit`: bytes of JSON."""
    try:
        encoded = msgspec.json.encode(value)
    except (TypeError, ValueError, OverflowError, RecursionError) as error:
        raise InvalidInput(what, f"is not JSON: {error}") from None
    check_nesting(encoded, what, "Make it flatter, or store it with ctx.artifact().")
    if len(encoded) > limit:
        raise TooLarge(what, len(encoded), limit, hint="Store it with ctx.artifact().")
