"""git, as processes: a bare shallow clone, what is in it, and the content of its files.

No file of a repository is ever written by its own name, so its paths, links, hooks, filters and submodules stay data.
Each process is the head of a group that is ended whenever we stop waiting for it, and its folder goes with it.
"""

import contextlib
import os
import shutil
import signal
import subprocess
import tempfile
from collections.abc import AsyncIterator, Awaitable, Callable
from dataclasses import dataclass
from pathlib import Path

import anyio
from anyio.abc import ByteReceiveStream, Process
from anyio.streams.buffered import BufferedByteReceiveStream

from crawler.addresses import Address
from crawler.errors import CrawlError
from crawler.git_progress import GitProgress, Step
from crawler.sources import Source

TERM_S = 2.0
LISTED_BYTES = 64_000_000
SETTINGS = {
    "core.hooksPath": os.devnull,
    "core.symlinks": "false",
    "core.fsmonitor": "false",
    "credential.helper": "",
    "http.followRedirects": "false",  # another address would not have been checked
    "protocol.ext.allow": "never",
    "submodule.recurse": "false",
    "transfer.fsckObjects": "true",
    "gc.auto": "0",
}
FOLDER = "clone-"

_open: set[Path] = set()


@dataclass(frozen=True)
class Entry:
    """A file of the commit: its path, git's mode and name of the content, and bytes."""

    path: str
    mode: str
    oid: str
    size: int


@contextlib.asynccontextmanager
async def folder(data: Path) -> AsyncIterator[Path]:
    """A place for one clone, gone afterwards."""
    path = _made(data)
    _open.add(path)
    try:
        yield path
    finally:
        shutil.rmtree(path, ignore_errors=True)
        _open.discard(path)


def _made(data: Path) -> Path:
    data.mkdir(parents=True, exist_ok=True)
    return Path(tempfile.mkdtemp(prefix=f"{FOLDER}{os.getpid()}-", dir=data))


async def nothing_left() -> None:
    """Back when no clone has a folder any more."""
    while _open:  # noqa: ASYNC110 - at the end of the process; an event for each call would be kept for this alone
        await anyio.sleep(0.01)


def sweep(data: Path) -> None:
    """Take away what a server that was killed had left."""
    for path in data.glob(f"{FOLDER}*-*"):
        pid = path.name.removeprefix(FOLDER).partition("-")[0]
        if pid.isdecimal() and not _is_alive(int(pid)):
            shutil.rmtree(path, ignore_errors=True)


def _is_alive(pid: int) -> bool:
    try:
        os.kill(pid, 0)
    except ProcessLookupError:
        return False
    except PermissionError:
        return True
    return True


def _environment(home: Path, protocol: str) -> dict[str, str]:
    """Only what git needs: nobody's configuration, nobody's credentials, no questions, no other protocol."""
    kept = {name: os.environ[name] for name in ("PATH", "SSL_CERT_FILE", "GIT_SSL_CAINFO") if name in os.environ}
    return {
        **kept, "HOME": str(home), "LC_ALL": "C", "GIT_TERMINAL_PROMPT": "0", "GIT_ASKPASS": "true",
        "GIT_CONFIG_NOSYSTEM": "1", "GIT_CONFIG_GLOBAL": os.devnull, "GIT_ALLOW_PROTOCOL": protocol,
        "GIT_PROTOCOL_FROM_USER": "0", "GIT_OPTIONAL_LOCKS": "0", "GIT_NO_LAZY_FETCH": "1",
    }  # fmt: skip


@contextlib.asynccontextmanager
async def process(home: Path, *words: str, protocol: str = "none", piped: bool = False) -> AsyncIterator[Process]:
    """`git WORDS` in a group of its own, ended with all it started if we leave before it does."""
    running = await _started(home, words, protocol, piped)
    try:
        yield running
    finally:
        with anyio.CancelScope(shield=True):
            await _end(running)


async def _started(home: Path, words: tuple[str, ...], protocol: str, piped: bool) -> Process:
    """Shielded: of one cancelled half started, the children would be nobody's."""
    options = [word for name, value in SETTINGS.items() for word in ("-c", f"{name}={value}")]
    ends = subprocess.PIPE if piped else subprocess.DEVNULL
    command = ["git", *options, *words]
    try:
        with anyio.CancelScope(shield=True):
            return await anyio.open_process(
                command, env=_environment(home, protocol), cwd=home, start_new_session=True, stdin=ends
            )
    except FileNotFoundError as error:
        raise CrawlError("git is not installed where this server runs.") from error
    raise AssertionError  # a type checker's: the scope swallows nothing


async def _end(running: Process) -> None:
    if running.returncode is None:
        _signal(running.pid, signal.SIGTERM)  # at which git itself takes away what it began
        with anyio.move_on_after(TERM_S):
            await running.wait()
        _signal(running.pid, signal.SIGKILL)  # its children too, which may be slower than it
    await running.aclose()


def _signal(group: int, number: signal.Signals) -> None:
    with contextlib.suppress(ProcessLookupError, PermissionError):
        os.killpg(group, number)


async def clone(
    source: Source, home: Path, *, ref: str, addresses: list[Address], max_bytes: int,
    on_step: Callable[[Step], Awaitable[None]],
) -> Path:  # fmt: skip
    """The bare clone of the newest commit; refused when more than `max_bytes` come."""
    target = home / "repository"
    words = ["clone", "--bare", "--depth", "1", "--single-branch", "--no-tags", "--template=", "--progress"]
    words += ["--branch", ref] if ref else []
    progress = GitProgress()
    async with process(home, *_pinned(source, addresses), *words, "--", source.url, str(target),
                       protocol=source.protocol) as running:  # fmt: skip
        async for text in _texts(running.stderr):
            for step in progress.feed(text):
                if step.received > max_bytes:
                    raise CrawlError(f"{source.url} is larger than {max_bytes / 1e6:,.0f} MB (max_mb): given up.")
                await on_step(step)
        code = await running.wait()
    if code != 0:
        said = " ".join(line for line in progress.said if line.startswith(("fatal:", "error:", "remote:")))
        raise CrawlError(f"git could not clone {source.url}: {said.replace(str(home), '…') or f'exit code {code}'}")
    return target


def _pinned(source: Source, addresses: list[Address]) -> list[str]:
    """git connects where we looked, not where the name points by then."""
    if not source.host or not addresses:
        return []
    places = ",".join(f"[{each}]" if each.version == 6 else str(each) for each in addresses)
    return ["-c", f"http.curloptResolve={source.host}:{source.port}:{places}"]


async def _texts(stream: ByteReceiveStream | None) -> AsyncIterator[str]:
    if stream is not None:
        async for data in stream:
            yield data.decode("utf-8", "replace")


async def commit(repository: Path) -> str:
    """The name of its commit."""
    return (await _output(repository, "rev-parse", "--verify", "HEAD^{commit}")).decode("ascii").strip()


async def listing(repository: Path) -> list[Entry]:
    """Every file of the commit, in order of their paths."""
    listed = await _output(repository, "ls-tree", "-r", "-z", "-l", "HEAD")
    entries: list[Entry] = []
    for line in filter(None, listed.decode("utf-8", "replace").split("\0")):
        facts, _, path = line.partition("\t")
        mode, _, oid, size = facts.split()
        entries.append(Entry(path, mode, oid, int(size) if size.isdecimal() else 0))
    return entries


async def _output(repository: Path, *words: str) -> bytes:
    collected = bytearray()
    async with process(repository, "--git-dir", str(repository), *words) as running:
        if running.stdout is None:
            raise CrawlError("git gave no pipe.")
        async for data in running.stdout:
            collected += data
            if len(collected) > LISTED_BYTES:
                raise CrawlError("The repository has more files than can be listed.")
        if await running.wait() != 0:
            raise CrawlError(f"git {words[0]} failed: the repository is empty or broken.")
    return bytes(collected)


@contextlib.asynccontextmanager
async def reader(repository: Path) -> AsyncIterator[Callable[[Entry], Awaitable[bytes]]]:
    """Gives the content of one entry after the other, by one process."""
    async with process(repository, "--git-dir", str(repository), "cat-file", "--batch", piped=True) as running:
        if running.stdin is None or running.stdout is None:
            raise CrawlError("git gave no pipes.")
        questions, answers = running.stdin, BufferedByteReceiveStream(running.stdout)

        async def read(entry: Entry) -> bytes:
            await questions.send(f"{entry.oid}\n".encode())
            head = (await answers.receive_until(b"\n", 300)).decode("ascii", "replace").split()
            if len(head) != 3:
                raise CrawlError(f"{entry.path}: its content is missing in the repository.")
            content = await answers.receive_exactly(int(head[2]))
            await answers.receive_exactly(1)
            return content

        yield read
