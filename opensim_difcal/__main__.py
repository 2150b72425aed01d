"""`python -m opensim_difcal` is the command line."""

import sys

from opensim_difcal.cli import main

if __name__ == "__main__":
    sys.exit(main())
