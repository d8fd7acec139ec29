"""The door of the rules: one command and the working copy in, events and an answer out, or a refusal.

`decide` never changes anything but the world it is given, and that only through events. A command that raises
leaves no trace in it. Called by the ledger (and the simulator) for each command of a batch, in order.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from headway.model import attempt, command as c, fleet, lifecycle
from headway.model.settings import Settings
from headway.model.world import World


def _job_rule(world: World, command: Any, settings: Settings) -> Any:
    return lifecycle.apply_to_job(world, command, settings)


RULES: dict[type[c.Command], Callable[[World, Any, Settings], Any]] = {
    c.Submit: lifecycle.submit,
    c.Claim: attempt.claim,
    c.Begin: attempt.begin,
    c.Emit: attempt.emit,
    **dict.fromkeys(lifecycle.TABLE, _job_rule),
    **dict.fromkeys(attempt.RULES, attempt.state_attempt),
    **fleet.RULES,
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
