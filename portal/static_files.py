"""Whether the pages' styles and scripts have been collected, where pages name them by their content."""

from functools import lru_cache
from pathlib import Path
from typing import Any

from django.conf import settings
from django.contrib.staticfiles.storage import staticfiles_storage


def missing_static_files() -> list[str]:
    """Names of our own static files that a page could not link to: not in the list of `collectstatic`, or gone.

    None with DEBUG: there they are served from where they lie.
    """
    if not hasattr(staticfiles_storage, "hashed_files"):
        return []
    return [name for name in _own_files() if not _is_collected(staticfiles_storage, name)]


def _is_collected(storage: Any, name: str) -> bool:
    hashed = storage.hashed_files.get(storage.hash_key(name))
    return hashed is not None and storage.exists(hashed)


@lru_cache(maxsize=1)
def _own_files() -> tuple[str, ...]:
    """Read once: a running program's files do not change."""
    files = [(folder, file) for folder in map(Path, settings.STATICFILES_DIRS) for file in folder.rglob("*")]
    return tuple(sorted(file.relative_to(folder).as_posix() for folder, file in files if file.is_file()))
