"""The folder in which photos and PDFs are kept."""

import os
from contextlib import suppress

from django.core.files.base import File
from django.core.files.storage import FileSystemStorage


class PrivateFolder(FileSystemStorage):
    """Django's, without the beginnings of files that it leaves where the disk is full."""

    def _save(self, name: str, content: File[bytes]) -> str:
        # Names are random: a file of this one that was not there before is ours.
        is_new = not self.exists(name)
        try:
            return str(super()._save(name, content))  # type: ignore[misc]
        except BaseException:
            if is_new:
                with suppress(OSError):
                    os.remove(self.path(name))
            raise
