"""``python -m sportstrack.roster``."""

import sys

from sportstrack.roster.command import main

if __name__ == "__main__":
    sys.exit(main())
