"""``python -m data_prep.synthetic``."""

import sys

from data_prep.synthetic.command import main

if __name__ == "__main__":
    sys.exit(main())
