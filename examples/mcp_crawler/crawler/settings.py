"""What the operator decides, by the environment; a caller's arguments never reach past it.

| variable | |
|---|---|
| CRAWLER_DATA | folder of the index and of clones under way; else ~/.local/share/mcp-crawler |
| CRAWLER_USER_AGENT | who we say we are, and whose rules of robots.txt we take |
| CRAWLER_ALLOW_ADDRESSES | private addresses that may be read: `127.0.0.1:8080 10.0.0.0/24:443` |
| CRAWLER_ALLOW_LOCAL | a folder whose repositories may be read by path or file:// |
| CRAWLER_GIT_HOSTS | hosts of repositories; else github.com gitlab.com codeberg.org bitbucket.org |
| CRAWLER_EMBEDDINGS_URL, _MODEL, _KEY | an OpenAI-compatible API (`https://…/v1`); without URL, BM25 alone |
"""

from collections.abc import Mapping
from dataclasses import dataclass, field
from pathlib import Path

from crawler.addresses import Allowed

GIT_HOSTS = ("github.com", "gitlab.com", "codeberg.org", "bitbucket.org")
AGENT = "headway-mcp-crawler/1.0"


@dataclass(frozen=True, kw_only=True)
class Settings:
    data: Path
    agent: str = AGENT
    private: Allowed = field(default_factory=Allowed)
    local: Path | None = None
    git_hosts: tuple[str, ...] = GIT_HOSTS
    embeddings_url: str = ""
    embeddings_model: str = "text-embedding-3-small"
    embeddings_key: str = field(default="", repr=False)

    @classmethod
    def of(cls, env: Mapping[str, str]) -> "Settings":
        """The settings that an environment names; a variable that is empty counts as absent."""
        said = {name: value for name, value in env.items() if value.strip()}
        local = said.get("CRAWLER_ALLOW_LOCAL")
        return cls(
            data=Path(said.get("CRAWLER_DATA", "~/.local/share/mcp-crawler")).expanduser(),
            agent=said.get("CRAWLER_USER_AGENT", AGENT),
            private=Allowed.of(said.get("CRAWLER_ALLOW_ADDRESSES", "")),
            local=Path(local).expanduser().resolve() if local else None,
            git_hosts=tuple(said.get("CRAWLER_GIT_HOSTS", " ".join(GIT_HOSTS)).lower().replace(",", " ").split()),
            embeddings_url=said.get("CRAWLER_EMBEDDINGS_URL", "").rstrip("/"),
            embeddings_model=said.get("CRAWLER_EMBEDDINGS_MODEL", "text-embedding-3-small"),
            embeddings_key=said.get("CRAWLER_EMBEDDINGS_KEY", ""),
        )
