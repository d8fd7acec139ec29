"""What stands on stderr when a process ends, and the line of it that is shown."""

from __future__ import annotations

import pytest

from headway.connectors.mcp.last_words import last_words, plain

PYTHON = """\
server.py:3: DeprecationWarning: datetime.utcnow() is deprecated
  now = datetime.utcnow()
Traceback (most recent call last):
  File "/srv/server.py", line 9, in <module>
    main()
    ~~~~^^
ValueError: no token
sys:1: ResourceWarning: unclosed file
"""
RICH = """\
\x1b[31m╭──────── Traceback (most recent call last) ────────╮\x1b[0m
│ /srv/server.py:9 in main                          │
│ ❱ 9 │   raise ValueError("no token")              │
╰───────────────────────────────────────────────────╯
\x1b[1;91mValueError: \x1b[0mno token
"""
PANEL = """\
Usage: server [OPTIONS]
╭─ Error ───────────────────╮
│ Missing option '--token'. │
╰───────────────────────────╯
"""
NODE = """\
(node:7) [DEP0040] DeprecationWarning: The `punycode` module is deprecated.
(Use `node --trace-deprecation ...` to show where the warning was created)
node:internal/modules/cjs/loader:1215
  throw err;
  ^

Error: Cannot find module '/srv/server.js'
    at Module._resolveFilename (node:internal/modules/cjs/loader:1212:15)
    at node:internal/main/run_main_module:28:49 {
  code: 'MODULE_NOT_FOUND',
  requireStack: []
}

Node.js v20.19.0
"""
NPM = """\
npm warn deprecated thing@1.0.0: no longer supported
npm error code E404
npm error 404  'thing@*' is not in this registry.
npm error 404
npm error 404 Note that you can also install from a
npm error 404 tarball, folder, http url, or git folder.
npm error A complete log of this run can be found in: /home/you/.npm/_logs/1.log
"""


@pytest.mark.parametrize(
    ("written", "shown"),
    [
        (PYTHON, "ValueError: no token"),
        (RICH, "ValueError: no token"),
        (PANEL, "Missing option '--token'."),
        (NODE, "Error: Cannot find module '/srv/server.js'"),
        (NPM, "npm error 404 'thing@*' is not in this registry."),
        ("wrong arguments\n\n", "wrong arguments"),
        ("x.py:1: UserWarning: beware\n  warn()\n", "warn()"),
        ("\n-----\n", ""),
    ],
)
def test_the_last_line_that_means_something_is_shown(written: str, shown: str):
    found = last_words(written.split("\n"))

    assert found == shown


def test_a_text_is_one_line_without_escapes_controls_and_boxes():
    text = "\x1b]0;title\x07\x1b[31mred\x1b[0m\x07 \u202egnp\u202c\r\n│ next\t█ \x9b2Jone \x00"

    assert plain(text) == "red gnp next one"
