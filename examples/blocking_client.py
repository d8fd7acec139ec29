"""Without `await`: for scripts and notebooks. Needs a server with the jobs of first_job/.

python examples/blocking_client.py README.md
"""

import sys

import headway

with headway.connect() as client:  # HEADWAY_SERVER, else http://127.0.0.1:8400
    job = client.submit("count_words", {"path": sys.argv[1]}, labels={"from": "blocking_client"})
    for view in job.watch():
        print(view.state, "" if view.overall is None else f"{view.overall:.0%}")
    print(job.result())

    jobs = client.submit_many([{"kind": "count_words", "args": {"path": sys.argv[1]}} for _ in range(10)])
    print(sum(each.result()["words"] for each in jobs), "words in", len(jobs), "jobs")

    try:
        client.submit("count_words", {"paths": sys.argv[1]})
    except headway.InvalidInput as error:
        print("refused:", error)
