"""``python -m sportstrack.completion``."""

import sys

from sportstrack.completion.command import main

if __name__ == "__main__":
    sys.exit(main())
