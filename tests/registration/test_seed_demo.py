"""The commands that make roles and the demo."""

import io
import logging
import os
from collections import Counter

import pytest
from django.contrib.auth import get_user_model
from django.contrib.auth.models import Group
from django.core.management import CommandError, call_command
from django.db import transaction
from django.test import Client
from django.utils import timezone

from agencies.models import Agency, StaffMember
from notifications.enums import SETTLED
from notifications.models import Message
from registration import validators
from registration.demo_people import make_person
from registration.demo_stories import SHARES, Sign
from registration.enums import Status
from registration.models import AccessEvent, Attachment, Declaration, StatusChange
from registration.roles import LOOKUP, RECEPTION

pytestmark = pytest.mark.django_db
PASSWORD = "demo-mat-khau-1"


@pytest.fixture(autouse=True)
def _password(monkeypatch):
    monkeypatch.setenv("DEMO_PASSWORD", PASSWORD)


def run(command, *args):
    out = io.StringIO()
    call_command(command, *args, stdout=out)
    return out.getvalue()


def permissions(name):
    rows = Group.objects.get(name=name).permissions.values_list("content_type__app_label", "codename")
    return {f"{label}.{codename}" for label, codename in rows}


def test_setup_roles_gives_each_group_its_permissions():
    run("setup_roles")
    run("setup_roles")
    assert permissions(LOOKUP) == {"registration.view_declaration"}
    assert permissions(RECEPTION) == {
        *(
            f"registration.{verb}_declaration"
            for verb in ("view", "receive", "approve", "return", "reject", "reopen", "resend")
        ),
        "agencies.view_agency",
        "agencies.change_agency",
    }


def test_setup_roles_takes_away_what_was_added_by_hand():
    run("setup_roles")
    group = Group.objects.get(name=LOOKUP)
    group.permissions.set(Group.objects.get(name=RECEPTION).permissions.all())
    run("setup_roles")
    assert permissions(LOOKUP) == {"registration.view_declaration"}


def test_seed_demo_makes_staff_who_can_sign_in():
    printed = run("seed_demo")
    for username, agency in (("canbo.q3", "07911"), ("canbo.hcm", "079"), ("admin", None)):
        user = get_user_model().objects.get(username=username)
        assert username in printed
        assert user.is_staff
        assert user.is_superuser == (agency is None)
        member = StaffMember.objects.filter(user=user).first()
        assert (member.agency.code if member else None) == agency
        data = {"username": username, "password": PASSWORD, "next": "/admin/registration/declaration/"}
        assert Client().post("/admin/login/", data, follow=True).status_code == 200
    assert PASSWORD in printed
    assert Agency.objects.filter(code="07911").exists()


def test_seed_demo_twice_changes_nothing():
    run("seed_demo")
    hashes = set(get_user_model().objects.values_list("password", flat=True))
    run("seed_demo")
    assert set(get_user_model().objects.values_list("password", flat=True)) == hashes
    assert get_user_model().objects.count() == 3
    assert StaffMember.objects.count() == 2


def test_seed_demo_takes_a_new_password(monkeypatch):
    run("seed_demo")
    monkeypatch.setenv("DEMO_PASSWORD", "another-one-2")
    run("seed_demo")
    assert all(user.check_password("another-one-2") for user in get_user_model().objects.all())


def test_seed_demo_without_a_password_prints_one_that_works(monkeypatch, settings):
    settings.DEBUG = True
    monkeypatch.delenv("DEMO_PASSWORD")
    line = next(line for line in run("seed_demo").splitlines() if "canbo.q3" in line)
    assert get_user_model().objects.get(username="canbo.q3").check_password(line.split()[1])


def test_seed_demo_outside_debug_wants_a_chosen_password(monkeypatch, settings):
    settings.DEBUG = False
    monkeypatch.delenv("DEMO_PASSWORD")
    with pytest.raises(CommandError, match="DEMO_PASSWORD"):
        run("seed_demo")
    assert not get_user_model().objects.exists()


@pytest.fixture
def seeded():
    run("seed_demo", "--declarations", "14")
    return Declaration.objects.all()


def test_seed_demo_declarations_are_in_every_status(seeded):
    counts = Counter(seeded.values_list("status", flat=True))
    assert sum(counts.values()) == 14
    assert set(counts) == set(Status.values) - {Status.DRAFT}
    in_district = seeded.filter(agency__code="07911").values_list("status", flat=True)
    assert set(in_district) == set(counts)


def test_seed_demo_declarations_have_a_history_that_fits(seeded):
    now = timezone.now()
    for declaration in seeded:
        changes = list(declaration.changes.all())
        assert changes[0].from_status == Status.DRAFT
        assert changes[-1].to_status == declaration.status
        assert [change.changed_at for change in changes] == sorted(change.changed_at for change in changes)
        assert changes[-1].changed_at < now
        assert declaration.submitted_at <= changes[-1].changed_at
        assert (declaration.expires_at < now) == any(change.to_status == Status.EXPIRED for change in changes)
        assert declaration.current_attachments().count() >= 2
        assert all(photo.file.storage.exists(photo.file.name) for photo in declaration.attachments.all())
    assert seeded.filter(version=2).exists()
    assert StatusChange.objects.filter(to_status=Status.RETURNED, reason="").count() == 0


@pytest.fixture(scope="module")
def desk(django_db_setup, django_db_blocker):
    """The dossiers as officers of the province see them, made once: every sign has come by then."""
    with django_db_blocker.unblock(), transaction.atomic():
        os.environ["DEMO_PASSWORD"] = PASSWORD
        run("seed_demo", "--declarations", str(len(SHARES) + len(Sign)))
        client = Client()
        client.force_login(get_user_model().objects.get(username="canbo.hcm"))
        pages = {
            declaration.pk: client.get(f"/admin/registration/declaration/{declaration.pk}/change/").text
            for declaration in Declaration.objects.all()
        }
        facts = {declaration.pk: declaration for declaration in Declaration.objects.all()}
        cards = [
            (photo.card["fields"], photo.declaration)
            for photo in Attachment.objects.exclude(card=None).exclude(declaration=None).select_related("declaration")
        ]
        transaction.set_rollback(True)
    return pages, facts, cards


@pytest.mark.parametrize(
    "sign",
    [
        "Mã QR trên thẻ ghi khác",
        ">mờ",
        "Số giấy tờ này còn có ở hồ sơ khác",
        "Có người khác cũng khai mã số BHXH này",
        "Chưa gửi được tin nhắn có mật khẩu",
        "Ảnh bị mất hoặc hỏng trong kho lưu trữ",
        "Công dân chưa sửa kịp",
        "Nếu tờ khai giấy đã đến",
        "Mã QR trên thẻ khớp",
    ],
)
def test_seed_demo_shows_every_sign_of_the_desk(desk, sign):
    pages, _facts, _cards = desk
    assert any(sign in page for page in pages.values())


def test_seed_demo_has_every_way_through_the_statuses(desk):
    _pages, facts, _cards = desk
    assert max(declaration.version for declaration in facts.values()) == 3
    assert {declaration.status for declaration in facts.values()} == set(Status.values) - {Status.DRAFT}


def test_seed_demo_cards_say_what_was_declared(desk):
    _pages, _facts, cards = desk
    differing = [card for card, declaration in cards if card["full_name"] != declaration.full_name]
    assert len(cards) > 8
    assert len(differing) == 1
    assert all(card["paper_number"] == declaration.paper_number for card, declaration in cards)


def test_seed_demo_publishes_nothing_and_warns_of_nothing(caplog):
    with caplog.at_level(logging.WARNING):
        run("seed_demo", "--declarations", "3")
    assert [record for record in caplog.records if record.name.startswith("notifications")] == []


def test_seed_demo_without_a_password_leaves_the_staff_theirs(monkeypatch, settings):
    settings.DEBUG = True
    run("seed_demo")
    user = get_user_model().objects.get(username="canbo.q3")
    user.set_password("cua-rieng-toi-1")
    user.save()
    before = dict(get_user_model().objects.values_list("username", "password"))
    monkeypatch.delenv("DEMO_PASSWORD")
    printed = run("seed_demo")
    assert dict(get_user_model().objects.values_list("username", "password")) == before
    assert "(password unchanged)" in printed
    assert "cua-rieng" not in printed


def test_seed_demo_sends_nothing_to_invented_numbers(seeded):
    assert Message.objects.exists()
    assert set(Message.objects.values_list("status", flat=True)) <= set(SETTLED)
    assert not Message.objects.exclude(secret_encrypted="").exists()


def test_seed_demo_citizens_in_use_can_sign_in(seeded):
    for declaration in seeded.filter(status=Status.ACTIVE):
        assert declaration.account.check_password(PASSWORD)
        assert not declaration.account.must_change_password


def test_seed_demo_again_adds_only_what_is_missing(seeded):
    before = set(seeded.values_list("reference", flat=True))
    assert "0 made" in run("seed_demo", "--declarations", "14")
    assert "1 made" in run("seed_demo", "--declarations", "15")
    assert before < set(Declaration.objects.values_list("reference", flat=True))
    assert not AccessEvent.objects.exists()


def test_demo_people_follow_from_the_seed():
    assert make_person(1, 5) == make_person(1, 5)
    assert make_person(1, 5) != make_person(2, 5)


def test_demo_people_would_pass_the_form():
    people = [make_person(7, place) for place in range(400)]
    for person in people:
        assert validators.clean_name(person.full_name) == person.full_name
        assert validators.clean_bhxh_number(person.bhxh_number) == person.bhxh_number
        assert validators.clean_paper_number(person.paper_kind, person.paper_number) == person.paper_number
        assert validators.clean_phone(person.phone) == person.phone
        assert validators.clean_address(person.address) == person.address
    assert len({person.bhxh_number for person in people}) == len({person.phone for person in people}) == 400
