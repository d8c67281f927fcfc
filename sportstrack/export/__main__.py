"""``python -m sportstrack.export``."""

import sys

from sportstrack.export.command import main

if __name__ == "__main__":
    sys.exit(main())
