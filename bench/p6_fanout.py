"""P6: what one delivery costs the server: 1,000 viewers, 300-byte events, one at a time.

python bench/p6_fanout.py
"""

from load import measure, out_fanout

if __name__ == "__main__":
    out_fanout(measure("w1", 1000), "w1")
