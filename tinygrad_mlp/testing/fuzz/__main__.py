"""``python -m tinygrad_mlp.testing.fuzz``: the fuzzer's command line."""

import sys

from .report import main

if __name__ == "__main__":
    sys.exit(main())
