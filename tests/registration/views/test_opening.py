"""Opening a dossier with a code: who may, how often, for how long, and what a stranger with the paper cannot do."""

import re
from datetime import timedelta

import pytest
from django.test import Client
from django.utils import timezone

from common.sms_codes import MAX_TRIES, RESEND_AFTER
from notifications.models import InboxMessage, Message
from notifications.services import deliver_message
from registration import services, throttle
from registration.enums import OPENABLE_STATUSES, AccessKind, Status
from registration.models import AccessCode, Declaration
from tests.registration.factories import advance, make_correction, make_declaration, make_officer
from tests.registration.views.opening import (
    SEND,
    TYPE,
    address,
    ask,
    deliver_codes,
    key_of,
    open_in,
    track,
    type_code,
)

pytestmark = pytest.mark.django_db
ALL = [status for status in Status.values if status != Status.DRAFT]
WRONG = "000000"


def wrong(code: str) -> str:
    return WRONG if code != WRONG else "111111"


def wait_a_minute() -> None:
    AccessCode.objects.update(created_at=timezone.now() - RESEND_AFTER - timedelta(seconds=1))


@pytest.fixture
def declaration() -> Declaration:
    return make_declaration("returned")


@pytest.fixture
def limits(settings):
    """Sets limits for one test."""

    def set_limits(**rates: str) -> None:
        settings.RATE_LIMITS = {
            **settings.RATE_LIMITS,
            **{name.replace("_", "-"): rate for name, rate in rates.items()},
        }
        throttle._limit.cache_clear()

    yield set_limits
    throttle._limit.cache_clear()


def test_code_opens_the_dossier_for_half_an_hour(client, declaration) -> None:
    code = ask(client, declaration)
    opened = type_code(client, declaration, code)
    assert opened.url == address(declaration)
    assert declaration.reason in client.get(opened.url).text
    session = client.session
    entries = session["dossiers"]
    assert 1790 < entries[str(declaration.pk)][0] - timezone.now().timestamp() <= 1800
    entries[str(declaration.pk)][0] = timezone.now().timestamp() - 1
    session["dossiers"] = entries
    session.save()
    page = client.get(opened.url)
    assert page.status_code == 403
    assert declaration.reason not in page.text
    # The browser that had it open need not type the reference again.
    assert f'value="{declaration.reference_text}"' in client.get("/tra-cuu/").text


def test_code_is_nowhere_in_the_clear(client, declaration) -> None:
    code = ask(client, declaration)
    stored = AccessCode.objects.get()
    message = Message.objects.get(kind="access_code")
    assert len(code) == 6 and stored.code_hash and code not in stored.code_hash
    assert code not in message.body and "{secret}" in message.body and message.secret_encrypted == ""
    text = InboxMessage.objects.latest("pk").text
    assert message.phone == declaration.phone
    assert text.isascii() and len(text) <= 148 and "1900 9068" in text and "khong cho ai biet" in text
    assert declaration.reference_text in text


@pytest.mark.parametrize(
    "form",
    ["{0} {1}", "{0}.{1}.", "\u200b{0}\u00a0{1}\u2060", "  {0}-{1}\t", "\ufeff{0}{1}"],
)
def test_code_may_be_typed_with_spaces_points_and_invisible_signs(client, declaration, form: str) -> None:
    code = ask(client, declaration)
    assert type_code(client, declaration, form.format(code[:3], code[3:])).status_code == 302


def test_code_in_other_digits_is_the_same_code(client, declaration) -> None:
    code = ask(client, declaration)
    assert type_code(client, declaration, "".join(chr(0xFF10 + int(digit)) for digit in code)).status_code == 302


@pytest.mark.parametrize("typed", ["", "12345", "1234567", "abcdef", "12345a", "1" * 5000, "\0", "½23456"])
def test_what_cannot_be_a_code_is_no_try(client, declaration, typed: str) -> None:
    code = ask(client, declaration)
    for _ in range(MAX_TRIES + 1):
        answer = type_code(client, declaration, typed)
        assert answer.status_code == 422
        assert 'id="id_code_error"' in answer.text
    assert type_code(client, declaration, code).status_code == 302


def test_five_wrong_tries_end_a_code_and_another_can_be_asked_for(client, declaration) -> None:
    code = ask(client, declaration)
    for _ in range(MAX_TRIES):
        assert type_code(client, declaration, wrong(code)).status_code == 422
    assert type_code(client, declaration, code).status_code == 422
    wait_a_minute()
    assert type_code(client, declaration, ask(client, declaration)).status_code == 302


def test_strangers_tries_cost_the_owner_nothing(client, declaration) -> None:
    """Both know reference and phone; each has asked for a code of his own."""
    stranger = Client()
    code = ask(client, declaration)
    theirs = ask(stranger, declaration)
    for _ in range(MAX_TRIES + 3):
        type_code(stranger, declaration, wrong(code))
    # Not even the owner's right code, seen over a shoulder, opens anything elsewhere.
    assert type_code(stranger, declaration, code).status_code == 422
    assert stranger.get(address(declaration)).status_code == 403
    assert type_code(client, declaration, theirs).status_code == 422
    assert type_code(client, declaration, code).status_code == 302


def test_code_works_once(client, declaration) -> None:
    code = ask(client, declaration)
    assert type_code(client, declaration, code).status_code == 302
    AccessCode.objects.update(used_at=timezone.now() - timedelta(minutes=2))
    assert type_code(client, declaration, code).status_code == 422


def test_right_code_of_a_double_click_opens_the_dossier_all_the_same(client, declaration) -> None:
    code = ask(client, declaration)
    second = Client()
    second.cookies["sessionid"] = client.cookies["sessionid"].value
    key = key_of(client, declaration)
    assert client.post(TYPE, {"key": key, "code": code}).status_code == 302
    assert second.cookies["sessionid"].value != client.cookies["sessionid"].value
    assert second.get(address(declaration)).status_code == 403
    # Sent with the cookie from before, as a second press is.
    assert second.post(TYPE, {"key": key, "code": code}).status_code == 302
    assert client.get(address(declaration)).status_code == second.get(address(declaration)).status_code == 200


def test_old_code_is_refused(client, declaration) -> None:
    code = ask(client, declaration)
    AccessCode.objects.update(expires_at=timezone.now())
    assert type_code(client, declaration, code).status_code == 422


def test_earlier_code_lives_on_when_another_is_asked_for(client, declaration) -> None:
    first = ask(client, declaration)
    wait_a_minute()
    ask(client, declaration)
    assert type_code(client, declaration, first).status_code == 302


def test_asking_again_waits_a_minute(client, declaration) -> None:
    ask(client, declaration)
    answer = client.post(SEND, {"key": key_of(client, declaration)}, follow=True)
    assert "notice--warning" in answer.text
    assert Message.objects.filter(kind="access_code").count() == 1


def test_one_address_does_not_use_up_the_days_codes(client, declaration, limits) -> None:
    limits(code_address="2/day", code_declaration="3/day")
    for _ in range(4):
        Client().post(SEND, {"key": key_of(client, declaration)})
    assert Message.objects.filter(kind="access_code").count() == 2
    owner = Client(REMOTE_ADDR="203.0.113.9")
    assert type_code(owner, declaration, ask(owner, declaration)).status_code == 302
    answer = Client(REMOTE_ADDR="203.0.113.10").post(SEND, {"key": key_of(client, declaration)}, follow=True)
    assert answer.status_code == 200
    assert "notice--warning" in answer.text
    assert Message.objects.filter(kind="access_code").count() == 3


def test_one_phone_gets_so_many_codes_a_day(client, settings, limits) -> None:
    settings.NUMBERS_PER_PHONE = 2
    limits(sms_code="4/day")  # a notice about each was sent
    family = [make_declaration(phone="+84912345678") for _ in range(2)]
    for declaration in family * 2:
        Client().post(SEND, {"key": key_of(client, declaration)})
    assert Message.objects.filter(kind="access_code").count() == 2


@pytest.mark.parametrize("status", ALL)
def test_code_is_sent_only_while_there_is_something_to_open(client, status: str) -> None:
    declaration = make_declaration(status)
    page = track(client, declaration).text
    assert (SEND in page) == (status in OPENABLE_STATUSES)
    found = re.search(r'name="key" value="([^"]+)"', page)
    key = found[1] if found else key_of(Client(), make_declaration())
    if found:
        assert client.post(SEND, {"key": key}).url == TYPE
    else:
        Declaration.objects.filter(pk=declaration.pk).update(status="submitted")
        key = key_of(client, declaration)
        Declaration.objects.filter(pk=declaration.pk).update(status=status)
        assert client.post(SEND, {"key": key}).url == "/tra-cuu/"
    assert Message.objects.filter(kind="access_code").exists() == (status in OPENABLE_STATUSES)


@pytest.mark.parametrize("ending", ["withdrawn", "expired", "phone"])
def test_code_dies_with_the_dossier_and_with_its_phone(client, declaration, ending: str) -> None:
    code = ask(client, declaration)
    wait_a_minute()
    client.post(SEND, {"key": key_of(client, declaration)})
    waiting = Message.objects.get(kind="access_code", status="queued")
    key = key_of(client, declaration)
    if ending == "phone":
        make_correction(declaration, phone="+84987654321")
    else:
        advance(declaration, ending)
    answer = client.post(TYPE, {"key": key, "code": code})
    assert answer.status_code == (422 if ending == "phone" else 302)
    assert client.get(address(declaration)).status_code == 403
    # The code that was still on its way is not handed over.
    assert deliver_message(waiting.pk) is None
    waiting.refresh_from_db()
    assert (waiting.status, waiting.last_error_code) == ("cancelled", "code-over")
    assert len(deliver_codes()) == 1


def test_code_while_the_officer_decides_shows_the_decision(client, declaration) -> None:
    code = ask(client, declaration)
    officer = make_officer()
    services.reject_declaration(
        declaration.pk, officer=officer, revision=declaration.revision, reason="Không đúng người kê khai."
    )
    page = client.get(type_code(client, declaration, code).url)
    assert "Không đúng người kê khai." in page.text
    assert "/tra-cuu/sua/" not in page.text


@pytest.mark.parametrize("key", ["", "1", "1:x:y"])
def test_code_is_asked_for_and_typed_only_after_tracking(client, declaration, key: str) -> None:
    key = key.replace("1", str(declaration.pk))
    for path, fields in ((SEND, {}), (TYPE, {"code": "123456"})):
        assert client.post(path, {"key": key, **fields}).status_code == 404
        assert client.post(path, fields).url == "/tra-cuu/"
    assert client.get(TYPE).url == "/tra-cuu/"
    assert client.get(SEND).status_code == 405
    assert not Message.objects.filter(kind="access_code").exists()


def test_tracking_page_that_stood_too_long_asks_for_no_code(client, declaration, monkeypatch) -> None:
    key = key_of(client, declaration)
    monkeypatch.setattr("registration.views.opening.KEY_SECONDS", -1)
    assert client.post(SEND, {"key": key}).url == "/tra-cuu/"
    assert client.post(TYPE, {"key": key, "code": "123456"}).url == "/tra-cuu/"


def test_code_page_says_what_to_do_without_the_phone(vietnamese, declaration) -> None:
    page = vietnamese.post(TYPE, {"key": key_of(vietnamese, declaration)}).text
    assert "Không còn dùng số này?" in page
    assert "BHXH Quận 3 hoặc gọi 1900 9068" in page
    assert f"•••• ••• {declaration.phone[-3:]}" in page
    assert 'autocomplete="one-time-code"' in page
    assert not Message.objects.filter(kind="access_code").exists()


def test_message_of_a_code_is_on_the_dossier_for_staff(client, declaration) -> None:
    ask(client, declaration)
    desk = Client()
    desk.force_login(make_officer())
    sent = desk.get(f"/admin/registration/declaration/{declaration.pk}/change/").context["messages_sent"]
    assert "access_code" in [message.kind for message in sent]


def test_old_codes_are_purged(client, declaration) -> None:
    ask(client, declaration)
    assert services.purge_access_codes() == 0
    AccessCode.objects.update(created_at=timezone.now() - timedelta(days=8))
    assert services.purge_access_codes() == 1


# -- The officer's code ---------------------------------------------------------------------------------------------


def give_code(desk: Client, declaration: Declaration) -> str:
    answer = desk.post(f"/admin/registration/declaration/{declaration.pk}/open-code/")
    assert answer.status_code == 200
    assert "no-store" in answer["Cache-Control"]
    return answer.context["given_code"]


@pytest.fixture
def officer():
    return make_officer()


@pytest.fixture
def desk(officer) -> Client:
    desk = Client()
    desk.force_login(officer)
    return desk


def test_officers_code_opens_the_dossier_once_and_is_on_record(client, desk, officer, declaration) -> None:
    code = give_code(desk, declaration)
    assert re.fullmatch(r"\d{4} \d{4} \d{4}", code)
    assert code not in desk.get(f"/admin/registration/declaration/{declaration.pk}/change/").text
    assert declaration.access_events.get(kind=AccessKind.OPEN_CODE).user == officer
    assert type_code(client, declaration, code).url == address(declaration)
    assert client.get(address(declaration)).status_code == 200
    other = Client()
    assert type_code(other, declaration, code).status_code == 422
    assert not Message.objects.filter(kind="access_code").exists()


def test_officers_code_is_valid_for_a_day_and_outlives_strangers_tries(client, desk, declaration) -> None:
    code = give_code(desk, declaration)
    stranger = Client()
    for number in range(20):
        assert type_code(stranger, declaration, f"{number:012d}").status_code == 422
    AccessCode.objects.update(expires_at=timezone.now() + timedelta(seconds=5))
    assert type_code(client, declaration, code).status_code == 302
    late = give_code(desk, declaration)
    assert AccessCode.objects.latest("pk").expires_at > timezone.now() + timedelta(hours=23)
    AccessCode.objects.update(expires_at=timezone.now())
    assert type_code(client, declaration, late).status_code == 422


@pytest.mark.parametrize("status", ALL)
def test_officers_code_is_given_while_something_can_be_corrected(desk, officer, status: str) -> None:
    declaration = make_declaration(status, officer=officer)
    address_of_button = f"/admin/registration/declaration/{declaration.pk}/open-code/"
    shown = address_of_button in desk.get(f"/admin/registration/declaration/{declaration.pk}/change/").text
    answer = desk.post(address_of_button)
    is_open = status in ("submitted", "returned")
    assert (shown, answer.status_code, AccessCode.objects.exists()) == (is_open, 200 if is_open else 302, is_open)


def test_officers_code_needs_permission_and_scope_and_has_a_limit(desk, officer, declaration) -> None:
    elsewhere = Client()
    elsewhere.force_login(make_officer("00101"))
    path = f"/admin/registration/declaration/{declaration.pk}/open-code/"
    assert elsewhere.post(path).status_code == 404
    assert desk.get(path).status_code == 302
    for _ in range(5):
        give_code(desk, declaration)
    assert desk.post(path).status_code == 302
    assert AccessCode.objects.count() == 5
    officer.user_permissions.clear()
    assert desk.post(path).status_code == 403


# -- A changed phone ------------------------------------------------------------------------------------------------


def test_old_phone_is_told_of_a_change(declaration) -> None:
    old = declaration.phone
    make_correction(declaration, phone="+84987654321")
    told = Message.objects.get(kind="phone_changed")
    assert told.phone == old
    assert "so cuoi 321" in told.body and "87654" not in told.body
    assert declaration.reference_text in told.body and "1900 9068" in told.body
    assert told.body.isascii() and len(told.body) <= 148 and "http" not in told.body
    assert told.related_key == declaration.message_key


def test_old_phone_is_not_told_where_it_stayed(declaration) -> None:
    make_correction(declaration, address="45 đường Mẫu, Quận 3")
    assert not Message.objects.filter(kind="phone_changed").exists()


def test_change_of_phone_closes_the_dossier_in_other_browsers(client, declaration) -> None:
    open_in(client, declaration)
    assert client.get(address(declaration)).status_code == 200
    make_correction(declaration, phone="+84987654321")
    assert client.get(address(declaration)).status_code == 403
    assert client.post("/tra-cuu/rut/", {"key": "x"}).status_code == 404


def test_phone_is_changed_with_a_code_and_both_phones_hear_of_it(client) -> None:
    """The whole way, in another browser than the one that submitted."""
    declaration, submitter = make_declaration("returned"), Client()
    open_in(submitter, declaration)
    old = declaration.phone
    type_code(client, declaration, ask(client, declaration))
    key = key_of(client, declaration)
    form = client.post("/tra-cuu/sua/", {"key": key}).url
    assert form.startswith("/dang-ky/to-khai/?to-khai=")
    fields = {
        "draft": re.search(r'name="draft" value="([^"]+)"', client.get(form).text)[1],
        **{name: getattr(declaration, name) for name in ("paper_kind", "full_name", "bhxh_number", "paper_number")},
        "address": declaration.address,
        "phone": "0987654321",
        "agency": "07911",
        "consent": "on",
    }
    assert client.post("/dang-ky/to-khai/", fields).url == address(declaration)
    assert client.get(address(declaration)).status_code == 200
    assert submitter.get(address(declaration)).status_code == 403
    sent = {message.kind: message.phone for message in Message.objects.exclude(kind="access_code").order_by("pk")}
    assert (sent["phone_changed"], sent["received"]) == (old, "+84987654321")
    declaration.refresh_from_db()
    other = Client()
    assert type_code(other, declaration, ask(other, declaration)).status_code == 302
    assert Message.objects.filter(kind="access_code").latest("pk").phone == "+84987654321"
    # Staff read on the dossier what was changed and that the old phone was told.
    desk = Client()
    desk.force_login(make_officer())
    page = desk.get(f"/admin/registration/declaration/{declaration.pk}/change/")
    assert declaration.previous["phone"] == old
    assert "phone_changed" in [message.kind for message in page.context["messages_sent"]]


def test_correction_of_a_dossier_that_ended_meanwhile_shows_its_state(client, declaration) -> None:
    open_in(client, declaration)
    key = key_of(client, declaration)
    services.withdraw_declaration(declaration.pk)
    for path in ("sua", "rut"):
        answer = client.post(f"/tra-cuu/{path}/", {"key": key}, follow=True)
        assert "notice--error" in answer.text and "status--withdrawn" in answer.text
