"""`python -m headway` is `headway`: what starts a worker beside a server without asking the PATH."""

from __future__ import annotations

import sys

from headway.cli import main

if __name__ == "__main__":
    sys.exit(main())
