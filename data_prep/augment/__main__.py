"""``python -m data_prep.augment``."""

import sys

from data_prep.augment.command import main

if __name__ == "__main__":
    sys.exit(main())
