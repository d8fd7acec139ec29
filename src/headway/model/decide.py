"""The door of the rules: one command and the working copy in, events and an answer out, or a refusal.

`decide` never changes anything but the world it is given, and that only through events. A command that raises
leaves no trace in it. Called by the ledger (and the simulator) for each command of a batch, in order.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from headway.model import attempt, command as c, custom, fleet, kinds, lifecycle, limits, offering, saved, submit
from headway.model.settings import Settings
from headway.model.world import World

RULES: dict[type[c.Command], Callable[[World, Any, Settings], Any]] = {
    c.Submit: submit.submit,
    c.Claim: offering.claim,
    c.Begin: offering.begin,
    c.Emit: custom.emit,
    **dict.fromkeys(lifecycle.TABLE, lifecycle.apply_to_job),
    **dict.fromkeys(attempt.RULES, attempt.state_attempt),
    **fleet.RULES,
    **kinds.RULES,
    **limits.RULES,
    **saved.RULES,
}
"""Every command there is -> its rule. A test holds this complete."""


def decide(world: World, command: c.Command, settings: Settings) -> Any:
    """Apply one command to the world; its answer, or the CallerError that refuses it, with the world as before."""
    mark = world.mark()
    try:
        return RULES[type(command)](world, command, settings)
    except BaseException:
        world.rewind(mark)
        raise
