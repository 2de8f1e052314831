import pytest

from s3rewrite.core.mounts import OPTIONS
from s3rewrite.core.presets import PRESETS
from s3rewrite.rewriters.table.lookup import OPTIONAL_CONTEXTS


@pytest.mark.parametrize("name", PRESETS)
def test_a_preset_has_options_that_there_are(name: str) -> None:
    for key, value in PRESETS[name].items():
        assert isinstance(value, OPTIONS[key])
    assert set(PRESETS[name].get("CONTEXTS", ())) <= OPTIONAL_CONTEXTS
