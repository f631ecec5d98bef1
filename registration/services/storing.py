"""Files into the store, all of them or none: whatever fails afterwards, no file is left that no row names."""

import logging
from collections.abc import Iterator
from contextlib import contextmanager

from django.core.files.base import ContentFile
from django.db.models.fields.files import FieldFile

from registration.models import private_storage
from registration.services.errors import StoreUnavailable

logger = logging.getLogger(__name__)


class NewFiles:
    """The files written for one transaction. Kept where it succeeds."""

    def __init__(self) -> None:
        self._names: list[str] = []

    def save(self, file: FieldFile, content: bytes, *, about: str) -> None:
        """Write the field's file. Raises StoreUnavailable; `about` names the row in the log, by number."""
        try:
            file.save("", ContentFile(content), save=False)
        except Exception as error:  # the disk's OSError, an object store's own kinds
            log_failure("written", about, error)
            raise StoreUnavailable from error
        self._names.append(str(file.name))

    def remove(self) -> None:
        for name in self._names:
            try:
                private_storage().delete(name)
            except Exception as error:
                # By its random name, the only one it has: somebody has to remove it by hand.
                log_failure("removed", name, error)


@contextmanager
def new_files() -> Iterator[NewFiles]:
    """Around a transaction: what was written goes again when the transaction fails, at its end, too."""
    files = NewFiles()
    try:
        yield files
    except BaseException:
        files.remove()
        raise


def log_failure(what: str, about: str, error: BaseException) -> None:
    """Names the kind of error and its number, never its text, which may hold a path or a person's data."""
    logger.error("file of %s cannot be %s: %s %s", about, what, type(error).__name__, getattr(error, "errno", "") or "")
