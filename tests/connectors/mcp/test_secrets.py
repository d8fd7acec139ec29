"""What must never be seen: anywhere in a text, anywhere in JSON."""

from __future__ import annotations

from headway.connectors.mcp.secrets import HIDDEN, Secrets, cut


def test_secrets_are_hidden_wherever_they_stand():
    secrets = Secrets(["t0ken-1", "t0ken-1-longer"])

    hidden = secrets.hide_in({"t0ken-1": ["a t0ken-1-longer b", {"n": 1}], "ok": None})

    assert hidden == {HIDDEN: [f"a {HIDDEN} b", {"n": 1}], "ok": None}
    assert repr(secrets) == "<2 secrets>"


def test_short_values_are_no_secrets():
    assert Secrets(["1", "abc", ""]).hide("1 abc") == "1 abc"


def test_each_line_of_a_key_is_one():
    assert Secrets(["-----BEGIN-----\nAAAABBBB\n"]).hide("AAAABBBB") == HIDDEN


def test_a_cut_text_says_so_and_is_text():
    assert cut("x" * 10, 5) == "xxxx…"
    assert cut("a\ud800b") == "a?b"
