"""What `--connector comfyui=TARGET` means: the address of one ComfyUI, its name on the board, and its credentials.

Credentials of the URL leave it here: they go into requests and nowhere else, for an address is shown and logged. Pure.
Called by the connector's entry point.
"""

from __future__ import annotations

import base64
from urllib.parse import unquote, urlsplit

import msgspec

from headway.errors import InvalidInput

_PORTS = {"http": 80, "https": 443}
_HINT = "Write comfyui=http://127.0.0.1:8188."


class Address(msgspec.Struct, frozen=True, kw_only=True):
    """`url` without credentials and without a slash at its end; `name` is HOST:PORT; `auth` (user, password)."""

    url: str
    name: str
    auth: tuple[str, str] | None = None

    def __repr__(self) -> str:
        return f"<ComfyUI {self.name}>"

    @property
    def headers(self) -> dict[str, str]:
        """What a WebSocket handshake needs."""
        if self.auth is None:
            return {}
        return {"Authorization": "Basic " + base64.b64encode(":".join(self.auth).encode()).decode()}

    def socket_url(self, client_id: str) -> str:
        """Where the engine tells what it does."""
        return f"ws{self.url.removeprefix('http')}/ws?clientId={client_id}"


def address_of(text: str) -> Address:
    """The address of a target: an http(s) URL, or HOST:PORT. InvalidInput, which never repeats a password."""
    field = "--connector comfyui"
    written = text.strip()
    if "://" not in written:
        written = f"http://{written}"
    try:
        parts = urlsplit(written)
        port = parts.port
    except ValueError:
        raise InvalidInput(field, "the target is no URL", hint=_HINT) from None
    if parts.scheme not in _PORTS or not parts.hostname:
        raise InvalidInput(field, f"the target is no http or https URL with a host: {parts.scheme}://…", hint=_HINT)
    if parts.query or parts.fragment:
        raise InvalidInput(field, "the target has a part after ? or #, which is not used", hint=_HINT)
    host = f"[{parts.hostname}]" if ":" in parts.hostname else parts.hostname
    auth = (unquote(parts.username), unquote(parts.password or "")) if parts.username else None
    shown = f"{host}:{port}" if port is not None else host
    name = f"{host}:{port or _PORTS[parts.scheme]}"
    return Address(url=f"{parts.scheme}://{shown}{parts.path.rstrip('/')}", name=name, auth=auth)
