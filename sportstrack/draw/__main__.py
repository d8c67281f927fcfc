"""``python -m sportstrack.draw``."""

import sys

from sportstrack.draw.command import main

if __name__ == "__main__":
    sys.exit(main())
