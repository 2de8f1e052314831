"""What the versions of a file are, for those who write them and those who judge."""

LENGTH = 400
"""Bytes of each version, so that size alone tells nothing."""


def content_of(name: str, version: int) -> bytes:
    """The bytes of a version of a name."""
    return f"{name} {version} ".encode().ljust(LENGTH, b".")
