"""What a worker sees of its machine, of the engines behind it and of itself, and when its heartbeats tell it.

Services and kinds are told at once when they changed; services every `service_s` all the same: a server that gave them up hears that
they are there. What is held is named now and then, for the server to compare. Must never know links or attempts beyond
their names. Owned by leasing.py.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import Any

from headway.model.settings import Settings
from headway.protocol.frames import Heartbeat, Running, WorkerWelcome

COMPARE_S = 15.0
"""Between two heartbeats that name everything this worker holds."""

_DEFAULTS = Settings()


class Observations:
    """Instants are seconds of a monotonic clock; `seen` of a service is one, and is told as its age when it is sent."""

    def __init__(self, services: list[dict[str, Any]], kinds: list[dict[str, Any]] | None = None) -> None:
        self.heartbeat_s = _DEFAULTS.heartbeat_s
        self.service_s = _DEFAULTS.service_interval_s
        self._load: dict[str, Any] | None = None
        self._services = services
        self.kinds: list[dict[str, Any]] = kinds or []
        self._changed = False
        self._kinds_changed = False
        self._beat_at = 0.0
        self._services_at = 0.0
        self._compare_at = 0.0

    def observe(self, load: dict[str, Any] | None, services: list[dict[str, Any]] | None) -> None:
        """How things are now; None: as before."""
        self._load = load or self._load
        if services is not None:
            self._services = services
            self._changed = True

    def serve(self, kinds: list[dict[str, Any]]) -> None:
        """All kinds that are served now."""
        if kinds != self.kinds:
            self.kinds = kinds
            self._kinds_changed = True

    def greet(self, now: float) -> list[dict[str, Any]]:
        """The services, for the hello, which says `kinds` too."""
        self._changed = self._kinds_changed = False
        return aged(self._services, now)

    def welcome(self, frame: WorkerWelcome, now: float) -> None:
        """The hello has told it all; the first heartbeat goes at once."""
        self.heartbeat_s, self.service_s = frame.heartbeat_s, frame.service_s
        self._beat_at, self._services_at, self._compare_at = now, now + frame.service_s, now + COMPARE_S

    def due(self) -> float:
        """When a heartbeat is due; -inf: now."""
        return float("-inf") if self._changed or self._kinds_changed else self._beat_at

    def beat(self, now: float, held: Callable[[], list[Running]]) -> Heartbeat:
        """The heartbeat that is due."""
        services: list[dict[str, Any]] | None = None
        running: list[Running] | None = None
        if self._changed or (self._services and now >= self._services_at):
            services = aged(self._services, now)
            self._changed, self._services_at = False, now + self.service_s
        if now >= self._compare_at:
            running, self._compare_at = held(), now + COMPARE_S
        kinds = self.kinds if self._kinds_changed else None
        self._kinds_changed = False
        self._beat_at = now + self.heartbeat_s
        return Heartbeat(load=self._load, services=services, running=running, kinds=kinds)


def aged(services: Sequence[dict[str, Any]], now: float) -> list[dict[str, Any]]:
    """Services as they are sent: no clock is shared with the server, so an instant becomes an age."""
    return [
        {key: value for key, value in service.items() if key != "seen"} | {"age_s": max(0.0, now - service["seen"])}
        if "seen" in service
        else service
        for service in services
    ]
