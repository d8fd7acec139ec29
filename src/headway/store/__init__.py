"""Where the log and the rows live. Knows `model` only: it appends, reads and claims; it holds no rules."""
