"""Who may speak to the server at all: the Host and Origin of a request, and the token it carries. Denied by default.

Pure functions over header values. The Host list keeps a page that rebinds its name to loopback out; the Origin list
keeps every other page out of unsafe methods, WebSocket, SSE and long-poll (docs/topics/security.md). Called by the REST app's
middleware, by the stream endpoints and by the front, so that all of them refuse alike. Must never know routes.
"""

from __future__ import annotations

import ipaddress
from collections.abc import Iterable
from functools import lru_cache
from urllib.parse import urlsplit

import msgspec

from headway.errors import CallerError, Forbidden, InvalidInput, Unauthorized

Network = ipaddress.IPv4Network | ipaddress.IPv6Network

LOOPBACK = frozenset({"localhost", "127.0.0.1", "::1"})
SAFE_METHODS = frozenset({"GET", "HEAD", "OPTIONS"})
OWN_PAGES = frozenset({"same-origin", "none"})  # Sec-Fetch-Site of our own page and of a typed address


class Perimeter(msgspec.Struct, frozen=True, kw_only=True):
    """`hosts`: names by which this server may be called, without port. `origins`: other pages that may use it, as
    `https://example.org[:port]`. `authenticated`: every request must carry a token. `proxies`: who, beside programs on
    this machine, is believed when they say for whom they ask.
    """

    hosts: frozenset[str] = LOOPBACK
    origins: frozenset[str] = frozenset()
    authenticated: bool = False
    proxies: tuple[Network, ...] = ()


def perimeter(
    host: str = "127.0.0.1",
    *,
    allowed_hosts: Iterable[str] = (),
    allowed_origins: Iterable[str] = (),
    authenticated: bool = False,
    trusted_proxies: Iterable[str] = (),
) -> Perimeter:
    """The perimeter of a server bound to `host`: loopback, that address, and what was allowed beside them.

    InvalidInput: a trusted proxy is no address or network.
    """
    named = {host, *allowed_hosts} - {"0.0.0.0", "::", ""}
    return Perimeter(
        hosts=LOOPBACK | {name.lower().strip("[]") for name in named},
        origins=frozenset(origin.lower().rstrip("/") for origin in allowed_origins),
        authenticated=authenticated,
        proxies=tuple(map(_network, trusted_proxies)),
    )


def _network(text: str) -> Network:
    try:
        return ipaddress.ip_network(text)
    except ValueError as error:
        raise InvalidInput(
            "trusted_proxies", f"{text!r} is no address or network: {error}", hint="Write 10.0.0.7 or 10.0.0.0/24."
        ) from None


def client_address(guard: Perimeter, peer: str, forwarded: str | None) -> str:
    """Whom to count a link for: `peer`, or for whom it asks where it is a proxy that is believed.

    Read from the right, each proxy adds who asked it (https://developer.mozilla.org/docs/Web/HTTP/Reference/Headers/X-Forwarded-For);
    the first that is no believed proxy is the client, whatever was written to its left.
    """
    hops = [part.strip() for part in (forwarded or "").split(",") if part.strip()]
    for hop in reversed(hops):
        if not is_proxy(guard, peer):
            break
        peer = hop
    return peer


@lru_cache(maxsize=1024)
def is_proxy(guard: Perimeter, address: str) -> bool:
    """True when somebody at `address` is believed about whom they ask for, and under which path: a program on this
    machine, or a proxy that was named.
    """
    if address in LOOPBACK:
        return True
    try:
        found = ipaddress.ip_address(address)
    except ValueError:
        return False
    return any(found in network for network in guard.proxies)


@lru_cache(maxsize=256)
def host_name(value: str | None) -> str | None:
    """The name in a Host header, lower case, without port and brackets; None where there is none or it is malformed."""
    if not value or any(mark in value for mark in "/@ \\"):
        return None
    try:
        return urlsplit(f"//{value}").hostname
    except ValueError:
        return None


def host_allowed(guard: Perimeter, host: str | None) -> bool:
    """True when the Host header names this server."""
    return host_name(host) in guard.hosts


@lru_cache(maxsize=1024)
def origin_allowed(
    guard: Perimeter, origin: str | None, *, host: str | None, site: str | None = None, bearer: bool = False
) -> bool:
    """True when the request may come from where it says: its own page, a listed one, or a program.

    `site` is Sec-Fetch-Site, which browsers send and pages cannot forge. A browser names the Origin of every
    WebSocket, cross-origin stream and unsafe method; where it is missing the caller is a program, which shows itself
    by a bearer token (not needed while the server asks nobody for one), or our own page reading from its own server.
    """
    if origin is None:
        return bearer or site in OWN_PAGES or (site is None and not guard.authenticated)
    origin = origin.lower()
    if origin in guard.origins:
        return True
    try:
        parts = urlsplit(origin)
        same = parts.scheme in {"http", "https"} and parts.netloc == (host or "").lower()
    except ValueError:
        return False
    return same and parts.hostname in guard.hosts


def bearer(authorization: str | None) -> str | None:
    """The token of an Authorization header, or None."""
    scheme, _, token = (authorization or "").partition(" ")
    return (token.strip() or None) if scheme.lower() == "bearer" else None


def check_request(
    guard: Perimeter,
    *,
    method: str,
    host: str | None,
    origin: str | None,
    site: str | None = None,
    authorization: str | None = None,
    stream: bool = False,
) -> CallerError | None:
    """Why this request is not for us, or None. `stream`: WebSocket, SSE or long-poll, where reading needs an Origin too."""
    if not host_allowed(guard, host):
        return Forbidden(
            f"This server does not go by the name {host_name(host) or 'in the Host header'!r}.",
            hint="Add it to allowed_hosts (HEADWAY_ALLOWED_HOSTS) if it is yours.",
        )
    guarded = stream or method.upper() not in SAFE_METHODS
    token = bearer(authorization)
    if guarded and not origin_allowed(guard, origin, host=host, site=site, bearer=token is not None):
        if origin is None and guard.authenticated:
            return Unauthorized(
                "A request without an Origin must carry a token.",
                hint="Send 'Authorization: Bearer …', or set HEADWAY_TOKEN for the commands.",
            )
        return Forbidden(
            f"Pages of {origin or 'another site'} may not use this server.",
            hint="Add the origin to allowed_origins (HEADWAY_ALLOWED_ORIGINS) if it is yours.",
        )
    return None
