"""A superseded paper does not pass: wherever its code is scanned, the answer says which version counts."""

import html

import pytest
from django.conf import settings

from registration import services
from registration.enums import Status
from registration.models import Declaration
from registration.proof import short_hash
from registration.references import scan_text
from tests.registration.factories import make_correction, make_declaration, make_officer

pytestmark = pytest.mark.django_db
LIST = "/admin/registration/declaration/"


@pytest.fixture
def codes():
    """The check codes of both versions, in their order; the declaration is `Declaration.objects.get()`."""
    returned = make_declaration(Status.RETURNED)
    first = services.ensure_document(returned)
    second = services.ensure_document(make_correction(returned, address="45 đường Mẫu, Quận 3"))
    return [short_hash(document.data_sha256) for document in (first, second)]


@pytest.fixture
def officer(client):
    client.force_login(make_officer())
    client.cookies[settings.LANGUAGE_COOKIE_NAME] = "en"
    return client


def words(answer) -> str:
    return " ".join(html.unescape(answer.content.decode()).split())


def scans(version: int) -> list[str]:
    """What the codes of a paper hold: page, bars, tracking."""
    declaration = Declaration.objects.get()
    return [
        scan_text(declaration.reference, version, 2),
        scan_text(declaration.reference, version),
        f"https://elsewhere.example.vn/q/{scan_text(declaration.reference_text, version)}/",
    ]


def test_officer_who_scans_a_superseded_paper_reads_so_with_both_check_codes(officer, codes):
    for scan in scans(1):
        page = officer.get(LIST, {"q": scan}, follow=True)
        assert "This paper is version 1. Version 2 counts." in words(page)
        for code in codes:
            assert code in page.text.split('class="desk-head"')[0]
    by_phone = officer.get(f"/q/{scan_text(Declaration.objects.get().reference_text, 1)}/", follow=True)
    assert "This paper is version 1. Version 2 counts." in words(by_phone)


def test_officer_who_scans_the_paper_that_counts_finds_the_dossier_as_ever(officer, codes):
    for scan in scans(2):
        page = officer.get(LIST, {"q": scan}, follow=True)
        assert page.redirect_chain[-1][0] == f"{LIST}{Declaration.objects.get().pk}/change/"
        assert "Version 2 counts" not in words(page)
        assert f"version 2 · check code {codes[1]}" in words(page).replace('<span class="desk-nowrap">', "")


def test_papers_printed_before_lead_to_the_dossier(officer, codes):
    declaration = Declaration.objects.get()
    for scan in (declaration.reference, f"http://127.0.0.1:8000/q/{declaration.reference_text}/"):
        page = officer.get(LIST, {"q": scan}, follow=True)
        assert page.redirect_chain[-1][0].startswith(f"{LIST}{declaration.pk}/change/")
        assert f"does not name the paper's version. Version 2 counts: its check code is {codes[1]}" in words(page)
        assert 'name="has_present"' not in page.text
    assert officer.get(f"/q/{declaration.reference_text}/").url.startswith(f"{LIST}{declaration.pk}/change/")


def test_paper_printed_before_of_a_declaration_with_one_version_needs_no_note(officer):
    declaration = make_declaration()
    page = officer.get(LIST, {"q": declaration.reference}, follow=True)
    assert page.redirect_chain[-1][0] == f"{LIST}{declaration.pk}/change/"
    assert "counts" not in words(page)


def test_superseded_paper_is_taken_in_only_by_who_says_to_hold_the_other(officer, codes):
    declaration = Declaration.objects.get()
    address = f"{LIST}{declaration.pk}/receive/"
    asked = {"revision": declaration.revision, "scanned": "1", "reason": ""}
    page = officer.post(address, asked)
    assert page.status_code == 422
    assert "This paper is version 1. Version 2 counts." in words(page)
    assert "Tick this only with version 2 in your hand." in words(page)
    assert Declaration.objects.get().status == Status.SUBMITTED
    assert officer.post(address, asked | {"has_present": "1"}).status_code == 302
    assert Declaration.objects.get().status == Status.RECEIVED


def test_form_of_a_superseded_paper_carries_what_was_scanned(officer, codes):
    page = officer.get(LIST, {"q": scans(1)[0]}, follow=True).text
    assert '<input type="hidden" name="scanned" value="1">' in page
    assert 'name="has_present"' in page
    assert 'name="scanned"' not in officer.get(LIST, {"q": scans(2)[0]}, follow=True).text


@pytest.mark.parametrize("odd", ["", "x", "-1", "0", "²", "9" * 400, "99999", "1;2"])
def test_odd_versions_in_the_address_do_no_harm(officer, codes, odd):
    declaration = Declaration.objects.get()
    assert officer.get(f"{LIST}{declaration.pk}/change/", {"scanned": odd}).status_code == 200


def test_version_that_does_not_exist_is_told(officer, codes):
    page = words(officer.get(LIST, {"q": scans(7)[0]}, follow=True))
    assert "This paper is version 7. Version 2 counts." in page
    assert "no such version is registered" in page


def test_citizen_is_told_after_reference_and_phone_and_nobody_before(client, codes):
    client.cookies[settings.LANGUAGE_COOKIE_NAME] = "en"
    declaration = Declaration.objects.get()
    form = client.get(f"/q/{scan_text(declaration.reference_text, 1)}/", follow=True)
    typed = scan_text(declaration.reference_text, 1)
    assert f'value="{typed}"' in form.text
    assert "counts" not in words(form)
    wrong = client.post("/tra-cuu/", {"reference": typed, "phone_end": "0000"})
    assert "counts" not in words(wrong)
    for scan in (typed, *scans(1)):
        page = client.post("/tra-cuu/", {"reference": scan, "phone_end": declaration.phone[-4:]})
        assert "This paper is version 1; version 2 counts" in words(page)
    for scan in (declaration.reference_text, *scans(2)):
        page = client.post("/tra-cuu/", {"reference": scan, "phone_end": declaration.phone[-4:]})
        assert page.status_code == 200
        assert "counts" not in words(page)


def test_check_page_understands_every_code_and_sees_sheets_of_two_versions(client, codes):
    client.cookies[settings.LANGUAGE_COOKIE_NAME] = "en"
    for scan in scans(1):
        page = words(client.post("/kiem-tra/", {"reference": scan, "data_hash": codes[0]}))
        assert "This is an older version" in page
        assert "The scanned code names" not in page
        page = words(client.post("/kiem-tra/", {"reference": scan, "data_hash": codes[1]}))
        assert "The scanned code names version 1, but the check code belongs to version 2" in page


def test_officer_of_another_office_sees_no_dossier_by_any_code(client, codes):
    client.force_login(make_officer("00101"))
    for scan in scans(1):
        assert "/change/" not in client.get(LIST, {"q": scan}, follow=True).request["PATH_INFO"]
    reference = scan_text(Declaration.objects.get().reference_text, 1)
    assert client.get(f"/q/{reference}/").url == "/tra-cuu/"
