"""How uploaded files are taken in."""

from django.core.files.uploadhandler import TemporaryFileUploadHandler

# A photo may weigh this many bytes (10 MiB, told to people as 10 MB).
MAX_UPLOAD_BYTES = 10 * 1024 * 1024


class CappedUploadHandler(TemporaryFileUploadHandler):
    """Writes at most a little more than one allowed photo to disk, whatever is sent.

    The rest of a larger file is read and dropped, so that the other fields still arrive and the form can say at
    the right place that this photo is too large. The file keeps its real size, by which the form knows.
    """

    def receive_data_chunk(self, raw_data: bytes, start: int) -> bytes | None:
        if start <= MAX_UPLOAD_BYTES:
            return super().receive_data_chunk(raw_data, start)
        return None
