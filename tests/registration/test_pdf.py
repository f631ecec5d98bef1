"""The paper as people and machines get it: every test opens the PDF that was made."""

import io
import unicodedata
from datetime import UTC, datetime

import pytest
from django.core.files.base import ContentFile
from django.utils import translation
from PIL import Image
from pypdf import PdfReader

from registration.demo_images import jpeg_bytes
from registration.enums import PhotoKind, Status
from registration.images import normalise
from registration.models import private_storage
from registration.pdf import render_declaration
from registration.services import store_photo, submit_declaration
from tests.registration.factories import (
    make_agency,
    make_answers,
    make_correction,
    make_declaration,
    make_draft,
)
from tests.registration.paper import (
    boxes_of_text,
    content_of,
    figures,
    opened,
    piped,
    text_of,
    unspaced,
)

pytestmark = pytest.mark.django_db
UNREADABLE = "không đọc được"


# -- What stands on it -----------------------------------------------------------------------------
def test_usual_declaration_is_one_page_with_every_field_in_nfc():
    declaration = make_declaration()
    reader = opened(declaration)
    text = text_of(reader)
    assert len(reader.pages) == 1
    assert text == unicodedata.normalize("NFC", text)
    for part in (
        "CỘNG HÒA XÃ HỘI CHỦ NGHĨA VIỆT NAM",
        "Độc lập - Tự do - Hạnh phúc",
        "TỜ KHAI ĐĂNG KÝ GIAO DỊCH ĐIỆN TỬ",
        "(Dành cho cá nhân)",
        "Kính gửi: BHXH Quận 3",
        f"1. Họ và tên: {declaration.full_name}",
        f"2. Mã số BHXH: {declaration.bhxh_number}",
        "3. Loại giấy tờ: Căn cước công dân (CCCD)",
        "4. Số giấy tờ: 079190000123",
        f"5. Địa chỉ liên hệ: {declaration.address}",
        f"6. Điện thoại di động: 0{declaration.phone[3:6]} {declaration.phone[6:9]} {declaration.phone[9:]}",
        "7. Email: nguoi.mau@example.com",
        "8. Cơ quan BHXH tiếp nhận: [07911] BHXH Quận 3",
        "Nghị định số 164/2025/NĐ-CP",
        "Người nhận hồ sơ",
        "(Ký, ghi rõ họ tên, ngày nhận)",
        "Người khai",
        declaration.reference_text,
    ):
        assert part in text
    assert "Bản số" not in text
    assert UNREADABLE not in text


def test_page_is_a4_in_one_embedded_font_family():
    (page,) = opened(make_declaration()).pages
    assert [round(float(side) / 72 * 25.4) for side in page.mediabox[2:]] == [210, 297]
    fonts = [font.get_object() for font in page["/Resources"]["/Font"].values()]
    names = {font["/BaseFont"].split("+")[1] for font in fonts}
    assert names == {"Liberation-Serif", "Liberation-Serif-Bold", "Liberation-Serif-Italic"}


def test_document_says_its_language_and_title_and_names_its_pictures():
    declaration = make_declaration()
    reader = opened(declaration)
    root = reader.trailer["/Root"]
    assert root["/Lang"] == "vi"
    assert root["/MarkInfo"]["/Marked"]
    assert b"pdfuaid:part" in root["/Metadata"].get_object().get_data()
    assert reader.metadata.title == f"Tờ khai đăng ký giao dịch điện tử {declaration.reference_text}"
    names = [figure["/Alt"] for figure in figures(root["/StructTreeRoot"]["/K"])]
    assert names == [
        f"Mã QR của hồ sơ {declaration.reference_text}",
        "Ảnh chân dung của người khai",
        "Ảnh mặt trước của người khai",
        "Ảnh mặt sau của người khai",
    ]


@pytest.mark.parametrize(
    ("code", "place"),
    [("07911", "TP. Hồ Chí Minh"), ("079", "TP. Hồ Chí Minh"), ("00101", "Hà Nội"), ("002", "Hà Giang")],
)
def test_place_is_the_province_of_the_agency(code, place):
    declaration = make_declaration(agency=make_agency(code))
    declaration.submitted_at = datetime(2026, 2, 4, 17, 30, tzinfo=UTC)
    assert f"{place}, ngày 05 tháng 02 năm 2026" in text_of(opened(declaration))


def test_place_is_left_to_the_hand_where_the_office_does_not_tell_it():
    agency = make_agency("079")
    agency.name = "Văn phòng Miền Nam"
    declaration = make_declaration(agency=agency)
    declaration.submitted_at = datetime(2026, 11, 20, 3, 0, tzinfo=UTC)
    assert "...., ngày 20 tháng 11 năm 2026" in text_of(opened(declaration))


def test_passport_without_back_and_email_is_complete():
    declaration = make_declaration(paper_kind="passport", paper_number="C1234567", email="")
    reader = opened(declaration)
    text = text_of(reader)
    assert "Loại giấy tờ: Hộ chiếu" in text
    assert "Email: Không có" in text
    assert "Ảnh mặt sau" not in text
    assert len(reader.pages) == 1


def test_corrected_declaration_says_which_version_it_replaces():
    declaration = make_correction(make_declaration(Status.RETURNED), address="45 đường Mẫu, Quận 3")
    reader = opened(declaration)
    assert "Bản số 2, thay bản số 1" in text_of(reader)
    assert "45 đường Mẫu" in text_of(reader)
    assert len(reader.pages) == 1


# -- Long, odd and hostile answers -----------------------------------------------------------------
def test_long_values_wrap_and_stay_on_the_paper():
    name = ("Công Tằng Tôn Nữ " * 6)[:99] + "a"
    address = f"Số 1, đường {'Ư' * 200}, " + "Phường Mẫu " * 7
    declaration = make_declaration(full_name=name, address=address.strip(), email=f"{'a' * 60}@example.com")
    content = content_of(declaration)
    reader = PdfReader(io.BytesIO(content))
    text = unspaced(text_of(reader))
    for value in (name, declaration.address, declaration.email):
        assert unspaced(value) in text
    assert len(reader.pages) == 2
    first, second = piped(["pdftotext", "-", "-"], content).decode().split("\f")[:2]
    assert (first.split()[0], second.split()[0]) == ("Mã", "2")
    left, right = 30 / 25.4 * 72, (210 - 15) / 25.4 * 72
    boxes = boxes_of_text(content)
    assert all(left - 1 <= box[0] and box[2] <= right + 1 for box in boxes)
    assert all(box[1] > 15 and box[3] < 842 - 15 for box in boxes)


@pytest.mark.parametrize("letter", ["Ệ", "W", "0"])
def test_one_unbroken_word_of_300_letters_stays_on_the_paper(letter):
    declaration = make_declaration(address=letter * 300)
    content = content_of(declaration)
    assert letter * 300 in unspaced(text_of(PdfReader(io.BytesIO(content))))
    assert max(box[2] for box in boxes_of_text(content)) <= (210 - 15) / 25.4 * 72 + 1


# -- Photos gone or broken -------------------------------------------------------------------------
def test_lost_photo_becomes_a_box_and_a_line_in_the_log(caplog):
    declaration = make_declaration()
    photo = declaration.attachments.get(kind=PhotoKind.ID_FRONT)
    photo.file.storage.delete(photo.file.name)
    reader = opened(declaration)
    assert text_of(reader).count(UNREADABLE) == 1
    assert len(reader.pages[0].images) == 2
    assert f"photo {photo.pk} of declaration {declaration.pk} is lost" in caplog.text


def test_photo_whose_row_is_gone_becomes_a_box_too():
    declaration = make_declaration()
    declaration.attachments.get(kind=PhotoKind.ID_BACK).delete()
    paper = render_declaration(declaration)
    text = text_of(PdfReader(io.BytesIO(paper.content)))
    assert paper.unreadable == ["id_back"]
    assert "Ảnh mặt sau: không đọc được" in text
    assert "kèm 2 tệp ảnh" in text


def test_store_that_does_not_answer_makes_no_paper_with_boxes(monkeypatch):
    declaration = make_declaration()
    monkeypatch.setattr(private_storage(), "_open", _no_answer)
    with pytest.raises(ConnectionError):
        render_declaration(declaration)


def _no_answer(name, mode):
    raise ConnectionError


@pytest.mark.parametrize("spoil", [lambda content: content[: len(content) // 2], lambda content: b"", bytes.swapcase])
def test_spoilt_photo_becomes_a_box(spoil, caplog):
    declaration = make_declaration()
    photo = declaration.attachments.get(kind=PhotoKind.PORTRAIT)
    with photo.file.open("rb") as stored:
        content = stored.read()
    photo.file.storage.delete(photo.file.name)
    photo.file.storage.save(photo.file.name, ContentFile(spoil(content)))
    assert UNREADABLE in text_of(opened(declaration))
    assert "is not the one handed in" in caplog.text


def test_declaration_without_any_readable_photo_is_still_made():
    declaration = make_declaration()
    declaration.attachments.all().delete()
    assert text_of(opened(declaration)).count(UNREADABLE) == 3


@pytest.mark.parametrize("size", [(1200, 500), (500, 1500)])
def test_portrait_of_an_odd_shape_is_shown_whole(size):
    draft = make_draft()
    image = Image.new("RGB", size, "#bbccdd")
    draft_photo = normalise(io.BytesIO(jpeg_bytes(image)), PhotoKind.PORTRAIT)
    store_photo(draft, PhotoKind.PORTRAIT, draft_photo)
    declaration = submit_declaration(draft, make_answers())
    (portrait,) = [
        figure
        for figure in figures(opened(declaration).trailer["/Root"]["/StructTreeRoot"]["/K"])
        if figure["/Alt"].startswith("Ảnh chân dung")
    ]
    left, bottom, right, top = (float(side) / 72 * 25.4 for side in portrait["/A"]["/BBox"])
    assert 0 < right - left <= 30.3
    assert 0 < top - bottom <= 40.3


# -- Anywhere, in any language ---------------------------------------------------------------------
def test_document_is_the_same_for_an_english_speaking_citizen():
    declaration = make_declaration(language="en")
    with translation.override("en"):
        english = text_of(opened(declaration))
        assert translation.get_language() == "en"
    with translation.override("vi"):
        assert english == text_of(opened(declaration))
