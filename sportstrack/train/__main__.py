"""``python -m sportstrack.train``."""

import sys

from sportstrack.train.command import main

if __name__ == "__main__":
    sys.exit(main())
