"""``python -m data_prep.sportsmot``."""

import sys

from data_prep.sportsmot.command import main

if __name__ == "__main__":
    sys.exit(main())
