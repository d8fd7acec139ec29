"""A kind for tests of the live link: counts with progress and log lines, so that a view has all of it."""

import logging
import time

import headway

app = headway.App()
log = logging.getLogger(__name__)


@app.job(stages={"count": 1}, retries=20)
def count(ctx: headway.Context, to: int = 20, pause_s: float = 0.02) -> int:
    with ctx.stage("count", total=to, unit="steps") as stage:
        for number in range(to):
            log.info("step %d", number)
            stage.advance()
            time.sleep(pause_s)
    return to
