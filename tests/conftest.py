"""What every test may rely on."""

from collections.abc import Iterator

import pytest
from django.conf import settings

from registration import throttle
from tests.browser import chromium, new_context  # noqa: F401

_MEETS_THE_DATABASE = {"db", "transactional_db", "django_db_setup", "live_server"}


def pytest_collection_modifyitems(config: pytest.Config, items: list[pytest.Item]) -> None:
    """The longest files first; on PostgreSQL only what meets the database, and a browser only within the flows.

    Text, pictures, paper and pages' scripts are the same on both databases: SQLite has shown them.
    """
    # A file is one worker's: begun last, the flows would keep one waiting for the other.
    items.sort(key=lambda item: item.get_closest_marker("flow") is None)
    if "postgresql" in settings.DATABASES["default"]["ENGINE"]:
        kept = [item for item in items if _differs_by_database(item)]
        config.hook.pytest_deselected(items=[item for item in items if not _differs_by_database(item)])
        items[:] = kept


def _differs_by_database(item: pytest.Item) -> bool:
    if item.get_closest_marker("one_database"):
        return False
    if item.get_closest_marker("flow"):
        return True
    meets = item.get_closest_marker("django_db") or _MEETS_THE_DATABASE.intersection(getattr(item, "fixturenames", ()))
    return bool(meets) and not item.get_closest_marker("browser")


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
