"""``python -m sportstrack.doctor``."""

import sys

from sportstrack.doctor.command import main

if __name__ == "__main__":
    sys.exit(main())
