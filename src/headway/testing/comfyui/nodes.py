"""The node types of the fake: what each takes, gives and does. None needs a model, all do what they say.

Names, inputs and limits are those of ComfyUI's own nodes (0.3.64), so a workflow that runs here runs there.
Two are not of ComfyUI: `HeadwaySteps` takes steps of a given time, with progress and previews, and fails where it is
told; `HeadwaySays` says a text while it runs. A node gets a `Bench` and its inputs and returns its outputs; it knows nothing of queues, sockets or HTTP.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import Any, Protocol, TypeAlias

from headway.testing.comfyui.image import Image, blurred, cut, image_of, inverted, plain, png_of, scaled

Batch: TypeAlias = list[Image]
"""What runs along an IMAGE link."""

Function: TypeAlias = Callable[..., tuple[Any, ...]]


class Bench(Protocol):
    """What a node may do besides computing."""

    def step(self, value: int, total: int, preview: bytes | None = None) -> None:
        """Tell progress and check for an interrupt, which is raised; `preview` is a PNG."""
        ...

    def check(self) -> None:
        """Raise when somebody has interrupted; what hangs hangs here."""
        ...

    def wait(self, seconds: float) -> None:
        """Take time. Nobody interrupts that."""
        ...

    def save(self, png: bytes, prefix: str, *, type: str) -> dict[str, str]:
        """Write an image under the next free name; the entry of it for `show`."""
        ...

    def load(self, name: str) -> bytes:
        """A file of the input folder. Raises KeyError."""
        ...

    def show(self, output: Mapping[str, list[Any]]) -> None:
        """What an output node made, for the history."""
        ...

    def say(self, text: str) -> None:
        """A line about the running node."""
        ...


@dataclass(frozen=True, slots=True)
class Input:
    """`type` is a word, or the choices. `options` as `/object_info` tells them."""

    type: str | tuple[str, ...]
    options: Mapping[str, Any]
    required: bool = True

    def config(self) -> list[Any]:
        """`[type, options]`, as errors and `/object_info` carry it."""
        return [list(self.type) if isinstance(self.type, tuple) else self.type, dict(self.options)]


@dataclass(frozen=True, slots=True)
class Node:
    """A type of node; `needs_file` names the input that must be a file of the input folder."""

    name: str
    inputs: Mapping[str, Input]
    returns: tuple[str, ...]
    output: bool
    run: Function
    needs_file: str = ""


NODES: dict[str, Node] = {}


def node(
    name: str, *returns: str, output: bool = False, needs_file: str = "", **inputs: Input
) -> Callable[[Function], Function]:
    """Register a type of node."""

    def register(function: Function) -> Function:
        NODES[name] = Node(name, inputs, returns, output, function, needs_file)
        return function

    return register


def _whole(default: int, low: int, high: int, **more: Any) -> Input:
    return Input("INT", {"default": default, "min": low, "max": high, "step": 1, **more})


def _decimal(default: float, low: float, high: float, step: float) -> Input:
    return Input("FLOAT", {"default": default, "min": low, "max": high, "step": step})


def _choice(*choices: str, **options: Any) -> Input:
    return Input(choices, options)


_IMAGE = Input("IMAGE", {})
_MOST = 16_384


# -- sources ---------------------------------------------------------------------------------------------------------


@node(
    "EmptyImage", "IMAGE",
    width=_whole(512, 1, _MOST), height=_whole(512, 1, _MOST), batch_size=_whole(1, 1, 4096),
    color=_whole(0, 0, 0xFFFFFF, display="color"),
)  # fmt: skip
def _empty_image(bench: Bench, width: int, height: int, batch_size: int = 1, color: int = 0) -> tuple[Batch]:
    return ([plain(width, height, color)] * batch_size,)


@node("LoadImage", "IMAGE", "MASK", needs_file="image", image=_choice(image_upload=True))
def _load_image(bench: Bench, image: str) -> tuple[Batch, None]:
    return ([image_of(bench.load(image))], None)


@node("PrimitiveString", "STRING", value=Input("STRING", {}))
def _primitive_string(bench: Bench, value: str) -> tuple[str]:
    return (value,)


@node("HeadwaySays", "STRING", text=Input("STRING", {}))
def _headway_says(bench: Bench, text: str) -> tuple[str]:
    bench.say(text)
    return (text,)


@node(
    "EmptyLatentImage", "LATENT",
    width=_whole(512, 16, _MOST), height=_whole(512, 16, _MOST), batch_size=_whole(1, 1, 4096),
)  # fmt: skip
def _empty_latent(bench: Bench, width: int, height: int, batch_size: int = 1) -> tuple[dict[str, int]]:
    return ({"width": width // 8, "height": height // 8, "batch_size": batch_size},)


@node(
    "CheckpointLoaderSimple", "MODEL", "CLIP", "VAE",
    ckpt_name=_choice(tooltip="The name of the checkpoint (model) to load."),
)  # fmt: skip
def _no_checkpoint(bench: Bench, ckpt_name: str) -> tuple[None, None, None]:  # a machine without any: never valid
    raise FileNotFoundError(ckpt_name)


# -- between ---------------------------------------------------------------------------------------------------------


@node("ImageBlur", "IMAGE", image=_IMAGE, blur_radius=_whole(1, 1, 31), sigma=_decimal(1.0, 0.1, 10.0, 0.1))
def _image_blur(bench: Bench, image: Batch, blur_radius: int, sigma: float) -> tuple[Batch]:
    return ([blurred(each, blur_radius, sigma) for each in image],)


@node(
    "ImageScale", "IMAGE",
    image=_IMAGE, upscale_method=_choice("nearest-exact", "bilinear", "area", "bicubic", "lanczos"),
    width=_whole(512, 0, _MOST), height=_whole(512, 0, _MOST), crop=_choice("disabled", "center"),
)  # fmt: skip
def _image_scale(
    bench: Bench, image: Batch, upscale_method: str, width: int, height: int, crop: str
) -> tuple[Batch]:  # every method but the first is bilinear here
    smooth = upscale_method != "nearest-exact"
    return ([scaled(_centered(each, width, height, crop), width, height, smooth=smooth) for each in image],)


def _centered(image: Image, width: int, height: int, crop: str) -> Image:
    if crop == "disabled" or not width or not height:
        return image
    wide = min(image.width, max(1, round(image.height * width / height)))
    high = min(image.height, max(1, round(image.width * height / width)))
    return cut(image, (image.width - wide) // 2, (image.height - high) // 2, wide, high)


@node("ImageInvert", "IMAGE", image=_IMAGE)
def _image_invert(bench: Bench, image: Batch) -> tuple[Batch]:
    return ([inverted(each) for each in image],)


@node("ImageBatch", "IMAGE", image1=_IMAGE, image2=_IMAGE)
def _image_batch(bench: Bench, image1: Batch, image2: Batch) -> tuple[Batch]:
    width, height = image1[0].width, image1[0].height
    return (image1 + [scaled(each, width, height, smooth=True) for each in image2],)


@node(
    "HeadwaySteps", "IMAGE",
    image=_IMAGE, steps=_whole(10, 1, 10_000), seconds_per_step=_decimal(0.1, 0.0, 60.0, 0.01),
    fail_at=_whole(-1, -1, 10_000), preview=Input("BOOLEAN", {"default": True}),
)  # fmt: skip
def _headway_steps(
    bench: Bench, image: Batch, steps: int, seconds_per_step: float, fail_at: int, preview: bool
) -> tuple[Batch]:
    for at in range(steps):
        bench.check()
        bench.wait(seconds_per_step)
        if at == fail_at:
            raise ValueError(f"deliberate failure at step {at}")
        shown = png_of(plain(64, 64, (at * 20 % 256) << 16 | 0x5078)) if preview else None
        bench.step(at + 1, steps, shown)
    return (image,)


# -- outputs ---------------------------------------------------------------------------------------------------------


@node(
    "SaveImage", output=True,
    images=Input("IMAGE", {"tooltip": "The images to save."}),
    filename_prefix=Input("STRING", {"default": "ComfyUI"}),
)  # fmt: skip
def _save_image(bench: Bench, images: Batch, filename_prefix: str = "ComfyUI") -> tuple[()]:
    bench.show({"images": [bench.save(png_of(each), filename_prefix, type="output") for each in images]})
    return ()


@node("PreviewImage", output=True, images=_IMAGE)
def _preview_image(bench: Bench, images: Batch) -> tuple[()]:
    bench.show({"images": [bench.save(png_of(each), "ComfyUI_temp_fakes", type="temp") for each in images]})
    return ()


@node("PreviewAny", output=True, source=Input("*", {}))
def _preview_any(bench: Bench, source: Any) -> tuple[()]:
    bench.show({"text": [str(source)]})
    return ()
