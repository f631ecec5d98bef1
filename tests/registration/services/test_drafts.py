"""Drafts: photos kept, replaced, removed with their files, and gone after a day."""

from datetime import timedelta

import pytest
from django.utils import timezone

from registration import services
from registration.models import Attachment, Draft, private_storage
from registration.services.drafts import MAX_SUPERSEDED
from tests.registration.factories import make_answers, make_declaration, make_draft, normalised_photo

pytestmark = pytest.mark.django_db


def test_photo_is_stored_private_and_under_a_random_name(client) -> None:
    draft = make_draft(kinds=["portrait"])
    photo = draft.attachments.get()
    assert private_storage().exists(photo.file.name)
    assert photo.file.name.startswith("attachments/") and "portrait" not in photo.file.name
    for address in (f"/{photo.file.name}", f"/media/{photo.file.name}", f"/static/{photo.file.name}"):
        assert client.get(address).status_code == 404


def test_photo_replaces_the_earlier_one_which_is_kept_for_the_other_pages_within_bounds(
    django_capture_on_commit_callbacks,
) -> None:
    draft = make_draft(kinds=["portrait"])
    first = draft.attachments.get()
    with django_capture_on_commit_callbacks(execute=True):
        second = services.store_photo(draft, "portrait", normalised_photo("id_front"))
    assert draft.photos() == {"portrait": second}
    assert private_storage().exists(first.file.name) and private_storage().exists(second.file.name)
    with django_capture_on_commit_callbacks(execute=True):
        for _time in range(MAX_SUPERSEDED):
            last = services.store_photo(draft, "portrait", normalised_photo("portrait"))
    assert draft.photos() == {"portrait": last}
    assert draft.attachments.count() == MAX_SUPERSEDED + 1
    assert not private_storage().exists(first.file.name) and private_storage().exists(second.file.name)


def test_replaced_photo_is_never_submitted_and_goes_with_its_draft(django_capture_on_commit_callbacks) -> None:
    draft = make_draft()
    replaced = draft.photos()["portrait"]
    services.store_photo(draft, "portrait", normalised_photo("portrait"))
    declaration = services.submit_declaration(draft, make_answers())
    assert declaration.attachments.count() == 3
    assert not declaration.attachments.filter(pk=replaced.pk).exists()
    Draft.objects.update(updated_at=timezone.now() - timedelta(hours=25))
    with django_capture_on_commit_callbacks(execute=True):
        services.purge_drafts()
    assert not private_storage().exists(replaced.file.name)


def test_purge_removes_old_drafts_with_their_files_and_keeps_claimed_photos(
    django_capture_on_commit_callbacks,
) -> None:
    declaration = make_declaration()
    old, young = make_draft(), make_draft()
    files = [photo.file.name for photo in old.attachments.all()]
    long_ago = timezone.now() - timedelta(hours=25)
    Draft.objects.exclude(pk=young.pk).update(updated_at=long_ago)
    with django_capture_on_commit_callbacks(execute=True):
        services.purge_drafts()
    assert list(Draft.objects.all()) == [young]
    assert not any(private_storage().exists(name) for name in files)
    assert all(private_storage().exists(photo.file.name) for photo in declaration.current_attachments())


def test_correction_starts_from_the_answers_and_copies_of_the_photos() -> None:
    returned = make_declaration("returned")
    draft = services.begin_correction(returned)
    assert draft.answers["full_name"] == returned.full_name
    assert draft.answers["phone"].startswith("09")
    copies = {photo.kind: photo for photo in draft.attachments.all()}
    for photo in returned.current_attachments():
        assert copies[photo.kind].sha256 == photo.sha256
        assert copies[photo.kind].file.name != photo.file.name


def test_correction_goes_on_without_a_photo_whose_file_is_gone() -> None:
    returned = make_declaration("returned")
    private_storage().delete(returned.attachments.get(kind="portrait").file.name)
    draft = services.begin_correction(returned)
    assert sorted(draft.attachments.values_list("kind", flat=True)) == ["id_back", "id_front"]


def test_correction_is_for_returned_declarations_only() -> None:
    with pytest.raises(services.AlreadyDecided):
        services.begin_correction(make_declaration("received"))
    assert not Attachment.objects.filter(draft__isnull=False).exists()
