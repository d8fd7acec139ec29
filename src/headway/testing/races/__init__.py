"""Two things happen to one running attempt at about the same time, in both orders, with anything else between them (I5).

    python -m headway.testing.races --runs 300                     # every pair, so many seeds each
    python -m headway.testing.races --pair complete,cancel --seed 7

`table.py` says what must come of a pair, from the tables of docs/reference/lifecycle.md and nothing else; `race.py`
lets it happen under the real rules and a ledger's commits, and compares. The pairs that need a network between them are
raced by `headway.testing.races.links`.
"""

from __future__ import annotations

from headway.testing.races.race import Violation, race
from headway.testing.races.table import RIVALS, Expected, Rival

__all__ = [
    # table
    "RIVALS",
    "Expected",
    "Rival",
    # race
    "Violation",
    "race",
]
