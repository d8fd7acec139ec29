"""A ComfyUI for tests: real HTTP and sockets, no models, no GPU, and faults on demand.

`FakeComfy` is one engine on a port of this machine; `image_workflow` and `steps_workflow` make prompts it can run.
`python -m headway.testing.comfyui` keeps one running. It needs what `headway serve` needs.
"""

from headway.testing.comfyui.faults import Faults
from headway.testing.comfyui.server import FakeComfy, image_workflow, steps_workflow

__all__ = ["FakeComfy", "Faults", "image_workflow", "steps_workflow"]
