"""Which repositories may be cloned, and how their names are written. Pure but for resolving local paths.

https to known hosts; paths and file:// only below the folder that the operator named. What comes out of here is put
after `--` and is never an option.
"""

import re
from dataclasses import dataclass
from pathlib import Path
from urllib.parse import unquote, urlsplit

from crawler.errors import CrawlError
from crawler.settings import Settings

SHORT = re.compile(r"[\w.-]+/[\w.-]+")
PATH = re.compile(r"(/[\w.~+-]+){2,8}/?")
REF = re.compile(r"\w[\w./+-]{0,200}")


@dataclass(frozen=True)
class Source:
    """`url` as git is given it and as it is stored; `host` is empty for a local one."""

    url: str
    host: str
    port: int = 443

    @property
    def protocol(self) -> str:
        """The only one that git may use."""
        return "https" if self.host else "file"


def source(text: str, settings: Settings) -> Source:
    """Of a URL, `owner/name` on GitHub, or a path where those are allowed."""
    said = text.strip()
    if "://" not in said and not said.startswith(("/", ".", "~", "-")) and SHORT.fullmatch(said):
        said = f"https://github.com/{said}"
    try:
        parts = urlsplit(said)
    except ValueError as error:
        raise CrawlError(f"{said[:200]!r} is no URL: {error}.") from error
    match parts.scheme:
        case "https":
            return _hosted(said, settings)
        case "file" if parts.netloc in {"", "localhost"}:
            return _local(Path(unquote(parts.path)), settings)
        case "" if said.startswith("/"):
            return _local(Path(said), settings)
    raise CrawlError(f"{said[:200]!r} is no repository we read: give https://HOST/OWNER/NAME, or OWNER/NAME on GitHub.")


def _hosted(said: str, settings: Settings) -> Source:
    parts = urlsplit(said)
    try:
        host, port = (parts.hostname or "").lower(), parts.port or 443
    except ValueError as error:
        raise CrawlError(f"{said[:200]!r} is no URL: {error}.") from error
    if parts.username is not None or parts.password is not None:
        raise CrawlError(f"A URL with user or password is not cloned: that of {host} has one.")
    name = host if port == 443 else f"{host}:{port}"
    if name not in settings.git_hosts:
        raise CrawlError(f"{name or 'No host'} is not among the hosts we clone from: {', '.join(settings.git_hosts)}.")
    if parts.query or parts.fragment or not PATH.fullmatch(parts.path) or "/.." in parts.path:
        raise CrawlError(f"{said[:200]!r} names no repository: https://{name}/OWNER/NAME is one.")
    return Source(f"https://{name}{parts.path.rstrip('/').removesuffix('.git')}", host, port)


def _local(path: Path, settings: Settings) -> Source:
    if settings.local is None:
        raise CrawlError("Local repositories are not read: whoever runs this server can name a folder of them by "
                         "CRAWLER_ALLOW_LOCAL.")  # fmt: skip
    real = path.resolve()
    if not real.is_relative_to(settings.local):
        raise CrawlError(f"{path} is outside of the folder whose repositories may be read.")
    if not real.is_dir():
        raise CrawlError(f"{path} is no folder.")
    return Source(real.as_uri(), "")


def checked_ref(ref: str) -> str:
    """A branch or tag by its plain name; empty: the default branch."""
    if ref and (not REF.fullmatch(ref) or ".." in ref or ref.endswith(("/", ".lock"))):
        raise CrawlError(f"{ref[:100]!r} is no name of a branch or tag.")
    return ref
