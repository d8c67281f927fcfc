"""``python -m data_prep.convert``."""

import sys

from data_prep.convert.command import main

if __name__ == "__main__":
    sys.exit(main())
