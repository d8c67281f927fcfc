"""``python -m sportstrack.presence``."""

import sys

from sportstrack.presence.command import main

if __name__ == "__main__":
    sys.exit(main())
