"""Below which path this server is found from outside, whether a proxy takes that path off or leaves it on.

`settle` brings both to one form, the one ASGI has for mounted applications: `root_path` is the prefix and `path` begins
with it. What is built from it (the page's base, `Location`) is then right for whoever asked. Pure; called by the edge.
"""

from __future__ import annotations

import re
from urllib.parse import quote

FORWARDED = "x-forwarded-prefix"
"""The header in which a proxy tells the prefix that it took off; believed of a trusted proxy only."""
LONGEST = 200

_SEGMENT = r"/(?!\.+(?:/|$))[A-Za-z0-9._~@-]+"
_PREFIX = re.compile(rf"(?:{_SEGMENT})+")


def settle(root: str, path: str, *, configured: str = "", forwarded: str | None = None) -> tuple[str, str]:
    """(`root_path`, `path`) as seen from outside.

    `root` is where an outer application mounted this one, `configured` the base path without its last slash, and
    `forwarded` what a believed proxy says. What stands there already is not put before it again.
    """
    if configured and f"{path}/".startswith(f"{root}{configured}/"):
        root, configured = root + configured, ""
    outer = prefix_of(forwarded) or configured
    if outer and not f"{root}/".startswith(f"{outer}/"):
        root, path = outer + root, outer + path
    return root, path


def prefix_of(forwarded: str | None) -> str:
    """The prefix that a header names, without its last slash; "" where it names none, or anything but a plain path."""
    named = (forwarded or "").removesuffix("/")
    return named if len(named) <= LONGEST and _PREFIX.fullmatch(named) else ""


def base_of(root: str) -> str:
    """The path that links of a page start from, with its last slash, as a URL writes it."""
    inside = quote(root.strip("/"), safe="/~@")
    return f"/{inside}/" if inside else "/"
