"""``python -m sportstrack.teams``."""

import sys

from sportstrack.teams.command import main

if __name__ == "__main__":
    sys.exit(main())
