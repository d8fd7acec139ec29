"""A ComfyUI node that counts steps: it shows progress and previews, and fails where it is told to. Needs no model.

Copy this file into the folder custom_nodes of a ComfyUI and start that anew; check.py then has something to watch, to
cancel and to break. It does nothing until a workflow names HeadwaySteps.
"""

import time
from typing import Any

import comfy.model_management
import comfy.utils
from PIL import Image


class HeadwaySteps:
    """Hands its image on after `steps` steps of `seconds_per_step`; raises at step `fail_at`, unless that is -1."""

    CATEGORY = "testing"
    FUNCTION = "run"
    RETURN_TYPES = ("IMAGE",)

    @classmethod
    def INPUT_TYPES(cls) -> dict[str, Any]:  # noqa: N802 - ComfyUI's name for it
        return {
            "required": {
                "image": ("IMAGE",),
                "steps": ("INT", {"default": 10, "min": 1, "max": 10000}),
                "seconds_per_step": ("FLOAT", {"default": 0.1, "min": 0.0, "max": 60.0, "step": 0.01}),
                "fail_at": ("INT", {"default": -1, "min": -1, "max": 10000}),
                "preview": ("BOOLEAN", {"default": True}),
            }
        }

    def run(self, image: Any, steps: int, seconds_per_step: float, fail_at: int, preview: bool) -> tuple[Any]:
        bar = comfy.utils.ProgressBar(steps)
        for step in range(steps):
            comfy.model_management.throw_exception_if_processing_interrupted()
            time.sleep(seconds_per_step)  # noqa: TID251 - ComfyUI has no clock of ours
            if step == fail_at:
                raise ValueError(f"deliberate failure at step {step}")
            picture = ("JPEG", Image.new("RGB", (64, 64), (step * 20 % 256, 80, 120)), 64) if preview else None
            bar.update_absolute(step + 1, steps, picture)
        return (image,)


NODE_CLASS_MAPPINGS = {"HeadwaySteps": HeadwaySteps}
NODE_DISPLAY_NAME_MAPPINGS = {"HeadwaySteps": "Headway Steps (test)"}
