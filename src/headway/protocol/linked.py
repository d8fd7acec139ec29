"""A client's end of a link, without its frames: what the shell tells it and time brings about, as actions.

Owns how happenings of the transport reach the link's table (link.py), and the patience that a server asked for until
the next wait. What is said on the link, and what an action means for it, are the subclass's (`_do`). Instants are
seconds of a monotonic clock, dice in [0, 1). Must never know sockets or frames. Called by the shells, through
following.py (viewers) and leasing.py (workers).
"""

from __future__ import annotations

from abc import ABC, abstractmethod

from headway.protocol.link import Action, Happening, Link, Patience, happening_of_close


class Linked(ABC):
    """Tell it what the transport did, and do the actions it answers with. `link.due` is when `tick` has work."""

    def __init__(self, link: Link) -> None:
        self.link = link
        self._patience: Patience | None = None

    def connect(self, now: float) -> tuple[Action, ...]:
        """The user wants the link: connect, and stay connected."""
        return self._happen(Happening.OPEN, now)

    def opened(self, now: float) -> tuple[Action, ...]:
        """The transport is up."""
        return self._happen(Happening.OPENED, now)

    def failed(self, what: Happening, now: float, dice: float = 0.5, reason: str = "") -> tuple[Action, ...]:
        """The transport could not be opened: UNREACHABLE or BARRED."""
        return self._happen(what, now, dice, reason=reason)

    def closed(self, code: int, now: float, dice: float = 0.5, reason: str = "") -> tuple[Action, ...]:
        """The transport ended; 1006 and the like where there was no code."""
        return self._happen(happening_of_close(code), now, dice, reason=reason)

    def end(self, now: float) -> tuple[Action, ...]:
        """The user is done: leave for good."""
        return self._happen(Happening.CLOSE, now)

    def tick(self, now: float, dice: float = 0.5) -> tuple[Action, ...]:
        """What time brings about: a silent link, the end of a wait."""
        return self._do(self.link.tick(now, dice), now)

    @abstractmethod
    def _do(self, actions: tuple[Action, ...], now: float) -> tuple[Action, ...]:
        """Turn the actions that are frames into frames; the rest is the shell's."""

    def _happen(
        self, what: Happening, now: float, dice: float = 0.5, *, patience: Patience | None = None, reason: str = ""
    ) -> tuple[Action, ...]:
        actions = self.link.happen(what, now, dice, patience=patience or self._patience, reason=reason)
        if Action.WAIT in actions:
            self._patience = None  # it was waited by
        return self._do(actions, now)
