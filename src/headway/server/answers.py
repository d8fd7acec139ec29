"""How answers leave by REST: JSON by msgspec, documents as they stand in rows.

A document is the answer (model/job.py): no second model of it is made. Called by every router.
"""

from __future__ import annotations

from typing import Any

import msgspec
from starlette.responses import Response

_encoder = msgspec.json.Encoder()


def answer(document: Any, status: int = 200, headers: dict[str, str] | None = None) -> Response:
    """`document` as the JSON body of a response. `msgspec.Raw` in it goes out as it is."""
    return Response(_encoder.encode(document), status, headers, "application/json")


def raw_answer(body: bytes, status: int = 200) -> Response:
    """A body that is JSON already."""
    return Response(body, status, media_type="application/json")


def done() -> Response:
    """Carried out; there is nothing to show."""
    return Response(status_code=204)
