"""``python -m sportstrack.val``."""

import sys

from sportstrack.val.command import main

if __name__ == "__main__":
    sys.exit(main())
