import pytest

from s3rewrite.s3 import writer


@pytest.fixture(autouse=True)
def boto3_alone(monkeypatch: pytest.MonkeyPatch) -> None:
    """moto stands in for what boto3 sends, and cannot see what obstore would."""
    monkeypatch.setattr(writer, "has_obstore", lambda: False)
