from __future__ import annotations

import pytest

from headway.server.prefix import base_of, prefix_of, settle


@pytest.mark.parametrize(
    ("root", "path", "configured", "forwarded", "settled"),
    [
        ("", "/x", "", None, ("", "/x")),
        ("", "/jobs/x", "/jobs", None, ("/jobs", "/jobs/x")),  # left on
        ("", "/jobs", "/jobs", None, ("/jobs", "/jobs")),
        ("", "/x", "/jobs", None, ("/jobs", "/jobs/x")),  # taken off, and only the configuration knows
        ("", "/jobsmith", "/jobs", None, ("/jobs", "/jobs/jobsmith")),
        ("", "/x", "", "/jobs", ("/jobs", "/jobs/x")),  # taken off, and the proxy says so
        ("", "/x", "/other", "/jobs", ("/jobs", "/jobs/x")),
        ("", "/jobs/x", "/jobs", "/jobs", ("/jobs", "/jobs/x")),  # left on, and said all the same
        ("", "/jobs/x", "/jobs", "/outer", ("/outer/jobs", "/outer/jobs/x")),  # an outer proxy took another one off
        ("/mounted", "/mounted/x", "", None, ("/mounted", "/mounted/x")),
        ("/mounted", "/mounted/x", "", "/outer", ("/outer/mounted", "/outer/mounted/x")),
        ("/mounted", "/mounted/jobs/x", "/jobs", None, ("/mounted/jobs", "/mounted/jobs/x")),
        ("/jobs", "/jobs/x", "/jobs", None, ("/jobs", "/jobs/x")),  # the ASGI server was told as well
    ],
)
def test_a_prefix_is_the_same_whether_it_was_taken_off_or_left_on(
    root: str, path: str, configured: str, forwarded: str | None, settled: tuple[str, str]
):
    assert settle(root, path, configured=configured, forwarded=forwarded) == settled


@pytest.mark.parametrize(
    ("header", "prefix"),
    [("/jobs", "/jobs"), ("/jobs/", "/jobs"), ("/user/ann@x.org/a.b_c~d-e", "/user/ann@x.org/a.b_c~d-e")],
)
def test_a_plain_path_is_a_prefix(header: str, prefix: str):
    assert prefix_of(header) == prefix


@pytest.mark.parametrize(
    "header",
    [
        None,
        "",
        "/",
        "//",
        "//evil.example",
        "jobs",
        "/jobs//",
        "/a//b",
        "/a/../b",
        "/..",
        "/a/.",
        "/a b",
        "/a?b",
        "/a#b",
        "/a\\b",
        "/a%2f",
        "/a, /b",
        "/<x>",
        '/"x',
        "/a\n",
        "https://evil.example/",
        "/" + "a" * 200,
    ],
)
def test_what_is_no_plain_path_is_no_prefix(header: str | None):
    assert prefix_of(header) == ""


@pytest.mark.parametrize(
    ("root", "base"),
    [("", "/"), ("/jobs", "/jobs/"), ("/a b", "/a%20b/"), ("//evil.example", "/evil.example/"), ('/"', "/%22/")],
)
def test_the_base_is_a_path_of_this_server_as_a_url_writes_it(root: str, base: str):
    assert base_of(root) == base
