"""``python -m data_prep.soccernet``."""

import sys

from data_prep.soccernet.command import main

if __name__ == "__main__":
    sys.exit(main())
