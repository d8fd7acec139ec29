"""The bytes of a page to what is in it: title, text, headings, links. Pure; selectolax (lexbor) parses as browsers do.

Called by `pages`. Never fetches, and never keeps markup: what comes out is text and checked http(s) links.
"""

import re
from collections.abc import Iterator
from dataclasses import dataclass, field

import httpx
from selectolax.lexbor import LexborHTMLParser, LexborNode

from crawler.errors import CrawlError

BLOCKS = frozenset(
    [
        "address",
        "article",
        "aside",
        "blockquote",
        "body",
        "br",
        "dd",
        "details",
        "div",
        "dl",
        "dt",
        "fieldset",
        "figcaption",
        "figure",
        "footer",
        "form",
        "h1",
        "h2",
        "h3",
        "h4",
        "h5",
        "h6",
        "header",
        "hr",
        "li",
        "main",
        "nav",
        "ol",
        "p",
        "pre",
        "section",
        "summary",
        "table",
        "tbody",
        "td",
        "tfoot",
        "th",
        "thead",
        "tr",
        "ul",
    ]
)
UNSEEN = frozenset("head script style template noscript svg math iframe object canvas select textarea button".split())  # noqa: SIM905
HEADING = re.compile(r"h[1-6]")
META_CHARSET = re.compile(rb"""<meta[^>]{0,200}?charset\s*=\s*["']?\s*([\w.:-]{1,40})""", re.IGNORECASE)
BOMS = {b"\xef\xbb\xbf": "utf-8-sig", b"\xff\xfe": "utf-16", b"\xfe\xff": "utf-16"}
AS_BROWSERS = {"iso-8859-1": "cp1252", "latin-1": "cp1252", "latin1": "cp1252", "ascii": "cp1252", "us-ascii": "cp1252"}
MOST_LINKS = 1000
MOST_HEADINGS = 500


@dataclass(frozen=True, kw_only=True)
class Page:
    title: str = ""
    description: str = ""
    language: str = ""
    canonical: str = ""
    charset: str = ""
    text: str = ""
    headings: list[tuple[int, str]] = field(default_factory=list)
    links: list[tuple[str, str]] = field(default_factory=list)
    follow: bool = True


def decoded(content: bytes, declared: str | None) -> tuple[str, str]:
    """(text, charset): by byte-order mark, header, `<meta>`, then UTF-8 and what browsers take for the rest."""
    if b"\0" in content[:1024] and not content.startswith((b"\xff\xfe", b"\xfe\xff")):
        raise CrawlError("The answer is called text, and is binary.")
    meta = META_CHARSET.search(content[:2048])
    said = [next((name for bom, name in BOMS.items() if content.startswith(bom)), None), declared]
    said.append(meta.group(1).decode("ascii", "replace") if meta else None)
    for name in (AS_BROWSERS.get(each.lower(), each.lower()) for each in said if each):
        try:
            return content.decode(name, "replace"), name
        except LookupError:
            continue
    try:
        return content.decode("utf-8"), "utf-8"
    except UnicodeDecodeError:
        return content.decode("cp1252", "replace"), "cp1252"


def plain(content: bytes, declared: str | None) -> Page:
    """A page that is text already."""
    text, charset = decoded(content, declared)
    return Page(text=text, charset=charset, title=next((line for line in text.splitlines() if line.strip()), "")[:200])


def parsed(content: bytes, declared: str | None, url: str) -> Page:
    """A page of HTML; `url` is where it was found, against which links are read."""
    text, charset = decoded(content, declared)
    tree = LexborHTMLParser(text)
    base = _join(httpx.URL(url), _attribute(tree, "base[href]", "href")) or httpx.URL(url)
    meta = _attribute(tree, 'meta[name="robots" i]', "content").lower()
    title = tree.css_first("title")
    root = tree.body
    return Page(
        title=_line(title.text()) if title else "",
        description=_line(_attribute(tree, 'meta[name="description" i]', "content")),
        language=_attribute(tree, "html[lang]", "lang")[:40],
        canonical=str(_join(base, _attribute(tree, 'link[rel="canonical" i]', "href")) or ""),
        charset=charset,
        text=_text(root) if root else "",
        headings=_headings(tree),
        links=_links(tree, base),
        follow="nofollow" not in meta and "none" not in meta,
    )


def _attribute(tree: LexborHTMLParser, selector: str, name: str) -> str:
    node = tree.css_first(selector)
    return ((node.attributes.get(name) or "") if node else "").strip()


def _line(text: str) -> str:
    return " ".join(text.split())[:2000]


def _headings(tree: LexborHTMLParser) -> list[tuple[int, str]]:
    found = ((int(str(node.tag)[1]), _line(node.text())) for node in tree.css("h1, h2, h3, h4, h5, h6"))
    return [(level, text[:300]) for level, text in found if text][:MOST_HEADINGS]


def _links(tree: LexborHTMLParser, base: httpx.URL) -> list[tuple[str, str]]:
    """(URL, text), each URL once, in the order of the page; those marked nofollow are links all the same."""
    found: dict[str, str] = {}
    seen: set[str] = set()
    for node in tree.css("a[href], area[href]"):
        href = node.attributes.get("href") or ""
        if href not in seen and (url := _join(base, href)) is not None:
            found.setdefault(str(url), _line(node.text())[:300])
        seen.add(href)
        if len(found) == MOST_LINKS or len(seen) == 4 * MOST_LINKS:
            break
    return list(found.items())


def _join(base: httpx.URL, href: str) -> httpx.URL | None:
    """An absolute http(s) URL without fragment; None: it is none."""
    if not href or len(href) > 4000:
        return None
    try:
        url = base.join(href.strip())
        url = url.copy_with(fragment=None, raw_path=url.raw_path)
    except (httpx.InvalidURL, ValueError):
        return None
    return url if url.scheme in {"http", "https"} and url.host else None


def _text(root: LexborNode) -> str:
    """What a reader sees, a line per block; headings with `#`, items with `-`, preformatted lines as they are."""
    lines, line = [], ""
    for piece in _pieces(root):
        if piece != "\n" and not piece.startswith("\0"):
            line += piece
            continue
        lines.append(" ".join(line.split()))
        line = ""
        lines += (each.rstrip() for each in piece[1:].splitlines())
    lines.append(" ".join(line.split()))
    return "\n".join(each for each in lines if each.strip("-# "))


def _pieces(root: LexborNode) -> Iterator[str]:
    """Texts and line ends in document order, without recursion: pages can be nested deeper than Python's stack."""
    stack: list[tuple[LexborNode | None, str]] = [(root, "")]
    while stack:
        node, after = stack.pop()
        if node is None:
            yield after
            continue
        tag = str(node.tag or "")
        if tag == "-text":
            yield re.sub(r"\s+", " ", node.text_lexbor())
            continue
        if tag in UNSEEN or tag.startswith("-") or "hidden" in node.attributes:
            continue
        if tag == "pre":
            yield "\n"
            yield "\0" + node.text_lexbor()
            continue
        if tag in BLOCKS:
            yield "\n"
            yield "#" * int(tag[1]) + " " if HEADING.fullmatch(tag) else "- " if tag == "li" else ""
            stack.append((None, "\n"))
        children = list(node.iter(include_text=True))
        stack.extend((child, "") for child in reversed(children))
