"""The client: submit, ask, act, follow. Installs and starts without anything of the server."""

from __future__ import annotations

from headway.client.http import Client
from headway.client.jobs import Job, JobView
from headway.client.sync import Blocking, connect

__all__ = ["Blocking", "Client", "Job", "JobView", "connect"]
