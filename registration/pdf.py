"""The printed declaration: what stands on it. How it is drawn is in `registration.pdf_engine`."""

import logging
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
from registration.answers import ANSWER_FIELDS, shown_answer, stored_answers
from registration.barcodes import qr_svg
from registration.enums import PaperKind, PhotoKind, required_photos
from registration.fonts import Undrawable, has_undrawable
from registration.models import Attachment, Declaration
from registration.page_codes import page_codes
from registration.print_photos import print_copy_of
from registration.proof import VIETNAM, canonical_json, declaration_data, sha256_hex, short_hash
from registration.references import scan_text

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
# The declaration's texts that are printed, each of which may bring signs that the font lacks.
PRINTED_TEXTS = (
    "full_name", "bhxh_number", "paper_number", "address", "phone", "email", "agency_code", "agency_name", "place",
    "consent_version",
)  # fmt: skip
# A portrait about as tall as 3x4 fills its frame; a much wider or taller one is shown whole: no face is cut.
FILLING_RATIOS = (0.6, 0.9)


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

    A photo that is lost or damaged gets a box that says so, and a line in the log. A store that does not answer is
    another matter: whatever it raises comes out, and the paper is made later. Takes about 75 ms once warm; the same
    version gives the same bytes. Raises registration.fonts.FontMissing, and Undrawable with the names of the fields
    in which a sign cannot be printed: a paper that lacks a letter of somebody's name is none.
    """
    from registration.pdf_engine import make_pdf  # only whoever renders pays for WeasyPrint's import

    if strange := undrawable_fields(declaration):
        raise Undrawable(strange)
    attachments = list(declaration.current_attachments())
    contents = {photo.kind: content for photo in attachments if (content := _printed(photo)) is not None}
    data = canonical_json(declaration_data(declaration, attachments))
    with translation.override("vi"):
        html = render_to_string(TEMPLATE, _context(declaration, attachments, contents) | _proof(declaration, data))
    made_at = declaration.submitted_at.astimezone(UTC)
    codes = page_codes(declaration.reference, declaration.version, _address(declaration))
    content = make_pdf(html, contents, data, made_at, codes)
    unreadable = [str(kind) for kind in _expected(declaration, attachments) if kind not in contents]
    return Paper(content, sha256_hex(data), unreadable)


def undrawable_fields(declaration: Declaration) -> list[str]:
    """The declaration's fields in which a sign cannot be printed, by name. Raises registration.fonts.FontMissing."""
    return [name for name in PRINTED_TEXTS if has_undrawable(_composed(getattr(declaration, name)))]


def _expected(declaration: Declaration, attachments: list[Attachment]) -> list[PhotoKind]:
    """The photos that this paper has a place for: those that are needed, and the others that were handed in."""
    present = {photo.kind for photo in attachments} | set(required_photos(declaration.paper_kind))
    return [kind for kind in PhotoKind if kind in present]


def _printed(photo: Attachment) -> bytes | None:
    """What the paper shows of the photo, or None where the photo is gone or is not the one handed in.

    The copy alone would do for showing; what was handed in is looked at because the paper vouches for it.
    """
    try:
        content = _read(photo.file) if photo.file else None
    except FileNotFoundError:
        content = None
    if content is None:
        logger.error("photo %s of declaration %s is lost", photo.pk, photo.declaration_id)
        return None
    if sha256_hex(content) != photo.sha256:
        logger.error("photo %s of declaration %s is not the one handed in", photo.pk, photo.declaration_id)
        return None
    return _print_copy(photo) or print_copy_of(content, photo.kind)


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
    return {
        "data_hash": short_hash(sha256_hex(data)),
        "verify_url": settings.PUBLIC_URL + reverse("registration:verify"),
        "qr": qr_svg(_address(declaration), f"Mã QR của hồ sơ {declaration.reference_text}"),
    }


def _address(declaration: Declaration) -> str:
    """Where a phone that reads the paper is led; the version in it tells an old paper from the one that counts."""
    paper = scan_text(declaration.reference_text, declaration.version)
    return settings.PUBLIC_URL + reverse("registration:scan", args=[paper])


def _context(declaration: Declaration, attachments: list[Attachment], contents: dict[str, bytes]) -> dict[str, Any]:
    stored = {photo.kind: photo for photo in attachments}
    photos = [_photo(kind, stored.get(kind), contents) for kind in _expected(declaration, attachments)]
    return {
        "declaration": declaration,
        "signer": _composed(declaration.full_name),
        "addressee": _composed(declaration.agency_name),
        "items": [(name, _composed(value)) for name, value in _items(declaration)],
        "photos": photos,
        "photo_count": len(attachments),
        "made_at": declaration.submitted_at.astimezone(UTC).strftime("%Y-%m-%dT%H:%M:%SZ"),
        "portrait": photos[0],
        "paper_photos": photos[1:],
        "place": _composed(declaration.place) or DOTS,
        "day": _day(declaration.submitted_at.astimezone(VIETNAM)),
        "previous_version": declaration.version - 1,
        "legal_bases": legal.LEGAL_BASES,
    }


def _composed(text: str) -> str:
    """NFC, value by value: in the finished page a mark at a value's beginning would join the markup before it."""
    return unicodedata.normalize("NFC", text)


def _photo(kind: PhotoKind, photo: Attachment | None, contents: dict[str, bytes]) -> Photo:
    name = PHOTO_NAMES[kind]
    if photo is None:
        return Photo(kind, name, is_readable=False, short_hash="")
    low, high = FILLING_RATIOS
    fills = low <= photo.width / max(photo.height, 1) <= high
    return Photo(kind, name, kind in contents, short_hash(photo.sha256), fills)


def _items(declaration: Declaration) -> list[tuple[str, str]]:
    """The numbered fields in the order of the form, as the paper words them."""
    worded = {"paper_kind": PAPER_NAMES[PaperKind(declaration.paper_kind)]}
    stored = stored_answers(declaration)
    return [
        (each.printed, worded.get(each.name) or shown_answer(each.name, stored[each.name]) or "Không có")
        for each in ANSWER_FIELDS
    ]


def _day(moment: datetime) -> str:
    """Days under 10 and the months 1 and 2 with a leading zero, as Nghị định 30/2020/NĐ-CP asks."""
    month = f"{moment.month:02d}" if moment.month < 3 else str(moment.month)
    return f"ngày {moment.day:02d} tháng {month} năm {moment.year}"
