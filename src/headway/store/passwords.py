"""A store's URL as people may see it. Pure; called wherever a URL is shown."""

from __future__ import annotations

import re

_IN_FRONT = re.compile(r"(://[^:/@?]*):.*@", re.DOTALL)
_AS_OPTION = re.compile(r"(?<=[?&])((?:ssl)?password)=[^&]*")


def without_password(url: str) -> str:
    """The URL without its password, whether it can be understood or not."""
    return _AS_OPTION.sub(r"\1=***", _IN_FRONT.sub(r"\1:***@", url))
