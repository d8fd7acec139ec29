"""One server's share of the truth: it commits, publishes what was committed, matches jobs and workers, keeps time."""
