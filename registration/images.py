"""Uploaded photos made safe to keep: upright sRGB JPEG of bounded size, without any metadata.

Every file is taken for hostile. Its size and type are checked on its bytes, its pixels on the header before
anything is decoded, and it is decoded and shrunk in a way whose memory is bounded beforehand.
"""

import hashlib
from dataclasses import dataclass, replace
from io import BytesIO
from typing import IO

from PIL import Image

from registration.enums import PhotoKind
from registration.photo_formats import MAX_PIXELS, MIN_SHORT_SIDE, ImageRefused, too_many_pixels
from registration.photo_headers import (
    BOMBS,
    LONG_SIDE,
    as_avif,
    kind_of,
    open_header,
    open_heif,
    read_upload,
    refuse_large,
)
from registration.photo_parts import jpeg_end, png_picture
from registration.photo_pixels import BAD_BYTES, factor, fitted, shrink, to_srgb
from registration.photo_quality import QUALITY_TEXTS, measure_quality
from registration.print_photos import print_copy_of

__all__ = ["QUALITY_TEXTS", "ImageRefused", "NormalisedImage", "normalise"]

JPEG_QUALITY = 82
# Behind a JPEG that lost its end mark: not of these are its last pixels made.
_FILLER, _JPEG_END = bytes(range(1, 200, 3)), b"\xff\xd9"

_ORIENTATION = 0x0112
_UPRIGHT = {
    2: Image.Transpose.FLIP_LEFT_RIGHT,
    3: Image.Transpose.ROTATE_180,
    4: Image.Transpose.FLIP_TOP_BOTTOM,
    5: Image.Transpose.TRANSPOSE,
    6: Image.Transpose.ROTATE_270,
    7: Image.Transpose.TRANSVERSE,
    8: Image.Transpose.ROTATE_90,
}


@dataclass(frozen=True, slots=True)
class NormalisedImage:
    """A photo ready to be stored: `content` is a JPEG of `width` x `height` pixels, `sha256` its hex digest.

    `print_content` is the same picture in the size that the document shows. `quality` holds warnings, codes of
    `QUALITY_TEXTS`; empty means that none was found.
    """

    content: bytes
    width: int
    height: int
    sha256: str
    print_content: bytes
    quality: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True)
class _Decoded:
    """A picture shrunk near its target, in RGB, L or CMYK, and what is needed to finish it."""

    image: Image.Image
    orientation: int
    icc_profile: bytes
    size: tuple[int, int]  # as sent, before shrinking


def normalise(upload: IO[bytes], kind: str) -> NormalisedImage:
    """The photo as it is stored: upright, sRGB, no metadata, long side at most 1,600 px (portrait 900).

    Takes JPEG, MPO, PNG, WebP, HEIC/HEIF and AVIF up to 10 MB and 50 megapixels; fewer where decoding needs more
    memory (PNG 37 in colour, 25 of 16 bits a channel; WebP and AVIF 12; HEIC 33, HDR 20; progressive JPEG 37, 21
    without colour subsampling). Nothing is enlarged.
    What stands around the picture (films, texts, profiles) is neither judged nor kept.
    `kind` is a value of `PhotoKind`, ValueError otherwise. Raises `ImageRefused` for every file that cannot
    be used, and nothing else whatever the bytes are.
    """
    long_side = LONG_SIDE[PhotoKind(kind)]
    content, is_large = read_upload(upload)
    name = kind_of(content, is_large)
    try:
        if is_large:
            refuse_large(content, name)
        decoded = _DECODERS.get(name, _decode)(content, name, long_side)
        image = _finish(decoded, long_side)
    except BOMBS:
        raise too_many_pixels(2 * MAX_PIXELS, MAX_PIXELS) from None
    except BAD_BYTES:
        raise ImageRefused("broken") from None
    quality = measure_quality(image, kind, min(decoded.size))
    stored = BytesIO()
    image.save(stored, "JPEG", quality=JPEG_QUALITY, optimize=True)
    data = stored.getvalue()
    sha256 = hashlib.sha256(data).hexdigest()
    return NormalisedImage(data, image.width, image.height, sha256, print_copy_of(data, kind), quality)


def _decode(content: bytes, name: str, long_side: int) -> _Decoded:
    """A JPEG, PNG, WebP or AVIF picture."""
    with open_header(content, name) as image:
        size = image.size
        if name == "JPEG":
            # Asked with the picture's own shape, the decoder itself leaves out what would be shrunk away.
            image.draft("RGB", fitted(size, long_side))
        image.load()
        small = shrink(image.crop, image.size, factor(image.size, long_side))
        return _Decoded(small, _orientation(image), image.info.get("icc_profile") or b"", size)


def _decode_jpeg(content: bytes, name: str, long_side: int) -> _Decoded:
    """A JPEG picture, whatever follows it; one without its end mark when all of its pixels are there."""
    end = jpeg_end(content)
    picture = content if end else content + _JPEG_END
    decoded = _decode(picture, name, long_side)
    if end is None or _ends_flat(decoded.image):
        # Where pixels are missing, the decoder makes them of what it finds in their place.
        pixels = content[: end - len(_JPEG_END)] if end else content
        other = _decode(pixels + _FILLER + _JPEG_END, name, long_side)
        padded = end is None and len(set(content[-len(_FILLER) :])) == 1
        if padded or decoded.image.tobytes() != other.image.tobytes():
            raise ImageRefused("broken")
    return decoded


def _ends_flat(image: Image.Image) -> bool:
    """Whether the last rows are of one colour, as they are where the data ended early."""
    last = image.crop((0, image.height - 1, image.width, image.height))
    return len(set(zip(*(band.tobytes() for band in last.split()), strict=True))) == 1


def _decode_png(content: bytes, name: str, long_side: int) -> _Decoded:
    picture = png_picture(content)
    return replace(_decode(picture.content, name, long_side), icc_profile=picture.icc_profile)


def _decode_heif(content: bytes, _name: str, long_side: int) -> _Decoded:
    """A HEIC or HEIF picture: the primary one. libheif has already turned it upright."""
    heif = open_heif(content)
    size: tuple[int, int] = heif.size
    data = memoryview(heif.data)
    if heif.size != size:
        raise ImageRefused("broken")
    small = _shrunk(data, size, heif.stride, (heif.mode, heif.mode), long_side)
    return _Decoded(small, 1, heif.info.get("icc_profile") or b"", size)


def _decode_webp(content: bytes, name: str, long_side: int) -> _Decoded:
    """A WebP picture: by Pillow's own reader it would be there four times over, twice of them as canvases."""
    with open_header(content, name) as image:
        size, profile, orientation = image.size, image.info.get("icc_profile") or b"", _orientation(image)
        decoder, raw_mode = image._decoder, image.rawmode  # type: ignore[attr-defined]
        frame = decoder.get_next()
        if frame is None:
            raise ImageRefused("broken")
        image._decoder = decoder = None  # type: ignore[attr-defined]
        small = _shrunk(memoryview(frame[0]), size, 4 * size[0], (image.mode, raw_mode), long_side)
        return _Decoded(small, orientation, profile, size)


def _shrunk(
    data: memoryview, size: tuple[int, int], stride: int, modes: tuple[str, str], long_side: int
) -> Image.Image:
    """Of raw pixels, `stride` bytes a row: near the target, without a copy of the whole."""
    mode, raw_mode = modes

    def rows(box: tuple[int, int, int, int]) -> Image.Image:
        part = data[box[1] * stride : box[3] * stride]
        return Image.frombytes(mode, (size[0], box[3] - box[1]), part, "raw", raw_mode, stride)

    return shrink(rows, size, factor(size, long_side))


def _decode_avif(content: bytes, name: str, long_side: int) -> _Decoded:
    return _decode(as_avif(content), name, long_side)


_DECODERS = {"AVIF": _decode_avif, "HEIF": _decode_heif, "JPEG": _decode_jpeg, "PNG": _decode_png, "WEBP": _decode_webp}


def _orientation(image: Image.Image) -> int:
    """EXIF orientation 1 to 8; unreadable metadata does not spoil a good picture."""
    try:
        value = image.getexif().get(_ORIENTATION, 1)
    except BAD_BYTES:
        return 1
    return value if isinstance(value, int) else 1


def _finish(decoded: _Decoded, long_side: int) -> Image.Image:
    """RGB at its final size, upright, on a canvas that carries no metadata."""
    image, size = decoded.image, fitted(decoded.size, long_side)
    if min(size) < MIN_SHORT_SIDE:
        raise ImageRefused("too_narrow")
    if image.size != size:
        image = image.resize(size, Image.Resampling.BICUBIC)
    image = to_srgb(image, decoded.icc_profile)
    turn = _UPRIGHT.get(decoded.orientation)
    image = image.transpose(turn) if turn is not None else image
    clean = Image.new("RGB", image.size)
    clean.paste(image)
    return clean
