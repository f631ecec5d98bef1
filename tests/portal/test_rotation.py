"""New keys in place of old ones, while people are in the middle of something."""

import re
from datetime import timedelta

import pytest
from cryptography.fernet import Fernet
from django.contrib.auth import get_user_model
from django.test import Client
from django.utils import timezone

from accounts import resets
from accounts.devices import COOKIE as DEVICE
from accounts.devices import known_device
from notifications.models import InboxMessage, Message
from notifications.secrets import encrypt
from notifications.services import deliver_message
from registration import cookies
from tests.registration.factories import make_declaration

pytestmark = pytest.mark.django_db(transaction=True)
NEW = "new-" + "mK7qT2xV9c" * 6
NUMBER, PASSWORD = "7900000001", "hoa-sen-trang-2026"


@pytest.fixture(autouse=True)
def signers(monkeypatch, settings):
    """Signers take the keys when a program starts; `rotate` stands for the restart after the change."""

    def rotate(*, keep_old: bool) -> None:
        old = settings.SECRET_KEY
        settings.SECRET_KEY, settings.SECRET_KEY_FALLBACKS = NEW, [old] if keep_old else []
        for name in ("_signer", "_phone_signer", "_scanned_signer"):
            signer = getattr(cookies, name)
            monkeypatch.setattr(cookies, name, type(signer)(salt=signer.salt))

    return rotate


@pytest.fixture
def citizen():
    user = get_user_model()(username=NUMBER, phone="+84912345678")
    user.set_password(PASSWORD)
    user.save()
    return user


def signed_in(citizen) -> Client:
    client = Client()
    assert client.post("/tai-khoan/dang-nhap/", {"username": NUMBER, "password": PASSWORD}).status_code == 302
    return client


@pytest.mark.parametrize("keep_old", [True, False])
def test_session_and_known_browser_hold_while_the_old_key_is_kept(citizen, signers, rf, keep_old: bool) -> None:
    client = signed_in(citizen)
    signers(keep_old=keep_old)
    request = rf.get("/")
    request.COOKIES[DEVICE] = client.cookies[DEVICE].value
    assert (known_device(request, NUMBER) is not None) is keep_old
    assert (client.get("/tai-khoan/").status_code == 200) is keep_old


@pytest.mark.parametrize("keep_old", [True, False])
def test_draft_and_phone_hold_while_the_old_key_is_kept(signers, keep_old: bool) -> None:
    client = Client()
    form = client.get("/dang-ky/to-khai/")
    assert form.status_code == 200
    client.post("/dang-ky/to-khai/luu/", _fields(form.content.decode()))
    key = cookies.make_phone_key(_token(client))
    assert client.get(f"/dang-ky/chup/{key}/").status_code == 200
    signers(keep_old=keep_old)
    assert (client.get(f"/dang-ky/chup/{key}/").status_code == 200) is keep_old
    again = client.get("/dang-ky/").content.decode()
    assert ("Trần Thị Bưởi" in again) is keep_old


def _fields(html: str) -> dict[str, str]:
    hidden = dict(re.findall(r'<input type="hidden" name="(\w+)" value="([^"]*)"', html))
    return hidden | {"full_name": "Trần Thị Bưởi"}


def _token(client: Client) -> str:
    (signed,) = (morsel.value for name, morsel in client.cookies.items() if name.startswith(cookies.COOKIE))
    return cookies._signer.unsign(signed)


@pytest.mark.parametrize("keep_old", [True, False])
def test_code_for_a_new_password_holds_while_the_old_key_is_kept(citizen, signers, keep_old: bool) -> None:
    reset = resets.open_reset(citizen, "here")
    made = resets.make_code(reset.pk)
    reset.code_hash = made.params[0]
    reset.save()
    signers(keep_old=keep_old)
    if keep_old:
        assert resets.check_code("here", made.value) == reset
    else:
        with pytest.raises(resets.ResetOver):
            resets.check_code("here", made.value)


@pytest.mark.parametrize("keep_old", [True, False])
def test_password_that_waits_is_sent_while_its_key_is_kept(settings, keep_old: bool) -> None:
    """Encrypted by a first try under the old key, sent by a later one after the change."""
    old, new = (Fernet.generate_key().decode() for _ in range(2))
    settings.CREDENTIAL_KEYS = [old]
    declaration = make_declaration("approved")
    message = Message.objects.get(related_key=declaration.message_key, kind="credential")
    made = _first_try_fails(message)
    settings.CREDENTIAL_KEYS = [new, old] if keep_old else [new]
    deliver_message(message.pk)
    texts = list(InboxMessage.objects.filter(phone=declaration.phone).values_list("text", flat=True))
    assert any(f"Mat khau: {made}" in text for text in texts) is keep_old
    if keep_old:
        answer = Client().post("/tai-khoan/dang-nhap/", {"username": declaration.bhxh_number, "password": made})
        assert answer.status_code == 302


def _first_try_fails(message: Message) -> str:
    """As a try leaves it whose provider was away: the password is in force, and kept encrypted."""
    from notifications.secrets import Secret
    from tests.registration.factories import issue_one_time_password

    assert message.account_id is not None
    password = issue_one_time_password(message.account_id)
    Message.objects.filter(pk=message.pk).update(
        secret_encrypted=encrypt(Secret(password)), next_attempt_at=timezone.now() - timedelta(seconds=1)
    )
    return password
