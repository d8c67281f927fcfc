"""``python -m sportstrack.evaluate``."""

import sys

from sportstrack.evaluate.command import main

if __name__ == "__main__":
    sys.exit(main())
