"""Photos and documents of a dossier at the desk: private, and every opening on record."""

import pytest

from registration.enums import AccessKind, PhotoKind, Status
from registration.models import AccessEvent
from registration.services import ensure_document, return_declaration
from tests.registration.factories import make_correction, make_declaration, make_officer

pytestmark = pytest.mark.django_db


@pytest.fixture
def officer(client):
    officer = make_officer()
    client.force_login(officer)
    return officer


def url(declaration, page="change"):
    return f"/admin/registration/declaration/{declaration.pk}/{page}/"


@pytest.mark.parametrize("kind", PhotoKind.values)
def test_photo_is_private_and_its_opening_recorded(client, officer, kind):
    declaration = make_declaration()
    response = client.get(url(declaration, f"photo/{kind}"))
    assert response.status_code == 200
    assert response["Content-Type"] == "image/jpeg"
    assert "no-store" in response["Cache-Control"]
    assert b"".join(response.streaming_content).startswith(b"\xff\xd8")
    event = AccessEvent.objects.get()
    assert (event.declaration, event.user, event.kind) == (declaration, officer, AccessKind.PHOTO)


@pytest.mark.parametrize("kind", ["selfie", "..", "id_back"])
def test_photo_that_is_not_there_is_not_found(client, officer, kind):
    passport = make_declaration(paper_kind="passport", paper_number="C1234567")
    assert client.get(url(passport, f"photo/{kind}"), follow=True).status_code == 404


def test_photo_is_of_the_present_version(client, officer):
    first = make_declaration(Status.RETURNED)
    make_correction(first)
    response = client.get(url(first))
    assert {photo.version for photo in response.context["photos"]} == {2}


def test_earlier_version_keeps_its_photos_and_document(client, officer):
    first = make_declaration()
    ensure_document(first)
    return_declaration(first.pk, officer=officer, revision=1, reason="Ảnh mờ.")
    corrected = make_correction(first)
    ensure_document(corrected)
    page = client.get(url(first)).text
    digests = set()
    for address in (url(first, "pdf"), url(first, "photo/portrait")):
        assert f"{address}?version=1" in page
        assert f"{address}?version=2" not in page
        earlier = client.get(f"{address}?version=1")
        assert earlier.status_code == 200
        digests |= {b"".join(earlier.streaming_content), b"".join(client.get(address).streaming_content)}
        assert client.get(f"{address}?version=3").status_code == 404
    assert len(digests) >= 3


def test_document_is_the_pdf_and_its_opening_recorded(client, officer):
    declaration = make_declaration()
    response = client.get(url(declaration, "pdf"))
    assert response["Content-Type"] == "application/pdf"
    assert declaration.reference_text in response["Content-Disposition"]
    assert b"".join(response.streaming_content).startswith(b"%PDF-")
    assert AccessEvent.objects.get().kind == AccessKind.DOCUMENT


def test_dossier_opening_is_recorded(client, officer):
    declaration = make_declaration()
    client.get(url(declaration))
    event = AccessEvent.objects.get()
    assert (event.declaration, event.user, event.kind) == (declaration, officer, AccessKind.DOSSIER)


@pytest.mark.parametrize("page", ["photo/portrait", "pdf", "receive"])
def test_number_beyond_the_database_is_not_found(client, officer, page):
    assert client.get(f"/admin/registration/declaration/{'9' * 30}/{page}/").status_code == 404
