"""Sites of other people, whole, in a real Chromium. `make sites` downloads them."""

import os
from collections.abc import Iterator
from pathlib import Path

import pytest
from playwright.sync_api import Browser

from tests.browser.conftest import browser, chromium
from tests.browser.site import Visit

__all__ = ["browser", "chromium"]


@pytest.fixture(scope="session")
def downloads() -> Path:
    """Where the target has put what it downloaded."""
    if not (directory := os.environ.get("SITES_DIR")):
        pytest.skip("make sites runs these tests")
    return Path(directory)


@pytest.fixture
def visit(browser: Browser) -> Iterator[Visit]:
    context = browser.new_context(viewport={"width": 1400, "height": 1000})
    yield Visit(context.new_page())
    context.close()
