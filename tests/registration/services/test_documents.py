"""The PDF of each version: made once, found again, made anew when it was lost."""

from datetime import timedelta

import pytest
from django.utils import timezone

from registration import services, tasks
from registration.models import Declaration, Document, private_storage
from tests.registration.factories import make_correction, make_declaration

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
