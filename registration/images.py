"""Uploaded photos made safe to keep: upright sRGB JPEG of bounded size, without any metadata.

Every file is taken for hostile. Its size and type are checked on its bytes, its pixels on the header before
anything is decoded, and it is decoded and shrunk in a way whose memory is bounded beforehand.
"""

import hashlib
from contextlib import suppress
from dataclasses import dataclass, replace
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
from registration.photo_parts import jpeg_end, png_picture, with_brand
from registration.photo_pixels import BAD_BYTES, factor, fitted, shrink, to_srgb
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
# For each pixel of an AVIF: planes of up to 16 bits in three colours, and the packed result twice.
AVIF_BYTES = 14
_BYTES = {"WEBP": WEBP_BYTES, "AVIF": AVIF_BYTES}
# Behind a JPEG that lost its end mark: not of these are its last pixels made.
_FILLER, _JPEG_END = bytes(range(1, 200, 3)), b"\xff\xd9"

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

    Takes JPEG, MPO, PNG, WebP, HEIC/HEIF and AVIF up to 10 MB and 50 megapixels; fewer where decoding needs more
    memory (WebP 16, AVIF 18, HDR HEIC 34, progressive JPEG without colour subsampling 37). Nothing is enlarged.
    What stands around the picture (films, texts, profiles) is neither judged nor kept.
    `kind` is a value of `PhotoKind`, ValueError otherwise. Raises `ImageRefused` for every file that cannot
    be used, and nothing else whatever the bytes are.
    """
    long_side = LONG_SIDE[PhotoKind(kind)]
    content, is_large = _read(upload)
    name = _kind(content, is_large)
    try:
        if is_large:
            _refuse_large(content, name)
        decoded = _DECODERS.get(name, _decode)(content, name, long_side)
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


def _read(upload: IO[bytes]) -> tuple[bytes, bool]:
    """The file, never more of it than one allowed photo and a byte, and whether it is larger than that."""
    upload.seek(0)
    content = upload.read(MAX_UPLOAD_BYTES + 1)
    if not content:
        raise ImageRefused("empty")
    # An upload that was cut on arrival knows the size it had.
    return content, max(len(content), getattr(upload, "size", None) or 0) > MAX_UPLOAD_BYTES


def _kind(content: bytes, is_large: bool) -> str:
    """What the file is. A document is told that it is one, however large it is."""
    try:
        return picture_format(content)
    except ImageRefused as refusal:
        if is_large and refusal.code == "unknown":
            raise ImageRefused("too_large") from None
        raise


def _refuse_large(content: bytes, name: str) -> NoReturn:
    """Says what is wrong with a file of which only the beginning is here: its picture's size first."""
    with suppress(*BAD_BYTES):
        if name == "HEIF":
            _check_size(pillow_heif.open_heif(BytesIO(content)).size, 1)
        else:
            _check_header(content, name).close()
    raise ImageRefused("too_large")


def _check_pixels(pixels: int, bytes_per_pixel: float) -> None:
    limit = min(MAX_PIXELS, int(MEMORY_BUDGET / bytes_per_pixel))
    if pixels > limit:
        raise too_many_pixels(pixels, limit)


def _check_size(size: tuple[int, int], bytes_per_pixel: float) -> None:
    _check_pixels(size[0] * size[1], bytes_per_pixel)
    if min(size) < MIN_SHORT_SIDE:
        raise ImageRefused("too_small")


def _check_header(content: bytes, name: str) -> Image.Image:
    """A JPEG, PNG, WebP or AVIF picture of a size that can be decoded, not yet decoded."""
    if name == "WEBP":
        _check_pixels(webp_pixels(content) or 0, WEBP_BYTES)
    image = Image.open(BytesIO(content), formats=(name,))
    _check_size(image.size, _bytes_per_pixel(image))
    # The second picture of an MPO is another view of the same moment, not an animation.
    if name != "JPEG" and getattr(image, "is_animated", False):
        raise ImageRefused("animated")
    return image


def _decode(content: bytes, name: str, long_side: int) -> _Decoded:
    """A JPEG, PNG, WebP or AVIF picture."""
    with _check_header(content, name) as image:
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
    # libheif and Pillow's AVIF reader judge by few of the brands; the codec has been found among all of them.
    content = with_brand(content, b"heic", keep=(b"heic", b"heix", b"hevc", b"hevx"))
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

    small = shrink(rows, size, factor(size, long_side))
    return _Decoded(small, 1, heif.info.get("icc_profile") or b"", size)


def _decode_avif(content: bytes, name: str, long_side: int) -> _Decoded:
    return _decode(with_brand(content, b"avif", keep=(b"avif", b"avis")), name, long_side)


_DECODERS = {"AVIF": _decode_avif, "HEIF": _decode_heif, "JPEG": _decode_jpeg, "PNG": _decode_png}


def _bytes_per_pixel(image: Image.Image) -> float:
    """What decoding takes for each pixel at its peak, measured with the pinned versions."""
    if image.format in _BYTES:
        return _BYTES[image.format]
    layers: list[tuple[int, int, int, int]] = getattr(image, "layer", [])
    if not layers:
        return {"1": 1, "L": 1, "P": 1, "I;16": 2}.get(image.mode, 4)
    if not image.info.get("progressive"):
        return 4
    # A progressive JPEG is kept whole as 16-bit coefficients, the pixels come on top.
    full = max(h for _, h, _, _ in layers) * max(v for _, _, v, _ in layers)
    return 1 + 2 * sum(h * v for _, h, v, _ in layers) / max(full, 1)


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
