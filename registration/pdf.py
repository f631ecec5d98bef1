"""The printed declaration: what stands on it. How it is drawn is in `registration.pdf_engine`."""

import hashlib
import logging
import re
import unicodedata
from dataclasses import dataclass
from datetime import datetime
from typing import Any
from zoneinfo import ZoneInfo

from django.template.loader import render_to_string
from django.utils import translation

from registration import legal
from registration.barcodes import code128_svg, qr_svg
from registration.enums import PaperKind, PhotoKind
from registration.models import Attachment, Declaration
from registration.validators import national_phone

logger = logging.getLogger(__name__)

TEMPLATE = "registration/declaration_pdf.html"
VIETNAM = ZoneInfo("Asia/Ho_Chi_Minh")
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
    fills_frame: bool = False


def render_declaration(declaration: Declaration) -> bytes:
    """The declaration's present version as a PDF: A4, tagged (PDF/UA-1), Vietnamese in any active language.

    A photo that cannot be read gets a box that says so, and a line in the log. Takes about 0.2 s once warm.
    Raises nothing of its own.
    """
    from registration.pdf_engine import make_pdf  # only whoever renders pays for WeasyPrint's import

    attachments = list(declaration.current_attachments())
    contents = {photo.kind: content for photo in attachments if (content := _stored(photo)) is not None}
    with translation.override("vi"):
        html = render_to_string(TEMPLATE, _context(declaration, attachments, contents))
    return make_pdf(unicodedata.normalize("NFC", html), contents)


def _stored(photo: Attachment) -> bytes | None:
    """The photo's bytes, or None where they are gone or are not those that were handed in."""
    try:
        with photo.file.open("rb") as stored:
            content: bytes = stored.read()
    except Exception as error:  # whatever the store raises, the paper is made
        kind = type(error).__name__
        logger.error("photo %s of declaration %s cannot be read: %s", photo.pk, photo.declaration_id, kind)
        return None
    if hashlib.sha256(content).hexdigest() != photo.sha256:
        logger.error("photo %s of declaration %s is not the one handed in", photo.pk, photo.declaration_id)
        return None
    return content


def _context(declaration: Declaration, attachments: list[Attachment], contents: dict[str, bytes]) -> dict[str, Any]:
    photos = [_photo(photo, contents) for photo in attachments]
    return {
        "declaration": declaration,
        "items": _items(declaration),
        "portrait": next((photo for photo in photos if photo.kind == PhotoKind.PORTRAIT), None),
        "paper_photos": [photo for photo in photos if photo.kind != PhotoKind.PORTRAIT],
        "place": _place(declaration),
        "day": _day(declaration.submitted_at.astimezone(VIETNAM)),
        "previous_version": declaration.version - 1,
        "legal_bases": legal.LEGAL_BASES,
        "qr": qr_svg(declaration.reference_text),
        "code128": code128_svg(declaration.reference_text),
    }


def _photo(photo: Attachment, contents: dict[str, bytes]) -> Photo:
    low, high = FILLING_RATIOS
    fills = low <= photo.width / max(photo.height, 1) <= high
    return Photo(photo.kind, PHOTO_NAMES[PhotoKind(photo.kind)], photo.kind in contents, fills)


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
