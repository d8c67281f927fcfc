"""``python -m sportstrack.serve``."""

import sys

from sportstrack.serve.command import main

if __name__ == "__main__":
    sys.exit(main())
