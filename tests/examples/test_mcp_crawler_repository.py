"""examples/mcp_crawler, repositories: stages and their true progress, what is read and found, and ends half way."""

from __future__ import annotations

import contextlib
import itertools
import json
import os
import random
import sys
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import anyio
import psutil
import pytest
from crawler import chunks, git as crawler_git
from crawler.errors import CrawlError
from crawler.git_progress import GitProgress
from crawler.index import Index, Piece
from crawler.progress import metering
from crawler.selecting import reason_to_skip
from crawler.settings import Settings
from crawler.sources import source
from hypothesis import given, strategies as st
from mcp import Client, StdioServerParameters

import crawling
from crawling import EXAMPLE, Site, calls, committed, git, make_stuck, processes_about, repository

pytestmark = pytest.mark.filterwarnings("ignore::mcp.shared.exceptions.MCPDeprecationWarning")

MAIN = '''"""Entry."""

import os


def read_text_file(path):
    """Gives what is in it."""
    return open(path).read()


class Walrus:
    def dive(self, depth_in_metres):
        return -depth_in_metres
'''
FILES: dict[str, str | bytes] = {
    "README.md": "# Zoo\n\nAnimals of the north.\n\n## Feeding\n\nHerring, twice a day.\n",
    "src/main.py": MAIN,
    "src/app.ts": "export function openGateOfHarbour(): void {\n  // nothing\n}\n",
    "logo.png": b"\x89PNG\0",
    "data.txt": b"a\0b",
    "empty.txt": "",
    "node_modules/x/index.js": "x",
    ".env": "TOKEN=hunter2",
    "keys.txt": "-----BEGIN RSA PRIVATE KEY-----\nhunter2\n",
    "big.txt": "x" * 2_000_000,
    "package-lock.json": "{}",
}


@pytest.fixture
def zoo(tmp_path: Path) -> Path:
    return repository(tmp_path / "repos" / "zoo", FILES)


@pytest.fixture
def site() -> Iterator[Site]:
    with crawling.a_site() as running:
        yield running


def local(tmp_path: Path) -> dict[str, str]:
    return {"CRAWLER_ALLOW_LOCAL": str(tmp_path / "repos")}


class TestARepository:
    async def test_is_read_but_for_what_is_not_worth_it(self, zoo: Path, tmp_path: Path):
        (zoo / "link.txt").symlink_to("/etc/passwd")
        committed(zoo, {})

        async with calls(tmp_path / "data", **local(tmp_path)) as crawler:
            found = await crawler.data("smart_crawl_github", repo_url=str(zoo))

        assert found == {
            "repository": zoo.as_uri(), "commit": git(zoo, "rev-parse", "HEAD"), "files": 3, "chunks": 6,
            "bytes": sum(len(str(FILES[name])) for name in ("README.md", "src/main.py", "src/app.ts")),
            "skipped": {"looks secret": 2, "binary": 2, "empty": 1, "vendored": 1, "too large": 1, "generated": 1,
                        "link or submodule": 1},
            "languages": {"markdown": 1, "python": 1, "typescript": 1}, "embedded": False,
        }  # fmt: skip
        assert len(crawler.log) == 1
        assert crawler.log[0].startswith("not read: 2 ")

    async def test_is_found_by_words_names_and_parts_of_names(self, zoo: Path, tmp_path: Path):
        async with calls(tmp_path / "data", **local(tmp_path)) as crawler:
            await crawler.data("smart_crawl_github", repo_url=zoo.as_uri())
            asked = {
                "read_text_file": ("search_code", "src/main.py", "read_text_file", 6),
                "text file": ("search_code", "src/main.py", "read_text_file", 6),
                "walrus diving": ("search_code", "src/main.py", "Walrus", 11),
                "harbour gate": ("search_code", "src/app.ts", "openGateOfHarbour", 1),
                "what do they eat? herring": ("search_documents", "README.md", "Zoo › Feeding", 5),
            }
            for query, (tool, path, title, line) in asked.items():
                best = (await crawler.data(tool, query=query))["hits"][0]
                assert (best["path"], best["title"], best["first_line"]) == (path, title, line)
                assert best["source"] == zoo.as_uri()

    @pytest.mark.parametrize("query", ['"', "NEAR(y z)", "path:x OR *", "' ; DROP TABLE words", "hunter2", "()"])
    async def test_no_query_is_an_operator_and_no_secret_is_found(self, zoo: Path, tmp_path: Path, query: str):
        async with calls(tmp_path / "data", **local(tmp_path)) as crawler:
            await crawler.data("smart_crawl_github", repo_url=str(zoo))
            found = await crawler.data("search_documents", query=query)

        assert found == {"hits": []}

    async def test_read_again_replaces_what_was_stored(self, zoo: Path, tmp_path: Path):
        async with calls(tmp_path / "data", **local(tmp_path)) as crawler:
            await crawler.data("smart_crawl_github", repo_url=str(zoo))
            committed(zoo, {"README.md": "# Zoo\n\nPenguins only.\n"})
            await crawler.data("smart_crawl_github", repo_url=f"{zoo.as_uri()}")
            sources = (await crawler.data("list_sources"))["sources"]
            herring = (await crawler.data("search_documents", query="herring"))["hits"]
            penguins = (await crawler.data("search_documents", query="penguin"))["hits"]

        assert [(each["url"], each["version"]) for each in sources] == [(zoo.as_uri(), git(zoo, "rev-parse", "HEAD"))]
        assert (len(herring), len(penguins)) == (0, 1)

    async def test_of_a_branch_is_read_at_that_branch(self, zoo: Path, tmp_path: Path):
        git(zoo, "checkout", "-q", "-b", "south")
        committed(zoo, {"SOUTH.md": "# South\n"})
        git(zoo, "checkout", "-q", "main")

        async with calls(tmp_path / "data", **local(tmp_path)) as crawler:
            found = await crawler.data("smart_crawl_github", repo_url=str(zoo), ref="south")
            said = await crawler.refusal("smart_crawl_github", repo_url=str(zoo), ref="nowhere")

        assert (found["files"], found["commit"]) == (4, git(zoo, "rev-parse", "south"))
        assert "Remote branch nowhere not found" in said

    async def test_leaves_no_clone_behind(self, zoo: Path, tmp_path: Path):
        async with calls(tmp_path / "data", **local(tmp_path)) as crawler:
            await crawler.data("smart_crawl_github", repo_url=str(zoo))
            await crawler.refusal("smart_crawl_github", repo_url=str(zoo), ref="nowhere")

        assert [path.name for path in (tmp_path / "data").iterdir() if not path.name.startswith("index.db")] == []


class TestProgress:
    async def test_goes_through_all_stages_counts_every_file_and_never_falls(self, tmp_path: Path):
        many = repository(tmp_path / "repos" / "many", {f"f{number}.py": f"x = {number}\n" for number in range(40)})

        async with calls(tmp_path / "data", **local(tmp_path)) as crawler:
            await crawler.data("smart_crawl_github", repo_url=str(many))

        amounts = [done for done, _, _ in crawler.progress]
        said = [str(message) for _, _, message in crawler.progress]
        stages = list(dict.fromkeys(message.partition(":")[0] for message in said))
        assert amounts == sorted(amounts)
        assert stages == ["clone", "discover", "process", "index", "store", "40 pieces of 40 files are stored"]
        assert crawler.progress[0] == (0, 100, f"clone: {many.as_uri()}")
        assert crawler.progress[-1] == (100, 100, "40 pieces of 40 files are stored")
        assert "discover: 40 of 40 files are worth reading" in said
        assert "process: 40/40 f9.py" in said
        assert "index: 40/40 pieces" in said

    async def test_that_would_fall_is_left_out_and_the_newest_is_told_a_moment_later(self):
        told: list[tuple[float, float | None, str | None]] = []
        newest = anyio.Event()

        async def tell(done: float, total: float | None, message: str | None) -> None:
            told.append((done, total, message))
            if done == 4:
                newest.set()

        async with metering(tell) as meter:
            for done in (1, 3, 2, 4, 0):
                await meter(done, 9, str(done))
            with anyio.fail_after(10):
                await newest.wait()

        assert told == [(1, 9, "1"), (4, 9, "4")]

    RECORDED = (
        "Cloning into bare repository 'c'...\nremote: Enumerating objects: 32, done.        \n"
        "remote: Counting objects:  50% (16/32)        \rremote: Counting objects: 100% (32/32), done.        \n"
        "remote: Compressing objects: 100% (13/13), done.        \n"
        "remote: Total 32 (delta 0), reused 0 (delta 0), pack-reused 0        \n"
        "Receiving objects:  25% (8/32)\rReceiving objects: 100% (32/32), 1.50 KiB | 1.63 MiB/s\r"
        "Receiving objects: 100% (32/32), 1.50 KiB | 1.63 MiB/s, done.\nResolving deltas: 100% (10/10), done.\n"
        "fatal: the remote end hung up\n"
    )

    def test_of_git_is_read_as_git_says_it(self):
        progress = GitProgress()

        steps = progress.feed(self.RECORDED)

        assert [round(step.share, 3) for step in steps] == [0.025, 0.05, 0.15, 0.325, 0.85, 0.85, 1.0]
        assert steps[3].message == "receiving objects 8/32"
        assert (steps[4].message, steps[4].received) == ("receiving objects 32/32, 1.50 KiB", 1536)
        assert progress.said == ["fatal: the remote end hung up"]

    @given(st.lists(st.integers(0, len(RECORDED))))
    def test_of_git_is_the_same_wherever_its_words_are_cut(self, cuts: list[int]):
        places = [0, *sorted(cuts), len(self.RECORDED)]
        progress = GitProgress()

        steps = [step for begin, end in itertools.pairwise(places) for step in progress.feed(self.RECORDED[begin:end])]

        assert steps == GitProgress().feed(self.RECORDED)

    def test_of_git_never_falls_though_git_counts_anew(self):
        progress = GitProgress()

        steps = progress.feed("Receiving objects:  50% (5/10)\rremote: Counting objects:  10% (1/10)\r")

        assert [step.share for step in steps] == [0.5, 0.5]


class TestEndsHalfWay:
    @pytest.mark.parametrize("begun", ["clone", "upload-pack"])
    async def test_cancel_while_it_clones_leaves_no_process_and_no_files(self, zoo: Path, tmp_path: Path, begun: str):
        data = tmp_path / "data"
        make_stuck(zoo)

        async with calls(data, **local(tmp_path)) as crawler, anyio.create_task_group() as group:
            call = anyio.CancelScope()

            async def run() -> None:
                with call:
                    await crawler.call("smart_crawl_github", repo_url=str(zoo))

            group.start_soon(run)
            await until(lambda: processes_about(zoo, begun), "git has begun")
            call.cancel()
            await until(lambda: not clones(data), "the folder of the clone is gone")
            await until(lambda: not processes_about(tmp_path, "git"), "git is gone")
            sources = await crawler.data("list_sources")

        assert sources == {"sources": []}

    async def test_a_server_told_to_go_takes_git_and_its_folder_with_it(self, zoo: Path, tmp_path: Path):
        data = tmp_path / "data"
        env = {"CRAWLER_DATA": str(data), **local(tmp_path)}
        server = StdioServerParameters(command=sys.executable, args=["-m", "crawler"], cwd=EXAMPLE, env=env)
        make_stuck(zoo)

        async with Client(server) as client, anyio.create_task_group() as group:
            group.start_soon(ignoring_errors, client, zoo)
            await until(lambda: processes_about(zoo, "upload-pack"), "git reads the repository")
            (pid,) = {int(path.name.split("-")[1]) for path in clones(data)}
            psutil.Process(pid).terminate()
            await until(lambda: not clones(data), "the folder of the clone is gone")
            await until(lambda: not processes_about(tmp_path, "git"), "git is gone")
            await until(lambda: gone(pid), "the server is gone")
            group.cancel_scope.cancel()

    async def test_a_git_that_ignores_to_be_ended_is_killed_with_its_children(
        self, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
    ):
        stubborn = tmp_path / "git"
        stubborn.write_text(f"#!/bin/sh\ntrap '' TERM\nsleep 1000 & echo begun >{tmp_path}/begun\nwait\nsleep 1000\n")
        stubborn.chmod(0o755)
        monkeypatch.setenv("PATH", f"{tmp_path}:{os.environ['PATH']}")

        async with crawler_git.process(tmp_path, "clone") as running:
            await until((tmp_path / "begun").exists, "it runs")
            family = [psutil.Process(running.pid), *psutil.Process(running.pid).children(recursive=True)]

        assert len(family) == 2
        await until(lambda: all(gone(each.pid) for each in family), "all of it is gone")

    async def test_what_a_killed_server_left_is_swept(self, tmp_path: Path):
        mine, dead = tmp_path / f"clone-{os.getpid()}-x", tmp_path / "clone-4194999-y"
        for folder in (mine, dead):
            folder.mkdir()

        crawler_git.sweep(tmp_path)

        assert (mine.exists(), dead.exists()) == (True, False)

    async def test_a_clone_that_is_too_large_is_given_up(self, tmp_path: Path):
        noise = random.Random(1).randbytes(3_000_000)
        big = repository(tmp_path / "repos" / "big", {"noise.bin": noise})

        async with calls(tmp_path / "data", **local(tmp_path)) as crawler:
            said = await crawler.refusal("smart_crawl_github", repo_url=str(big), max_mb=1)

        assert said == f"{big.as_uri()} is larger than 1 MB (max_mb): given up."
        assert clones(tmp_path / "data") == []

    async def test_a_failing_model_leaves_what_was_stored_before(self, zoo: Path, tmp_path: Path, site: Site):
        async with calls(tmp_path / "data", **local(tmp_path)) as crawler:
            await crawler.data("smart_crawl_github", repo_url=str(zoo))
        site.answers["/v1/embeddings"] = crawling.page('{"error": "no credit"}', status=402)
        model = {"CRAWLER_EMBEDDINGS_URL": f"{site.url}/v1", "CRAWLER_EMBEDDINGS_KEY": "sk-secret"}

        async with calls(tmp_path / "data", **local(tmp_path), **model) as crawler:
            said = await crawler.refusal("smart_crawl_github", repo_url=str(zoo))
            sources = (await crawler.data("list_sources"))["sources"]

        assert said == 'The embeddings API answered 402: {"error": "no credit"}'
        assert [(each["chunks"], each["model"]) for each in sources] == [(6, "")]

    def test_a_transaction_that_breaks_leaves_what_was_stored_before(self, tmp_path: Path):
        index = Index(tmp_path)
        pieces = [Piece("a.md", "markdown", True, chunks.Chunk("A", 1, 1, "walrus")) for _ in range(3)]
        with index.replacing("file:///zoo", "1", "", 1) as writing:
            writing.add(pieces)

        with pytest.raises(KeyboardInterrupt), index.replacing("file:///zoo", "2", "", 1) as writing:  # noqa: PT012
            writing.add(pieces[:1])
            raise KeyboardInterrupt

        hits = index.search("walrus", document=True, source="", most=9, vector=None, model="")
        assert [(each["version"], each["chunks"]) for each in index.sources()] == [("1", 3)]
        assert [each.version for each in hits] == ["1", "1", "1"]


class TestMeaning:
    async def test_finds_what_no_word_of_the_query_is_in(self, zoo: Path, tmp_path: Path, site: Site):
        site.answers["/v1/embeddings"] = embeddings
        env = {**local(tmp_path), "CRAWLER_EMBEDDINGS_URL": f"{site.url}/v1/", "CRAWLER_EMBEDDINGS_MODEL": "animals"}

        async with calls(tmp_path / "data", **env) as crawler:
            found = await crawler.data("smart_crawl_github", repo_url=str(zoo))
            hits = (await crawler.data("search_code", query="pinniped"))["hits"]

        assert found["embedded"]
        assert hits[0]["title"] == "Walrus"
        assert "embed: 6/6 pieces" in [message for _, _, message in crawler.progress]
        assert [done for done, _, _ in crawler.progress] == sorted(done for done, _, _ in crawler.progress)


class TestSources:
    @pytest.mark.parametrize(
        ("said", "url"),
        [
            ("encode/httpx", "https://github.com/encode/httpx"),
            ("https://github.com/encode/httpx.git", "https://github.com/encode/httpx"),
            ("https://GitLab.com/a/b/c/", "https://gitlab.com/a/b/c"),
        ],
    )
    def test_are_named_in_one_way(self, tmp_path: Path, said: str, url: str):
        assert source(said, Settings(data=tmp_path)).url == url

    @pytest.mark.parametrize(
        ("said", "sentence"),
        [
            ("http://github.com/a/b", "is no repository we read"),
            ("git@github.com:a/b", "is no repository we read"),
            ("ssh://git@github.com/a/b", "is no repository we read"),
            ("ext::sh -c touch% /tmp/x", "is no repository we read"),
            ("https://[", "is no URL: Invalid IPv6 URL"),
            ("--upload-pack=touch /tmp/x", "is no repository we read"),
            ("-c/x", "is no repository we read"),
            ("file://host/repos", "is no repository we read"),
            ("https://169.254.169.254/a/b", "is not among the hosts we clone from"),
            ("https://github.com.evil.example/a/b", "is not among the hosts we clone from"),
            ("https://github.com:8443/a/b", "is not among the hosts we clone from"),
            ("https://github.com:x/a/b", "is no URL"),
            ("https://me:secret@github.com/a/b", "with user or password is not cloned"),
            ("https://github.com/a", "names no repository"),
            ("https://github.com/a/b?x=1", "names no repository"),
            ("https://github.com/a/../b", "names no repository"),
            ("https://github.com/a/b c", "names no repository"),
            ("/etc", "Local repositories are not read"),
            ("file:///etc", "Local repositories are not read"),
        ],
    )
    def test_that_are_not_ours_to_read_are_refused(self, tmp_path: Path, said: str, sentence: str):
        with pytest.raises(CrawlError) as refused:
            source(said, Settings(data=tmp_path))

        assert sentence in str(refused.value)
        assert "secret" not in str(refused.value)

    def test_that_are_local_are_below_the_allowed_folder_links_followed(self, tmp_path: Path):
        inside, outside = tmp_path / "repos" / "a", tmp_path / "other"
        inside.mkdir(parents=True)
        outside.mkdir()
        (tmp_path / "repos" / "link").symlink_to(outside)
        settings = Settings(data=tmp_path, local=tmp_path / "repos")

        assert source(str(inside), settings).url == inside.as_uri()
        for path in (outside, tmp_path / "repos" / "link", tmp_path / "repos" / ".." / "other"):
            with pytest.raises(CrawlError, match="outside of the folder"):
                source(str(path), settings)

    @pytest.mark.parametrize("ref", ["-x", "--upload-pack=x", "a..b", "a b", "a/", "$(x)", "a.lock"])
    async def test_refs_are_plain_names(self, zoo: Path, tmp_path: Path, ref: str):
        async with calls(tmp_path / "data", **local(tmp_path)) as crawler:
            said = await crawler.refusal("smart_crawl_github", repo_url=str(zoo), ref=ref)

        assert said == f"{ref!r} is no name of a branch or tag."

    @pytest.mark.parametrize(
        ("path", "reason"),
        [
            ("a/.env", "looks secret"), (".env.example", None), ("id_rsa", "looks secret"), ("x.pem", "looks secret"),
            ("credentials.json", "looks secret"), ("secrets.yaml", "looks secret"), ("secrets.py", None),
            ("a/node_modules/b.js", "vendored"), ("vendor/a.go", "vendored"), ("vendor.go", None), ("a.PNG", "binary"),
            ("a.min.js", "generated"), ("uv.lock", "generated"), ("src/key.py", None), ("Makefile", None),
        ],
    )  # fmt: skip
    def test_files_are_left_out_by_a_reason(self, path: str, reason: str | None):
        assert reason_to_skip(crawler_git.Entry(path, "100644", "0", 10), 100) == reason


class TestChunks:
    @given(
        st.text(alphabet="ab#`~ \n\r\t\f:()\u2028{}d ef class", max_size=400),
        st.sampled_from(["markdown", "python", "go", "text"]),
    )
    def test_put_together_are_the_text(self, text: str, language: str):
        assert "".join(each.text for each in chunks.chunked(text, language)) == text

    @given(st.lists(st.integers(0, 9_000), max_size=8), st.sampled_from(["markdown", "python", "go", "text"]))
    def test_are_short_and_know_their_lines(self, lengths: list[int], language: str):
        lines = [f"{'# ' if length % 2 else ''}{'x' * length}\n" for length in lengths]

        found = chunks.chunked("".join(lines), language)

        for each in found:
            assert len(each.text) <= chunks.LONGEST
            assert each.text in "".join(lines[each.first_line - 1 : each.last_line])

    def test_of_markdown_begin_at_headings_that_are_none_in_code(self):
        text = "intro\n# A\n```sh\n# no heading\n```\n## B\nb\n# C\nc\n"

        found = [(each.title, each.first_line, each.last_line) for each in chunks.chunked(text, "markdown")]

        assert found == [("", 1, 1), ("A", 2, 5), ("A › B", 6, 7), ("C", 8, 9)]

    def test_of_python_begin_at_decorators_and_split_long_classes_by_method(self):
        long = "        x = 1\n" * 200
        text = f"import os\n@once\ndef f():\n    pass\nclass Big:\n    def one(self):\n{long}    def two(self):\n{long}"

        found = [(each.title, each.first_line) for each in chunks.chunked(text, "python")]

        assert found == [("", 1), ("f", 2), ("Big", 5), ("Big.one", 6), ("Big.two", 207)]


def embeddings(request: Any) -> None:
    """A model with one idea: what has to do with walruses."""
    asked = json.loads(request.rfile.read(int(request.headers["Content-Length"])))
    assert asked["model"] == "animals"
    data = [
        {"index": index, "embedding": [1.0, 0.0] if "alrus" in text or "pinniped" in text else [0.0, 1.0]}
        for index, text in enumerate(asked["input"])
    ]
    crawling.page(json.dumps({"data": data[::-1]}), "application/json")(request)


def clones(data: Path) -> list[Path]:
    return list(data.glob("clone-*"))


def gone(pid: int) -> bool:
    return not psutil.pid_exists(pid) or psutil.Process(pid).status() == psutil.STATUS_ZOMBIE


async def until(true: Any, what: str) -> None:
    with anyio.move_on_after(20):
        while not true():  # noqa: ASYNC110 - other processes tell us nothing
            await anyio.sleep(0.01)
        return
    raise AssertionError(f"not within 20 s: {what}")


async def ignoring_errors(client: Client, zoo: Path) -> None:
    with contextlib.suppress(Exception):
        await client.call_tool("smart_crawl_github", {"repo_url": str(zoo)})
