"""A new password with a code by SMS: the same pages for every number, five tries, one use, fifteen minutes."""

from datetime import timedelta

import pytest
from django.utils import timezone

from accounts import resets
from accounts.models import PasswordReset
from notifications.enums import MessageStatus
from notifications.gateways.base import GatewayUnavailable
from notifications.gateways.inbox import InboxGateway
from notifications.models import InboxMessage, Message
from notifications.services import deliver_message
from registration import services, tasks
from tests.registration.factories import make_declaration

pytestmark = pytest.mark.django_db
ASK, CHOOSE = "/tai-khoan/quen-mat-khau/", "/tai-khoan/quen-mat-khau/ma/"
CHOSEN = "hoa-buoi-trang-2026"


def answer(code: str, password: str = CHOSEN) -> dict[str, str]:
    return {"code": code, "new_password1": password, "new_password2": password}


@pytest.fixture
def declaration():
    return make_declaration("approved")


def ask(client, number: str) -> str:
    """Asks for a code; the code that came, or "" where none is sent."""
    assert client.post(ASK, {"number": number}).url == CHOOSE
    reset = PasswordReset.objects.latest("pk")
    tasks.send_reset_code(reset.pk)
    tasks.send_reset_code(reset.pk)
    message = Message.objects.filter(related_key=f"reset:{reset.pk}").first()
    if message is None:
        return ""
    deliver_message(message.pk)
    text = InboxMessage.objects.get(phone=message.phone, request_id=message.request_id).text
    return text.partition("mat khau: ")[2].partition(" ")[0]


def test_code_opens_the_account_with_a_new_password(client, declaration):
    code = ask(client, declaration.bhxh_number)
    assert len(code) == 6 and code.isdecimal()
    assert code not in PasswordReset.objects.get().code_hash

    response = client.post(CHOOSE, answer(f"{code[:3]} {code[3:]}"))

    assert response.url == "/tai-khoan/dang-nhap/"
    declaration.refresh_from_db()
    assert declaration.account.check_password(CHOSEN)
    assert not declaration.account.must_change_password
    assert declaration.status == "active"


def test_code_works_once(client, declaration):
    code = ask(client, declaration.bhxh_number)
    token = PasswordReset.objects.get().token
    client.post(CHOOSE, answer(code))
    session = client.session
    session["reset"] = token
    session.save()
    assert client.post(CHOOSE, answer(code, "another-password-1")).status_code == 422


def test_pages_are_the_same_for_a_number_without_account(client, declaration):
    pages = []
    for number in (declaration.bhxh_number, "7999999999"):
        ask(client, number)
        pages.append([client.get(CHOOSE).status_code, client.post(CHOOSE, answer("000000", "short")).status_code])
        pages[-1].append(str(client.post(CHOOSE, answer("000000", "short")).context["form"].errors))
    assert pages[0] == pages[1]
    assert Message.objects.filter(kind="reset_code").count() == 1


def test_wrong_codes_end_the_reset(client, declaration):
    code = ask(client, declaration.bhxh_number)
    wrong = "000000" if code != "000000" else "111111"
    for _ in range(5):
        assert client.post(CHOOSE, answer(wrong)).status_code == 422
    assert client.post(CHOOSE, answer(code)).status_code == 422


def test_weak_password_keeps_the_code(client, declaration):
    code = ask(client, declaration.bhxh_number)
    response = client.post(CHOOSE, answer(code, "12345"))
    assert response.status_code == 422
    assert "code" not in response.context["form"].errors
    assert client.post(CHOOSE, answer(code)).status_code == 302


def test_only_the_newest_code_counts(client, declaration):
    ask(client, declaration.bhxh_number)
    first = client.session["reset"]
    second_code = ask(client, declaration.bhxh_number)
    session = client.session
    second, session["reset"] = session["reset"], first
    session.save()
    assert client.post(CHOOSE, answer(second_code)).status_code == 422
    session["reset"] = second
    session.save()
    assert client.post(CHOOSE, answer(second_code)).status_code == 302


def test_old_code_is_refused_and_not_sent(client, declaration):
    code = ask(client, declaration.bhxh_number)
    PasswordReset.objects.update(expires_at=timezone.now())
    assert client.post(CHOOSE, answer(code)).status_code == 422


def test_number_is_asked_about_five_times_a_day(client, declaration):
    codes = [ask(client, declaration.bhxh_number) for _ in range(6)]
    assert [bool(code) for code in codes] == [True] * 5 + [False]


def test_staff_and_strangers_get_no_further(client, admin_user):
    assert ask(client, "7912345678") == ""
    assert client.post(ASK, {"number": "admin"}).status_code == 422
    client.session.flush()
    client.cookies.clear()
    assert client.get(CHOOSE).url == ASK


def test_code_whose_task_was_lost_is_sent_by_the_sweep(client, declaration):
    client.post(ASK, {"number": declaration.bhxh_number})
    client.post(ASK, {"number": "0000000000"})
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


@pytest.mark.parametrize("spoil", ["replaced", "used", "over"])
def test_code_that_would_be_refused_is_not_tried_again(declaration, monkeypatch, spoil):
    def refuse(gateway, outgoing):
        raise GatewayUnavailable("timeout")

    reset = resets.open_reset(declaration.bhxh_number)
    services.send_reset_code(reset.pk)
    message = Message.objects.get(related_key=f"reset:{reset.pk}")
    with monkeypatch.context() as patch:
        patch.setattr(InboxGateway, "send", refuse)
        assert deliver_message(message.pk) == MessageStatus.FAILED
    Message.objects.update(next_attempt_at=timezone.now())
    if spoil == "replaced":
        resets.open_reset(declaration.bhxh_number)
    elif spoil == "used":
        resets.use_reset(reset.token)
    else:
        PasswordReset.objects.filter(pk=reset.pk).update(expires_at=timezone.now())

    assert deliver_message(message.pk) is None

    message.refresh_from_db()
    assert (message.status, message.last_error_code) == (MessageStatus.CANCELLED, "reset-over")
    assert message.secret_encrypted == ""
    assert not InboxMessage.objects.filter(request_id=message.request_id).exists()
