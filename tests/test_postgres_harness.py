"""The PostgreSQL of the tests keeps its own promises: what is committed survives a crash, nothing survives the run."""

from __future__ import annotations

import subprocess
import sys
import threading
import time
from pathlib import Path

import psutil
import psycopg
import pytest

import postgres as harness
from postgres import Postgres, find_binaries, required_postgres
from postgres_guard import lives

TESTS = Path(__file__).parent


def written(url):
    with psycopg.connect(url) as session:
        return [row[0] for row in session.execute("SELECT word FROM words ORDER BY word")]


def write(url, word):
    with psycopg.connect(url) as session:
        session.execute("CREATE TABLE IF NOT EXISTS words (word text)")
        session.execute("INSERT INTO words VALUES (%s)", [word])


@pytest.fixture
def own():
    with required_postgres(durable=True) as server:
        yield server


class TestDatabases:
    def test_a_new_database_is_empty_and_belongs_to_an_ordinary_role(self, database):
        with psycopg.connect(database) as session:
            role = session.execute(
                "SELECT current_user, rolsuper FROM pg_roles WHERE rolname = current_user"
            ).fetchone()
            tables = session.execute("SELECT count(*) FROM pg_tables WHERE schemaname = 'public'").fetchone()

        assert role == ("headway", False)
        assert tables == (0,)

    def test_each_is_another(self, postgres, database):
        other = postgres.new_database()

        write(database, "here")
        write(other, "there")

        assert (written(database), written(other)) == (["here"], ["there"])
        postgres.drop_database(other)

    def test_nobody_gets_in_without_its_password(self, postgres, database):
        name = database.rsplit("/", 1)[1]

        with pytest.raises(psycopg.OperationalError, match="password authentication failed"):
            psycopg.connect(f"postgresql://headway:wrong@127.0.0.1:{postgres.port}/{name}")

    def test_it_is_dropped_under_whoever_is_connected(self, postgres):
        url = postgres.new_database()
        session = psycopg.connect(url)

        postgres.drop_database(url)

        with pytest.raises(psycopg.OperationalError, match="does not exist"):
            psycopg.connect(url)
        session.close()


class TestFailures:
    def test_what_was_committed_survives_a_crash(self, own):
        url = own.new_database()
        write(url, "kept")
        idle = psycopg.connect(url)

        own.kill()
        with pytest.raises(psycopg.OperationalError):
            psycopg.connect(url)
        own.start()

        assert written(url) == ["kept"]
        assert "was interrupted" in own.log()
        idle.close()

    def test_a_crash_leaves_no_process(self, own):
        url = own.new_database()
        session = psycopg.connect(url)
        theirs = psutil.Process(own.pid).children(recursive=True)

        own.kill()

        assert session.info.backend_pid in {process.pid for process in theirs}
        assert not any(map(lives, theirs))
        session.close()

    def test_a_restart_keeps_port_and_rows(self, own):
        url = own.new_database()
        write(url, "kept")

        own.restart()

        assert written(url) == ["kept"]

    def test_sessions_of_one_database_are_ended_and_others_are_not(self, postgres, database):
        other = postgres.new_database()
        with psycopg.connect(other) as spared:
            ended = psycopg.connect(database)

            count = postgres.terminate_backends(database)

            assert count == 1
            with pytest.raises(psycopg.errors.AdminShutdown):
                ended.execute("SELECT 1")
            assert spared.execute("SELECT 1").fetchone() == (1,)
            ended.close()
        postgres.drop_database(other)

    def test_all_sessions_are_ended(self, postgres, database):
        sessions = [psycopg.connect(database) for _ in range(3)]

        assert postgres.terminate_backends() == 3

        for session in sessions:
            session.close()


class TestEnd:
    def test_nothing_is_left_when_it_is_closed(self):
        with required_postgres() as server:
            folder, postmaster = server.folder, psutil.Process(server.pid)

        assert not folder.exists()
        assert not lives(postmaster)

    def test_nothing_is_left_when_the_test_run_is_killed(self, postgres):
        program = (
            "from postgres import required_postgres; server = required_postgres();"
            "print(server.folder, server.pid, server._guard.pid, flush=True); input()"
        )
        run = subprocess.Popen(
            [sys.executable, "-c", program], cwd=TESTS, stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True
        )
        folder, postmaster, guard = run.stdout.readline().split()
        watched = [psutil.Process(int(postmaster)), psutil.Process(int(guard))]

        run.kill()
        run.communicate()
        pause, end = threading.Event(), time.monotonic() + 30
        while any(map(lives, watched)) and time.monotonic() < end:
            pause.wait(0.01)

        assert not any(map(lives, watched))
        assert not Path(folder).exists()


class TestReach:
    def test_a_wheel_that_its_user_cannot_reach_is_copied(self, postgres, monkeypatch):
        monkeypatch.setattr(harness, "_works", lambda command, cwd, user: False)
        wheel = next(harness._of_the_wheel(), None)
        if wheel is None:
            pytest.skip(f"the wheel {harness.WHEEL} is not installed")

        with Postgres(wheel) as server:
            inside = server.binaries.is_relative_to(server.folder)
            write(server.new_database(), "works")

        assert inside


class TestChoice:
    def test_none_means_none(self, monkeypatch):
        monkeypatch.setenv("HEADWAY_TEST_POSTGRES", "none")

        assert find_binaries() is None

    def test_the_first_whole_installation_is_taken(self, monkeypatch, tmp_path):
        monkeypatch.delenv("HEADWAY_TEST_POSTGRES", raising=False)
        client_only, whole = tmp_path / "client", tmp_path / "whole"
        for folder, names in ((client_only, ["pg_dump", "pg_restore"]), (whole, harness.NEEDED)):
            folder.mkdir()
            for name in names:
                (folder / name).touch()
        places = (lambda: iter([]), lambda: iter([client_only, whole]))
        monkeypatch.setitem(harness.CHOICES, "", (places, False))

        assert find_binaries() == whole

    def test_a_choice_that_cannot_be_kept_is_an_error(self, monkeypatch):
        monkeypatch.setenv("HEADWAY_TEST_POSTGRES", "system")
        monkeypatch.setitem(harness.CHOICES, "system", ((lambda: iter([]),), True))

        with pytest.raises(LookupError, match="system, but there is none of that sort here"):
            find_binaries()

    def test_an_unknown_choice_is_an_error(self, monkeypatch):
        monkeypatch.setenv("HEADWAY_TEST_POSTGRES", "mine")

        with pytest.raises(LookupError, match="say one of system, wheel, none"):
            find_binaries()
