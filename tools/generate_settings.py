"""docs/reference/settings.md: every setting with its default, its unit and its names, from the two structs that hold them.

The sentences are here; a setting without one ends this script, and so does a sentence without a setting. Whether anything
reads a setting is looked up in the source, so that the page does not promise what a number does not do.
"""

from __future__ import annotations

import re
import sys
from typing import Any

import msgspec
from reference import ROOT, code, publish, table

from headway.model.settings import Settings
from headway.server.config import Config

CONFIG = {
    "host": "the address to listen on; any but loopback needs a token",
    "port": "the port to listen on; 0: a free one",
    "store": "the store: `sqlite:///relative/path`, `sqlite:////absolute/path` or `postgresql://user:password@host/database`; "
    "empty: `headway.db` in `data`",
    "store_direct": "where `store` leads through a transaction pooler: the same database past it, to listen on",
    "data": "the folder for the store and for files of jobs; empty: `$XDG_DATA_HOME/headway`",
    "artifacts": "a folder for files of jobs, such as one that several servers mount; empty: in `data` with SQLite, in the "
    "database with PostgreSQL",
    "base_path": "where a proxy mounts it, such as `/headway`",
    "allowed_hosts": "names by which the server may be called, beside those of loopback; commas in the environment",
    "allowed_origins": "other pages that may use it, as `https://example.org`; commas in the environment",
    "trusted_proxies": "addresses or networks of proxies on other machines that are believed when they say for whom they ask",
    "token": "a token that grants everything; the commands send it too",
    "tokens": "a file of hashed tokens, one a line: `NAME SCOPE[,SCOPE] sha256:HEX`",
    "server": "the server that the client commands ask",
    "connectors": "outside engines of `headway worker`, as `TYPE=TARGET`; in a file also `connectors` of `[worker]`",
    "mcp_tools": "kinds, by globs, that agents get as tools of their own; in a file also `tools` of `[mcp]`",
    "mcp_servers": "MCP servers that a worker serves, as JSON in the environment; in a file `[mcp.servers.NAME]` "
    "([what may stand there](../topics/workers.md#mcp-servers))",
}
GROUPS: dict[str, dict[str, str]] = {
    "Workers and leases": {
        "heartbeat_s": "how often a worker gives a sign of life",
        "stale_s": "silent for so long, a worker is *stale* and gets no offers",
        "lease_s": "silent for so long, it is *lost*, and so are its attempts",
        "restart_grace_s": "after a start of the server no lease ends before `lease_s` and this",
        "accept_s": "an offer that is not accepted within this is given to another worker",
        "takeover_probe_s": "how long a worker is asked for a sign before another of its name may take its place",
        "avoid_s": "how long a job keeps away from the worker that just failed it",
        "service_interval_s": "how often an outside engine is reported without a change",
        "service_unknown_s": "not heard of for so long, an outside engine is *unknown*",
        "cancel_grace_s": "between asking a job to stop and killing it",
        "cancel_overdue_s": "so long past the grace, a live worker that has not stopped it is fenced",
        "report_ms": "at most one report of an attempt each so often; the first goes at once",
        "sweep_s": "how often deadlines are looked at",
        "sample_s": "between two samples of the series of the topic `metrics`",
    },
    "Retries": {
        "max_attempts": "tries of a job that says nothing",
        "backoff_s": "the pause before the second try; it doubles, and is jittered to 50–100 %",
        "backoff_cap_s": "the longest pause",
    },
    "Sizes": {
        "args_bytes": "arguments of a job",
        "result_bytes": "its result; larger ones are artifacts",
        "batch_bytes": "the body of a batch",
        "artifact_bytes": "one artifact",
        "preview_bytes": "one live picture of a running attempt",
        "preview_ms": "between two live pictures of a job that the server takes; workers send one every 250 ms",
        "log_bytes": "the log of an attempt; the cut is said",
        "log_lines_per_s": "lines of log an attempt may write a second",
        "log_line_bytes": "one line of log",
        "custom_bytes": "data of a custom event",
        "custom_per_s": "custom events a token may send a second by REST",
        "custom_burst": "custom events it may send at once",
        "details_bytes": "details of a progress event",
        "saved_bytes": "body of a view or template",
        "saved_entries": "views that are kept, and as many templates",
    },
    "Viewers": {
        "pace_job_ms": "at most one batch each so often for topics `job:`, `logs:` and `custom:`",
        "pace_list_ms": "the same for lists",
        "pace_metrics_ms": "the same for `metrics`",
        "ping_s": "how often a link is tried that says nothing",
        "ping_hidden_s": "the same for a page nobody looks at",
        "hello_s": "how long a new link may take to say hello",
        "drain_none_s": "a viewer that takes nothing for so long is cut off",
        "frame_bytes": "a frame of a viewer",
        "worker_frame_bytes": "a frame of a worker",
        "frames_per_s": "frames a viewer may send a second",
        "frames_burst": "frames it may send at once",
        "subscriptions": "subscriptions of a link",
        "topics_per_subscription": "topics of a subscription",
        "json_depth": "nesting of JSON in bodies and frames",
        "links_per_address": "links from one address",
        "snapshot_unfinished": "unfinished jobs in a snapshot; counts are exact whatever it is",
        "snapshot_finished": "finished jobs in a snapshot, the newest",
        "replay_events": "a viewer that missed more gets a snapshot instead",
        "replay_bytes": "the same in bytes",
    },
    "The log": {
        "inbox": "commands that may wait to be committed; beyond, they are refused with 503",
        "batch_commands": "commands of one commit",
        "ring_events": "newest events kept in memory",
        "ring_bytes": "the same in bytes",
        "retain_events_h": "who was away for less gets what was missed; older events of ended jobs are removed",
        "retain_events": "the same as a number of events; the narrower of both counts",
        "retain_jobs_days": "how long ended jobs are kept",
        "progress_points": "points of progress that remain of an attempt when its events are removed",
        "idempotency_h": "how long an Idempotency-Key is remembered",
    },
    "Several servers on one log": {
        "beat_s": "how often each says that it is alive",
        "poll_s": "what other servers wrote is looked for at the latest after so long; a notification of the database is sooner",
        "poll_alone_s": "the same where no notification can be heard (behind a pooler)",
        "takeover_elsewhere_s": "how long a worker linked to another server has to be heard of before another of its name "
        "may take its place",
        "cut_off_s": "a server whose database is silent for so long sends workers and viewers to the others, if there are any",
    },
}
UNITS = {
    "_per_s": "a second", "_ms": "ms", "_bytes": "bytes", "_days": "days", "_s": "s", "_h": "h",
}  # fmt: skip


def page() -> str:
    """The whole page."""
    explained = {name for group in GROUPS.values() for name in group}
    defaults = {field.name: field.default for field in msgspec.structs.fields(Settings)}
    places = {name: value for name, value in msgspec.structs.asdict(Config()).items() if name != "settings"}
    if wrong := (explained ^ defaults.keys()) | (CONFIG.keys() ^ places.keys()):
        sys.exit(f"settings: a setting without a sentence, or the other way round: {', '.join(sorted(wrong))}")
    groups = "\n\n".join(f"### {title}\n\n{rows(group, defaults)}" for title, group in GROUPS.items())
    return f"""# Settings

A value is taken from the first of these places that has it: a flag of the command, `HEADWAY_NAME` in the environment,
`headway.toml` (or `[tool.headway]` of `pyproject.toml`) in the folder where the command is started, the user's
`~/.config/headway/headway.toml`, the default. `headway config --origin` shows each value with its place. An unknown name
in a file is an error. Durations are in seconds.

```toml
# headway.toml
port = 8500
lease_s = 60
allowed_hosts = ["jobs.example.org"]

[worker]
connectors = ["comfyui=http://127.0.0.1:8188"]

[mcp.servers.files]
command = "npx"
args = ["-y", "@modelcontextprotocol/server-filesystem", "."]
```

## Where and who

{rows(CONFIG, places)}

## Numbers

{groups}
"""


def rows(meanings: dict[str, str], defaults: dict[str, Any]) -> str:
    """The table of a group."""
    head = ("name", "default", "unit", "environment", "means")
    return table(
        head, ((code(name), *facts(name, defaults[name]), told(name, means)) for name, means in meanings.items())
    )


def facts(name: str, default: Any) -> tuple[str, str, str]:
    """Default, unit and variable."""
    unit = next((word for suffix, word in UNITS.items() if name.endswith(suffix)), "")
    shown = f"{default:,}" if isinstance(default, int | float) and default >= 10_000 else default
    return code(shown if shown not in ((), {}) else ""), unit, code(f"HEADWAY_{name.upper()}")


def told(name: str, means: str) -> str:
    """The sentence, and whether it is so yet."""
    return means if is_read(name) else f"{means} (*not used yet*)"


SOURCE = "\n".join(
    path.read_text(encoding="utf-8")
    for path in sorted((ROOT / "src" / "headway").rglob("*.py"))
    if path.name != "settings.py"
)


def is_read(name: str) -> bool:
    """Whether anything in the source names the setting."""
    return re.search(rf"\.{name}\b|\"{name}\"", SOURCE) is not None


if __name__ == "__main__":
    sys.exit(publish("settings", page))
