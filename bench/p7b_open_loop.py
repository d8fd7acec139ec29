"""P7b: events at their own pace: 1,000 viewers with 1,000 events a second, 5,000 with 20.

python bench/p7b_open_loop.py
"""

from load import measure, out_fanout

if __name__ == "__main__":
    for load, viewers in (("r1000", 1000), ("r20", 5000)):
        out_fanout(measure(load, viewers, secs=3.0), load)
