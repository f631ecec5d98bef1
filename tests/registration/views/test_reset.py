"""A new password with a code by SMS: the same pages for every number, five tries, one use, ten minutes."""

from datetime import timedelta

import pytest
from django.db import connection
from django.test import Client
from django.test.utils import CaptureQueriesContext
from django.utils import timezone

from accounts import resets
from accounts.models import PasswordReset
from notifications.enums import MessageStatus
from notifications.gateways.base import GatewayUnavailable
from notifications.gateways.inbox import InboxGateway
from notifications.models import InboxMessage, Message
from notifications.services import deliver_message
from registration import services, tasks
from registration.validators import national_phone
from tests.registration.factories import make_declaration

pytestmark = pytest.mark.django_db
ASK, CHOOSE = "/tai-khoan/quen-mat-khau/", "/tai-khoan/quen-mat-khau/ma/"
CHOSEN = "hoa-buoi-trang-2026"


def answer(code: str, password: str = CHOSEN) -> dict[str, str]:
    return {"code": code, "new_password1": password, "new_password2": password}


@pytest.fixture
def declaration():
    return make_declaration("approved")


def fields(declaration, **changed: str) -> dict[str, str]:
    """What its owner types: the number, and the phone as people write it."""
    return {"number": declaration.bhxh_number, "phone": national_phone(declaration.phone), **changed}


def ask(client, declaration, **changed: str) -> str:
    """Asks for a code; the code that came, or "" where none is sent. A minute goes by."""
    assert client.post(ASK, fields(declaration, **changed)).url == CHOOSE
    reset = PasswordReset.objects.latest("pk")
    PasswordReset.objects.filter(pk=reset.pk).update(created_at=timezone.now() - timedelta(minutes=1))
    tasks.send_reset_code(reset.pk)
    tasks.send_reset_code(reset.pk)
    message = Message.objects.filter(related_key=f"reset:{reset.pk}", status="queued").first()
    if message is None:
        return ""
    deliver_message(message.pk)
    text = InboxMessage.objects.get(phone=message.phone, request_id=message.request_id).text
    return text.partition("mat khau: ")[2].partition(" ")[0]


def open_reset(declaration) -> PasswordReset:
    return resets.open_reset(declaration.account, "here")


def test_code_opens_the_account_with_a_new_password(client, declaration):
    code = ask(client, declaration)
    assert len(code) == 6 and code.isdecimal()
    assert code not in PasswordReset.objects.get().code_hash

    response = client.post(CHOOSE, answer(f"{code[:3]} {code[3:]}"))

    assert response.url == "/tai-khoan/dang-nhap/"
    declaration.refresh_from_db()
    assert declaration.account.check_password(CHOSEN)
    assert not declaration.account.must_change_password
    assert declaration.status == "active"


def test_code_works_once(client, declaration):
    code = ask(client, declaration)
    asking = PasswordReset.objects.get().asking
    client.post(CHOOSE, answer(code))
    session = client.session
    session["reset"] = asking
    session.save()
    assert client.post(CHOOSE, answer(code, "another-password-1")).status_code == 422


@pytest.mark.parametrize("wrong", [{"number": "7999999999"}, {"phone": "0987654321"}, {"phone": "0911111112"}])
def test_pages_are_the_same_whatever_is_wrong(client, declaration, wrong):
    pages = []
    for changed in ({}, wrong):
        assert bool(ask(client, declaration, **changed)) is not bool(changed)
        pages.append([client.get(CHOOSE).status_code, client.post(CHOOSE, answer("000000", "short")).status_code])
        pages[-1].append(str(client.post(CHOOSE, answer("000000", "short")).context["form"].errors))
    assert pages[0] == pages[1]
    assert Message.objects.filter(kind="reset_code").count() == 1
    assert [reset.account for reset in PasswordReset.objects.order_by("pk")] == [declaration.account, None]


def test_right_and_wrong_are_the_same_work(client, declaration):
    counts = []
    for changed in ({}, {"number": "7999999999"}, {"phone": "0987654321"}):
        browser = Client()
        browser.get(ASK)
        with CaptureQueriesContext(connection) as queries:
            browser.post(ASK, fields(declaration, **changed))
        counts.append(len(queries))
    assert len(set(counts)) == 1


@pytest.mark.parametrize("phone", ["+84 9{}", "84 9{}", "09{}", "0084 9{}", "09{} "])
def test_phone_is_taken_in_every_usual_form(client, declaration, phone):
    assert ask(client, declaration, phone=phone.format(declaration.phone.removeprefix("+849")))


@pytest.mark.parametrize(("field", "text"), [("phone", ""), ("phone", "12"), ("phone", "02838123456"), ("number", "1")])
def test_what_cannot_be_a_number_or_phone_is_said_at_its_field(client, declaration, field, text):
    response = client.post(ASK, fields(declaration, **{field: text}))
    assert response.status_code == 422 and list(response.context["form"].errors) == [field]
    assert not PasswordReset.objects.exists()


def test_wrong_codes_end_the_reset(client, declaration):
    code = ask(client, declaration)
    wrong = "000000" if code != "000000" else "111111"
    for _ in range(5):
        assert client.post(CHOOSE, answer(wrong)).status_code == 422
    assert client.post(CHOOSE, answer(code)).status_code == 422


def test_weak_password_keeps_the_code(client, declaration):
    code = ask(client, declaration)
    response = client.post(CHOOSE, answer(code, "12345"))
    assert response.status_code == 422
    assert "code" not in response.context["form"].errors
    assert client.post(CHOOSE, answer(code)).status_code == 302


def test_older_codes_live_to_their_end_in_the_browser_that_asked(client, declaration):
    first, second = ask(client, declaration), ask(client, declaration)
    assert Client().post(CHOOSE, answer(first)).url == ASK
    assert client.post(CHOOSE, answer(first)).status_code == 302
    assert not PasswordReset.objects.filter(used_at=None).exists(), "the password is chosen: the second is over, too"
    assert second


def test_second_press_within_a_minute_sends_no_second_code(client, declaration):
    client.post(ASK, fields(declaration))
    client.post(ASK, fields(declaration))
    client.post(ASK, fields(declaration, phone="0987654321"))
    for reset in PasswordReset.objects.all():
        tasks.send_reset_code(reset.pk)
    assert Message.objects.filter(kind="reset_code").count() == 1


def test_mistyped_phone_put_right_at_once_is_sent_a_code(client, declaration):
    client.post(ASK, fields(declaration, phone="0987654321"))
    assert ask(client, declaration)


def test_stranger_neither_ends_the_owners_code_nor_uses_up_the_day(declaration):
    owner, stranger = Client(), Client(REMOTE_ADDR="198.51.100.7")
    code = ask(owner, declaration)
    wrong = "000000" if code != "000000" else "111111"
    sent = [bool(ask(stranger, declaration)) for _time in range(12)]
    assert sent == [True] * 5 + [False] * 7
    for _time in range(12):
        assert stranger.post(CHOOSE, answer(wrong)).status_code == 422
        assert stranger.post(CHOOSE, answer(code)).status_code == 422, "it is not this browser's code"
    assert ask(owner, declaration), "nor is the day used up"
    assert owner.post(CHOOSE, answer(code)).status_code == 302


def test_stranger_who_knows_the_number_alone_uses_up_nothing(declaration):
    for place in range(60):
        stranger = Client(REMOTE_ADDR=f"198.51.{place}.7")
        assert ask(stranger, declaration, phone="0987654321") == ""
    owner = Client()
    assert [bool(ask(owner, declaration)) for _time in range(6)] == [True] * 5 + [False]
    assert Message.objects.filter(kind="reset_code").count() == 5


def test_old_code_is_refused_and_not_sent(client, declaration):
    code = ask(client, declaration)
    PasswordReset.objects.update(expires_at=timezone.now())
    assert client.post(CHOOSE, answer(code)).status_code == 422


def test_staff_and_strangers_get_no_further(client, admin_user):
    admin_user.phone = "+84912345678"
    admin_user.save()
    assert client.post(ASK, {"number": "7912345678", "phone": "0912345678"}).url == CHOOSE
    assert client.post(ASK, {"number": "admin", "phone": "0912345678"}).status_code == 422
    assert not PasswordReset.objects.exclude(account=None).exists()
    client.session.flush()
    client.cookies.clear()
    assert client.get(CHOOSE).url == ASK


def test_code_whose_task_was_lost_is_sent_by_the_sweep(client, declaration):
    client.post(ASK, fields(declaration))
    client.post(ASK, fields(declaration, number="0000000000"))
    assert services.sweep_resets() == 0
    PasswordReset.objects.update(created_at=timezone.now() - timedelta(seconds=30))
    services.sweep_resets()
    services.sweep_resets()
    message = Message.objects.get(kind="reset_code")
    assert message.account == declaration.account
    PasswordReset.objects.update(created_at=timezone.now() - timedelta(days=8))
    tasks.purge_resets()
    assert not PasswordReset.objects.exists()


def test_submission_sends_word():
    declaration = make_declaration()
    message = Message.objects.get(kind="received")
    assert declaration.reference_text in message.body
    assert len(message.body) <= 160 and message.body.isascii()


@pytest.mark.parametrize("spoil", ["used", "over"])
def test_code_that_would_be_refused_is_not_tried_again(declaration, monkeypatch, spoil):
    def refuse(gateway, outgoing):
        raise GatewayUnavailable("timeout")

    reset = open_reset(declaration)
    services.send_reset_code(reset.pk)
    message = Message.objects.get(related_key=f"reset:{reset.pk}")
    with monkeypatch.context() as patch:
        patch.setattr(InboxGateway, "send", refuse)
        assert deliver_message(message.pk) == MessageStatus.FAILED
    Message.objects.update(next_attempt_at=timezone.now())
    if spoil == "used":
        resets.use_reset(reset.pk)
    else:
        PasswordReset.objects.filter(pk=reset.pk).update(expires_at=timezone.now())

    assert deliver_message(message.pk) is None

    message.refresh_from_db()
    assert (message.status, message.last_error_code) == (MessageStatus.CANCELLED, "reset-over")
    assert message.secret_encrypted == ""
    assert not InboxMessage.objects.filter(request_id=message.request_id).exists()
