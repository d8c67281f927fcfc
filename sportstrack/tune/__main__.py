"""``python -m sportstrack.tune``."""

import sys

from sportstrack.tune.command import main

if __name__ == "__main__":
    sys.exit(main())
