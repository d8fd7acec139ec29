"""The kind `comfyui.workflow`: its arguments as users see them, its defaults, and the engines it runs in.

Durations and texts here are what the dashboard's form shows. Called through the entry point, once per worker process,
with all targets of the type.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import Annotated, Any

from pydantic import Field

from headway.clock import Clock, SystemClock
from headway.connectors.base import App, Target
from headway.connectors.comfyui.attempt import run_workflow
from headway.connectors.comfyui.engine import ComfyEngine
from headway.connectors.comfyui.fleet import Fleet
from headway.connectors.comfyui.prompt import Pace
from headway.connectors.comfyui.target import address_of
from headway.model.duration import parse_duration
from headway.worker.context import Context

KIND = "comfyui.workflow"

Workflow = Annotated[
    dict[str, Any],
    Field(
        description="The workflow in API format, as ComfyUI exports it: Workflow → Export (API).",
        json_schema_extra={"x-headway-format": "comfyui-api"},
    ),
]
Inputs = Annotated[
    dict[str, str],
    Field(
        description="Files that the workflow names, to be uploaded first: the name as it stands in the workflow, and "
        '"data:image/png;base64,…" or "artifact:JOB/NAME".'
    ),
]
Quiet = Annotated[
    str,
    Field(
        description="How long a running node may say nothing (loading a model, decoding) before it counts as stalled."
    ),
]


def connector(targets: Sequence[Target], clock: Clock | None = None, pace: Pace | None = None) -> App:
    """The app of these ComfyUIs. InvalidInput for a target that is no URL."""
    clock = clock or SystemClock()
    fleet = Fleet([ComfyEngine(address_of(target.text), clock, pace) for target in targets])
    app = App()
    for engine in fleet.engines:
        app.engine(engine)

    @app.job(KIND, max_attempts=3, progress_timeout="30s", cancel_grace="60s", service="comfyui")
    async def workflow(ctx: Context, workflow: Workflow, inputs: Inputs = {}, quiet: Quiet = "10m") -> dict[str, Any]:  # noqa: B006 - a job's default is copied for each call
        """Run a ComfyUI workflow: progress by nodes and steps, previews, outputs as artifacts."""
        return await run_workflow(ctx, fleet, clock, workflow, inputs, parse_duration(quiet, "args.quiet"))

    return app
