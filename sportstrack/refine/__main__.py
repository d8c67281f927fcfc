"""``python -m sportstrack.refine``."""

import sys

from sportstrack.refine.command import main

if __name__ == "__main__":
    sys.exit(main())
