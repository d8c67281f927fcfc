"""``python -m sportstrack.sot.evaluate``."""

import sys

from sportstrack.sot.evaluate.command import main

if __name__ == "__main__":
    sys.exit(main())
