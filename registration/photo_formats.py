"""What an uploaded file is, judged by its content and never by its name, and what to say when it is no photo.

Every refusal has a code (for logs and tests) and a text of its own that says what is wrong and what to do.
"""

import re

from django.utils.functional import Promise
from django.utils.text import format_lazy
from django.utils.translation import gettext_lazy as _

from registration.uploads import MAX_UPLOAD_BYTES

MAX_PIXELS = 50_000_000
# Below this no face and no number can be recognised, whatever is done with the photo.
MIN_SHORT_SIDE = 200

REFUSAL_TEXTS: dict[str, Promise | str] = {
    "empty": _("The file is empty: nothing arrived. Choose the photo again."),
    "too_large": format_lazy(
        _(
            "The photo is larger than {limit} MB. Choose a smaller one, or take it again with motion photo turned off "
            "or at a lower camera resolution."
        ),
        limit=MAX_UPLOAD_BYTES // 1024**2,
    ),
    "animated": _("This is a moving picture. Choose a still photo (JPEG, PNG, WebP, HEIC or AVIF)."),
    "broken": _("The photo is damaged or arrived only in part. Send it again, or take a new photo."),
    "too_small": format_lazy(
        _(
            "The photo is too small to be recognised: each side needs at least {limit} pixels. "
            "Send the original photo, not a preview of it."
        ),
        limit=MIN_SHORT_SIDE,
    ),
    "too_narrow": _("The photo is a long narrow strip. Take it again so that the face or the card fills it."),
    "pdf": _("This is a PDF document, not a photo. Take a photo of the paper and choose that photo."),
    "svg": _("This is an SVG drawing, not a photo. Choose a photo (JPEG, PNG, WebP, HEIC or AVIF)."),
    "html": _("This is a web page, not a photo. Save the photo itself to the device, then choose it again."),
    "text": _("This is a text file, not a photo. Choose a photo (JPEG, PNG, WebP, HEIC or AVIF)."),
    "document": _(
        "This is a Word, Excel or compressed file, not a photo. "
        "Choose the photo itself (JPEG, PNG, WebP, HEIC or AVIF)."
    ),
    "video": _("This is a video, not a photo. Take a photo, or choose one (JPEG, PNG, WebP, HEIC or AVIF)."),
    "other_picture": _(
        "This kind of picture (GIF, BMP, TIFF and the like) cannot be taken here. "
        "Save it as JPEG, or take a new photo with the phone."
    ),
    "unstored": _(
        "The photo could not be received: this is a fault on our side. What you entered is kept. "
        "Please send the photo again in a few minutes."
    ),
    "busy": _("Many photos are arriving just now. What you entered is kept: please send this photo again in a moment."),
    "unknown": _("This file is not a photo that can be read here. Choose a photo (JPEG, PNG, WebP, HEIC or AVIF)."),
}

# Nothing is wrong with these photos: the same file may be taken in a moment.
PASSING = ("busy", "unstored")

_TOO_MANY_PIXELS = _(
    "The photo has {pixels} million pixels; at most {limit} million can be taken. "
    "Choose a smaller photo, or lower the camera resolution."
)

# Still pictures and sequences by their codec (ISO/IEC 23008-12, AV1 Image File Format); the major brand is at byte 8.
_STILL_BRANDS = dict.fromkeys(b"heic heix heim heis hevc hevx hevm hevs".split(), "HEIF") | dict.fromkeys(
    (b"avif", b"avis"), "AVIF"
)
_GENERAL_BRANDS = frozenset((b"mif1", b"msf1"))
_MAX_BRANDS_BYTES = 1024
_ACCEPTED = ((b"\xff\xd8\xff", "JPEG"), (b"\x89PNG\r\n\x1a\n", "PNG"))
_REFUSED = (
    (b"GIF8", "gif"),
    (b"%PDF-", "pdf"),
    (b"BM", "other_picture"),
    (b"II*\0", "other_picture"),  # TIFF and most cameras' raw files
    (b"MM\0*", "other_picture"),
    (b"8BPS", "other_picture"),  # Photoshop
    (b"\0\0\1\0", "other_picture"),  # Windows icon
    (b"\0\0\0\x0cjP  ", "other_picture"),  # JPEG 2000
    (b"\0\0\0\x0cJXL ", "other_picture"),
    (b"\xff\x0a", "other_picture"),  # JPEG XL without a container
    (b"PK\3\4", "document"),
    (b"\xd0\xcf\x11\xe0", "document"),  # Office before 2007
    (b"Rar!", "document"),
    (b"7z\xbc\xaf", "document"),
    (b"\x1f\x8b", "document"),
    (b"{\\rtf", "document"),
    (b"\x1aE\xdf\xa3", "video"),  # Matroska, WebM
)


class ImageRefused(Exception):
    """The file cannot be used. `code` is for programs, `message` (translated when shown) for the person."""

    def __init__(self, code: str, message: Promise | str | None = None) -> None:
        super().__init__(code)
        self.code = code
        self.message = REFUSAL_TEXTS[code] if message is None else message


def too_many_pixels(pixels: int, limit: int) -> ImageRefused:
    """The refusal of a picture of this many pixels where `limit` are allowed, both told in millions."""
    millions = {"pixels": -(-pixels // 1_000_000), "limit": limit // 1_000_000}
    return ImageRefused("too_many_pixels", format_lazy(_TOO_MANY_PIXELS, **millions))


def picture_format(content: bytes) -> str:
    """`JPEG` (MPO is one inside), `PNG`, `WEBP`, `HEIF` or `AVIF`; raises `ImageRefused` for anything else."""
    for start, name in _ACCEPTED:
        if content.startswith(start):
            return name
    if content[:4] == b"RIFF" and content[8:12] == b"WEBP":
        return "WEBP"
    if content[4:8] == b"ftyp" and (kind := _box_kind(content)) != "video":
        return kind
    raise ImageRefused(_refusal_code(content))


def webp_pixels(content: bytes) -> int | None:
    """Width times height in a WebP header, or None where it has none (RFC 9649, sections 2.5 to 2.7).

    Needed because Pillow's reader allocates the whole canvas while it opens the file.
    """
    chunk, head = content[12:16], content[:30].ljust(30, b"\0")
    if chunk == b"VP8X":
        width, height = int.from_bytes(head[24:27], "little") + 1, int.from_bytes(head[27:30], "little") + 1
        return width * height
    if chunk == b"VP8L":
        bits = int.from_bytes(head[21:25], "little")
        return ((bits & 0x3FFF) + 1) * ((bits >> 14 & 0x3FFF) + 1)
    if chunk == b"VP8 ":
        width, height = int.from_bytes(head[26:28], "little"), int.from_bytes(head[28:30], "little")
        return (width & 0x3FFF) * (height & 0x3FFF)
    return None


def _box_kind(content: bytes) -> str:
    """`HEIF`, `AVIF` or `video`, from all the brands at the start of an ISO media file, the major one first."""
    size = min(int.from_bytes(content[:4], "big"), _MAX_BRANDS_BYTES, len(content))
    for brand in (content[8:12], *(content[at : at + 4] for at in range(16, size, 4))):
        if brand in _STILL_BRANDS:
            return _STILL_BRANDS[brand]
    # Brands that do not tell the codec; the files that name no other are HEIC.
    general = {content[8:12], *(content[at : at + 4] for at in range(16, size, 4))} & _GENERAL_BRANDS
    return "HEIF" if general else "video"


def _refusal_code(content: bytes) -> str:
    if content[4:8] == b"ftyp":
        return "video"
    if content[:4] == b"RIFF":
        return "video" if content[8:12] == b"AVI " else "unknown"
    for start, code in _REFUSED:
        if content.startswith(start):
            return _gif_code(content) if code == "gif" else code
    return _text_code(content)


def _gif_code(content: bytes) -> str:
    """A moving GIF has a graphic control block before each of its frames."""
    return "animated" if content.count(b"!\xf9\x04") > 1 else "other_picture"


def _text_code(content: bytes) -> str:
    head = content[:4096]
    if head.startswith((b"\xff\xfe", b"\xfe\xff")):
        text = head[: len(head) // 2 * 2].decode("utf-16", "replace")
    elif b"\0" in head:
        return "unknown"
    else:
        text = head.decode("utf-8", "replace")
        # Up to three wrong characters: the last one may be cut, and old encodings are still text.
        if text.count("\N{REPLACEMENT CHARACTER}") * 20 > len(text) + 60:
            return "unknown"
    if re.search(r"%PDF-\d", text[:1024]):
        return "pdf"
    if re.search(r"<svg[\s>]", text, re.IGNORECASE):
        return "svg"
    if re.search(r"<(!doctype\s+html|html|head|body)[\s>]", text, re.IGNORECASE):
        return "html"
    printable = sum(c.isprintable() or c in "\r\n\t\f" for c in text)
    return "text" if printable >= 0.95 * len(text) else "unknown"
