"""Uploaded photos made safe to keep: upright sRGB JPEG of bounded size, without any metadata.

Every file is taken for hostile. Its size and type are checked on its bytes, its pixels on the header before
anything is decoded, and it is decoded and shrunk in a way whose memory is bounded beforehand.
"""

import hashlib
import struct
import zlib
from collections.abc import Callable
from dataclasses import dataclass
from io import BytesIO
from typing import IO

import pillow_heif
from PIL import Image, ImageCms, UnidentifiedImageError

from registration.enums import PhotoKind
from registration.photo_formats import (
    MAX_PIXELS,
    MIN_SHORT_SIDE,
    ImageRefused,
    picture_format,
    too_many_pixels,
    webp_pixels,
)
from registration.photo_quality import QUALITY_TEXTS, measure_quality
from registration.print_photos import print_copy_of
from registration.uploads import MAX_UPLOAD_BYTES

__all__ = ["QUALITY_TEXTS", "ImageRefused", "NormalisedImage", "normalise"]

# The sizes in print: a card across the page's width, a portrait of 3x4 cm, both well above 300 dots per inch.
LONG_SIDE = {PhotoKind.PORTRAIT: 900, PhotoKind.ID_FRONT: 1600, PhotoKind.ID_BACK: 1600}
JPEG_QUALITY = 82
# What decoding may take beside the file itself; with this program's own share it stays under 300 MB.
MEMORY_BUDGET = 260 * 1000 * 1000
# For each pixel of a WebP: the only reader that Pillow has is the one for animations, four copies in RGBA.
WEBP_BYTES = 16
# Rows are flattened and shrunk this many (of the result) at a time.
BAND_ROWS = 64
# Progressive photos have about 10 scans. In a file of empty ones each costs a pass over all pixels: minutes.
MAX_JPEG_SCANS = 100
MAX_ICC_BYTES = 4 * 1024 * 1024

# What Pillow, its codecs and libheif raise for bad bytes, found by reading their readers and by feeding
# them mutated files; there is no common base class. SyntaxError, ValueError, EOFError and LookupError come
# from the parsers of headers and chunks; struct.error, TypeError, AttributeError and ArithmeticError from
# headers and metadata that lie; zlib.error from PNG chunks; OSError (truncated data, and
# UnidentifiedImageError under it), RuntimeError and MemoryError from the codecs. Warnings are raised only
# where a process makes them errors. Anything else is a fault of ours and shall be seen.
BAD_BYTES = (
    UnidentifiedImageError, OSError, ValueError, SyntaxError, EOFError, LookupError, struct.error, TypeError,
    AttributeError, ArithmeticError, zlib.error, RuntimeError, MemoryError, Warning,
)  # fmt: skip
_BOMBS = (Image.DecompressionBombError, Image.DecompressionBombWarning)

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

# Only the main picture of a HEIC is ever wanted: not its thumbnails, depth maps and other parts.
pillow_heif.options.THUMBNAILS = False
pillow_heif.options.AUX_IMAGES = False
pillow_heif.options.DEPTH_IMAGES = False


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

    Takes JPEG, MPO, PNG, WebP and HEIC/HEIF up to 10 MB and 50 megapixels; fewer where decoding needs more
    memory (WebP 16, HDR HEIC 34, progressive JPEG without colour subsampling 37). Nothing is enlarged.
    `kind` is a value of `PhotoKind`, ValueError otherwise. Raises `ImageRefused` for every file that cannot
    be used, and nothing else whatever the bytes are.
    """
    long_side = LONG_SIDE[PhotoKind(kind)]
    content = _read(upload)
    name = picture_format(content)
    try:
        decoded = _decode_heif(content, long_side) if name == "HEIF" else _decode(content, name, long_side)
        image = _finish(decoded, long_side)
    except _BOMBS:
        raise too_many_pixels(2 * MAX_PIXELS, MAX_PIXELS) from None
    except BAD_BYTES:
        raise ImageRefused("broken") from None
    quality = measure_quality(image, kind, min(decoded.size))
    stored = BytesIO()
    image.save(stored, "JPEG", quality=JPEG_QUALITY, optimize=True)
    data = stored.getvalue()
    sha256 = hashlib.sha256(data).hexdigest()
    return NormalisedImage(data, image.width, image.height, sha256, print_copy_of(data, kind), quality)


def _read(upload: IO[bytes]) -> bytes:
    """The whole file, or a refusal; never more than one allowed photo is held."""
    upload.seek(0)
    content = upload.read(MAX_UPLOAD_BYTES + 1)
    # An upload that was cut on arrival knows the size it had.
    if max(len(content), getattr(upload, "size", None) or 0) > MAX_UPLOAD_BYTES:
        raise ImageRefused("too_large")
    if not content:
        raise ImageRefused("empty")
    return content


def _check_pixels(pixels: int, bytes_per_pixel: float) -> None:
    limit = min(MAX_PIXELS, int(MEMORY_BUDGET / bytes_per_pixel))
    if pixels > limit:
        raise too_many_pixels(pixels, limit)


def _check_size(size: tuple[int, int], bytes_per_pixel: float) -> None:
    _check_pixels(size[0] * size[1], bytes_per_pixel)
    if min(size) < MIN_SHORT_SIDE:
        raise ImageRefused("too_small")


def _decode(content: bytes, name: str, long_side: int) -> _Decoded:
    """A JPEG, PNG or WebP picture; its size is checked on the header."""
    if name == "WEBP":
        _check_pixels(webp_pixels(content) or 0, WEBP_BYTES)
    with Image.open(BytesIO(content), formats=(name,)) as image:
        size = image.size
        _check_size(size, _bytes_per_pixel(image))
        # The second picture of an MPO is another view of the same moment, not an animation.
        if name != "JPEG" and getattr(image, "is_animated", False):
            raise ImageRefused("animated")
        if name == "JPEG":
            if content.count(b"\xff\xda") > MAX_JPEG_SCANS:
                raise ImageRefused("broken")
            # Asked with the picture's own shape, the decoder itself leaves out what would be shrunk away.
            image.draft("RGB", _fitted(size, long_side))
        image.load()
        small = _shrink(image.crop, image.size, _factor(image.size, long_side))
        return _Decoded(small, _orientation(image), image.info.get("icc_profile") or b"", size)


def _decode_heif(content: bytes, long_side: int) -> _Decoded:
    """A HEIC or HEIF picture: the primary one. libheif has already turned it upright."""
    heif = pillow_heif.open_heif(BytesIO(content), convert_hdr_to_8bit=True)
    size: tuple[int, int] = heif.size
    # Measured: the codec's planes and the packed result, 4.5 bytes; twice the planes when deeper than 8 bits.
    _check_size(size, (7.5 if heif.info.get("bit_depth", 8) > 8 else 4.5) + (1 if heif.has_alpha else 0))
    data, stride, mode = memoryview(heif.data), heif.stride, heif.mode
    if heif.size != size:
        raise ImageRefused("broken")

    def rows(box: tuple[int, int, int, int]) -> Image.Image:
        part = data[box[1] * stride : box[3] * stride]
        return Image.frombytes(mode, (size[0], box[3] - box[1]), part, "raw", mode, stride)

    small = _shrink(rows, size, _factor(size, long_side))
    return _Decoded(small, 1, heif.info.get("icc_profile") or b"", size)


def _bytes_per_pixel(image: Image.Image) -> float:
    """What decoding takes for each pixel at its peak, measured with the pinned versions."""
    if image.format == "WEBP":
        return WEBP_BYTES
    layers: list[tuple[int, int, int, int]] = getattr(image, "layer", [])
    if not layers:
        return {"1": 1, "L": 1, "P": 1, "I;16": 2}.get(image.mode, 4)
    if not image.info.get("progressive"):
        return 4
    # A progressive JPEG is kept whole as 16-bit coefficients, the pixels come on top.
    full = max(h for _, h, _, _ in layers) * max(v for _, _, v, _ in layers)
    return 1 + 2 * sum(h * v for _, h, v, _ in layers) / max(full, 1)


def _fitted(size: tuple[int, int], long_side: int) -> tuple[int, int]:
    """The size at which the long side is at most `long_side`, never larger than `size`."""
    scale = min(1.0, long_side / max(size))
    return max(1, round(size[0] * scale)), max(1, round(size[1] * scale))


def _factor(size: tuple[int, int], long_side: int) -> int:
    """The whole number by which to shrink first; half as much again is left for the fine resampling."""
    return max(1, int(max(size) / (1.5 * long_side)))


def _shrink(
    rows: Callable[[tuple[int, int, int, int]], Image.Image], size: tuple[int, int], factor: int
) -> Image.Image:
    """The picture flattened and made smaller by `factor`, in bands: never is there a second large copy."""
    width, height = size
    small: Image.Image | None = None
    for top in range(0, height, BAND_ROWS * factor):
        band = _flat(rows((0, top, width, min(height, top + BAND_ROWS * factor))))
        band = band.reduce(factor) if factor > 1 else band
        small = small or Image.new(band.mode, (-(-width // factor), -(-height // factor)))
        small.paste(band, (0, top // factor))
    if small is None:
        raise ImageRefused("broken")
    return small


def _flat(band: Image.Image) -> Image.Image:
    """The rows in RGB, L or CMYK: palettes spelt out, 16 bits made 8, what is transparent made white."""
    if band.mode == "I;16":
        return band.point(lambda level: level * (1 / 256)).convert("L")
    if band.mode in {"LA", "PA", "RGBA", "La", "RGBa"} or "transparency" in band.info:
        clear = band.convert("RGBA")
        white = Image.new("RGB", band.size, "white")
        white.paste(clear, mask=clear.getchannel("A"))
        return white
    if band.mode == "1":
        return band.convert("L")
    return band if band.mode in {"RGB", "L", "CMYK"} else band.convert("RGB")


def _orientation(image: Image.Image) -> int:
    """EXIF orientation 1 to 8; unreadable metadata does not spoil a good picture."""
    try:
        value = image.getexif().get(_ORIENTATION, 1)
    except BAD_BYTES:
        return 1
    return value if isinstance(value, int) else 1


def _finish(decoded: _Decoded, long_side: int) -> Image.Image:
    """RGB at its final size, upright, on a canvas that carries no metadata."""
    image, size = decoded.image, _fitted(decoded.size, long_side)
    if min(size) < MIN_SHORT_SIDE:
        raise ImageRefused("too_narrow")
    if image.size != size:
        image = image.resize(size, Image.Resampling.BICUBIC)
    image = _to_srgb(image, decoded.icc_profile)
    turn = _UPRIGHT.get(decoded.orientation)
    image = image.transpose(turn) if turn is not None else image
    clean = Image.new("RGB", image.size)
    clean.paste(image)
    return clean


def _to_srgb(image: Image.Image, icc_profile: bytes) -> Image.Image:
    """In sRGB by the embedded profile; without one, or with a broken one, taken for sRGB as browsers do."""
    if 0 < len(icc_profile) <= MAX_ICC_BYTES:
        try:
            profile = ImageCms.ImageCmsProfile(BytesIO(icc_profile))
            if not ImageCms.getProfileDescription(profile).startswith("sRGB"):
                srgb = ImageCms.createProfile("sRGB")
                return ImageCms.profileToProfile(image, profile, srgb, outputMode="RGB") or image.convert("RGB")
        except (ImageCms.PyCMSError, *BAD_BYTES):
            pass
    return image.convert("RGB")
