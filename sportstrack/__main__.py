"""``python -m sportstrack`` is the console command."""

import sys

from sportstrack.cli import main

if __name__ == "__main__":
    sys.exit(main())
