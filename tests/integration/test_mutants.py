"""Each defect that the judges are to find still fits the package."""

from pathlib import Path

import pytest

from tests.integration.mutants import MUTANTS, Mutant, copy_of


@pytest.mark.parametrize("mutant", MUTANTS, ids=lambda mutant: mutant.name)
def test_it_is_a_change_of_code_that_compiles(mutant: Mutant, tmp_path: Path) -> None:
    copy_of(mutant, tmp_path)
    changed = tmp_path / "s3rewrite" / mutant.path
    if changed.suffix == ".py":
        compile(changed.read_text(), str(changed), "exec")
