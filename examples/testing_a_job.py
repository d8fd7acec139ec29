"""A handler in an ordinary test: no server, no worker, no waiting.

cd examples; python -m pytest testing_a_job.py
"""

from pathlib import Path

from first_job.jobs import count_words

import headway
from headway.testing import run


def test_it_counts_words(tmp_path: Path) -> None:
    page = tmp_path / "page.txt"
    page.write_text("one two\nthree\n")

    ran = run(count_words, path=str(page))

    assert ran.result == {"words": 3}
    assert ran.completed == ["read", "count"]
    assert ran.overall == 1.0


def test_a_page_that_is_not_there_fails_in_the_first_stage() -> None:
    ran = run(count_words, check=False, path="nowhere.txt")

    assert ran.outcome == "errored"
    assert ran.error is not None
    assert ran.error["type"] == "FileNotFoundError"
    assert ran.completed == []


def test_a_cancel_stops_it_between_two_pages() -> None:
    app = headway.App()

    @app.job(stages=["work"])
    def patient(ctx: headway.Context, pages: int) -> None:
        with ctx.stage("work") as stage:
            for _ in stage.track(range(pages)):
                ctx.check()

    ran = run(patient, pages=1000, cancel_when=lambda _: True)

    assert ran.outcome == "cancelled"
