from __future__ import annotations

from pathlib import Path

import pytest

from headway.errors import Forbidden, InvalidInput, Unauthorized
from headway.server.config import Config
from headway.server.tokens import LOCAL, Tokens, line_of


def test_without_tokens_everybody_is_local_and_may_do_everything():
    tokens = Tokens.of(Config())

    assert not tokens.required
    assert tokens.subject(None) is LOCAL
    tokens.subject("whatever").require("admin")


def test_the_configured_token_is_an_administrator_and_no_other_is_anybody():
    tokens = Tokens.of(Config(token="open-sesame"))

    tokens.subject("open-sesame").require("admin")
    with pytest.raises(Unauthorized) as wrong:
        tokens.subject("open-sesam")
    with pytest.raises(Unauthorized) as none:
        tokens.subject(None)
    assert wrong.value.message == "The token is not valid here."
    assert none.value.message == "This server asks for a token."
    assert "HEADWAY_TOKEN" in none.value.hint


def test_a_file_holds_hashes_with_names_and_scopes(tmp_path: Path):
    path = tmp_path / "tokens"
    path.write_text(
        f"# who\n\n{line_of('gpu-3', ['worker'], 'aaa')}  # rack 3\n{line_of('ann', ['operator'], 'bbb')}\n"
    )

    tokens = Tokens.of(Config(tokens=str(path)))
    ann = tokens.subject("bbb")

    assert "aaa" not in path.read_text()
    assert (ann.name, ann.scopes) == ("ann", frozenset({"operator", "viewer"}))
    with pytest.raises(Forbidden) as caught:
        tokens.subject("aaa").require("operator")
    assert str(caught.value) == (
        "gpu-3 may not do this: it takes the scope 'operator'. "
        "Use a token with the scope 'operator'; this one has worker."
    )


@pytest.mark.parametrize(
    ("line", "problem"),
    [
        ("ann operator", "line 1 of {path} is not understood. It reads: NAME SCOPE[,SCOPE] sha256:HEX"),
        ("ann operator sha256:zz", "line 1 of {path} is not understood. It reads: NAME SCOPE[,SCOPE] sha256:HEX"),
        ("ann operator sha256:00", "line 1 of {path} is not understood. It reads: NAME SCOPE[,SCOPE] sha256:HEX"),
        (
            "ann king sha256:00",
            "line 1 of {path} has the unknown scope 'king'. Scopes are viewer, operator, worker, admin.",
        ),
        ("# nobody", "{path} has no token. A line reads: NAME SCOPE[,SCOPE] sha256:HEX"),
    ],
)
def test_a_file_that_is_not_understood_names_the_line(line: str, problem: str, tmp_path: Path):
    path = tmp_path / "tokens"
    path.write_text(line + "\n")

    with pytest.raises(InvalidInput) as caught:
        Tokens.of(Config(tokens=str(path)))

    assert str(caught.value) == "tokens: " + problem.format(path=path)


def test_a_file_that_is_not_there_is_an_error_and_not_an_open_door(tmp_path: Path):
    with pytest.raises(InvalidInput, match="can not be read"):
        Tokens.of(Config(tokens=str(tmp_path / "nowhere")))
