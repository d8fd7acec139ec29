"""What a connector is written against: its targets, the engines it runs, the board they tell.

A connector is a function `connector(targets: Sequence[Target]) -> App`, named by an entry point of the group
`headway.connectors`. Its app has the jobs (`@app.job(service=TYPE)`) and an `Engine` for each target (`app.engine`).
Owns no code: the parts live in the worker, which runs them. Called by connectors, ours and others'.
"""

from __future__ import annotations

from headway.worker.context import unheard
from headway.worker.engines import Board, Engine, Service, Target
from headway.worker.job import Job
from headway.worker.registry import App

__all__ = ["App", "Board", "Engine", "Job", "Service", "Target", "unheard"]
