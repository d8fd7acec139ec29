"""examples/mcp_crawler through Headway as its README says: the folder's own headway.toml, a server, a worker, jobs."""

from __future__ import annotations

import shutil
import sys
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import psutil
import pytest

import crawling
from crawling import EXAMPLE, Site, page, repository
from processes import Headway, headway

pytestmark = [pytest.mark.process, pytest.mark.timeout(180)]


@pytest.fixture(scope="module")
def site() -> Iterator[Site]:
    with crawling.a_site() as running:
        yield running


@pytest.fixture(scope="module")
def hw(tmp_path_factory: pytest.TempPathFactory, site: Site) -> Iterator[Headway]:
    """`headway serve` in a copy of the example, whose headway.toml allows what is here."""
    folder = tmp_path_factory.mktemp("crawler")
    shutil.copytree(EXAMPLE, folder, dirs_exist_ok=True, ignore=shutil.ignore_patterns("__pycache__"))
    (folder / "repos").mkdir()
    own = {
        '# CRAWLER_DATA = "${HOME}/.local/share/mcp-crawler"': f'CRAWLER_DATA = "{folder / "data"}"',
        '# CRAWLER_ALLOW_ADDRESSES = "127.0.0.1:8000"': f'CRAWLER_ALLOW_ADDRESSES = "127.0.0.1:{site.port}"',
        '# CRAWLER_ALLOW_LOCAL = "${HOME}"': f'CRAWLER_ALLOW_LOCAL = "{folder / "repos"}"',
    }
    config = (folder / "headway.toml").read_text()
    for line, its in own.items():
        assert line in config
        config = config.replace(line, its)
    (folder / "headway.toml").write_text(config)
    with headway(folder) as running:
        running.env["PATH"] = f"{Path(sys.executable).parent}:{running.env['PATH']}"
        running.serve()
        running.until(lambda: len(kinds(running)) == 6, "the crawler's tools are kinds")
        yield running


def kinds(hw: Headway) -> dict[str, Any]:
    """By name."""
    return {each["name"]: each for each in hw.http.get("/api/v1/kinds").json()["kinds"]}


def test_its_tools_are_kinds_with_schema_and_annotations(hw: Headway):
    found = kinds(hw)

    kind = found["mcp.crawler.smart_crawl_github"]
    assert kind["title"] == "Crawl a repository"
    assert kind["schema"]["required"] == ["repo_url"]
    assert kind["annotations"]["destructive"] is False
    assert set(found) == {
        f"mcp.crawler.{tool}"
        for tool in ("crawl_single_page", "crawl_site", "smart_crawl_github", "search_code", "search_documents",
                     "list_sources")
    }  # fmt: skip


def test_a_page_is_a_job_whose_progress_is_its_bytes(hw: Headway, site: Site):
    site.answers["/slow"] = site.paused(b"<title>Slow</title><p>Done.", at=12)

    id = hw.submit("mcp.crawler.crawl_single_page", url=f"{site.url}/slow")
    hw.until(lambda: (hw.job(id).get("progress") or {}).get("current") == 12, "12 bytes have come and are shown")
    before = hw.job(id)
    site.going_on.set()
    job = hw.state(id, "completed", "failed")

    assert (before["state"], before["progress"]["total"]) == ("running", 27)
    assert job["state"] == "completed", job
    assert job["progress"]["current"] == 27
    result = hw.http.get(f"/api/v1/jobs/{id}/result").json()["result"]
    assert (result["structured"]["title"], result["structured"]["text"]) == ("Slow", "Done.")
    assert result["content"] == [{"type": "text", "text": "Done."}]


def test_a_page_that_is_not_there_is_a_failed_job_that_says_so(hw: Headway, site: Site):
    site.answers["/gone"] = page("", status=404)

    id = hw.submit("mcp.crawler.crawl_single_page", url=f"{site.url}/gone")
    job = hw.state(id, "failed", "completed")

    assert job["error"]["message"].endswith(f"{site.url}/gone answered 404 Not Found.")
    assert len(job["attempts"]) == 1


def test_a_repository_is_a_job_through_all_stages_and_is_found_by_another(hw: Headway):
    zoo = repository(hw.folder / "repos" / "zoo", {"zoo.py": "def feed_the_walrus():\n    return 'herring'\n"})

    id = hw.submit("mcp.crawler.smart_crawl_github", repo_url=str(zoo))
    job = hw.state(id, "completed", "failed")
    found = hw.submit("mcp.crawler.search_code", query="walrus")
    hw.state(found, "completed", "failed")

    assert job["state"] == "completed", job
    assert (job["progress"]["current"], job["progress"]["message"]) == (100, "1 pieces of 1 files are stored")
    hits = hw.http.get(f"/api/v1/jobs/{found}/result").json()["result"]["structured"]["hits"]
    assert [(hit["path"], hit["title"]) for hit in hits] == [("zoo.py", "feed_the_walrus")]


def test_cancel_in_the_middle_of_a_clone_ends_git_and_takes_its_files(hw: Headway):
    stuck = repository(hw.folder / "repos" / "stuck", {"a.py": "a = 1\n"})
    crawling.make_stuck(stuck)

    id = hw.submit("mcp.crawler.smart_crawl_github", repo_url=str(stuck))
    hw.until(lambda: reads(stuck), "git reads the repository")
    hw.http.post(f"/api/v1/jobs/{id}/cancel")
    job = hw.state(id, "cancelled", "failed", "completed")

    assert job["state"] == "cancelled"
    hw.until(lambda: not reads(stuck), "git is gone")
    hw.until(lambda: not list((hw.folder / "data").glob("clone-*")), "the folder of the clone is gone")
    assert sources(hw) == {"zoo"} & sources(hw)


def sources(hw: Headway) -> set[str]:
    """The names of the repositories that are stored."""
    id = hw.submit("mcp.crawler.list_sources")
    hw.state(id, "completed")
    result = hw.http.get(f"/api/v1/jobs/{id}/result").json()["result"]
    return {str(each["url"]).rpartition("/")[2] for each in result["structured"]["sources"]}


def reads(folder: Path) -> list[psutil.Process]:
    """git's own side of the repository, which hangs."""
    return crawling.processes_about(folder, "upload-pack")
