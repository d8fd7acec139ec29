"""For tests of users' handlers: run one eagerly and look at everything it reported."""

from headway.testing.run import Ran, run

__all__ = ["Ran", "run"]
