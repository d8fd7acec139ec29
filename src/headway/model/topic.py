"""Topics: what a viewer may subscribe to, and which events each carries. One routing table for the whole system.

`topics_of` is called once per event when it enters the ring (and when events are replayed from the store);
`parse_topic` once per subscription. Must never know viewers or links.
"""

from __future__ import annotations

from headway.errors import InvalidInput
from headway.model.event import Event

PLAIN = ("jobs", "workers", "queues", "kinds", "saved", "system", "metrics")
NARROWED = ("job", "logs", "queue", "kind", "label", "flow", "custom")


def parse_topic(topic: str) -> tuple[str, str]:
    """`("job", "01J…")` of `job:01J…`, `("jobs", "")` of `jobs`. InvalidInput names an unknown one."""
    name, colon, rest = topic.partition(":")
    if (name in PLAIN and not colon) or (name in NARROWED and rest):
        if name == "label" and "=" not in rest:
            raise InvalidInput("topic", f"{topic!r} lacks a value", hint="Write label:KEY=VALUE.")
        return name, rest
    known = ", ".join([*PLAIN, *(f"{name}:…" for name in NARROWED)])
    raise InvalidInput("topic", f"{topic!r} is unknown", hint=f"Topics are {known}.")


def topics_of(event: Event) -> tuple[str, ...]:
    """Every topic that carries this event; `job.logged` goes to the job's log alone."""
    if event.type == "job.logged":
        return (f"logs:{event.job}",)
    prefix = event.prefix
    if prefix == "job":
        return _job_topics(event)
    if prefix in _ROUTES:
        plain = _ROUTES[prefix]
        return (plain, f"queue:{event.subject}") if prefix == "queue" else (plain,)
    return _custom_topics(event)


_ROUTES = {
    "worker": "workers",
    "service": "workers",
    "queue": "queues",
    "kind": "kinds",
    "saved": "saved",
    "system": "system",
    "headway": "system",
    "schedule": "system",
    "flow": "jobs",
    "metrics": "metrics",
}


def _job_topics(event: Event) -> tuple[str, ...]:
    topics = ["jobs", f"job:{event.job}", f"queue:{event.queue}", f"kind:{event.kind}"]
    if event.labels:
        topics += [f"label:{key}={value}" for key, value in event.labels.items()]
        if "flow" in event.labels:
            topics.append(f"flow:{event.labels['flow']}")
    return tuple(topics)


def _custom_topics(event: Event) -> tuple[str, ...]:
    words = event.type.split(".")
    topics = [f"custom:{'.'.join(words[:length])}" for length in range(1, len(words) + 1)]
    if event.job:
        topics.append(f"job:{event.job}")
    return tuple(topics)
