"""What a worker may say of a service: field by field, each refused by its name (`services[0].slots`).

Unknown fields are a worker's own and pass. Called by `services.py`, and for a kind's `service` by `fleet.py`.
"""

from __future__ import annotations

import math
from collections.abc import Callable, Mapping
from typing import Any

import msgspec

from headway.errors import InvalidInput
from headway.model.documents import SERVICE_STATES

NAME_CHARS = 200
TEXT_CHARS = 2_000
MOST_SLOTS = 10_000
SERVICE_BYTES = 16_384
LONGEST_AGE_S = 10 * 365 * 86_400.0
RESERVED = frozenset({"id", "namespace", "worker", "changed_at", "seen_at", "gone_at", "seq"})

_encode = msgspec.json.encode


def checked_service(service: Mapping[str, Any], place: str) -> dict[str, Any]:
    """The entry as it is taken: long sentences cut, one slot unless it says more. InvalidInput names the field."""
    for field, (required, rule, wanted) in _RULES.items():
        value = service.get(field)
        if value is None and not required:
            continue
        if not rule(value):
            problem = "is missing" if value is None else f"{_short(value)} is not {wanted}"
            raise InvalidInput(f"{place}.{field}", problem, hint=f"Give {wanted}.")
    for field in RESERVED & service.keys():
        raise InvalidInput(f"{place}.{field}", "is the server's to say", hint="Leave it out.")
    whole: dict[str, Any] = {"slots": 1, **{field: value for field, value in service.items() if value is not None}}
    whole |= {field: _cut(whole[field]) for field in ("error", "reason") if field in whole}
    if len(_encode(whole)) > SERVICE_BYTES:
        raise InvalidInput(place, f"has more than {SERVICE_BYTES:,} bytes", hint="Say less.")
    return whole


def checked_wanted(wanted: Any, field: str) -> str:
    """What a kind says of the service that its jobs need: `type` or `type:name`."""
    if isinstance(wanted, str) and _is_type(wanted.partition(":")[0]) and len(wanted) <= NAME_CHARS:
        return wanted
    raise InvalidInput(field, f"{_short(wanted)} is no service", hint='Give its type, or "type:name".')


def _short(value: Any) -> str:
    text = repr(value)
    return text if len(text) <= 80 else text[:79] + "…"


def _cut(text: str) -> str:
    return text if len(text) <= TEXT_CHARS else text[: TEXT_CHARS - 1] + "…"


def _is_name(value: Any) -> bool:
    return isinstance(value, str) and 0 < len(value.strip()) <= NAME_CHARS and "/" not in value


def _is_type(value: Any) -> bool:
    return _is_name(value) and ":" not in value


def _is_status(value: Any) -> bool:
    return value in SERVICE_STATES


def _is_slots(value: Any) -> bool:
    return isinstance(value, int) and not isinstance(value, bool) and 0 <= value <= MOST_SLOTS


def _is_text(value: Any) -> bool:
    return isinstance(value, str)


def _is_short_text(value: Any) -> bool:
    return isinstance(value, str) and len(value) <= TEXT_CHARS


def _is_object(value: Any) -> bool:
    return isinstance(value, dict)


def _is_age(value: Any) -> bool:
    is_number = isinstance(value, int | float) and not isinstance(value, bool)
    return is_number and math.isfinite(value) and 0 <= value <= LONGEST_AGE_S


_RULES: dict[str, tuple[bool, Callable[[Any], bool], str]] = {
    "name": (True, _is_name, f"a text of 1 to {NAME_CHARS} characters without '/'"),
    "type": (True, _is_type, f"a text of 1 to {NAME_CHARS} characters without ':' and '/'"),
    "status": (True, _is_status, f"one of {', '.join(SERVICE_STATES)}"),
    "slots": (False, _is_slots, f"a number from 0 to {MOST_SLOTS}"),
    "error": (False, _is_text, "a text"),
    "reason": (False, _is_text, "a text"),
    "job": (False, _is_short_text, "the id of a job"),
    "url": (False, _is_short_text, f"a text of at most {TEXT_CHARS} characters"),
    "version": (False, _is_short_text, f"a text of at most {TEXT_CHARS} characters"),
    "load": (False, _is_object, "an object"),
    "age_s": (False, _is_age, "seconds, from 0"),
}
"""Field -> is it required, its rule, and what is wanted, in words."""
