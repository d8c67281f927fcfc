"""``python -m sportstrack.sot``."""

import sys

from sportstrack.sot.command import main

if __name__ == "__main__":
    sys.exit(main())
