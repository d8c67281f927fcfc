"""``python -m sportstrack.experiment``."""

import sys

from sportstrack.experiment.command import main

if __name__ == "__main__":
    sys.exit(main())
