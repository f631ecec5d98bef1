"""A paper handed in in time that reaches the office a day late: its expired dossier is taken up again."""

import threading
from datetime import timedelta

import pytest
from django.conf import settings
from django.db import connection
from django.utils import timezone

from common.days import day_of, end_of_day_in
from notifications.models import Message
from registration import services
from registration.enums import LIVE_STATUSES
from registration.models import Declaration, StatusChange
from tests.registration.factories import make_answers, make_declaration, make_draft, make_officer

pytestmark = pytest.mark.django_db
DOSSIER = "/admin/registration/declaration/{}/change/"


def expire(declaration: Declaration) -> Declaration:
    Declaration.objects.filter(pk=declaration.pk).update(expires_at=timezone.now() - timedelta(hours=1))
    services.expire_declarations()
    declaration.refresh_from_db()
    assert declaration.status == "expired"
    return declaration


def declare_again(declaration: Declaration, **fields) -> Declaration:
    same = {"bhxh_number": declaration.bhxh_number, "phone": declaration.phone}
    return services.submit_declaration(make_draft(), make_answers(**{**same, **fields}))


def test_late_paper_takes_the_dossier_up_again() -> None:
    declaration, officer = make_declaration("expired"), make_officer()
    revision = declaration.revision
    services.receive_declaration(declaration.pk, officer=officer, revision=revision)
    declaration.refresh_from_db()
    assert (declaration.status, declaration.revision) == ("received", revision + 1)
    change = StatusChange.objects.filter(declaration=declaration).last()
    assert (change.from_status, change.to_status, change.changed_by) == ("expired", "received", officer)
    told = Message.objects.filter(related_key=declaration.message_key).order_by("pk").last()
    assert "Da nhan to khai giay cua ho so" in told.body
    assert declaration.reference_text in told.body
    assert len(told.body) <= 160
    services.expire_declarations()
    assert Declaration.objects.get(pk=declaration.pk).status == "received"


@pytest.mark.parametrize("is_same_phone", [True, False])
def test_number_declared_anew_meanwhile_is_not_taken_away(is_same_phone) -> None:
    declaration, officer = make_declaration("expired"), make_officer()
    newer = declare_again(declaration, **({} if is_same_phone else {"phone": "+84987654321"}))
    for decide in (
        lambda: services.receive_declaration(declaration.pk, officer=officer, revision=declaration.revision),
        lambda: services.return_declaration(
            declaration.pk, officer=officer, revision=declaration.revision, reason="Ảnh mờ."
        ),
    ):
        with pytest.raises(services.TakenMeanwhile):
            decide()
    assert Declaration.objects.get(pk=declaration.pk).status == "expired"
    assert Declaration.objects.get(status__in=LIVE_STATUSES) == newer


def test_phone_whose_places_are_full_meanwhile_is_a_refusal(settings) -> None:
    declaration, officer = make_declaration("expired"), make_officer()
    declare_again(declaration, bhxh_number="7999999999")
    with pytest.raises(services.TakenMeanwhile):
        services.receive_declaration(declaration.pk, officer=officer, revision=declaration.revision)
    settings.NUMBERS_PER_PHONE = 2
    services.receive_declaration(declaration.pk, officer=officer, revision=declaration.revision)
    assert Declaration.objects.get(pk=declaration.pk).phone_slot == 2


def test_number_taken_between_look_and_write_is_a_refusal(monkeypatch) -> None:
    declaration, officer = make_declaration("expired"), make_officer()
    declare_again(declaration, phone="+84987654321")
    monkeypatch.setattr("registration.services.places.newer_declarations", lambda each: Declaration.objects.none())
    with pytest.raises(services.TakenMeanwhile):
        services.receive_declaration(declaration.pk, officer=officer, revision=declaration.revision)
    assert Declaration.objects.get(pk=declaration.pk).status == "expired"
    assert services.receive_declarations({declaration.pk: declaration.revision}, officer=officer) == []


def test_correction_that_did_not_come_is_returned_again_not_received() -> None:
    declaration, officer = expire(make_declaration("returned")), make_officer()
    with pytest.raises(services.AlreadyDecided):
        services.receive_declaration(declaration.pk, officer=officer, revision=declaration.revision)
    services.return_declaration(declaration.pk, officer=officer, revision=declaration.revision, reason="Ảnh mờ.")
    declaration.refresh_from_db()
    assert declaration.status == "returned"
    assert declaration.expires_at == end_of_day_in(settings.PAPER_DAYS)
    assert services.begin_correction(declaration).corrects == declaration


def test_bundle_that_came_late_is_recorded_in_one_go() -> None:
    officer = make_officer()
    in_time, late, taken = make_declaration(), make_declaration("expired"), make_declaration("expired")
    declare_again(taken)
    seen = {each.pk: each.revision for each in (in_time, late, taken)}
    recorded = services.receive_declarations(seen, officer=officer)
    assert {each.pk for each in recorded} == {in_time.pk, late.pk}
    statuses = dict(Declaration.objects.values_list("pk", "status"))
    assert (statuses[in_time.pk], statuses[late.pk], statuses[taken.pk]) == ("received", "received", "expired")


def test_desk_says_so_and_offers_it(client) -> None:
    declaration = make_declaration("expired")
    client.force_login(make_officer())
    page = client.get(DOSSIER.format(declaration.pk)).content.decode()
    assert "Nếu tờ khai giấy đã đến" in page
    assert f"{day_of(declaration.expires_at):%d/%m/%Y}" in page
    assert "Đã nhận tờ khai giấy" in page
    address = f"/admin/registration/declaration/{declaration.pk}/receive/"
    assert client.post(address, {"revision": declaration.revision}).status_code == 302
    declaration.refresh_from_db()
    assert declaration.status == "received"


def test_desk_shows_the_newer_dossier_instead(client) -> None:
    declaration = make_declaration("expired")
    newer = declare_again(declaration)
    client.force_login(make_officer())
    page = client.get(DOSSIER.format(declaration.pk)).content.decode()
    assert "không mở lại được" in page
    assert newer.reference_text in page
    address = f"/admin/registration/declaration/{declaration.pk}/receive/"
    assert f'formaction="{address}"' not in page
    answer = client.post(address, {"revision": declaration.revision})
    assert answer.status_code == 409
    assert Declaration.objects.get(pk=declaration.pk).status == "expired"


def test_page_opened_before_midnight_leads_to_the_late_paper(client) -> None:
    declaration = make_declaration()
    client.force_login(make_officer())
    revision = declaration.revision
    expire(declaration)
    address = f"/admin/registration/declaration/{declaration.pk}/receive/"
    answer = client.post(address, {"revision": revision})
    assert answer.status_code == 409
    assert f'formaction="{address}"' in answer.content.decode()


def test_bundle_page_marks_late_ones_and_leaves_out_what_cannot_be_recorded(client) -> None:
    late, taken = make_declaration("expired"), make_declaration("expired")
    declare_again(taken)
    client.force_login(make_officer())
    page = client.get(f"/admin/registration/declaration/together/receive/?ids={late.pk},{taken.pk}").content.decode()
    assert late.reference_text in page
    assert taken.reference_text not in page
    assert "hết hạn ngày" in page


@pytest.mark.django_db(transaction=True)
def test_two_officers_at_once_take_it_up_once() -> None:
    declaration = make_declaration("expired")
    officers = [make_officer(), make_officer()]
    outcomes: list[str] = []

    def receive(officer) -> None:
        try:
            services.receive_declaration(declaration.pk, officer=officer, revision=declaration.revision)
            outcomes.append("received")
        except services.AlreadyDecided:
            outcomes.append("refused")
        finally:
            connection.close()

    runs = [threading.Thread(target=receive, args=[officer]) for officer in officers]
    for run in runs:
        run.start()
    for run in runs:
        run.join()
    assert sorted(outcomes) == ["received", "refused"]
    assert StatusChange.objects.filter(declaration=declaration, to_status="received").count() == 1
