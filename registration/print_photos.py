"""Photos in the size in which paper shows them: made once when a photo is stored, so that no render waits for it.

Staff compare on the stored photo; the copy is for the document alone, which has to stay small enough to send.
"""

from io import BytesIO

from PIL import Image

from registration.enums import PhotoKind

# Pixels at 300 dots per inch: a portrait of 3x4 cm, a card (ISO/IEC 7810, ID-1) in its place of 81.2x51.2 mm.
PORTRAIT_BOX = (354, 472)
CARD_BOX = (959, 605)
# With three photos at most 200 kB; fonts, data and drawings take another 35.
PORTRAIT_BYTES = 30_000
CARD_BYTES = 85_000
# Each next one is tried where the one before makes too large a file: foliage, textiles, noise of the night.
QUALITIES = (78, 68, 56, 44, 32)


def print_copy_of(content: bytes, kind: str) -> bytes:
    """A stored photo (JPEG) as a smaller JPEG for the paper; about 25 ms for a card. The same each time.

    Raises OSError where `content` is no whole JPEG.
    """
    with Image.open(BytesIO(content), formats=("JPEG",)) as image:
        return _print_copy(image.convert("RGB"), kind)


def _print_copy(image: Image.Image, kind: str) -> bytes:
    is_portrait = kind == PhotoKind.PORTRAIT
    box, limit = (PORTRAIT_BOX, PORTRAIT_BYTES) if is_portrait else (CARD_BOX, CARD_BYTES)
    shares = (box[0] / image.width, box[1] / image.height)
    # The portrait fills its frame, a card is shown whole.
    share = min(1.0, max(shares) if is_portrait else min(shares))
    size = (max(1, round(image.width * share)), max(1, round(image.height * share)))
    small = image.resize(size, Image.Resampling.LANCZOS) if size != image.size else image
    content = b""
    for quality in QUALITIES:
        content = _jpeg(small, quality)
        if len(content) <= limit:
            break
    return content


def _jpeg(image: Image.Image, quality: int) -> bytes:
    file = BytesIO()
    image.save(file, "JPEG", quality=quality, optimize=True)
    return file.getvalue()
