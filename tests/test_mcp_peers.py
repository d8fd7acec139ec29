"""Servers of third parties are installed once, anew where their lock changed, and missed aloud in CI."""

from __future__ import annotations

from pathlib import Path

import pytest

import mcp_peers


@pytest.fixture
def folders(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """Locks and installations of the test's own; the folder of the lock."""
    monkeypatch.setattr(mcp_peers, "LOCKS", tmp_path / "locks")
    monkeypatch.setattr(mcp_peers, "KEPT", tmp_path / "kept")
    lock = tmp_path / "locks" / "peer"
    lock.mkdir(parents=True)
    (lock / "lock").write_text("version 1")
    return lock


def test_a_peer_is_installed_once_and_anew_when_its_lock_changed(folders: Path):
    installed = list[str]()

    def install(folder: Path) -> None:
        installed.append((folder / "lock").read_text())

    for version in ("version 1", "version 1", "version 2"):
        (folders / "lock").write_text(version)
        mcp_peers._required("peer", "lock", "no peer", install)

    assert installed == ["version 1", "version 2"]


def test_what_could_not_be_installed_is_tried_again(folders: Path, monkeypatch: pytest.MonkeyPatch):
    monkeypatch.delenv("CI", raising=False)

    def fail(folder: Path) -> None:
        raise OSError("no registry")

    for _ in range(2):
        with pytest.raises(pytest.skip.Exception, match="no peer"):
            mcp_peers._required("peer", "lock", "no peer", fail)

    assert not (mcp_peers.KEPT / "peer" / ".stamp").exists()


def test_in_ci_a_peer_that_is_missing_is_a_failure_that_says_why(folders: Path, monkeypatch: pytest.MonkeyPatch):
    monkeypatch.setenv("CI", "1")

    def fail(folder: Path) -> None:
        raise OSError("no registry")

    with pytest.raises(pytest.fail.Exception, match=r"no peer:\nno registry"):
        mcp_peers._required("peer", "lock", "no peer", fail)


def test_a_machine_without_node_leaves_the_reference_server_out(monkeypatch: pytest.MonkeyPatch):
    monkeypatch.delenv("CI", raising=False)
    monkeypatch.setattr(mcp_peers._tool("dashboard"), "find_node", lambda: None)

    with pytest.raises(pytest.skip.Exception, match=r"server-everything can not be installed \(Node"):
        mcp_peers.everything()
