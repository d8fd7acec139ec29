"""Files that a workflow takes: put among the engine's inputs before it is submitted, under a name of their own.

A file is stored as `headway/HASH/NAME`, HASH of its content, and the workflow's mentions of NAME are set to that: no file
of the engine's user is ever overwritten, and the same content is the same input, so that caches hold. Names are names:
one that is a path is refused. Called by `attempt.py`.
"""

from __future__ import annotations

import base64
import binascii
import hashlib
from collections.abc import Mapping
from pathlib import Path
from typing import Any, cast

from headway.connectors.comfyui.api import Api
from headway.connectors.comfyui.failures import InvalidWorkflow
from headway.connectors.comfyui.workflow import cut
from headway.errors import CallerError
from headway.worker.context import Context

Json = dict[str, Any]

MOST_FILES = 100
_WRITE = '"data:image/png;base64,…" or "artifact:JOB/NAME"'


def check_inputs(inputs: Mapping[str, Any]) -> None:
    """Names that are names, sources of a known kind. InvalidWorkflow."""
    if len(inputs) > MOST_FILES:
        raise InvalidWorkflow(f"There are {len(inputs)} input files; at most {MOST_FILES} are taken.")
    for name, source in inputs.items():
        if not name or len(name) > 200 or name.startswith(".") or any(c in "/\\" or not c.isprintable() for c in name):
            raise InvalidWorkflow(f"inputs: {cut(name)!r} is not the name of a file. Use one without a folder.")
        if not isinstance(source, str) or not source.startswith(("data:", "artifact:")):
            raise InvalidWorkflow(f"inputs.{cut(name)}: neither a data URL nor an artifact. Write {_WRITE}.")
        if source.startswith("artifact:") and not _artifact(source):
            raise InvalidWorkflow(f"inputs.{cut(name)}: {cut(source)!r} names no artifact. Write {_WRITE}.")


async def uploaded(ctx: Context, api: Api, workflow: Json, inputs: Mapping[str, str]) -> Json:
    """The workflow with its inputs in the engine. NoAnswer, Refusal; InvalidWorkflow for a source that can not be read."""
    stored: dict[str, str] = {}
    for number, (name, source) in enumerate(inputs.items()):
        file = ctx.tmp / f"input-{number}"
        if named := _artifact(source):
            await _fetch(ctx, *named, file)
        else:
            file.write_bytes(_content(name, source))
        stored[name] = await api.upload(name, f"headway/{_hash(file)}", file)
        file.unlink()
    return {id: _with(node, stored) for id, node in workflow.items()} if stored else workflow


async def _fetch(ctx: Context, job: str, artifact: str, file: Path) -> None:
    try:
        await ctx.fetch(job, artifact, file)
    except CallerError as error:
        raise InvalidWorkflow(f"inputs: the artifact {cut(artifact)} of job {job} can not be had: {error}") from None


def _with(node: Json, stored: Mapping[str, str]) -> Json:
    """The node with the new names in the place of the old ones."""
    inputs = cast("Json", node.get("inputs", {}))
    return {**node, "inputs": {key: _renamed(value, stored) for key, value in inputs.items()}}


def _renamed(value: Any, stored: Mapping[str, str]) -> Any:
    return stored.get(value, value) if isinstance(value, str) else value


def _artifact(source: str) -> tuple[str, str] | None:
    """(job, name) of `artifact:JOB/NAME`, or None."""
    scheme, _, rest = source.partition(":")
    job, slash, name = rest.partition("/")
    return (job, name) if scheme == "artifact" and slash and job.isalnum() and name else None


def _content(name: str, source: str) -> bytes:
    """What a data URL holds. https://www.rfc-editor.org/rfc/rfc2397; base64 alone: it is for files."""
    head, comma, body = source.partition(",")
    if not comma or not head.endswith(";base64"):
        raise InvalidWorkflow(f"inputs.{cut(name)}: the data URL is not base64. Write {_WRITE}.")
    try:
        return base64.b64decode(body, validate=True)
    except (binascii.Error, ValueError):
        raise InvalidWorkflow(f"inputs.{cut(name)}: what the data URL holds is not base64.") from None


def _hash(file: Path) -> str:
    with file.open("rb") as content:
        return hashlib.file_digest(content, "sha256").hexdigest()[:16]
