"""``python -m sportstrack.label``."""

import sys

from sportstrack.label.command import main

if __name__ == "__main__":
    sys.exit(main())
