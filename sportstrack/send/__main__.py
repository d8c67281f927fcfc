"""``python -m sportstrack.send``."""

import sys

from sportstrack.send.command import main

if __name__ == "__main__":
    sys.exit(main())
