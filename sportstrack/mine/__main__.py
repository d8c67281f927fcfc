"""``python -m sportstrack.mine``."""

import sys

from sportstrack.mine.command import main

if __name__ == "__main__":
    sys.exit(main())
