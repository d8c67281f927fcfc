"""``python -m sportstrack.calibrate.pitch``."""

import sys

from sportstrack.calibrate.pitch.command import main

if __name__ == "__main__":
    sys.exit(main())
