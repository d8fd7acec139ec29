"""Every example runs as it stands, against a real server."""

from __future__ import annotations

import json
import subprocess
import sys
from pathlib import Path

import httpx
import pytest

from processes import Headway, free_port

ROOT = Path(__file__).resolve().parents[2]
EXAMPLES = ROOT / "examples"
PAGE = ROOT / "README.md"

pytestmark = [pytest.mark.process, pytest.mark.timeout(120)]


def run(hw: Headway, *command: str | Path, cwd: Path = EXAMPLES) -> subprocess.CompletedProcess[str]:
    """A program of an example to its end, in its folder."""
    words = [str(word) for word in command]
    return subprocess.run(words, env=hw.env, cwd=cwd, capture_output=True, text=True, timeout=90, check=False)


def test_every_example_is_listed_and_has_a_test():
    here = {path.name for path in EXAMPLES.iterdir() if path.name not in ("README.md", "__pycache__")}
    page = (EXAMPLES / "README.md").read_text()
    tests = "".join(path.read_text() for path in Path(__file__).parent.glob("test_*.py"))

    assert {name for name in here if f"({name}" not in page} == set()
    assert {name for name in here if name.removesuffix(".py") not in tests} == set()


def test_first_job_counts_the_words_of_a_page(hw: Headway):
    answer = hw.run("submit", "count_words", f"path={PAGE}", "--wait")

    assert json.loads(answer.stdout) == {"words": len(PAGE.read_text().split())}, answer.stderr


def test_transcript_summary_gives_the_sentences_in_the_order_of_the_talk(hw: Headway):
    talk = EXAMPLES / "transcript_summary" / "talk.vtt"

    id = hw.submit("summarise", path=str(talk), sentences=4)
    job = hw.state(id, "completed", "failed")

    assert job["state"] == "completed", job
    said = job["result"]["summary"]
    spoken = " ".join(
        line for line in talk.read_text().splitlines() if line and "-->" not in line and not line.isdigit()
    )
    assert [spoken.index(sentence) for sentence in said] == sorted(spoken.index(sentence) for sentence in said)
    assert "one journal, one number" in " ".join(said)
    assert list(job["attempts"]["1"]["stages"]) == ["read", "parse", "split", "weigh", "compare", "rank"]
    assert hw.http.get(f"/api/v1/jobs/{id}/artifacts/summary.txt").text.count("\n") == 3


def test_transcript_summary_rejects_what_is_no_transcript(hw: Headway):
    id = hw.submit("summarise", path=str(PAGE))
    job = hw.state(id, "failed")

    assert job["reason"] == "rejected"
    assert "no WebVTT file" in job["error"]["message"]


def test_blocking_client_prints_views_results_and_the_refusal(hw: Headway):
    answer = run(hw, sys.executable, "blocking_client.py", PAGE)

    assert answer.returncode == 0, answer.stderr
    words = len(PAGE.read_text().split())
    lines = answer.stdout.splitlines()
    assert "completed 100%" in lines
    assert lines[-3:-1] == [str({"words": words}), f"{words * 10} words in 10 jobs"]
    assert lines[-1].startswith("refused: args.path")


def test_testing_a_job_passes_under_pytest(hw: Headway):
    answer = run(hw, sys.executable, "-m", "pytest", "-q", "testing_a_job.py", "-p", "no:cacheprovider")

    assert answer.returncode == 0, answer.stdout
    assert "3 passed" in answer.stdout


def test_command_line_runs_to_its_last_line(hw: Headway):
    answer = run(hw, "sh", "command_line.sh", PAGE)

    assert answer.returncode == 0, answer.stderr
    assert f'"words": {len(PAGE.read_text().split())}' in answer.stdout
    assert "label" not in answer.stderr
    assert "from=shell" in answer.stdout
    assert "5/5 numbers" in answer.stdout
    numbers = json.loads(answer.stdout[answer.stdout.rindex("\n[") :])
    assert [job["state"] for job in numbers] == ["completed"]
    assert numbers[0]["progress"]["current"] == 5


def test_mounted_serves_the_page_and_runs_jobs_below_its_path(hw: Headway):
    port = free_port()
    url = f"http://127.0.0.1:{port}"
    folder = EXAMPLES / "mounted"
    env = {**hw.env, "HEADWAY_SERVER": f"{url}/headway", "HEADWAY_STORE": f"sqlite:///{hw.folder / 'mounted.db'}"}
    commands = {
        "uvicorn": ("uvicorn", "main:app", "--port", str(port)),
        "mounted": ("headway", "worker", "jobs:app", "--server", f"{url}/headway", "--machine", "bench"),
    }
    for name, words in commands.items():
        with (hw.folder / f"{name}.log").open("ab") as log:
            process = subprocess.Popen(
                [sys.executable, "-m", *words], cwd=folder, env=env, stdout=log, stderr=log, start_new_session=True
            )
        hw.processes.append(process)
        if name == "uvicorn":
            hw.until(lambda: httpx.get(f"{url}/headway/readyz").status_code == 200, "the mounted server answers")

    made = httpx.post(f"{url}/orders/17/invoice").json()["job"]
    again = httpx.post(f"{url}/orders/17/invoice").json()["job"]
    job = f"{url}/headway/api/v1/jobs/{made}"
    answer = httpx.get(f"{job}/result", params={"wait": 30}, timeout=60).json()

    assert answer["result"] == {"file": "invoice-17.txt"}
    assert again == made
    assert "a job server" in httpx.get(f"{job}/artifacts/invoice-17.txt").text
    assert "<title>" in httpx.get(f"{url}/headway/", follow_redirects=True).text
