# ruff: noqa: INP001 (a file that a worker is given by its path)
"""The jobs that the tests of the REST half run: each shows one thing, and none sleeps."""

from __future__ import annotations

import headway

app = headway.App()


@app.job
def echo(value: object = None) -> object:
    """Give back what it was given."""
    return value


@app.job(stages=["count"])
def count(ctx: headway.Context, n: int, artifact: bool = False) -> int:
    """Count, with progress and a line each; leave a file if asked to."""
    with ctx.stage("count", total=n) as stage:
        for number in range(1, n + 1):
            ctx.log.info("line %s", number)
            stage.advance()
    if artifact:
        ctx.artifact("reports/summary é.txt", f"counted to {n}", "text/plain; charset=utf-8")
    return n


@app.job
def fail(message: str) -> None:
    """Raise."""
    raise ValueError(message)


@app.job
async def ask(ctx: headway.Context, question: str) -> object:
    """Ask, and give back the answer."""
    answer = await ctx.ask(question, {"type": ["string", "object"]})
    return {"action": answer.action, "content": answer.content}
