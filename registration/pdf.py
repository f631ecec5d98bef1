"""The printed declaration: what stands on it. How it is drawn is in `registration.pdf_engine`."""

import logging
import re
import unicodedata
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import Any

from django.conf import settings
from django.db.models.fields.files import FieldFile
from django.template.loader import render_to_string
from django.urls import reverse
from django.utils import translation

from registration import legal
from registration.barcodes import code128_svg, qr_svg
from registration.enums import PaperKind, PhotoKind
from registration.models import Attachment, Declaration
from registration.print_photos import print_copy_of
from registration.proof import VIETNAM, canonical_json, declaration_data, sha256_hex, short_hash
from registration.validators import national_phone

logger = logging.getLogger(__name__)

TEMPLATE = "registration/declaration_pdf.html"
DOTS = "." * 24
# The document is Vietnamese in every language: these are its words, not translations of ours.
PAPER_NAMES = {
    PaperKind.CCCD: "Căn cước công dân (CCCD)",
    PaperKind.CMND: "Chứng minh nhân dân (CMND)",
    PaperKind.PASSPORT: "Hộ chiếu",
}
PHOTO_NAMES = {
    PhotoKind.PORTRAIT: "Ảnh chân dung",
    PhotoKind.ID_FRONT: "Ảnh mặt trước",
    PhotoKind.ID_BACK: "Ảnh mặt sau",
}
# A portrait about as tall as 3x4 fills its frame; a much wider or taller one is shown whole: no face is cut.
FILLING_RATIOS = (0.6, 0.9)
# "BHXH tỉnh Hà Giang" stands in Hà Giang; of the cities only the one named after a person keeps its title
# (Nghị định 30/2020/NĐ-CP, Phụ lục I).
_PROVINCE = re.compile(r"BHXH (?:tỉnh |TP\. (?!Hồ Chí Minh))?(?P<place>.+)")


@dataclass(frozen=True)
class Photo:
    """One photo on the page; `is_readable` is False where the store no longer has what was handed in."""

    kind: str
    name: str
    is_readable: bool
    short_hash: str
    fills_frame: bool = False


@dataclass(frozen=True)
class Paper:
    """The finished document: the PDF, the SHA-256 of the data attached to it, the kinds of photos it lacks."""

    content: bytes
    data_sha256: str
    unreadable: list[str]


def render_declaration(declaration: Declaration) -> Paper:
    """The declaration's present version as a PDF: A4, PDF/A-3b and PDF/UA-1, Vietnamese in any active language.

    A photo that cannot be read gets a box that says so, and a line in the log. Takes about 75 ms once warm; the
    same version gives the same bytes. Raises registration.fonts.FontMissing.
    """
    from registration.pdf_engine import make_pdf  # only whoever renders pays for WeasyPrint's import

    attachments = list(declaration.current_attachments())
    contents = {photo.kind: content for photo in attachments if (content := _printed(photo)) is not None}
    data = canonical_json(declaration_data(declaration, attachments))
    with translation.override("vi"):
        html = render_to_string(TEMPLATE, _context(declaration, attachments, contents) | _proof(declaration, data))
    made_at = declaration.submitted_at.astimezone(UTC)
    content = make_pdf(unicodedata.normalize("NFC", html), contents, data, made_at)
    unreadable = [str(photo.kind) for photo in attachments if photo.kind not in contents]
    return Paper(content, sha256_hex(data), unreadable)


def _printed(photo: Attachment) -> bytes | None:
    """What the paper shows of the photo, or None where the photo is gone or is not the one handed in.

    The copy alone would do for showing; what was handed in is looked at because the paper vouches for it.
    """
    try:
        content = _read(photo.file)
        if sha256_hex(content) != photo.sha256:
            logger.error("photo %s of declaration %s is not the one handed in", photo.pk, photo.declaration_id)
            return None
        return _print_copy(photo) or print_copy_of(content, photo.kind)
    except Exception as error:  # whatever the store raises, the paper is made
        kind = type(error).__name__
        logger.error("photo %s of declaration %s cannot be read: %s", photo.pk, photo.declaration_id, kind)
        return None


def _print_copy(photo: Attachment) -> bytes | None:
    """The copy made when the photo came, or None where it has to be made again."""
    try:
        content = _read(photo.print_file) if photo.print_file else b""
    except OSError:
        return None
    return content if content and sha256_hex(content) == photo.print_sha256 else None


def _read(file: FieldFile) -> bytes:
    with file.open("rb") as stored:
        content: bytes = stored.read()
    return content


def _proof(declaration: Declaration, data: bytes) -> dict[str, Any]:
    """What the paper says for those who check it, and where its QR code leads."""
    scan = reverse("registration:scan", args=[declaration.reference_text])
    return {
        "data_hash": short_hash(sha256_hex(data)),
        "verify_url": settings.PUBLIC_URL + reverse("registration:verify"),
        "qr": qr_svg(settings.PUBLIC_URL + scan, f"Mã QR của hồ sơ {declaration.reference_text}"),
    }


def _context(declaration: Declaration, attachments: list[Attachment], contents: dict[str, bytes]) -> dict[str, Any]:
    photos = [_photo(photo, contents) for photo in attachments]
    return {
        "declaration": declaration,
        "items": _items(declaration),
        "photos": photos,
        "made_at": declaration.submitted_at.astimezone(UTC).strftime("%Y-%m-%dT%H:%M:%SZ"),
        "portrait": next((photo for photo in photos if photo.kind == PhotoKind.PORTRAIT), None),
        "paper_photos": [photo for photo in photos if photo.kind != PhotoKind.PORTRAIT],
        "place": _place(declaration),
        "day": _day(declaration.submitted_at.astimezone(VIETNAM)),
        "previous_version": declaration.version - 1,
        "legal_bases": legal.LEGAL_BASES,
        "code128": code128_svg(declaration.reference_text),
    }


def _photo(photo: Attachment, contents: dict[str, bytes]) -> Photo:
    low, high = FILLING_RATIOS
    fills = low <= photo.width / max(photo.height, 1) <= high
    name = PHOTO_NAMES[PhotoKind(photo.kind)]
    return Photo(photo.kind, name, photo.kind in contents, short_hash(photo.sha256), fills)


def _items(declaration: Declaration) -> list[tuple[str, str]]:
    """The numbered fields in the order of the form, as the paper words them."""
    return [
        ("Họ và tên", declaration.full_name),
        ("Mã số BHXH", declaration.bhxh_number),
        ("Loại giấy tờ", PAPER_NAMES[PaperKind(declaration.paper_kind)]),
        ("Số giấy tờ", declaration.paper_number),
        ("Địa chỉ liên hệ", declaration.address),
        ("Điện thoại di động", national_phone(declaration.phone)),
        ("Email", declaration.email or "Không có"),
        ("Cơ quan BHXH tiếp nhận", declaration.agency_label),
    ]


def _place(declaration: Declaration) -> str:
    """The province whose office is addressed, or dots to fill in by hand."""
    # The name on record where the province's own office is addressed; of the office above none is kept.
    above = declaration.agency.parent
    match = _PROVINCE.fullmatch(above.name if above else declaration.agency_name)
    return match["place"] if match else DOTS


def _day(moment: datetime) -> str:
    """Days under 10 and the months 1 and 2 with a leading zero, as Nghị định 30/2020/NĐ-CP asks."""
    month = f"{moment.month:02d}" if moment.month < 3 else str(moment.month)
    return f"ngày {moment.day:02d} tháng {month} năm {moment.year}"
