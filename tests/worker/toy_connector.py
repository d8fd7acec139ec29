"""A connector whose engines do what the test says: by files in the folder that the environment names.

`broken NAME`: its coroutine raises. `kinds NAME`: what it serves beside the rest, a line `KIND DEFINITION` each. `job "hang"`: nothing else runs on the loop until the file `go on` is there.
"""

from __future__ import annotations

import asyncio
import os
import time
from collections.abc import Sequence
from pathlib import Path
from typing import Any

from headway.connectors.base import App, Board, Job, Target
from headway.worker.context import Context


def place() -> Path:
    return Path(os.environ["TOY_PLACE"])


class Toy:
    def __init__(self, name: str, slots: int) -> None:
        self.name = name
        self.slots = slots

    def services(self) -> list[dict[str, Any]]:
        return [{"name": self.name, "type": "toy", "url": f"http://{self.name}", "slots": self.slots}]

    async def run(self, board: Board) -> None:
        if (place() / f"broken {self.name}").exists():
            raise ValueError("no luck")
        board.serve(self, self.told())
        board.tell(self.name, seen=True, status="idle", load={"queue": 0})
        while True:
            await asyncio.sleep(board.service_s / 2)
            board.serve(self, self.told())
            board.tell(self.name, seen=True)

    def told(self) -> list[Job[..., Any]]:
        path = place() / f"kinds {self.name}"
        lines = path.read_text().splitlines() if path.exists() else []
        return [self.echo(*line.split()) for line in lines]

    def echo(self, name: str, definition: str) -> Job[..., Any]:
        async def echo(ctx: Context, args: dict[str, Any]) -> dict[str, Any]:
            while args.get("wait") and not (place() / "go on").exists():  # noqa: ASYNC110 - a test tells by a file
                await asyncio.sleep(0.01)
            return {"definition": definition, **args}

        schema = {"type": "object", "properties": {"wait": {"type": "boolean"}}}
        return Job.from_schema(echo, name=name, schema=schema, definition=definition, service=f"toy:{self.name}")


def connector(targets: Sequence[Target]) -> App:
    app = App()
    for target in targets:
        name, _, slots = target.text.partition("*")
        if not name:
            raise ValueError("a toy has a name")
        app.engine(Toy(name, int(slots or 1)))

    @app.job(name="toy.hang", service="toy")
    async def hang(ctx: Context) -> None:
        ctx.step_done("hanging")
        for _ in ctx.track(range(1_000_000)):
            time.sleep(0.005)  # noqa: ASYNC251 - that is the point
            if (place() / "go on").exists():
                return

    @app.job(name="toy.wait", service="toy")
    async def wait() -> None:
        while not (place() / "go on").exists():  # noqa: ASYNC110 - a test tells by a file
            await asyncio.sleep(0.01)

    @app.job(name="toy.work", service="toy")
    async def work(ctx: Context) -> str:
        ctx.alive()
        return "done"

    return app


app = connector([Target("solo:1")])
