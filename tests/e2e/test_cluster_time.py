"""Two servers on one PostgreSQL: clocks that are wrong, locks that others hold, a disk that is full."""

from __future__ import annotations

import os
import subprocess
import sys
import tempfile
import threading
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from datetime import UTC, datetime, timedelta
from pathlib import Path

import psycopg
import pytest

from cluster import Cluster, Load, cluster
from postgres import Postgres, required_postgres
from processes import Gate, Headway, free_port

pytestmark = pytest.mark.timeout(180)
HOUR_MS = 3_600_000

LAUNCHER = """
import sys
from pathlib import Path
from headway import clock
from headway.cli import main

step = Path(sys.argv.pop(1))
real = clock.SystemClock.now
clock.SystemClock.now = lambda self: real(self) + int(step.read_text() or 0)
sys.exit(main())
"""
"""`headway` by a clock that is as many milliseconds off as a file says at that moment."""


class Astray(Headway):
    """A server whose clock is off."""

    def __init__(self, folder: Path) -> None:
        super().__init__(folder)
        self.set(0)

    def set(self, ms: int) -> None:
        """Whole or not at all, for who reads it all the time."""
        (self.folder / "new").write_text(str(ms))
        (self.folder / "new").rename(self.folder / "step")

    def spawn(self, *arguments: str, log: str, **options: object) -> subprocess.Popen[bytes]:
        if arguments[0] != "serve":
            return super().spawn(*arguments, log=log, **options)
        (self.folder / "launcher.py").write_text(LAUNCHER)
        with (self.folder / log).open("ab") as output:
            process = subprocess.Popen(
                [sys.executable, self.folder / "launcher.py", self.folder / "step", *arguments],
                env=self.env, cwd=self.folder, stdout=output, stderr=output, stdin=subprocess.DEVNULL,
                start_new_session=True,
            )  # fmt: skip
        self.processes.append(process)
        return process


# -- clocks ------------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize("off", [HOUR_MS, -HOUR_MS], ids=["ahead", "behind"])
def test_a_clock_an_hour_off_and_one_that_is_set_change_nothing(
    tmp_path: Path, database: str, gate: Gate, off: int
) -> None:
    with cluster(tmp_path / "two", database, made=Astray) as two:
        astray = two.a
        assert isinstance(astray, Astray)
        astray.set(off)
        astray.serve()
        two.b.serve()
        assert two.leader(two.b) is astray
        two.work("w1", "--slots", "4", by=two.b, server=astray.url)
        two.watchers.both_ways(*two.urls)
        running = [node.submit("watched", gate=str(gate.path)) for node in two.nodes]
        due = (datetime.now(UTC) + timedelta(seconds=3)).isoformat()
        at = [node.submit_with({"at": due}, "add", a=1) for node in two.nodes]
        delayed = [node.submit_with({"delay": "2s"}, "add", a=2) for node in two.nodes]
        kept = [node.submit_with({"delay": "50m"}, "add", a=3) for node in two.nodes]
        fresh = [node.submit_with({"requires": {"at": "nowhere"}, "expires": "50m"}, "add", a=4) for node in two.nodes]
        expiring = [
            node.submit_with({"requires": {"at": "nowhere"}, "expires": "2s"}, "add", a=5) for node in two.nodes
        ]
        two.b.until(lambda: all(two.b.job(id)["progress"]["overall"] for id in running), "they run")

        astray.set(-off)  # while it runs
        jobs = [two.b.state(id, "completed") for id in [*at, *delayed]]
        gone = [two.b.state(id, "failed", "cancelled", "expired") for id in expiring]
        gate.open(2)
        watched = [two.b.state(id, "completed", "failed") for id in running]
        written = [at for (at,) in two.rows("SELECT at FROM events ORDER BY seq")]
        ((now,),) = two.rows("SELECT extract(epoch FROM clock_timestamp()) * 1000")

        for job in jobs[:2]:
            assert datetime.fromisoformat(job["attempts"]["1"]["started_at"]) >= datetime.fromisoformat(due)
        for job in [*jobs, *gone, *watched]:
            assert abs(datetime.fromisoformat(job["created_at"]).timestamp() * 1000 - float(now)) < 120_000
        assert [(job["state"], job["attempt"]) for job in watched] == [("completed", 1)] * 2
        assert [two.b.job(id)["state"] for id in kept] == ["scheduled"] * 2
        assert [two.b.job(id)["state"] for id in fresh] == ["queued"] * 2
        assert written == sorted(written)
        assert abs(written[-1] - float(now)) < 120_000
        ages = [each["age_s"] for each in two.b.http.get("/api/v1/admin/servers").json()["servers"]]
        assert max(map(abs, ages)) < 60
        two.watchers.judged(two, two.b)
        assert two.rows("SELECT seq FROM events WHERE type IN ('worker.lost', 'worker.stale')") == []
        two.b.verified()


# -- locks -------------------------------------------------------------------------------------------------------------


HELD = {
    "job": b"SELECT 1 FROM jobs WHERE id = %s FOR UPDATE",
    "head": b"SELECT 1 FROM log_head WHERE %s <> '' FOR UPDATE",
}


@pytest.mark.parametrize("held", HELD)
def test_a_row_that_somebody_holds_stops_no_viewer_and_no_ping(
    tmp_path: Path, database: str, gate: Gate, held: str
) -> None:
    with cluster(tmp_path / "two", database) as two:
        two.serve()
        two.work("w1", "--slots", "4", by=two.b, server=two.b.url)
        two.watchers.both_ways(*two.urls)
        id = two.a.submit("gated", gate=str(gate.path))
        two.a.until(lambda: two.a.job(id).get("log_lines"), "it runs")

        later = two.a.submit_with({"delay": "1h"}, "add", a=1)

        with psycopg.connect(database, options="-c search_path=headway") as outside, ThreadPoolExecutor(4) as pool:
            outside.execute(HELD[held], [later])
            stuck = pool.submit(two.a.http.post, f"/api/v1/jobs/{later}/priority", json={"priority": 3})
            slowest = max(_pinged(two, 4.0))
            assert not stuck.done()
            seen = [node.http.get(f"/api/v1/jobs/{id}").status_code for node in two.nodes]
            outside.rollback()
            answer = stuck.result(30)
        gate.open()
        job = two.b.state(id, "completed")

        assert seen == [200, 200]
        assert answer.status_code == 200
        assert slowest < 1.5
        assert (job["attempt"], two.b.job(later)["priority"]) == (1, 3)
        two.watchers.judged(two, two.a)
        assert two.rows("SELECT seq FROM events WHERE type = 'worker.lost'") == []
        two.a.verified()


def _pinged(two: Cluster, seconds: float) -> list[float]:
    """How long each server took to answer, again and again for a while."""
    took: list[float] = []
    while sum(took) + 0.05 * len(took) < seconds:
        took += [node.http.get("/livez").elapsed.total_seconds() for node in two.nodes]
        threading.Event().wait(0.1)
    return took


# -- a full disk ---------------------------------------------------------------------------------------------------------


@pytest.fixture
def small(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Postgres]:
    """A PostgreSQL whose data lies on a file system of its own, which is small."""
    disk = Path("/tmp") / f"headway-disk-{free_port()}"  # noqa: S108 its user must reach it
    disk.mkdir()
    disk.chmod(0o777)
    usual = tempfile.tempdir
    mounted = os.geteuid() == 0 and subprocess.run(
        ["mount", "-t", "tmpfs", "-o", "size=120m,mode=777", "headway-test", disk], check=False, capture_output=True
    ).returncode == 0  # fmt: skip
    if not mounted:
        disk.rmdir()
        pytest.skip("only root may mount a small file system; left out: a full disk")
    tempfile.tempdir = str(disk)
    try:
        with required_postgres(
            settings={"max_wal_size": "32MB", "min_wal_size": "32MB", "wal_recycle": "off"}
        ) as server:
            yield server
    finally:
        tempfile.tempdir = usual
        subprocess.run(["umount", "-l", disk], check=False)
        disk.rmdir()


def test_a_full_disk_of_the_database_is_said_and_survived(small: Postgres, tmp_path: Path) -> None:
    disk = small.folder.parent
    with cluster(tmp_path / "two", small.new_database()) as two:
        two.serve()
        two.work("w1", "--slots", "4", by=two.b, server=two.b.url)
        two.watchers.both_ways(*two.urls)
        ballast = disk / "ballast"
        big = {"queue": "nobody", "kind": "big", "args": {"text": os.urandom(60_000).hex()}}

        with Load(two.urls, clients=2) as load:
            two.a.until(load.more(10), "jobs are taken")
            free = os.statvfs(disk)
            with ballast.open("wb") as file:
                file.write(b"x" * max(0, free.f_bavail * free.f_frsize - 2_000_000))
            answers = [two.a.http.post("/api/v1/jobs", json=big) for _ in range(40)]
            ballast.unlink()
            two.a.until(load.more(10), "jobs are taken again")
        refused = [answer for answer in answers if answer.status_code != 201]

        assert refused
        assert {answer.status_code for answer in refused} == {503}
        assert all(int(answer.headers["Retry-After"]) >= 1 for answer in refused)
        load.judged(two)
        two.watchers.judged(two, two.a)
        assert any("disk of the database" in answer.json()["message"] for answer in refused), refused[0].text
        two.a.verified()
