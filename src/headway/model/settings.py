"""Every default number of the server, in one place (docs/reference/settings.md). All settable by config; durations in seconds.

Knows nothing; read by hub, server, worker link and tests.
"""

from __future__ import annotations

import msgspec


class Settings(msgspec.Struct, kw_only=True, frozen=True):
    """Defaults; `headway serve` overrides them from flags, environment and config files."""

    # workers and leases
    heartbeat_s: float = 5.0
    stale_s: float = 15.0
    lease_s: float = 30.0
    restart_grace_s: float = 15.0  # after a start nothing expires before lease_s + this
    accept_s: float = 5.0
    takeover_probe_s: float = 5.0
    avoid_s: float = 30.0
    service_interval_s: float = 15.0
    service_unknown_s: float = 60.0
    cancel_grace_s: float = 10.0
    cancel_overdue_s: float = 30.0  # past the grace, a live worker that still has not stopped is fenced
    report_ms: int = 250
    sweep_s: float = 1.0
    sample_s: float = 5.0  # between two samples of the metrics series
    # retries
    max_attempts: int = 1
    backoff_s: float = 1.0
    backoff_cap_s: float = 300.0
    # sizes
    args_bytes: int = 262_144
    result_bytes: int = 262_144
    batch_bytes: int = 16_777_216
    artifact_bytes: int = 1_073_741_824
    preview_bytes: int = 2_097_152  # of the live picture of a running attempt
    preview_ms: int = 50  # between two of them that the server takes; workers send one every 250 ms
    log_bytes: int = 52_428_800
    log_lines_per_s: int = 2_000
    log_line_bytes: int = 65_536
    custom_bytes: int = 16_384
    custom_per_s: float = 50.0
    custom_burst: int = 200
    details_bytes: int = 4_096
    saved_bytes: int = 16_384  # of one view or template
    saved_entries: int = 500  # views, and as many templates
    # viewers
    pace_job_ms: int = 50
    pace_list_ms: int = 250
    pace_metrics_ms: int = 1_000
    ping_s: float = 5.0
    ping_hidden_s: float = 25.0
    hello_s: float = 10.0
    drain_none_s: float = 30.0  # a viewer that drains nothing for this long is aborted
    frame_bytes: int = 65_536
    worker_frame_bytes: int = 1_048_576
    frames_per_s: float = 20.0
    frames_burst: int = 50
    subscriptions: int = 128
    topics_per_subscription: int = 32
    json_depth: int = 32
    links_per_address: int = 200
    snapshot_unfinished: int = 1_500
    snapshot_finished: int = 500
    replay_events: int = 2_000
    replay_bytes: int = 1_048_576
    # log and retention
    inbox: int = 10_000
    batch_commands: int = 512
    ring_events: int = 100_000
    ring_bytes: int = 134_217_728
    retain_events_h: float = 24.0
    retain_events: int = 1_000_000
    retain_jobs_days: float = 30.0
    progress_points: int = 200
    idempotency_h: float = 24.0
    # several servers on one log
    beat_s: float = 1.0  # how often each says that it is alive
    poll_s: float = 1.0  # at the latest, others' events are looked for; the doorbell is sooner
    poll_alone_s: float = 0.1  # where no doorbell can be heard
    takeover_elsewhere_s: float = 12.0  # heartbeat_s, 5 s until its server has written what it heard, and a little
    cut_off_s: float = 10.0  # a server without its store for so long sends everybody to the others
