"""The picture inside an uploaded file, apart from what cameras and programs put around it.

A motion photo is a JPEG with a film behind it, a PNG may carry megabytes of text. Limits look at the picture.
"""

import re
import struct
import zlib
from collections.abc import Iterator
from dataclasses import dataclass

# Progressive photos have about 10 scans. In a file of empty ones each costs a pass over all pixels: minutes.
MAX_JPEG_SCANS = 100
# A large file of a camera has some hundred: metadata comes in pieces of 64 kB, PNG pixels in pieces of 8 kB and more.
MAX_PARTS = 20_000
MAX_ICC_BYTES = 4 * 1024 * 1024
_MAX_TEXTS, _MAX_TEXT_BYTES = 16, 1024 * 1024

_JPEG_MARKER = re.compile(rb"\xff+([^\x00\xff])")
# In the pixels: neither a stuffed byte nor a restart.
_JPEG_AFTER_SCAN = re.compile(rb"\xff+([^\x00\xff\xd0-\xd7])")
_JPEG_WITHOUT_LENGTH = frozenset([0x01, *range(0xD0, 0xD9)])
_START_OF_SCAN, _END_OF_IMAGE = 0xDA, 0xD9
# An orientation may stand in a text, an animation tells of itself; nothing else changes what is seen.
_PNG_PICTURE = frozenset((b"IHDR", b"PLTE", b"IDAT", b"tRNS", b"eXIf", b"acTL", b"fcTL", b"fdAT"))
_PNG_TEXT = frozenset((b"tEXt", b"zTXt", b"iTXt"))
_PNG_START, _PNG_END = b"\x89PNG\r\n\x1a\n", struct.pack(">I4sI", 0, b"IEND", zlib.crc32(b"IEND"))


class TooManyParts(ValueError):
    """More segments, scans or chunks than any camera writes."""


def jpeg_end(content: bytes) -> int | None:
    """Where the first picture of a JPEG file ends; None when its end mark is missing. Raises TooManyParts."""
    at, scans = 2, 0
    for _part in range(MAX_PARTS):
        found = _JPEG_MARKER.search(content, at)
        if found is None:
            return None
        marker, at = found[1][0], found.end()
        if marker == _END_OF_IMAGE:
            return at
        if marker in _JPEG_WITHOUT_LENGTH:
            continue
        at += max(int.from_bytes(content[at : at + 2], "big"), 2)
        if marker == _START_OF_SCAN:
            scans += 1
            if scans > MAX_JPEG_SCANS:
                raise TooManyParts
            after = _JPEG_AFTER_SCAN.search(content, at)
            if after is None:
                return None
            at = after.start()
    raise TooManyParts


@dataclass(frozen=True, slots=True)
class PngPicture:
    """A PNG without what is not its picture, and its colour profile, empty when it has none of a usable size."""

    content: bytes
    icc_profile: bytes


def png_picture(content: bytes) -> PngPicture:
    """The picture of a PNG file. What is cut off stays cut off. Raises TooManyParts."""
    kept, texts, profile = [memoryview(_PNG_START)], 0, b""
    for name, whole in _png_chunks(content):
        data = whole[8:-4]
        if name in _PNG_TEXT and texts < _MAX_TEXTS and _is_usable_text(name, bytes(whole[4 : _MAX_TEXT_BYTES + 13])):
            texts += 1
            kept.append(whole)
        elif name in _PNG_PICTURE:
            kept.append(whole)
        elif name == b"iCCP" and not profile:
            profile = _png_profile(data)
    return PngPicture(b"".join([*kept, _PNG_END]), profile)


def with_brand(content: bytes, brand: bytes, *, keep: tuple[bytes, ...]) -> bytes:
    """An ISO media file with this as its major and first compatible brand, unless its major one is one of `keep`."""
    if content[8:12] in keep or int.from_bytes(content[:4], "big") < 20:
        return content
    return content[:8] + brand + content[12:16] + brand + content[20:]


def _png_chunks(content: bytes) -> Iterator[tuple[bytes, memoryview]]:
    """Name and bytes of each chunk before the end mark; the last one may be incomplete."""
    at, view = len(_PNG_START), memoryview(content)
    for _part in range(MAX_PARTS):
        name = content[at + 4 : at + 8]
        if len(name) < 4 or name == b"IEND":
            return
        end = at + 12 + int.from_bytes(content[at : at + 4], "big")
        yield name, view[at:end]
        at = end
    raise TooManyParts


def _is_usable_text(name: bytes, named: bytes) -> bool:
    """Whether a text (name, data and checksum) is undamaged and within what Pillow takes, unpacked too."""
    data = named[4:-4]
    if len(data) > _MAX_TEXT_BYTES or zlib.crc32(named[:-4]) != int.from_bytes(named[-4:], "big"):
        return False
    keyword = data.find(b"\0") + 1
    if name == b"zTXt":
        return _unpacked(data[keyword + 1 :], _MAX_TEXT_BYTES) is not None
    if name == b"iTXt" and data[keyword : keyword + 1] == b"\1":
        language = data.find(b"\0", keyword + 2) + 1
        text = data.find(b"\0", language) + 1
        return _unpacked(data[text:], _MAX_TEXT_BYTES) is not None
    return True


def _png_profile(data: memoryview) -> bytes:
    packed = bytes(data[: MAX_ICC_BYTES + 100])
    return _unpacked(packed[packed.find(b"\0") + 2 :], MAX_ICC_BYTES) or b""


def _unpacked(data: bytes, limit: int) -> bytes | None:
    """At most `limit` bytes out of a zlib stream, or None where it is broken or holds more."""
    stream = zlib.decompressobj()
    try:
        unpacked = stream.decompress(data, limit)
    except zlib.error:
        return None
    return None if stream.unconsumed_tail or not stream.eof else unpacked
