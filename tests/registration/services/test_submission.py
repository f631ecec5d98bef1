"""Ghi nhận: once, with its photos, and never over anybody else's number or phone."""

from concurrent.futures import ThreadPoolExecutor

import pytest
from django.db import IntegrityError, connection, transaction

from registration import services
from registration.enums import Status
from registration.models import Attachment, Declaration, Draft, StatusChange
from tests.registration.factories import make_answers, make_correction, make_declaration, make_draft, make_officer

pytestmark = pytest.mark.django_db


def test_submission_claims_the_photos_and_records_the_change() -> None:
    draft, answers = make_draft(), make_answers()
    declaration = services.submit_declaration(draft, answers)
    assert declaration.status == Status.SUBMITTED
    assert [photo.kind for photo in declaration.current_attachments()] == ["portrait", "id_front", "id_back"]
    assert not draft.attachments.exists()
    assert (declaration.agency_code, declaration.agency_name) == ("07911", "BHXH Quận 3")
    change = StatusChange.objects.get(declaration=declaration)
    assert (change.from_status, change.to_status, change.changed_by) == ("draft", "submitted", None)
    draft.refresh_from_db()
    assert draft.answers == {}


def test_submission_of_the_same_draft_again_returns_the_first_declaration() -> None:
    draft, answers = make_draft(), make_answers()
    first = services.submit_declaration(draft, answers)
    second = services.submit_declaration(draft, make_answers(full_name="Người Khác"))
    assert second.pk == first.pk
    assert Declaration.objects.count() == 1


@pytest.mark.django_db(transaction=True)
def test_submission_at_the_same_time_makes_one_declaration() -> None:
    draft, answers = make_draft(), make_answers()

    def submit(_number: int) -> int:
        try:
            return services.submit_declaration(Draft.objects.get(pk=draft.pk), answers).pk
        finally:
            connection.close()

    with ThreadPoolExecutor(4) as pool:
        made = set(pool.map(submit, range(4)))
    assert len(made) == 1
    assert Declaration.objects.count() == 1


@pytest.mark.django_db(transaction=True)
def test_submission_of_one_number_from_many_places_lets_one_through() -> None:
    answers = make_answers()
    drafts = [make_draft().pk for _ in range(4)]

    def submit(pk: int) -> str:
        try:
            services.submit_declaration(Draft.objects.get(pk=pk), answers)
        except services.NumberTaken:
            return "taken"
        finally:
            connection.close()
        return "made"

    with ThreadPoolExecutor(4) as pool:
        outcomes = sorted(pool.map(submit, drafts))
    assert outcomes == ["made", "taken", "taken", "taken"]


@pytest.mark.parametrize("status", ["submitted", "received", "returned", "approved", "active"])
def test_submission_refuses_a_number_with_a_live_declaration(status: str) -> None:
    there = make_declaration(status)
    with pytest.raises(services.NumberTaken) as refused:
        services.submit_declaration(make_draft(), make_answers(bhxh_number=there.bhxh_number))
    assert there.full_name not in str(refused.value.message)
    assert there.phone[-4:] not in str(refused.value.message)


@pytest.mark.parametrize("status", ["rejected", "withdrawn", "expired"])
def test_submission_takes_a_number_whose_declaration_has_ended(status: str) -> None:
    ended = make_declaration(status)
    again = services.submit_declaration(make_draft(), make_answers(bhxh_number=ended.bhxh_number, phone=ended.phone))
    assert again.pk != ended.pk


def test_submission_refuses_a_phone_of_another_number() -> None:
    there = make_declaration()
    with pytest.raises(services.PhoneTaken) as refused:
        services.submit_declaration(make_draft(), make_answers(phone=there.phone))
    assert there.bhxh_number not in str(refused.value.message)


def test_submission_lets_a_phone_serve_as_many_numbers_as_the_setting_says(settings) -> None:
    settings.NUMBERS_PER_PHONE = 2
    first = make_declaration()
    second = services.submit_declaration(make_draft(), make_answers(phone=first.phone))
    assert {first.phone_slot, second.phone_slot} == {1, 2}
    with pytest.raises(services.PhoneTaken):
        services.submit_declaration(make_draft(), make_answers(phone=first.phone))


def test_database_itself_holds_one_number_and_one_phone() -> None:
    there, other = make_declaration(), make_declaration()
    for field, value in (("bhxh_number", there.bhxh_number), ("phone", there.phone)):
        with pytest.raises(IntegrityError), transaction.atomic():
            Declaration.objects.filter(pk=other.pk).update(**{field: value})


def test_submission_without_a_needed_photo_names_it() -> None:
    with pytest.raises(services.PhotosMissing) as refused:
        services.submit_declaration(make_draft(kinds=["portrait"]), make_answers())
    assert refused.value.kinds == ["id_front", "id_back"]
    assert not Declaration.objects.exists()


def test_submission_with_a_passport_needs_no_back() -> None:
    answers = make_answers(paper_kind="passport", paper_number="C1234567")
    declaration = services.submit_declaration(make_draft("passport"), answers)
    assert declaration.current_attachments().count() == 2


def test_correction_makes_the_next_version_and_keeps_the_first_photos() -> None:
    returned = make_declaration("returned")
    corrected = make_correction(returned, address="45 đường Mẫu, Phường 7, Quận 3, TP. Hồ Chí Minh")
    assert (corrected.pk, corrected.version, corrected.status) == (returned.pk, 2, Status.SUBMITTED)
    assert corrected.reason == ""
    assert corrected.previous == {"address": returned.address}
    assert corrected.current_attachments().count() == 3
    assert Attachment.objects.filter(declaration=corrected).count() == 6
    assert [change.to_status for change in corrected.changes.all()] == ["submitted", "returned", "submitted"]


def test_correction_comes_too_late_once_the_declaration_is_rejected() -> None:
    returned = make_declaration("returned")
    draft = services.begin_correction(returned)
    Declaration.objects.filter(pk=returned.pk).update(status=Status.REJECTED)
    with pytest.raises(services.AlreadyDecided):
        services.submit_declaration(draft, make_answers(bhxh_number=returned.bhxh_number, phone=returned.phone))


def test_refused_claim_of_a_number_is_told_to_staff_and_only_when_it_is_somebody_elses(client) -> None:
    holder = make_declaration()
    for phone in (holder.phone, "+84987654321", "+84987654322"):
        with pytest.raises(services.NumberTaken):
            make_declaration(bhxh_number=holder.bhxh_number, phone=phone)
    holder.refresh_from_db()
    assert holder.contested == 2
    assert holder.revision == 1
    client.force_login(make_officer())
    page = client.get(f"/admin/registration/declaration/{holder.pk}/change/").text
    assert "desk-notice" in page
    services.reject_declaration(holder.pk, officer=make_officer(), revision=1, reason="Số của người khác.")
    assert make_declaration(bhxh_number=holder.bhxh_number).contested == 0
