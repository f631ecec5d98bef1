"""What stands at a field: on the page, in the answer to a saved draft, after a press of its buttons."""

import time

import pytest
from django.test import override_settings
from django.urls import reverse

from registration import cookies, services
from registration.models import Attachment, Declaration
from tests.registration.factories import make_agency, make_declaration, make_draft, make_officer
from tests.registration.test_fuzz_form import NO_LIMITS, VALID

pytestmark = pytest.mark.django_db
PAGE = "/dang-ky/to-khai/"
CARD = {"kind": "cccd", "fields": {"full_name": "NGUYỄN VĂN HÙNG", "paper_number": "079190000123"}}


@pytest.fixture
def draft():
    make_agency()
    draft = make_draft()
    Attachment.objects.filter(draft=draft, kind="id_front").update(card=CARD)
    return draft


def send(client, draft, path=PAGE, **fields):
    body = {**VALID, "draft": cookies.sign_token(draft.token), **fields}
    return client.post(path, {name: value for name, value in body.items() if value is not None})


def saved_notes(client, draft, **fields):
    return send(client, draft, f"{PAGE}luu/", **fields).json()["notes"]


@pytest.mark.parametrize(
    ("typed", "kind", "words"),
    [
        ("Nguyễn Văn Hưng", "accents", "khác dấu"),
        ("NGUYEN VAN HUNG", "accents", "khác dấu"),
        ("Nguyễn Văn Hùn", "slip", "khác một chữ cái"),
        ("Trần Thị Mẫu", "other", "tên khác"),
    ],
)
def test_note_tells_a_slip_from_another_name(client, draft, typed, kind, words):
    note = saved_notes(client, draft, full_name=typed)["full_name"]
    assert f'data-card-differs="{kind}"' in note
    assert "NGUYỄN VĂN HÙNG" in note and words in note
    page = send(client, draft, full_name=typed, consent=None).text
    assert note in page


@pytest.mark.parametrize("typed", ["Nguyễn Văn Hùng", "NGUYỄN VĂN HÙNG", "nguyễn văn  hùng"])
def test_same_name_in_another_writing_has_no_note(client, draft, typed):
    assert saved_notes(client, draft, full_name=typed)["full_name"] == ""


def test_doubt_stands_at_its_field_and_does_not_refuse(client, draft):
    Attachment.objects.filter(draft=draft).update(card=None)
    text = "Ba số đầu lạ. So với thẻ; đúng thì tiếp tục."
    assert text in saved_notes(client, draft, paper_number="165190000123")["paper_number"]
    answer = send(client, draft, paper_number="165190000123")
    assert answer.status_code == 302
    assert text in client.get(answer.url).text


def test_unusual_phone_is_told_at_the_phone_and_not_refused(client, draft):
    note = saved_notes(client, draft, phone="0502345678")["phone"]
    assert "Đầu số điện thoại lạ. Xem lại số; đúng thì tiếp tục." in note
    assert note in send(client, draft, phone="0502345678", consent=None).text
    assert send(client, draft, phone="0502345678").status_code == 302


def test_every_note_of_an_answer_has_its_place_on_the_page(client, draft):
    page = send(client, draft, consent=None).text
    for name in saved_notes(client, draft):
        assert f'data-card-note="{name}"' in page, name


def test_text_in_an_old_code_is_asked_about(client, draft):
    answer = send(client, draft, full_name="Nguyeãn Vaên Höõu")
    assert answer.status_code == 422
    assert "Ý ông/bà là “Nguyễn Văn Hữu”?" in answer.text
    assert 'value="Nguyeãn Vaên Höõu"' in answer.text
    assert 'name="use-meant" value="full_name"' in answer.text
    assert "Dùng “Nguyễn Văn Hữu”" in saved_notes(client, draft, full_name="Nguyeãn Vaên Höõu")["full_name"]


def test_meaning_is_taken_with_one_press_and_without_javascript(client, draft):
    pressed = {"full_name": "NguyÔn V¨n H÷u", "use-meant": "full_name", "submit-declaration": None}
    answer = send(client, draft, **pressed)
    assert answer.status_code == 200
    assert 'value="Nguyễn Văn Hữu"' in answer.text
    assert not Declaration.objects.exists()
    draft.refresh_from_db()
    assert draft.answers["full_name"] == "Nguyễn Văn Hữu"


def test_what_was_typed_is_kept_where_the_citizen_says_so(client, draft):
    pressed = {"full_name": "Voõ Lan", "keep-typed": "full_name", "submit-declaration": None}
    answer = send(client, draft, **pressed)
    assert answer.status_code == 200
    assert 'name="kept_full_name" value="Voõ Lan"' in answer.text
    assert send(client, draft, full_name="Voõ Lan", kept_full_name="Voõ Lan").status_code == 302
    assert Declaration.objects.get().full_name == "Voõ Lan"


def test_what_was_kept_does_not_let_another_text_through(client, draft):
    assert send(client, draft, full_name="Nguyeãn Vaên Höõu", kept_full_name="Voõ Lan").status_code == 422


def test_name_on_the_card_is_taken_with_one_press_and_without_javascript(client, draft):
    answer = send(client, draft, full_name="Nguyễn Văn Hưng", **{"use-card": "full_name", "submit-declaration": None})
    assert answer.status_code == 200
    assert 'value="NGUYỄN VĂN HÙNG"' in answer.text


@pytest.mark.parametrize("button", ["use-meant", "use-card", "keep-typed"])
@pytest.mark.parametrize("name", ["agency", "consent", "nonsense", "phone"])
def test_button_of_another_field_changes_nothing(client, draft, button, name):
    assert send(client, draft, **{button: name}).status_code == 302


@pytest.mark.parametrize("typed", ["Müller", "José Núñez", "Françoise Côté", "Ngô Ðình Diệm"])
def test_foreign_names_are_recorded(client, draft, typed):
    assert send(client, draft, full_name=typed).status_code == 302


@pytest.mark.parametrize("name", ["full_name", "address", "email"])
def test_what_the_paper_cannot_show_is_refused_at_its_field(client, draft, name):
    answer = send(client, draft, **{name: {"email": "mau@ខ្មែ.vn"}.get(name, "ខ្មែរ ខ្មែរ")})
    assert answer.status_code == 422
    assert f'id="id_{name}_error"' in answer.text


def test_officer_is_told_what_is_unusual_and_how_the_card_differs(client, draft):
    send(client, draft, full_name="Nguyễn Văn Hưng", paper_number="165190000123")
    declaration = Declaration.objects.get()
    officer = make_officer()
    client.force_login(officer)
    page = client.get(reverse("admin:registration_declaration_change", args=[declaration.pk])).text
    assert "ba số đầu của CCCD lạ" in page
    assert "khác dấu" in page
    services.receive_declaration(declaration.pk, officer=officer, revision=declaration.revision)
    together = client.get(reverse("admin:registration_declaration_together", args=["approve"]), {"ids": declaration.pk})
    assert "ba số đầu của CCCD lạ" in together.text
    assert "Họ và tên, khác dấu" in together.text


def test_receipt_hints_at_what_to_compare(client, draft):
    page = client.get(send(client, draft, full_name="Nguyễn Văn Hưng").url).text
    assert "So lại một lần nữa trước khi in" in page
    other = make_declaration()
    assert "So lại một lần nữa" not in client.get(reverse("registration:receipt", args=[other.token])).text


LARGE = {
    "marks": "a" + "\u0301\u0323" * 75_000,
    "letters": "ễ" * 150_000,
    "old": "eã" * 200_000,
    "digits": "0" * 900_000,
}
FORMS = [
    *[(PAGE, name) for name in sorted({*VALID, "kept_full_name", "use-meant", "draft"} - {"submit-declaration"})],
    *[(f"{PAGE}luu/", name) for name in ("full_name", "address", "email", "paper_kind")],
    *[("/tra-cuu/", name) for name in ("reference", "phone_end")],
    ("/dang-ky/tiep-tuc/", "code"),
    *[("/kiem-tra/", name) for name in ("reference", "data_hash")],
    ("/tai-khoan/dang-nhap/", "username"),
    *[("/tai-khoan/quen-mat-khau/", name) for name in ("number", "phone")],
]


def best_of_three(ask):
    """Seconds of this process, and the answer: what others do on the machine shows in some of three tries only."""
    best = float("inf")
    for _ in range(3):
        start = time.process_time()
        answer = ask()
        best = min(best, time.process_time() - start)
        if best < 0.2:
            break
    return best, answer


@pytest.mark.one_database
@override_settings(RATE_LIMITS=NO_LIMITS)
@pytest.mark.parametrize(("path", "name"), FORMS)
@pytest.mark.parametrize("hostile", LARGE.values(), ids=LARGE)
def test_a_megabyte_in_a_field_is_answered_at_once(client, draft, path, name, hostile):
    fields = {
        **VALID,
        "draft": cookies.sign_token(draft.token),
        "reference": "x",
        "phone_end": "1234",
        "username": "x",
        "password": "x",
        name: hostile,
    }
    client.get(path)
    seconds, answer = best_of_three(lambda: client.post(path, fields))
    assert seconds < 0.2
    assert answer.status_code in (200, 302, 400, 404, 422)
