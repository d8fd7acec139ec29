"""P8: what an idle viewer costs in memory (of the server's process) and a connect in CPU, with 5,000 of them.

python bench/p8_memory.py
"""

from harness import out
from load import measure

if __name__ == "__main__":
    found = measure("r1", 5000)
    out("memory_per_viewer", found["rss_kb_per_conn"], "KB", n=found["conns"], store="memory")
    out("cpu_per_connect", found["conn_cpu_us"], "us", n=found["conns"], store="memory")
