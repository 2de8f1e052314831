"""python -m tests.history [--minutes 10] [--seed 1] [--only WORD]...

`--only`: the faults whose names have one of these words; the first one comes at once.
"""

import argparse
import sys
import tempfile
from pathlib import Path

from tests.history.run import World


def main() -> None:
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument("--minutes", type=float, default=10.0)
    parser.add_argument("--seed", type=int, default=1)
    parser.add_argument("--only", action="append", default=[], metavar="WORD")
    options = parser.parse_args()
    with tempfile.TemporaryDirectory(prefix="s3rewrite-history-") as directory:
        result = World(Path(directory), options.minutes * 60, options.seed, options.only).run()
        sys.stdout.write(f"{result}\n")
    raise SystemExit(bool(result.wrong or result.errors))


if __name__ == "__main__":
    main()
