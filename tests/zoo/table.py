"""Prints the table of a run, and puts it into docs/zoo.md: `python -m tests.zoo.table FOLDER`."""

import json
import re
import sys
from pathlib import Path

from tests.zoo.residents import RESIDENTS

PAGE = Path(__file__).resolve().parents[2] / "docs/zoo.md"
HEAD = """| package | version | what was tried | links to S3 | left local | what to know |
|---|---|---|---|---|---|
"""


def table(folder: Path) -> str:
    """A row for each resident; one that was not run says so."""
    rows = []
    for resident in RESIDENTS:
        file = folder / f"{resident.module}.json"
        ran = json.loads(file.read_text()) if file.exists() else {}
        cells = (ran.get(key, "not run") for key in ("version", "links", "local"))
        version, links, local = map(str, cells)
        cells = resident.package, version, resident.tried, links, local, resident.note
        rows.append(f"| {' | '.join(cells)} |".replace("  |", " |"))
    return HEAD + "\n".join(rows) + "\n"


def main() -> None:
    made = table(Path(sys.argv[1]))
    sys.stdout.write(made)
    head, _, rest = PAGE.read_text().partition(HEAD)
    PAGE.write_text(head + made + re.sub(r"\A(?:\|.*\n)*", "", rest))


if __name__ == "__main__":
    main()
