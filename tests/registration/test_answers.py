"""The one list of answers, and everything that takes its list from there."""

import html
import re

import pytest
from django.urls import reverse

from registration.answers import ANSWER_FIELDS, NAMES
from registration.enums import PhotoKind, Status
from registration.forms import DeclarationForm
from registration.proof import declaration_data
from registration.services import begin_correction, typed_answers
from tests.registration.factories import make_agency, make_correction, make_declaration, make_officer

pytestmark = pytest.mark.django_db

# What a correction changes each answer to, what the paper was before, and how the desk then words the earlier value.
CHANGES = {
    "full_name": ("Trần Thị Bưởi", "Nguyễn Thị Mẫu"),
    "bhxh_number": ("7900000001", "7999999999"),
    "paper_kind": ("passport", "CCCD"),
    "paper_number": ("079300000018", "079300000017"),
    "address": ("2 Lý Tự Trọng, Quận 1", "1 Lê Lợi, Quận 1"),
    "phone": ("+84912345679", "0912 345 678"),
    "email": ("moi@example.com", "cu@example.com"),
    "agency": (None, "[07911] BHXH Quận 3"),
}
BEFORE = {
    "full_name": "Nguyễn Thị Mẫu", "bhxh_number": "7999999999", "paper_number": "079300000017",
    "address": "1 Lê Lợi, Quận 1", "phone": "+84912345678", "email": "cu@example.com",
}  # fmt: skip


def test_every_answer_has_an_example_here():
    assert set(CHANGES) == set(NAMES)


@pytest.mark.parametrize("name", NAMES)
def test_the_desk_shows_what_an_answer_was_before_its_correction(client, name):
    officer = make_officer("079")
    declaration = make_declaration(Status.RETURNED, officer, agency=make_agency("07911"), **BEFORE)
    new, earlier = CHANGES[name]
    make_correction(declaration, **{name: make_agency("07901") if name == "agency" else new})
    client.force_login(officer)
    page = client.get(reverse("admin:registration_declaration_change", args=[declaration.pk])).content.decode()
    shown = [" ".join(html.unescape(found).split()) for found in re.findall(r'desk-was">(.*?)</span>', page, re.S)]
    assert shown == [f"trước đây: {earlier}"]


def test_an_answer_that_was_empty_before_is_told_too(client):
    officer = make_officer("079")
    declaration = make_declaration(Status.RETURNED, officer, **{**BEFORE, "email": ""})
    make_correction(declaration, email="moi@example.com")
    client.force_login(officer)
    page = client.get(reverse("admin:registration_declaration_change", args=[declaration.pk])).content.decode()
    assert re.search(r'moi@example\.com<br><span class="desk-was">trước đây: Không có<', page)


def test_an_answer_that_was_taken_away_is_told_too(client):
    officer = make_officer("079")
    declaration = make_declaration(Status.RETURNED, officer, **BEFORE)
    make_correction(declaration, email="")
    client.force_login(officer)
    page = client.get(reverse("admin:registration_declaration_change", args=[declaration.pk])).content.decode()
    assert re.search(r"–<br><span class=\"desk-was\">trước đây: cu@example\.com<", page)


def test_form_page_draft_and_data_have_the_same_answers(client):
    assert {*DeclarationForm().fields} - {"consent", *PhotoKind.values} == set(NAMES)
    page = client.get(reverse("registration:declaration")).content.decode()
    assert f'data-answers="{" ".join(NAMES)}"' in page
    assert tuple(typed_answers({})) == NAMES
    assert set(NAMES) <= set(declaration_data(make_declaration(), []))


def test_the_review_follows_the_order_of_the_page():
    reviewed = [row["name"] for row in DeclarationForm().review()]
    assert reviewed == [name for name in DeclarationForm().fields if name != "consent"]
    assert reviewed[0] == "paper_kind" and reviewed[-1] == "agency"


def test_a_correction_begins_with_every_answer():
    declaration = make_declaration(Status.RETURNED, **BEFORE)
    draft = begin_correction(declaration)
    form = DeclarationForm(initial=draft.answers, draft=draft)
    assert all(row["value"] for row in form.review())


def test_the_paper_words_every_answer():
    assert all(each.printed and str(each.label) for each in ANSWER_FIELDS)
