"""docs/zoo.md says what the residents are; what a run found is written by `make zoo`."""

from pathlib import Path

from tests.zoo.residents import RESIDENTS
from tests.zoo.table import PAGE, table


def test_the_page_has_a_row_for_each_that_was_run(tmp_path: Path) -> None:
    made = [line.split(" | ") for line in table(tmp_path).splitlines()[2:]]
    rows = [line.split(" | ") for line in PAGE.read_text().splitlines() if line[:3].strip("| ")]
    written = {row[0]: row for row in rows if row[0].startswith("| ")}
    for (package, _, tried, *_, note), resident in zip(made, RESIDENTS, strict=True):
        row = written[package]
        assert (row[2], row[-1]) == (tried, note)
        assert "not run" not in row
        assert int(row[3]) >= resident.links
