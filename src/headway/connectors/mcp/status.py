"""What the board says of one MCP server: a status that follows its work, and its load. Pure.

    | of what is known | status |
    |---|---|
    | nothing was heard yet                           | starting |
    | the config names a variable that is not there   | error |
    | no connection                                   | unreachable, with the reason |
    | it does not answer, and no call runs            | unreachable, with the reason |
    | calls run                                       | busy, with the job of the oldest; silence as the reason |
    | calls go on that were told to stop              | busy, each without its slot |
    | otherwise                                       | idle; an unread list, or tools that are left out, as the reason |

A server that does its work in its only thread can not answer while it works: with calls running, silence is shown and
nothing follows from it. Called by `engine.py`.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import msgspec

from headway.connectors.mcp.definition import LeftOut

Json = dict[str, Any]
_NAMED = 3


class State(msgspec.Struct):
    """One server as it is known. `problem`: why there is no connection; `misconfigured`: what the config lacks;
    `silent_s`: since it last said anything, once a check went without an answer; `stale`: why its list of tools could not
    be read again.
    """

    heard: bool = False
    problem: str | None = "it was not asked yet"
    misconfigured: str | None = None
    silent_s: float | None = None
    stale: str | None = None
    tools: int = 0
    left_out: Sequence[LeftOut] = ()


def said_of(state: State, slots: int, jobs: Sequence[str], leftover: int) -> Json:
    """`status`, `slots`, `reason`, `error`, `job`, `load` as the board has them; None takes a field away. `jobs`: of the
    calls that run, the oldest first.
    """
    words: Json = {
        "status": "idle",
        "slots": max(0, slots - leftover),
        "reason": f"its tools stay as they were: {state.stale}" if state.stale else _left_out(state.left_out),
        "error": None,
        "job": jobs[0] if jobs else None,
        "load": {"tools": state.tools, "calls": len(jobs), "leftover": leftover},
    }
    silence = None if state.silent_s is None else f"it has said nothing for {state.silent_s:.0f} s and does not answer"
    if state.misconfigured is not None:
        return words | {"status": "error", "error": state.misconfigured}
    if state.problem is not None:
        return words | ({"status": "unreachable", "reason": state.problem} if state.heard else {"status": "starting"})
    if jobs:
        return words | {"status": "busy", "reason": silence and f"{silence}; its calls go on"}
    if silence is not None:
        return words | {"status": "unreachable", "reason": silence}
    if leftover:
        calls = (
            "a call that was told to stop goes on"
            if leftover == 1
            else f"{leftover} calls that were told to stop go on"
        )
        return words | {"status": "busy", "reason": calls}
    return words


def _left_out(tools: Sequence[LeftOut]) -> str | None:
    if not tools:
        return None
    named = "; ".join(f"{each.name}: {each.reason}" for each in tools[:_NAMED])
    more = f"; and {len(tools) - _NAMED} more" if len(tools) > _NAMED else ""
    return f"{len(tools)} tool{'s are' if len(tools) > 1 else ' is'} left out ({named}{more})"
