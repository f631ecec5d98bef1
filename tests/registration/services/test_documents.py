"""The PDF of each version: made once, found again, made anew when it was lost."""

import hashlib
from datetime import timedelta

import pytest
from django.conf import settings
from django.core.files.base import ContentFile
from django.utils import timezone

from agencies.models import Agency
from registration import fonts, services, tasks
from registration.models import Declaration, Document, Setback, private_storage
from registration.pdf import Paper
from registration.services import documents
from tests.registration.factories import make_correction, make_declaration, make_officer
from tests.registration.views.opening import open_in

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
    open_in(client, declaration)
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
    tasks.sweep_documents()
    assert not Document.objects.exists()
    monkeypatch.delenv(fonts.FOLDERS_VARIABLE)
    Setback.objects.update(until=timezone.now())
    tasks.sweep_documents()
    page = client.get(f"/dang-ky/ho-so/{declaration.token}/")
    assert "Refresh" not in page
    assert "to-khai.pdf?tai-ve" in page.content.decode()


def test_letter_that_cannot_be_printed_is_told_and_makes_no_document(client, vietnamese, caplog) -> None:
    declaration = make_declaration(full_name="Nguyễn 明 Mẫu")
    open_in(vietnamese, declaration)
    page = vietnamese.get(f"/dang-ky/ho-so/{declaration.token}/")
    assert not Document.objects.exists()
    assert "“họ và tên”" in page.text.lower()
    assert "Refresh" not in page
    assert vietnamese.get(f"/dang-ky/ho-so/{declaration.token}/to-khai.pdf").status_code == 302
    assert "in: full_name" in caplog.text
    assert "明" not in caplog.text
    Declaration.objects.update(submitted_at=timezone.now() - timedelta(minutes=2))
    assert list(services.missing_documents()) == []
    client.force_login(make_officer())
    client.cookies[settings.LANGUAGE_COOKIE_NAME] = "en"
    dossier = f"/admin/registration/declaration/{declaration.pk}/"
    assert "cannot show a letter or sign in “full name”" in client.get(f"{dossier}change/").text
    assert "It is tried again every minute" not in client.get(f"{dossier}pdf/", follow=True).text


@pytest.mark.parametrize("field", ["full_name", "address", "email", "agency_name", "place"])
def test_each_text_on_the_paper_is_looked_at(field) -> None:
    declaration = make_declaration()
    setattr(declaration, field, "Mẫu ☎")
    assert services.offer_document(declaration) is None
    assert Declaration.objects.get().unprintable == [field]
    assert declaration.unprintable_labels


def test_correction_of_what_cannot_be_printed_is_printed() -> None:
    declaration = make_declaration(full_name="Nguyễn 明 Mẫu")
    services.offer_document(declaration)
    returned = services.return_declaration(
        declaration.pk, officer=make_officer(), revision=declaration.revision, reason="Xin viết lại họ tên."
    )
    corrected = make_correction(returned, full_name="Nguyễn Minh Mẫu")
    assert Declaration.objects.get().unprintable == []
    assert services.ensure_document(corrected).version == 2


def test_declaration_is_printed_once_the_font_has_its_letters() -> None:
    declaration = make_declaration()
    Declaration.objects.update(unprintable=["full_name"])
    assert services.offer_document(Declaration.objects.get()) is not None
    assert Declaration.objects.get(pk=declaration.pk).unprintable == []


def test_spaces_and_invisible_signs_that_the_font_lacks_do_not_stop_the_paper() -> None:
    declaration = make_declaration(full_name="Nguyễn\u3000Thị\u200b Mẫu\u2060")
    assert services.ensure_document(declaration).version == 1


def test_receipt_has_the_document_made_by_the_time_it_is_shown(client) -> None:
    declaration = make_declaration()
    open_in(client, declaration)
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


def spoil(name: str) -> None:
    private_storage().delete(name)
    private_storage().save(name, ContentFile(b"%PDF-1.7 other"))


@pytest.mark.parametrize("lose", [private_storage().delete, spoil])
def test_paper_drawn_otherwise_the_second_time_is_known_by_both_hashes(lose, monkeypatch) -> None:
    declaration = make_declaration()
    first = services.ensure_document(declaration)
    paper = first.file.read()
    lose(first.file.name)
    monkeypatch.setattr(documents, "render_declaration", lambda _: Paper(paper + b"\n", first.data_sha256, []))
    again = services.ensure_document(declaration)
    assert (again.pk, again.file.read()) == (first.pk, paper + b"\n")
    for content in (paper, paper + b"\n"):
        assert services.find_by_file(hashlib.sha256(content).hexdigest()).reference == declaration.reference_text


def test_paper_that_is_lost_can_be_checked_while_it_cannot_be_made(no_fonts) -> None:
    declaration = make_declaration()
    document = Document.objects.create(
        declaration=declaration, version=1, file="away.pdf", size=1, sha256="a" * 64, data_sha256="b" * 64,
        submitted_at=declaration.submitted_at,
    )  # fmt: skip
    assert services.offer_document(declaration) is None
    assert services.find_by_hash(declaration.reference, "b" * 16).version == 1
    assert services.find_by_hash(declaration.reference, "b" * 16 + "0" * 48) is None
    assert services.find_by_file("a" * 64).version == document.version


def test_same_paper_is_made_after_offices_are_renamed() -> None:
    declaration = make_declaration()
    first = services.ensure_document(declaration)
    Agency.objects.update(name="BHXH Miền Nam")
    private_storage().delete(first.file.name)
    again = services.ensure_document(Declaration.objects.get())
    assert again.sha256 == first.sha256


def test_store_that_does_not_answer_spoils_no_paper(monkeypatch) -> None:
    declaration = make_declaration()

    def no_answer(name: str, mode: str) -> None:
        raise ConnectionError

    with monkeypatch.context() as patch:
        patch.setattr(private_storage(), "_open", no_answer)
        assert services.offer_document(declaration) is None
    assert services.offer_document(declaration).unreadable == []


def test_beat_finds_documents_that_nobody_made() -> None:
    waiting, made = make_declaration(), make_declaration()
    services.ensure_document(made)
    assert list(services.missing_documents()) == []
    Declaration.objects.update(submitted_at=timezone.now() - timedelta(minutes=2))
    assert list(services.missing_documents()) == [waiting]
    tasks.sweep_documents()
    assert Document.objects.count() == 2
