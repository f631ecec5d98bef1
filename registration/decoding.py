"""Photos decoded within bounds: of each address in a minute, of a process at a time, and large ones apart.

What a photo will cost is known from its header (registration.photo_headers). The web's own process decodes what takes
little memory, a few at a time; anything larger is decoded by a process of its own, which ends with it, so that its
memory goes back and a codec that falls takes nobody along.
"""

import json
import subprocess
import sys
import threading
import time
from collections.abc import Iterator
from contextlib import contextmanager
from typing import IO

from django.conf import settings

from registration.images import NormalisedImage, normalise
from registration.photo_formats import MAX_PIXELS, ImageRefused, too_many_pixels
from registration.photo_headers import MEMORY_BUDGET, DecodingNeed, decoding_need
from registration.throttle import allow
from registration.uploads import MAX_UPLOAD_BYTES

# Bytes of decoded pixels at a time, in a web process and in the processes that it starts.
HERE_BYTES = 60 * 1000 * 1000
APART_BYTES = MEMORY_BUDGET
# What shrinking, colours and encoding take of any photo, measured; beside what decoding takes.
WORK_BYTES = 24 * 1000 * 1000
# How long a photo waits for its turn, and a process may take for one, in seconds.
WAIT_SECONDS = 8.0
CHILD_SECONDS = 20.0


class DecodingBudget:
    """So many bytes at a time, for the threads of this process."""

    def __init__(self, size: int) -> None:
        self._free = self._size = size
        self._changed = threading.Condition()

    @contextmanager
    def take(self, size: int, seconds: float = WAIT_SECONDS) -> Iterator[None]:
        """Holds `size` bytes, at most all. Raises `ImageRefused("busy")` where they are not free in time."""
        size = min(size, self._size)
        with self._changed:
            if not self._changed.wait_for(lambda: self._free >= size, seconds):
                raise ImageRefused("busy")
            self._free -= size
        try:
            yield
        finally:
            with self._changed:
                self._free += size
                self._changed.notify_all()


_here, _apart = DecodingBudget(HERE_BYTES), DecodingBudget(APART_BYTES)


def take_photo(upload: IO[bytes], kind: str, address: str = "") -> NormalisedImage:
    """`images.normalise` for a photo from this address, within the bounds. Takes up to `WAIT_SECONDS` to begin.

    Raises `ImageRefused`, with the code "busy" where another try in a moment will do.
    """
    need = decoding_need(upload, kind)
    if address and not allow("pixels", address, cost=max(1, need.pixels // 1_000_000)):
        raise ImageRefused("busy")
    if need.memory + WORK_BYTES <= HERE_BYTES:
        with _here.take(need.memory + WORK_BYTES):
            return normalise(upload, kind)
    started = time.monotonic()
    with _apart.take(need.memory):
        return _normalise_apart(upload, kind, need, CHILD_SECONDS - (time.monotonic() - started))


def _normalise_apart(upload: IO[bytes], kind: str, need: DecodingNeed, seconds: float) -> NormalisedImage:
    """The same in a process of its own, which knows none of our secrets. One that falls has met a broken file."""
    upload.seek(0)
    command = [sys.executable, "-m", "registration.photo_process", kind]
    try:
        done = subprocess.run(
            command, input=upload.read(MAX_UPLOAD_BYTES + 1), capture_output=True, timeout=seconds,
            cwd=settings.BASE_DIR, env={"PYTHONUTF8": "1"}, check=False,
        )  # fmt: skip
    except (subprocess.TimeoutExpired, OSError):
        # Too much work, or no more processes or memory on this machine just now.
        raise ImageRefused("busy") from None
    head, _line, data = done.stdout.partition(b"\n")
    if done.returncode or not head:
        raise ImageRefused("broken")
    return _told(json.loads(head), data, need)


def _told(told: dict[str, object], data: bytes, need: DecodingNeed) -> NormalisedImage:
    if told.get("refused") == "too_many_pixels":
        raise too_many_pixels(need.pixels, min(MAX_PIXELS, need.pixels - 1))
    if "refused" in told:
        raise ImageRefused(str(told["refused"]))
    size, quality = int(str(told["size"])), tuple(map(str, told["quality"]))  # type: ignore[call-overload]
    width, height = int(str(told["width"])), int(str(told["height"]))
    return NormalisedImage(data[:size], width, height, str(told["sha256"]), data[size:], quality)
