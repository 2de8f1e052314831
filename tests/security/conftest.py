"""A mount on real servers."""

from tests.integration.conftest import mount, registry, root

__all__ = ["mount", "registry", "root"]
