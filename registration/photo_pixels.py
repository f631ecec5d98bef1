"""The pixels of a decoded photo: shrunk in bands of bounded memory, flattened, brought to sRGB."""

import struct
import zlib
from collections.abc import Callable
from io import BytesIO

from PIL import Image, ImageCms, UnidentifiedImageError

from registration.photo_formats import ImageRefused
from registration.photo_parts import MAX_ICC_BYTES

# Rows are flattened and shrunk this many (of the result) at a time.
BAND_ROWS = 64

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


def fitted(size: tuple[int, int], long_side: int) -> tuple[int, int]:
    """The size at which the long side is at most `long_side`, never larger than `size`."""
    scale = min(1.0, long_side / max(size))
    return max(1, round(size[0] * scale)), max(1, round(size[1] * scale))


def factor(size: tuple[int, int], long_side: int) -> int:
    """The whole number by which to shrink first; half as much again is left for the fine resampling."""
    return max(1, int(max(size) / (1.5 * long_side)))


def shrink(rows: Callable[[tuple[int, int, int, int]], Image.Image], size: tuple[int, int], factor: int) -> Image.Image:
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


def to_srgb(image: Image.Image, icc_profile: bytes) -> Image.Image:
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
