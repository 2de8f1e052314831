"""A mount on real servers, as the integration tests have it."""

from tests.integration.conftest import mount, registry, root

__all__ = ["mount", "registry", "root"]
