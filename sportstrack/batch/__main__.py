"""``python -m sportstrack.batch``."""

import sys

from sportstrack.batch.command import main

if __name__ == "__main__":
    sys.exit(main())
