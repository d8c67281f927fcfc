"""``python -m sportstrack.track``."""

import sys

from sportstrack.track.command import main

if __name__ == "__main__":
    sys.exit(main())
