"""What a photo's header tells: what it is, whether it can be taken, and what decoding it will cost.

Nothing is decoded here. A picture beyond the memory that a process may use for one is refused by its pixels.
"""

from contextlib import suppress
from dataclasses import dataclass
from io import BytesIO
from typing import IO, NoReturn

import pillow_heif
from PIL import Image

from registration.enums import PhotoKind
from registration.photo_formats import (
    MAX_PIXELS,
    MIN_SHORT_SIDE,
    ImageRefused,
    picture_format,
    too_many_pixels,
    webp_pixels,
)
from registration.photo_parts import png_picture, with_brand
from registration.photo_pixels import BAD_BYTES, fitted
from registration.uploads import MAX_UPLOAD_BYTES, LostUpload

# The sizes in print: a card across the page's width, a portrait of 3x4 cm, both well above 300 dots per inch.
LONG_SIDE = {PhotoKind.PORTRAIT: 900, PhotoKind.ID_FRONT: 1600, PhotoKind.ID_BACK: 1600}
# What decoding may take beside the file itself; a process that does nothing else stays under 200 MB with it.
MEMORY_BUDGET = 150 * 1000 * 1000
# For each pixel of a WebP: the only reader that Pillow has is the one for animations, two canvases and the picture.
WEBP_BYTES = 12
# For each pixel of an AVIF: planes in three colours, and the packed result twice.
AVIF_BYTES = 12
_BYTES = {"WEBP": WEBP_BYTES, "AVIF": AVIF_BYTES}

BOMBS = (Image.DecompressionBombError, Image.DecompressionBombWarning)

# Only the main picture of a HEIC is ever wanted: not its thumbnails, depth maps and other parts.
pillow_heif.options.THUMBNAILS = False
pillow_heif.options.AUX_IMAGES = False
pillow_heif.options.DEPTH_IMAGES = False


@dataclass(frozen=True, slots=True)
class DecodingNeed:
    """What a picture will cost, known from its header: its pixels, and the bytes of memory to decode it."""

    pixels: int
    memory: int


def read_upload(upload: IO[bytes]) -> tuple[bytes, bool]:
    """The file, never more of it than one allowed photo and a byte, and whether it is larger than that."""
    if isinstance(upload, LostUpload):
        raise ImageRefused("unstored")
    upload.seek(0)
    content = upload.read(MAX_UPLOAD_BYTES + 1)
    if not content:
        raise ImageRefused("empty")
    # An upload that was cut on arrival knows the size it had.
    return content, max(len(content), getattr(upload, "size", None) or 0) > MAX_UPLOAD_BYTES


def kind_of(content: bytes, is_large: bool) -> str:
    """What the file is. A document is told that it is one, however large it is."""
    try:
        return picture_format(content)
    except ImageRefused as refusal:
        if is_large and refusal.code == "unknown":
            raise ImageRefused("too_large") from None
        raise


def refuse_large(content: bytes, name: str) -> NoReturn:
    """Says what is wrong with a file of which only the beginning is here: its picture's size first."""
    with suppress(*BAD_BYTES):
        if name == "HEIF":
            _check_size(pillow_heif.open_heif(BytesIO(content)).size, 1)
        else:
            open_header(content, name).close()
    raise ImageRefused("too_large")


def _check_pixels(pixels: int, bytes_per_pixel: float) -> None:
    limit = min(MAX_PIXELS, int(MEMORY_BUDGET / max(bytes_per_pixel, 1)))
    if pixels > limit:
        raise too_many_pixels(pixels, limit)


def _check_size(size: tuple[int, int], bytes_per_pixel: float) -> None:
    _check_pixels(size[0] * size[1], bytes_per_pixel)
    if min(size) < MIN_SHORT_SIDE:
        raise ImageRefused("too_small")


def open_header(content: bytes, name: str) -> Image.Image:
    """A JPEG, PNG, WebP or AVIF picture of a size that can be decoded, not yet decoded."""
    if name == "WEBP":
        _check_pixels(webp_pixels(content) or 0, WEBP_BYTES)
    image = Image.open(BytesIO(content), formats=(name,))
    _check_size(image.size, _bytes_per_pixel(image, content))
    # The second picture of an MPO is another view of the same moment, not an animation.
    if name != "JPEG" and getattr(image, "is_animated", False):
        raise ImageRefused("animated")
    return image


def open_heif(content: bytes) -> pillow_heif.HeifFile:
    """A HEIC or HEIF file of a size that can be decoded, not yet decoded."""
    # libheif and Pillow's AVIF reader judge by few of the brands; the codec has been found among all of them.
    content = with_brand(content, b"heic", keep=(b"heic", b"heix", b"hevc", b"hevx"))
    heif = pillow_heif.open_heif(BytesIO(content), convert_hdr_to_8bit=True)
    _check_size(heif.size, _heif_bytes(heif))
    return heif


def _heif_bytes(heif: pillow_heif.HeifFile) -> float:
    """Measured for each pixel: the codec's planes and the packed result; twice the planes when deeper than 8 bits."""
    return (7.5 if heif.info.get("bit_depth", 8) > 8 else 4.5) + (1 if heif.has_alpha else 0)


def as_avif(content: bytes) -> bytes:
    return with_brand(content, b"avif", keep=(b"avif", b"avis"))


def _bytes_per_pixel(image: Image.Image, content: bytes) -> float:
    """What decoding takes for each pixel at its peak, measured with the pinned versions; of a JPEG, the buffers."""
    if image.format in _BYTES:
        return _BYTES[image.format]
    layers: list[tuple[int, int, int, int]] = getattr(image, "layer", [])
    if not layers:
        return _png_bytes(image.mode, content)
    if not image.info.get("progressive") and _is_one_scan(image, content):
        # Decoded row by row, and by draft never larger than twice what is kept.
        return 0
    # A JPEG in several scans is kept whole as 16-bit coefficients.
    full = max(h for _, h, _, _ in layers) * max(v for _, _, v, _ in layers)
    return 1 + 2 * sum(h * v for _, h, v, _ in layers) / max(full, 1)


def _png_bytes(mode: str, content: bytes) -> float:
    """Pillow's own, or, where those are more, the file's: channels times bytes a channel."""
    channels = {2: 3, 4: 2, 6: 4}.get(content[25], 1)
    ours = {"1": 1, "L": 1, "P": 1, "I;16": 2}.get(mode, 4)
    return max(ours, channels * 2 if content[24] == 16 else 0)


def _is_one_scan(image: Image.Image, content: bytes) -> bool:
    """Whether the first scan has all of the colours. Pillow has just read its header (ITU-T T.81, B.2.3)."""
    colours = len(getattr(image, "layer", []))
    file: IO[bytes] | None = getattr(image, "fp", None)
    end = file.tell() if file else 0
    head = content[max(0, end - 6 - 2 * colours) : end]
    return head[:3] == bytes([0, 6 + 2 * colours, colours])


def decoding_need(upload: IO[bytes], kind: str) -> DecodingNeed:
    """What `normalise` will need for this file, from its header alone. Raises `ImageRefused` for what that shows."""
    long_side = LONG_SIDE[PhotoKind(kind)]
    content, is_large = read_upload(upload)
    name = kind_of(content, is_large)
    try:
        if is_large:
            refuse_large(content, name)
        return _NEEDS.get(name, _need)(content, name, long_side)
    except BOMBS:
        raise too_many_pixels(2 * MAX_PIXELS, MAX_PIXELS) from None
    except BAD_BYTES:
        raise ImageRefused("broken") from None


def _need(content: bytes, name: str, long_side: int) -> DecodingNeed:
    with open_header(content, name) as image:
        pixels, each = image.width * image.height, _bytes_per_pixel(image, content)
        memory = pixels * each
        if name == "JPEG":
            image.draft("RGB", fitted(image.size, long_side))
            memory += 4 * image.width * image.height
        return DecodingNeed(pixels, int(memory))


def _webp_need(content: bytes, _name: str, _long_side: int) -> DecodingNeed:
    """Told by the header's bytes: Pillow's reader allocates the canvas when it opens the file."""
    pixels = webp_pixels(content) or 0
    _check_pixels(pixels, WEBP_BYTES)
    return DecodingNeed(pixels, pixels * WEBP_BYTES)


def _heif_need(content: bytes, _name: str, _long_side: int) -> DecodingNeed:
    heif = open_heif(content)
    pixels = heif.size[0] * heif.size[1]
    return DecodingNeed(pixels, int(pixels * _heif_bytes(heif)))


def _png_need(content: bytes, name: str, long_side: int) -> DecodingNeed:
    return _need(png_picture(content).content, name, long_side)


def _avif_need(content: bytes, name: str, long_side: int) -> DecodingNeed:
    return _need(as_avif(content), name, long_side)


_NEEDS = {"AVIF": _avif_need, "HEIF": _heif_need, "PNG": _png_need, "WEBP": _webp_need}
