"""P7: bursts: 1,000 viewers with 16 and with 64 events under way.

python bench/p7_bursts.py
"""

from load import measure, out_fanout

if __name__ == "__main__":
    for load in ("w16", "w64"):
        out_fanout(measure(load, 1000), load)
