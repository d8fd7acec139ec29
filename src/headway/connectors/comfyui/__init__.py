"""ComfyUI as engines of a worker: `headway worker --connector comfyui=http://127.0.0.1:8188`, as often as there are some.

`connector` is what the entry point names: one `App` with the kind `comfyui.workflow` and an engine for each target. What
users should know is docs/topics/comfyui.md; the rules of one prompt are in `prompt.py`.
"""

from __future__ import annotations

from headway.connectors.comfyui.kind import KIND, connector

__all__ = ["KIND", "connector"]
