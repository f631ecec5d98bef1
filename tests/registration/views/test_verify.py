"""Kiểm tra and the paper's QR code: right answers about the paper, none about the person."""

import html
import io
import re
from urllib.parse import parse_qs, urlsplit

import pytest
from django.core.files.uploadedfile import SimpleUploadedFile
from pypdf import PdfReader, PdfWriter

from registration import services
from registration.enums import Status
from registration.proof import short_hash
from tests.registration.factories import make_correction, make_declaration, make_officer

pytestmark = pytest.mark.django_db
URL = "/kiem-tra/"


@pytest.fixture
def client(vietnamese):
    vietnamese.cookies["django_language"] = "en"
    return vietnamese


def pdf_of(document) -> bytes:
    with document.file.open("rb") as stored:
        return stored.read()


def drop(client, content: bytes):
    return client.post(URL, {"file": SimpleUploadedFile("to-khai.pdf", content, "application/pdf")})


def type_in(client, reference: str, code: str):
    return client.post(URL, {"reference": reference, "data_hash": code})


def notice(answer) -> str:
    page = answer.content.decode()
    return " ".join(page[page.index('<div class="notice') : page.index('<header class="stack"')].split())


@pytest.fixture
def document():
    return services.ensure_document(make_declaration())


def test_registered_file_is_recognised_without_a_word_about_the_person(client, document):
    declaration = document.declaration
    answer = drop(client, pdf_of(document))
    assert answer.status_code == 200
    assert "This is the registered declaration" in notice(answer)
    assert declaration.reference_text in notice(answer)
    assert declaration.agency_label in notice(answer)
    page = answer.content.decode()
    for secret in ("full_name", "bhxh_number", "paper_number", "address", "email", "token"):
        assert getattr(declaration, secret) not in page
    assert declaration.phone[-9:] not in page.replace(" ", "")


def test_reference_and_code_of_the_paper_are_recognised_as_people_type_them(client, document):
    reference, code = document.declaration.reference_text, short_hash(document.data_sha256)
    for typed in (code, code.upper().replace("-", " "), document.data_sha256):
        answer = type_in(client, reference.lower().replace("-", ""), typed)
        assert "This code belongs to the registered declaration" in notice(answer)


def test_older_version_is_named_as_such_by_file_and_by_code(client):
    returned = make_declaration(Status.RETURNED)
    first = services.ensure_document(returned)
    second = services.ensure_document(make_correction(returned, address="45 đường Mẫu, Quận 3"))
    for answer in (
        drop(client, pdf_of(first)),
        type_in(client, returned.reference_text, short_hash(first.data_sha256)),
    ):
        assert "This is an older version" in notice(answer)
        assert "2, submitted" in notice(answer)
    assert "This is the registered declaration" in notice(drop(client, pdf_of(second)))


def test_declaration_that_came_to_nothing_is_told_as_no_longer_handled(client, document):
    services.withdraw_declaration(document.declaration_id)
    answer = drop(client, pdf_of(document))
    assert "The office no longer handles this declaration" in notice(answer)
    assert "notice--warning" in notice(answer)


def test_saved_again_changed_or_foreign_file_is_not_recognised(client, document):
    content = pdf_of(document)
    again = io.BytesIO()
    PdfWriter(clone_from=PdfReader(io.BytesIO(content))).write(again)
    for other in (again.getvalue(), content + b"\n", content[:-1], b"%PDF-1.7"):
        assert "This is not a registered declaration" in notice(drop(client, other))


def test_photo_of_the_paper_is_not_called_a_forgery(client):
    answer = drop(client, b"\xff\xd8\xff photo")
    assert answer.status_code == 422
    assert "This file is no PDF." in answer.text
    assert "not a registered declaration" not in answer.text


def test_unknown_reference_wrong_code_and_others_code_get_one_answer(client, document):
    other = services.ensure_document(make_declaration())
    reference, code = document.declaration.reference_text, short_hash(document.data_sha256)
    answers = {
        notice(type_in(client, *pair))
        for pair in (
            (reference, "0000-0000-0000-0000"), ("7K3Q-9M2D-X", code), ("no reference", code),
            (other.declaration.reference_text, code),
        )
    }  # fmt: skip
    assert len(answers) == 1
    assert "This is not a registered declaration" in answers.pop()


def test_wrong_and_right_reference_cost_the_same_queries(client, document, django_assert_num_queries):
    code = "0" * 16
    for reference in (document.declaration.reference_text, "7K3Q-9M2D-X"):
        with django_assert_num_queries(1):
            type_in(client, reference, code)


@pytest.mark.parametrize(
    ("sent", "text"),
    [({}, "Choose the PDF file"), ({"reference": "", "data_hash": ""}, "Type the reference"),
     ({"reference": "7K3Q-9M2D-X", "data_hash": "12"}, "The check code has 16 signs")],
)  # fmt: skip
def test_incomplete_question_says_what_to_do(client, sent, text):
    answer = client.post(URL, sent)
    assert answer.status_code == 422
    assert text in answer.content.decode()


def test_file_too_large_to_be_ours_is_told_so(client):
    answer = drop(client, b"x" * (10 * 1024 * 1024 + 1))
    assert answer.status_code == 422
    assert "too large to be a declaration" in answer.content.decode()


def test_checks_are_limited_by_address(client, settings):
    settings.RATE_LIMITS = {**settings.RATE_LIMITS, "verify": "3/minute"}
    from registration import throttle

    throttle._limit.cache_clear()
    try:
        assert [type_in(client, "7K3Q-9M2D-X", "0" * 16).status_code for _ in range(4)] == [200, 200, 200, 429]
    finally:
        throttle._limit.cache_clear()


# -- The QR code -----------------------------------------------------------------------------------
def test_scan_brings_staff_to_the_dossier(client):
    declaration = make_declaration()
    client.force_login(make_officer())
    answer = client.get(f"/q/{declaration.reference_text}/")
    assert answer.status_code == 302
    assert answer.url == f"/admin/registration/declaration/{declaration.pk}/change/"


def test_scan_brings_everybody_else_to_tracking_with_the_reference_filled_in(client):
    declaration = make_declaration()
    for user in (None, make_officer("00101")):
        client.logout()
        if user:
            client.force_login(user)
        client.cookies["django_language"] = "en"
        answer = client.get(f"/q/{declaration.reference_text.lower()}/")
        assert answer.url == "/tra-cuu/"
        assert f'value="{declaration.reference_text}"' in client.get("/tra-cuu/").content.decode()


def test_officer_without_a_session_comes_to_the_dossier_by_signing_in(client):
    declaration = make_declaration()
    page = client.get(f"/q/{declaration.reference_text}/", follow=True)
    (address,) = re.findall(r'href="(/admin/login/[^"]+)"', page.text)
    client.force_login(make_officer())
    (after,) = parse_qs(urlsplit(html.unescape(address)).query)["next"]
    assert client.get(after).url == f"/admin/registration/declaration/{declaration.pk}/change/"


@pytest.mark.parametrize(
    "address", ["/kiem-tra/", "/tra-cuu/", "/q/7K3Q-9M2D-X/", "/dang-ky/to-khai/", "/tai-khoan/quen-mat-khau/"]
)
def test_pages_answer_to_those_who_only_ask_whether_they_are_there(client, address):
    head, whole = client.head(address), client.get(address)
    assert head.status_code == whole.status_code < 400


def test_scan_of_an_unknown_reference_looks_like_any_other(client):
    known, unknown = (client.get(f"/q/{text}/") for text in (make_declaration().reference_text, "7K3Q-9M2D-X"))
    assert (known.status_code, known.url) == (unknown.status_code, unknown.url)
    assert client.get("/q/%3Cscript%3E/").url == "/tra-cuu/"


def test_tracking_form_ignores_a_made_up_cookie(client):
    client.cookies["ma_ho_so"] = "7K3Q-9M2D-X"
    assert "7K3Q-9M2D-X</" not in client.get("/tra-cuu/").content.decode()
    assert 'value="7K3Q' not in client.get("/tra-cuu/").content.decode()


def test_desk_finds_the_dossier_by_the_address_that_a_hand_scanner_types(client):
    declaration = make_declaration()
    client.force_login(make_officer())
    typed = f"https://portal.example.vn/q/{declaration.reference_text}/"
    answer = client.get("/admin/registration/declaration/", {"q": typed})
    assert answer.status_code == 302
    assert f"/{declaration.pk}/change/" in answer.url
