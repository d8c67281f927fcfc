"""``python -m sportstrack.edit``."""

import sys

from sportstrack.edit.command import main

if __name__ == "__main__":
    sys.exit(main())
