"""``python -m sportstrack.stats`` is ``sportstrack stats``."""

import sys

from sportstrack.stats.command import main

if __name__ == "__main__":
    sys.exit(main())
