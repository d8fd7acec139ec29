"""What a linked worker serves, as the server's end of its link knows it: from its hello, and from what it told since.

A list that the ledger could not take, because the store was away, is said again: a worker tells each only once. The newest
is what counts. Must never know links or rules. Called by session.py.
"""

from __future__ import annotations

from collections.abc import Collection, Mapping, Sequence
from typing import Any

import msgspec

from headway.errors import HeadwayError, ServerError
from headway.model import command as c


class Serves(msgspec.Struct, frozen=True):
    """Kinds by name; which service of the worker each of them needs, and its definition, where it has one."""

    kinds: tuple[str, ...] = ()
    needs: Mapping[str, str] = {}
    definitions: Mapping[str, str] = {}


def serves(kinds: Sequence[Mapping[str, Any]], taken: Collection[str] | None = None) -> Serves:
    """Of a list of kinds those that were taken; None: all."""
    names = (kind.get("name") for kind in kinds)
    found = {name: kind for name, kind in zip(names, kinds, strict=True) if isinstance(name, str)}
    left = {name: kind for name, kind in found.items() if taken is None or name in taken}
    return Serves(
        tuple(left),
        {name: kind["service"] for name, kind in left.items() if kind.get("service")},
        {name: kind["definition"] for name, kind in left.items() if kind.get("definition")},
    )


class Serving:
    """`now` is what the worker serves; `changed` is True once after each change."""

    def __init__(self) -> None:
        self.now = Serves()
        self._changed = False
        self._newest: c.ReportKinds | None = None
        self._again = False

    def told(self, command: c.Command) -> c.Command:
        """A command of the worker, about to go to the ledger; it may tell a list."""
        if isinstance(command, c.ReportKinds):
            self._newest, self._again = command, False
        return command

    def answered(self, command: c.Command, answer: Any | HeadwayError) -> Any:
        """The ledger's answer to a list: what the worker is to be told of it. Other answers pass."""
        if not isinstance(command, c.ReportKinds):
            return answer
        if isinstance(answer, ServerError):
            self._again = command is self._newest
        if answer is None or isinstance(answer, HeadwayError):
            return None
        self.now, self._changed = serves(command.kinds, answer["taken"]), True
        return answer["refused"]

    def again(self) -> list[c.Command]:
        """What must be said to the ledger once more; each is given once."""
        again: list[c.Command] = [self._newest] if self._again and self._newest else []
        self._again = False
        return again

    def changed(self) -> bool:
        """True where the worker serves something else since this was last asked."""
        changed, self._changed = self._changed, False
        return changed
