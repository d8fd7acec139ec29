"""Who is let in, by Host, Origin and token."""

from __future__ import annotations

import pytest

from headway.errors import Forbidden, InvalidInput, Unauthorized
from headway.server.guard import (
    bearer,
    check_request,
    client_address,
    host_allowed,
    host_name,
    origin_allowed,
    perimeter,
)

HERE = "127.0.0.1:8400"


@pytest.mark.parametrize(
    ("value", "name"),
    [
        ("localhost:8400", "localhost"),
        ("[::1]:8400", "::1"),
        ("LOCALHOST", "localhost"),
        ("", None),
        (None, None),
        ("a@localhost", None),
        ("localhost/x", None),
        ("[::1", None),
    ],
)
def test_the_name_is_read_from_a_host_header(value: str | None, name: str | None):
    assert host_name(value) == name


@pytest.mark.parametrize("host", ["localhost", "127.0.0.1:1", "[::1]:8400", "10.0.0.7:8400", "jobs.example.org"])
def test_loopback_the_bound_address_and_listed_names_are_ours(host: str):
    guard = perimeter("10.0.0.7", allowed_hosts=["Jobs.Example.org"])

    assert host_allowed(guard, host)


@pytest.mark.parametrize("host", ["evil.example", "127.0.0.1.evil.example", None, "0.0.0.0:8400", "localhost.evil"])
def test_a_name_that_was_rebound_to_loopback_is_not_ours(host: str | None):
    guard = perimeter("0.0.0.0", allowed_hosts=["jobs.example.org"])

    assert not host_allowed(guard, host)


@pytest.mark.parametrize(
    ("origin", "allowed"),
    [
        (f"http://{HERE}", True),
        (f"HTTP://{HERE}", True),
        ("http://127.0.0.1:3000", False),
        ("http://evil.example", False),
        ("null", False),
        ("", False),
        (f"ftp://{HERE}", False),
        ("http://[", False),
        ("https://app.example.org", True),
        ("http://app.example.org", False),
    ],
)
def test_only_our_own_page_and_listed_ones_may_use_the_server(origin: str, allowed: bool):
    guard = perimeter(allowed_origins=["https://App.example.org/"])

    assert origin_allowed(guard, origin, host=HERE) is allowed


def test_an_origin_equal_to_a_host_that_is_not_ours_is_refused():
    assert not origin_allowed(perimeter(), "http://evil.example", host="evil.example")


@pytest.mark.parametrize(
    ("authenticated", "site", "token", "allowed"),
    [
        (False, None, False, True),
        (False, "cross-site", False, False),
        (False, "same-site", False, False),
        (False, "same-origin", False, True),
        (True, None, False, False),
        (True, None, True, True),
        (True, "same-origin", False, True),
        (True, "cross-site", False, False),
    ],
)
def test_without_an_origin_only_a_program_or_our_own_page_is_let_in(
    authenticated: bool, site: str | None, token: bool, allowed: bool
):
    guard = perimeter(authenticated=authenticated)

    assert origin_allowed(guard, None, host=HERE, site=site, bearer=token) is allowed


@pytest.mark.parametrize(
    ("header", "token"),
    [("Bearer abc", "abc"), ("bearer  abc ", "abc"), ("Basic abc", None), ("Bearer ", None), (None, None)],
)
def test_a_token_is_read_from_the_authorization_header(header: str | None, token: str | None):
    assert bearer(header) == token


def test_a_safe_request_needs_the_right_host_only():
    guard = perimeter()

    assert check_request(guard, method="GET", host=HERE, origin="http://evil.example") is None
    refusal = check_request(guard, method="GET", host="evil.example", origin=None)
    assert isinstance(refusal, Forbidden)
    assert str(refusal) == (
        "This server does not go by the name 'evil.example'. Add it to allowed_hosts (HEADWAY_ALLOWED_HOSTS) if it is yours."
    )


@pytest.mark.parametrize("method", ["POST", "PUT", "PATCH", "DELETE", "delete", "BREW"])
def test_every_method_not_known_as_safe_needs_an_origin(method: str):
    refusal = check_request(perimeter(), method=method, host=HERE, origin="http://evil.example")

    assert isinstance(refusal, Forbidden)
    assert str(refusal) == (
        "Pages of http://evil.example may not use this server. "
        "Add the origin to allowed_origins (HEADWAY_ALLOWED_ORIGINS) if it is yours."
    )


def test_a_stream_is_guarded_although_it_only_reads():
    refusal = check_request(perimeter(), method="GET", host=HERE, origin="http://evil.example", stream=True)

    assert isinstance(refusal, Forbidden)


def test_a_program_without_a_token_is_told_to_bring_one():
    guard = perimeter(authenticated=True)

    refusal = check_request(guard, method="GET", host=HERE, origin=None, stream=True)
    admitted = check_request(guard, method="GET", host=HERE, origin=None, authorization="Bearer x", stream=True)

    assert isinstance(refusal, Unauthorized)
    assert refusal.message == "A request without an Origin must carry a token."
    assert admitted is None


@pytest.mark.parametrize(
    ("peer", "forwarded", "client"),
    [
        ("203.0.113.9", None, "203.0.113.9"),
        ("203.0.113.9", "198.51.100.1", "203.0.113.9"),  # anybody may write a header
        ("127.0.0.1", "198.51.100.1", "198.51.100.1"),
        ("10.0.0.7", "198.51.100.1", "198.51.100.1"),
        ("10.0.0.7", "6.6.6.6, 198.51.100.1, 10.0.0.8", "198.51.100.1"),  # what it wrote itself stands to the left
        ("10.0.0.7", "", "10.0.0.7"),
        ("::1", "2001:db8::1", "2001:db8::1"),
        ("10.0.1.7", "198.51.100.1", "10.0.1.7"),
    ],
)
def test_only_proxies_that_are_believed_say_for_whom_they_ask(peer: str, forwarded: str | None, client: str):
    guard = perimeter(trusted_proxies=["10.0.0.0/24"])

    assert client_address(guard, peer, forwarded) == client


def test_a_proxy_that_is_no_address_is_named():
    with pytest.raises(InvalidInput) as refused:
        perimeter(trusted_proxies=["10.0.0.300"])

    assert str(refused.value).startswith("trusted_proxies: '10.0.0.300' is no address or network")
