"""The PDF of each version: made once, found again, made anew when it was lost."""

from datetime import timedelta

import pytest
from django.conf import settings
from django.utils import timezone

from registration import services, tasks
from registration.models import Declaration, Document, private_storage
from tests.registration.factories import make_correction, make_declaration, make_officer

pytestmark = pytest.mark.django_db


def test_document_is_made_once_a_version() -> None:
    declaration = make_declaration()
    first = services.ensure_document(declaration)
    assert services.ensure_document(declaration).pk == first.pk
    with first.file.open("rb") as stored:
        assert stored.read(5) == b"%PDF-"


def test_document_of_a_correction_is_another_one() -> None:
    returned = make_declaration("returned")
    first = services.ensure_document(returned)
    second = services.ensure_document(make_correction(returned))
    assert (first.version, second.version) == (1, 2)
    assert first.sha256 != second.sha256


def test_document_that_cannot_be_made_leaves_the_declaration_safe_and_beat_makes_it(
    client, no_fonts, monkeypatch, caplog
) -> None:
    declaration = make_declaration()
    client.cookies[settings.LANGUAGE_COOKIE_NAME] = "en"
    page = client.get(f"/dang-ky/ho-so/{declaration.token}/")
    assert page.status_code == 200
    assert declaration.reference_text in page.content.decode()
    assert "The declaration is being made…" in page.content.decode()
    assert page["Refresh"] == "20"
    pdf = client.get(f"/dang-ky/ho-so/{declaration.token}/to-khai.pdf")
    assert pdf.url == f"/dang-ky/ho-so/{declaration.token}/"
    assert f"document of declaration {declaration.pk} cannot be made now" in caplog.text
    assert declaration.full_name not in caplog.text
    Declaration.objects.update(submitted_at=timezone.now() - timedelta(minutes=2))
    assert list(services.missing_documents()) == [declaration]
    tasks.make_document(declaration.pk)
    assert not Document.objects.exists()
    monkeypatch.delenv("FONTCONFIG_FILE")
    tasks.make_document(declaration.pk)
    page = client.get(f"/dang-ky/ho-so/{declaration.token}/")
    assert "Refresh" not in page
    assert "to-khai.pdf?tai-ve" in page.content.decode()


def test_receipt_has_the_document_made_by_the_time_it_is_shown(client) -> None:
    declaration = make_declaration()
    page = client.get(f"/dang-ky/ho-so/{declaration.token}/")
    assert Document.objects.get().declaration == declaration
    assert "to-khai.pdf?tai-ve" in page.content.decode()


def test_photo_that_the_paper_lacks_is_told_to_staff(client) -> None:
    declaration = make_declaration()
    private_storage().delete(declaration.attachments.get(kind="id_front").file.name)
    assert services.ensure_document(declaration).unreadable == ["id_front"]
    client.force_login(make_officer())
    client.cookies[settings.LANGUAGE_COOKIE_NAME] = "en"
    page = client.get(f"/admin/registration/declaration/{declaration.pk}/change/").content.decode()
    assert "shown as an empty box on the paper: Photo of the front." in " ".join(page.split())


def test_lost_print_copy_is_made_again_from_the_photo() -> None:
    declaration = make_declaration()
    first = services.ensure_document(declaration)
    for photo in declaration.attachments.all():
        private_storage().delete(photo.print_file.name)
    private_storage().delete(first.file.name)
    again = services.ensure_document(declaration)
    assert again.unreadable == []
    assert again.sha256 == first.sha256


def test_document_lost_from_the_store_is_made_again() -> None:
    declaration = make_declaration()
    private_storage().delete(services.ensure_document(declaration).file.name)
    again = services.ensure_document(declaration)
    assert private_storage().exists(again.file.name)


def test_beat_finds_documents_that_nobody_made() -> None:
    waiting, made = make_declaration(), make_declaration()
    tasks.make_document(made.pk)
    assert list(services.missing_documents()) == []
    Declaration.objects.update(submitted_at=timezone.now() - timedelta(minutes=2))
    assert list(services.missing_documents()) == [waiting]
    tasks.make_document(waiting.pk)
    assert Document.objects.count() == 2
