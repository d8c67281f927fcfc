"""``python -m sportstrack.reid``."""

import sys

from sportstrack.reid.command import main

if __name__ == "__main__":
    sys.exit(main())
