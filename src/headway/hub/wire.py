"""The seams of a viewer's link: `Wire`, by which bytes leave, and `Desk`, where it may ask for more than the log.

The server has the real ones (server/wire.py, server/door.py); tests have theirs. Must never know frames.
"""

from __future__ import annotations

from typing import Any, Protocol

from headway.errors import NotFound
from headway.hub.coding import Coding


class Wire(Protocol):
    """Bytes out, in the dress of `coding`. It calls `received`, `drained` and `closed` of its viewer."""

    @property
    def coding(self) -> Coding: ...

    @property
    def fd(self) -> int:
        """A plain socket that takes direct writes while nothing is buffered; -1: only `write`."""
        ...

    @property
    def buffered(self) -> int:
        """Bytes that were written and not taken yet; above 0 nothing more should be written, until `drained`."""
        ...

    def write(self, data: bytes) -> None: ...

    def close(self, code: int, reason: str) -> None:
        """End it politely, saying why where the transport can."""
        ...

    def abort(self) -> None:
        """End it now."""
        ...


class Desk(Protocol):
    """What a viewer may ask for beside the log. The server has the one with tokens and commands."""

    def authorize(self, token: str | None) -> Any:
        """Whose token this is; Unauthorized or Forbidden."""
        ...

    async def request(self, subject: Any, method: str, params: dict[str, Any], key: str | None) -> Any:
        """Carry a command out: the result, or a HeadwayError as REST would give."""
        ...


class OpenDesk:
    """Everybody may look, nobody may do anything."""

    def authorize(self, token: str | None) -> Any:
        return None

    async def request(self, subject: Any, method: str, params: dict[str, Any], key: str | None) -> Any:
        raise NotFound("method", method, hint="This server takes no commands over the stream; use REST.")
