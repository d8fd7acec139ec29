"""Whether Headway and a ComfyUI of yours do together what Headway promises: every point on a line, with figures.

    python examples/comfyui/check.py --url http://127.0.0.1:8188

It runs small workflows there that need no model. It brings a Headway server and a worker of its own, on this machine and
in a folder that it removes, and ends them. Exit code: 0; 1 if a point failed; 2 if ComfyUI does not answer.
"""

import argparse
import asyncio
import sys
import traceback
from collections.abc import Awaitable, Callable

import incidents
import runs
from place import Place, Skipped, clock

Point = Callable[[Place], Awaitable[str]]
POINTS: dict[str, Point] = {
    "on the board": runs.on_the_board,
    "outputs": runs.outputs_are_artifacts,
    "cached": runs.cached_nodes_are_named,
    "cached many times": runs.cached_many_times,
    "steps and previews": runs.steps_and_previews,
    "failing node": runs.a_failing_node_is_named,
    "refused input": runs.a_refused_input_is_named,
    "saved, not exported": runs.a_saved_workflow_is_refused,
    "partly valid": runs.what_is_left_out_is_a_warning,
    "uploads": runs.inputs_are_uploaded,
    "cancel": incidents.cancel_stops_it_there,
    "only ours": incidents.cancel_leaves_others_alone,
    "status": incidents.status_follows_the_work,
    "stall": incidents.a_stall_is_given_back,
    "long and alive": incidents.a_long_job_is_left_alone,
    "monitors agree": incidents.monitors_agree,
    "waits and says why": incidents.waits_for_the_service,
    "server restarted": incidents.server_restarted,
    "worker killed": incidents.worker_killed,
    "ComfyUI restarted": incidents.comfyui_restarted,
}


def asked() -> argparse.Namespace:
    """What the command line says."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--url", default="http://127.0.0.1:8188", help="of the ComfyUI")
    parser.add_argument("--server", help="a Headway server to use; else one is started")
    parser.add_argument("--restart", metavar="COMMAND", help="restarts that ComfyUI; else that point is skipped")
    parser.add_argument("--count", type=int, default=1000, help="how many cached submissions (1000)")
    parser.add_argument("--only", action="append", metavar="NAME", choices=POINTS, help="this point only; repeatable")
    return parser.parse_args()


async def look(place: Place, name: str) -> str:
    """One point, printed; how it ended: ok, failed or skipped."""
    begin = clock.monotonic()
    try:
        ended, said = "ok", await POINTS[name](place)
    except Skipped as reason:
        ended, said = "skipped", str(reason)
    except AssertionError as wrong:
        ended, said = "failed", str(wrong)
    except Exception as error:  # noqa: BLE001 - whatever it is, the points after it are looked at
        traceback.print_exc()
        ended, said = "failed", f"{type(error).__name__}: {error}"
    print(f"{ended:<8} {name:<20} {said}  [{clock.monotonic() - begin:.1f} s]", flush=True)
    return ended


async def main() -> int:
    options = asked()
    place = Place(options.url, options.server, options.restart, options.count)
    try:
        await place.open()
        ends = [await look(place, name) for name in options.only or POINTS]
        if "failed" in ends:
            print(place.words(), file=sys.stderr)
    finally:
        await place.close()
    print(", ".join(f"{ends.count(each)} {each}" for each in ("ok", "failed", "skipped")))
    return 1 if "failed" in ends else 0


if __name__ == "__main__":
    sys.exit(asyncio.run(main()))
