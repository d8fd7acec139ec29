"""Targets as addresses; credentials leave the URL."""

from __future__ import annotations

import pytest

from headway.connectors.comfyui.target import address_of
from headway.errors import InvalidInput


@pytest.mark.parametrize(
    ("text", "url", "name", "socket"),
    [
        ("http://127.0.0.1:8188", "http://127.0.0.1:8188", "127.0.0.1:8188", "ws://127.0.0.1:8188/ws?clientId=c"),
        ("127.0.0.1:8188", "http://127.0.0.1:8188", "127.0.0.1:8188", "ws://127.0.0.1:8188/ws?clientId=c"),
        ("https://gpu.example/comfy/", "https://gpu.example/comfy", "gpu.example:443", "wss://gpu.example/comfy/ws?clientId=c"),
        ("http://[::1]:8188", "http://[::1]:8188", "[::1]:8188", "ws://[::1]:8188/ws?clientId=c"),
    ],
)  # fmt: skip
def test_a_target_is_an_address_with_a_name(text: str, url: str, name: str, socket: str):
    address = address_of(text)

    assert (address.url, address.name, address.socket_url("c")) == (url, name, socket)
    assert address.headers == {}


def test_credentials_go_into_requests_and_nowhere_else():
    address = address_of("http://me:p%40ss@host:8188")

    assert address.url == "http://host:8188"
    assert address.auth == ("me", "p@ss")
    assert address.headers == {"Authorization": "Basic bWU6cEBzcw=="}
    assert "p@ss" not in repr(address)


@pytest.mark.parametrize(
    "text", ["", "ftp://u:secret@host", "http://", "http://host:port", "http://host/?token=secret", "http://h/#secret"]
)
def test_what_is_no_address_is_refused_without_repeating_secrets(text: str):
    with pytest.raises(InvalidInput, match="--connector comfyui") as refused:
        address_of(text)

    assert "Write comfyui=http://127.0.0.1:8188" in str(refused.value)
    assert "secret" not in str(refused.value)
