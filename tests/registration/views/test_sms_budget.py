"""SMS as a weapon: nobody makes this portal shower a stranger's phone, and nobody's declaration is held up by it."""

import pytest
from django.test import Client

from notifications.enums import HELD_BACK
from notifications.models import Message
from registration import services, throttle
from registration.models import Declaration
from tests.registration.factories import make_correction, make_declaration, make_officer
from tests.registration.tabs import FATHER, Tab
from tests.registration.views.opening import SEND, address, key_of

pytestmark = pytest.mark.django_db
VICTIM = "0912345671"
RESET = "/tai-khoan/quen-mat-khau/"


def submit(client: Client, number: str, phone: str = VICTIM) -> Declaration:
    tab = Tab(client)
    tab.upload_all(portrait=1)
    assert tab.submit(**{**FATHER, "bhxh_number": number, "phone": phone}).status_code == 302
    return Declaration.objects.latest("pk")


def sent_to(phone: str) -> int:
    """How many messages go out to this phone (E.164)."""
    return Message.objects.filter(phone=phone).exclude(last_error_code=HELD_BACK).count()


def test_submitting_and_withdrawing_again_and_again_sends_five_messages_and_holds_nobody_up(client) -> None:
    for _time in range(8):
        declaration = submit(client, "7911111111")
        assert client.get(address(declaration)).status_code == 200
        services.withdraw_declaration(declaration.pk)
    assert sent_to("+84912345671") == 5
    held = Message.objects.filter(last_error_code=HELD_BACK)
    assert [each.status for each in held] == ["cancelled"] * 3
    assert Declaration.objects.count() == 8


def test_other_kinds_do_not_go_round_the_budget(settings) -> None:
    """Submitting, codes for the dossier and codes for a new password, from ever new addresses and browsers."""
    settings.NUMBERS_PER_PHONE = 5
    account = make_declaration("active", phone="+84912345671").account
    first = make_declaration(phone="+84912345671")
    for place in range(12):
        stranger = Client(REMOTE_ADDR=f"198.51.100.{place}")
        services.withdraw_declaration(make_declaration(phone="+84912345671").pk)
        stranger.post(SEND, {"key": key_of(stranger, first)})
        stranger.post(RESET, {"number": account.username, "phone": VICTIM})
    for reset in account.resets.all():
        services.send_reset_code(reset.pk)
    kinds = Message.objects.exclude(kind="credential").exclude(last_error_code=HELD_BACK).values_list("kind", flat=True)
    assert len(kinds) == 15 and {*kinds} == {"received", "access_code", "reset_code"}


def test_day_that_strangers_have_used_up_leaves_room_for_the_owners_new_password(settings) -> None:
    settings.NUMBERS_PER_PHONE = 5
    account = make_declaration("active", phone="+84912345671").account
    dossier = make_declaration(phone="+84912345671")
    for place in range(12):
        services.withdraw_declaration(make_declaration(phone="+84912345671").pk)
        stranger = Client(REMOTE_ADDR=f"198.51.100.{place}")
        stranger.post(SEND, {"key": key_of(stranger, dossier)})
    assert sent_to("+84912345671") == 11, "five notices and five codes, beside the password"
    Client().post(RESET, {"number": account.username, "phone": VICTIM})
    services.send_reset_code(account.resets.get().pk)
    assert Message.objects.get(kind="reset_code").status == "queued"


def test_code_that_the_budget_has_no_room_for_is_refused_on_the_page(client) -> None:
    declaration = make_declaration(phone="+84912345671")
    for place in range(12):
        stranger = Client(REMOTE_ADDR=f"198.51.100.{place}")
        answer = stranger.post(SEND, {"key": key_of(stranger, declaration)}, follow=True)
    assert "notice--warning" in answer.text
    assert Message.objects.filter(kind="access_code").count() == 9


def test_officer_sees_what_was_not_sent(client) -> None:
    officer = make_officer()
    for _time in range(6):
        declaration = make_declaration(phone="+84912345671")
        if _time < 5:
            services.withdraw_declaration(declaration.pk)
    client.force_login(officer, "django.contrib.auth.backends.ModelBackend")
    page = client.get(f"/admin/registration/declaration/{declaration.pk}/change/").text
    assert "chưa gửi: quá nhiều tin trong ngày" in page and HELD_BACK not in page


def test_old_phone_is_told_of_the_change_whatever_else_it_got() -> None:
    for _time in range(7):
        services.withdraw_declaration(make_declaration(phone="+84912345671").pk)
    returned = make_declaration("returned", phone="+84912345671")
    make_correction(returned, phone="+84987654321")
    told = Message.objects.get(kind="phone_changed")
    assert (told.phone, told.status) == ("+84912345671", "queued")


def test_one_address_reaches_a_bounded_number_of_new_phones(settings, client) -> None:
    settings.RATE_LIMITS = {**settings.RATE_LIMITS, "sms-new-phones": "2/hour"}
    throttle._limit.cache_clear()
    for place in range(4):
        submit(client, f"791111111{place}", f"091234567{place}")
    assert [sent_to(f"+8491234567{place}") for place in range(4)] == [1, 1, 0, 0]
    assert Declaration.objects.count() == 4
    services.withdraw_declaration(Declaration.objects.get(phone="+84912345670").pk)
    submit(client, "7911111115", "0912345670")
    assert sent_to("+84912345670") == 2, "it is known already"
    elsewhere = Client(REMOTE_ADDR="198.51.100.9")
    submit(elsewhere, "7911111116", "0912345676")
    assert sent_to("+84912345676") == 1
    throttle._limit.cache_clear()
