"""Every link between our own pages must lead somewhere: to a file that exists and, after `#`, to a heading in it.

Called by `make docs`; standard library only. Links to the outside are not followed: a build must not need them.
"""

from __future__ import annotations

import re
import sys
from collections.abc import Iterator
from pathlib import Path

ROOT = Path(__file__).resolve().parent.parent
LINK = re.compile(r"(?<!!)\[[^\]]*\]\(([^)\s]+)\)")
FENCED = re.compile(r"^```.*?^```", re.MULTILINE | re.DOTALL)
HEADING = re.compile(r"^#{1,6}\s+(.*)$", re.MULTILINE)


def main() -> int:
    """Print every broken link as `file: link: sentence`; the exit code is 1 if there was one."""
    pages = sorted([*ROOT.glob("*.md"), *(ROOT / "docs").rglob("*.md")])
    findings = [finding for page in pages for finding in broken_links(page)]
    for finding in findings:
        print(finding)
    return 1 if findings else 0


def broken_links(page: Path) -> Iterator[str]:
    """What does not lead anywhere, of the links of one page."""
    for target in LINK.findall(FENCED.sub("", page.read_text(encoding="utf-8"))):
        if re.match(r"[a-z]+:", target):
            continue
        name, _, anchor = target.partition("#")
        file = (page.parent / name).resolve() if name else page
        if not file.exists():
            yield f"{page.relative_to(ROOT)}: {target}: no such file"
        elif anchor and file.suffix == ".md" and anchor not in anchors(file):
            yield f"{page.relative_to(ROOT)}: {target}: no such heading"


def anchors(page: Path) -> set[str]:
    """The headings of a page as GitHub names them: lower case, words joined by hyphens."""
    headings = HEADING.findall(FENCED.sub("", page.read_text(encoding="utf-8")))
    return {re.sub(r"[^\w\- ]", "", heading.lower()).strip().replace(" ", "-") for heading in headings}


if __name__ == "__main__":
    sys.exit(main())
