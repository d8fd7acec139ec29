"""Which files of a repository are worth reading, by path and size, and by a look at their bytes. Pure.

Rules as tables: the first that holds names the reason that the result counts.
"""

import re
from collections.abc import Callable
from pathlib import PurePosixPath

from crawler.git import Entry

VENDORED = frozenset(
    [
        "node_modules",
        "vendor",
        "vendors",
        "third_party",
        "third-party",
        "bower_components",
        "dist",
        "build",
        "target",
        "out",
        "venv",
        ".venv",
        "site-packages",
        "__pycache__",
        ".git",
        ".tox",
        ".mypy_cache",
        ".idea",
        ".vscode",
        ".next",
        ".terraform",
        "Pods",
    ]
)
BINARY = frozenset(
    [
        "png",
        "jpg",
        "jpeg",
        "gif",
        "webp",
        "avif",
        "ico",
        "bmp",
        "tiff",
        "psd",
        "mp3",
        "mp4",
        "m4a",
        "wav",
        "ogg",
        "flac",
        "avi",
        "mov",
        "mkv",
        "webm",
        "pdf",
        "doc",
        "docx",
        "xls",
        "xlsx",
        "ppt",
        "pptx",
        "odt",
        "ods",
        "zip",
        "gz",
        "tgz",
        "bz2",
        "xz",
        "zst",
        "7z",
        "rar",
        "tar",
        "jar",
        "war",
        "whl",
        "egg",
        "so",
        "dll",
        "dylib",
        "exe",
        "bin",
        "o",
        "a",
        "lib",
        "class",
        "pyc",
        "pyd",
        "wasm",
        "ttf",
        "otf",
        "woff",
        "woff2",
        "eot",
        "db",
        "sqlite",
        "sqlite3",
        "parquet",
        "npy",
        "npz",
        "pkl",
        "onnx",
        "pt",
        "safetensors",
        "gguf",
        "h5",
        "dat",
        "iso",
        "dmg",
        "deb",
        "rpm",
        "apk",
    ]
)
GENERATED = re.compile(
    r"(\.min\.(js|css)|\.map|\.lock|-lock\.(json|yaml)|go\.sum|\.svg|\.ipynb|\.pb\.go|_pb2\.pyi?)$", re.IGNORECASE
)
SECRET = re.compile(
    r"^(\.env(\..+)?|\.netrc|\.npmrc|\.pypirc|\.htpasswd|\.git-credentials|id_(rsa|dsa|ecdsa|ed25519)|credentials(\..+)?|"
    r"secrets?(\.(json|ya?ml|toml|env|txt|ini))?|service[-_]account.*\.json|.*\.(pem|key|p12|pfx|jks|keystore|kdbx|ovpn|"
    r"asc|gpg|tfstate|tfvars))$",
    re.IGNORECASE,
)
EXAMPLE = re.compile(r"^\.env\.(example|sample|template|dist)$", re.IGNORECASE)
PRIVATE_KEY = re.compile(rb"-----BEGIN [A-Z ]*PRIVATE KEY-----")

DOCUMENTS = {"md": "markdown", "markdown": "markdown", "mdx": "markdown", "rst": "text", "txt": "text", "adoc": "text"}
LANGUAGES = {
    "py": "python", "pyi": "python", "js": "javascript", "mjs": "javascript", "cjs": "javascript", "jsx": "javascript",
    "ts": "typescript", "tsx": "typescript", "go": "go", "rs": "rust", "java": "java", "kt": "kotlin", "c": "c", "h": "c",
    "cc": "c++", "cpp": "c++", "hpp": "c++", "cs": "c#", "rb": "ruby", "php": "php", "swift": "swift", "scala": "scala",
    "sh": "shell", "bash": "shell", "sql": "sql", "html": "html", "css": "css", "vue": "vue", "svelte": "svelte",
    "yml": "yaml", "yaml": "yaml", "toml": "toml", "json": "json", "xml": "xml", "lua": "lua", "ex": "elixir", "exs": "elixir",
}  # fmt: skip


def _name(entry: Entry) -> str:
    return PurePosixPath(entry.path).name


def _ending(path: str) -> str:
    return PurePosixPath(path).suffix.removeprefix(".").lower()


RULES: dict[str, Callable[[Entry, int], bool]] = {
    "link or submodule": lambda entry, _: not entry.mode.startswith("100"),
    "vendored": lambda entry, _: any(part in VENDORED for part in PurePosixPath(entry.path).parts[:-1]),
    "looks secret": lambda entry, _: bool(SECRET.match(_name(entry))) and not EXAMPLE.match(_name(entry)),
    "binary": lambda entry, _: _ending(entry.path) in BINARY,
    "generated": lambda entry, _: bool(GENERATED.search(_name(entry))),
    "empty": lambda entry, _: entry.size == 0,
    "too large": lambda entry, most: entry.size > most,
}


def reason_to_skip(entry: Entry, max_bytes: int) -> str | None:
    """By what git's listing says of it; None: read it."""
    return next((reason for reason, holds in RULES.items() if holds(entry, max_bytes)), None)


def reason_to_drop(content: bytes) -> str | None:
    """By what is in it."""
    if b"\0" in content[:8000]:
        return "binary"
    return "looks secret" if PRIVATE_KEY.search(content) else None


def language(path: str) -> str:
    """Of what a file is written in, by its ending; `text` when that says nothing."""
    ending = _ending(path)
    return DOCUMENTS.get(ending) or LANGUAGES.get(ending) or "text"


def is_document(language: str) -> bool:
    """Prose rather than code."""
    return language in {"markdown", "text"}
