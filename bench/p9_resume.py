"""P9: a crowd comes back: 5,000 viewers, 100 events missed each, all of them delivered from memory: no read of the store.

python bench/p9_resume.py
"""

from harness import out
from load import measure

if __name__ == "__main__":
    found = measure("s100", 5000)
    n = found["conns"]
    out("all_caught_up", found["all_caught_up_s"], "s", n=n, store="memory")
    out("cpu_per_reconnect", found["srv_cpu_us_per_reconnect"], "us", n=n, store="memory")
    out("missing", found["want"] - found["delivered"], "events", n=n, store="memory")
    out("store_reads", found["store_reads"], "reads", n=n, store="memory")
