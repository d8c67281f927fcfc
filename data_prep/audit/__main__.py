"""``python -m data_prep.audit``."""

import sys

from data_prep.audit.command import main

if __name__ == "__main__":
    sys.exit(main())
