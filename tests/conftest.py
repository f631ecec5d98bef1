"""What every test may rely on."""

from collections.abc import Iterator

import pytest
from django.conf import settings

from registration import throttle
from tests.browser import chromium, new_context  # noqa: F401


@pytest.fixture(autouse=True)
def _fresh_limits() -> Iterator[None]:
    """Counters of tries start at nothing: tests do not use up each other's."""
    yield
    throttle._stand_in.cache_clear()


@pytest.fixture
def vietnamese(client):
    """The test client as a citizen has it: Vietnamese."""
    client.cookies[settings.LANGUAGE_COOKIE_NAME] = "vi"
    return client
