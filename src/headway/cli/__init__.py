"""The command line. One file per group of commands; each is imported only when it is the one that runs.

`--version` is answered here, before click is imported: click alone takes 90 ms of the 150 that a prompt may wait.
"""

from __future__ import annotations

import sys
from collections.abc import Sequence

__all__ = ["main"]


def main(args: Sequence[str] | None = None) -> int:
    """Run one command line; its exit code."""
    words = sys.argv[1:] if args is None else list(args)
    if words == ["--version"]:
        from importlib.metadata import version

        sys.stdout.write(f"headway {version('headway')}\n")
        return 0
    from headway.cli.entry import run

    return run(words)
