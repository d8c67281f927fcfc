"""``python -m sportstrack.shots``."""

from __future__ import annotations

import sys

from sportstrack.shots.command import main

if __name__ == "__main__":
    sys.exit(main())
