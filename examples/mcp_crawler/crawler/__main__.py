"""`python -m crawler`: MCP over stdin and stdout until the client goes, or until SIGTERM or SIGINT.

Either cancels what runs, and this process ends when git and its folders are gone.
"""

import logging
import os
import signal

import anyio
import anyio.lowlevel

from crawler import git
from crawler.server import build
from crawler.settings import Settings

LEAVE_WITHIN_S = 10.0


async def serve() -> None:
    """Until the client goes."""
    settings = Settings.of(os.environ)
    git.sweep(settings.data)
    crawler = build(settings)
    async with anyio.create_task_group() as group:
        group.start_soon(_until_signal, group.cancel_scope)
        await crawler.run_stdio_async()
        group.cancel_scope.cancel()


async def _until_signal(scope: anyio.CancelScope) -> None:
    """Cancels all calls at a signal; the thread that reads stdin cannot be cancelled, so we end the process."""
    with anyio.open_signal_receiver(signal.SIGTERM, signal.SIGINT) as signals:
        async for number in signals:
            scope.cancel()
            with anyio.move_on_after(LEAVE_WITHIN_S, shield=True):
                await anyio.lowlevel.checkpoint()
                await git.nothing_left()
            os._exit(128 + number)


if __name__ == "__main__":
    logging.getLogger("httpx").setLevel(logging.WARNING)  # at info it writes every URL to stderr
    anyio.run(serve)
