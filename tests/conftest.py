"""What every test may count on: the Hypothesis profiles.

`ci` (what `make test` uses) draws the same examples on every run, so that a red build is red for everybody;
`dev` (the default of a bare `pytest`) draws new ones; `deep` looks longer, by hand.
"""

from __future__ import annotations

import os

from hypothesis import HealthCheck, settings

settings.register_profile("dev", deadline=None)
settings.register_profile("ci", deadline=None, derandomize=True, suppress_health_check=[HealthCheck.too_slow])
settings.register_profile("deep", deadline=None, max_examples=5_000, suppress_health_check=[HealthCheck.too_slow])
settings.load_profile(os.environ.get("HYPOTHESIS_PROFILE", "dev"))
