"""How uploaded files are taken in."""

from contextlib import suppress
from io import BytesIO
from typing import Any

from django.core.files.uploadedfile import InMemoryUploadedFile, UploadedFile
from django.core.files.uploadhandler import TemporaryFileUploadHandler

# A photo may weigh this many bytes (10 MiB, told to people as 10 MB).
MAX_UPLOAD_BYTES = 10 * 1024 * 1024


class LostUpload(InMemoryUploadedFile):
    """A file that arrived and could not be written down: it has its name and size, and nothing in it."""

    def __init__(self, field_name: str | None, content_type: str | None, size: int) -> None:
        super().__init__(BytesIO(), field_name, "upload", content_type, size, None)


class CappedUploadHandler(TemporaryFileUploadHandler):
    """Writes at most a little more than one allowed photo to disk, whatever is sent.

    The rest of a larger file is read and dropped, so that the other fields still arrive and the form can say at
    the right place that this photo is too large. The file keeps its real size, by which the form knows. Where the disk
    takes nothing the form gets a `LostUpload`, and says so.
    """

    def new_file(
        self, field_name: str, file_name: str, content_type: str, content_length: int | None, *more: Any
    ) -> None:
        """Django would put the ending of the phone's name, however long, into the name on the disk."""
        self.is_lost = False
        try:
            super().new_file(field_name, "upload", content_type, content_length, *more)
        except OSError:
            self.is_lost = True

    def receive_data_chunk(self, raw_data: bytes, start: int) -> bytes | None:
        if start <= MAX_UPLOAD_BYTES and not self.is_lost:
            try:
                super().receive_data_chunk(raw_data, start)
            except OSError:
                self._lose()
        return None

    def file_complete(self, file_size: int) -> UploadedFile | None:
        if not self.is_lost:
            try:
                # Writes what is still in memory: here the disk may turn out full.
                return super().file_complete(file_size)
            except OSError:
                self._lose()
        return LostUpload(self.field_name, self.content_type, file_size)

    def upload_interrupted(self) -> None:
        if not self.is_lost:
            super().upload_interrupted()

    def _lose(self) -> None:
        self.is_lost = True
        with suppress(OSError):
            self.file.close()
