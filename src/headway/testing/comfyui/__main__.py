"""A fake ComfyUI until it is interrupted: `python -m headway.testing.comfyui [--port N] [--generation 0.38.1]`."""

from __future__ import annotations

import argparse
import signal
import sys
import threading
from types import FrameType

from headway.testing.comfyui.server import GENERATIONS, FakeComfy


def main() -> int:
    """Say where it answers, and stay there until SIGINT or SIGTERM."""
    parser = argparse.ArgumentParser(prog="python -m headway.testing.comfyui", description=__doc__)
    parser.add_argument("--port", type=int, default=8188, help="0: any free one")
    parser.add_argument("--generation", choices=GENERATIONS, default=GENERATIONS[0], help="which ComfyUI it plays")
    asked = parser.parse_args()
    enough = threading.Event()

    def end(number: int, frame: FrameType | None) -> None:
        enough.set()

    for number in (signal.SIGINT, signal.SIGTERM):
        signal.signal(number, end)
    with FakeComfy(asked.generation, asked.port) as comfy:
        sys.stdout.write(f"a fake ComfyUI {comfy.generation} answers at {comfy.url}\n")
        sys.stdout.flush()
        enough.wait()
    return 0


if __name__ == "__main__":
    sys.exit(main())
