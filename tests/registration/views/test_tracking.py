"""Tra cứu hồ sơ: right answers to the right person, the same refusal to everyone else."""

import re
from datetime import UTC, datetime

import pytest
from django.test import Client

from notifications.models import Message
from registration import throttle
from registration.models import Declaration
from tests.registration.factories import make_declaration
from tests.registration.views.opening import open_in

pytestmark = pytest.mark.django_db


def track(client: Client, reference: str, phone_end: str):
    return client.post("/tra-cuu/", {"reference": reference, "phone_end": phone_end})


def without_token_and_input(page: str) -> str:
    page = re.sub(r'name="csrfmiddlewaretoken" value="[^"]+"', "", page)
    return re.sub(r'<input type="text"[^>]*>', "", page)


@pytest.mark.parametrize(
    "status",
    ["submitted", "received", "approved", "active", "returned", "rejected", "withdrawn", "expired"],
)
def test_tracking_shows_every_status(client, status: str) -> None:
    declaration = make_declaration(status)
    answer = track(client, declaration.reference_text.lower(), declaration.phone[-4:])
    page = answer.content.decode()
    assert answer.status_code == 200
    assert f"status--{status}" in page
    assert declaration.phone[-9:] not in page.replace(" ", "")
    assert declaration.bhxh_number not in page
    for value in (declaration.full_name, declaration.paper_number, declaration.address, declaration.token):
        assert value not in page
    assert not declaration.reason or declaration.reason not in page


def test_tracking_says_when_the_sms_went_out_and_when_it_did_not_arrive(client, vietnamese) -> None:
    declaration = make_declaration("approved")
    message = Message.objects.get(related_key=declaration.message_key, kind="credential")
    sent_at = datetime(2026, 11, 20, 3, 5, tzinfo=UTC)
    for status, sent, text in (
        ("queued", None, "Tin nhắn có mật khẩu đang được gửi đến số {}."),
        ("accepted", sent_at, "Đã gửi mật khẩu đến số {} lúc 10:05, 20/11/2026."),
        ("dead", None, "Tin nhắn có mật khẩu chưa đến được số {}."),
        ("dead", sent_at, "Tin nhắn có mật khẩu chưa đến được số {}."),
    ):
        Message.objects.filter(pk=message.pk).update(status=status, sent_at=sent)
        page = track(client, declaration.reference_text, declaration.phone[-4:]).text
        assert text.format(f"•••• ••• {declaration.phone[-3:]}") in page


def test_tracking_answers_wrong_phone_and_unknown_reference_alike(client) -> None:
    declaration = make_declaration()
    wrong_end = "0000" if declaration.phone[-4:] != "0000" else "1111"
    wrong_phone = track(client, declaration.reference_text, wrong_end)
    unknown = track(client, "0000-0000-0", wrong_end)
    misread = track(client, "7K3Q-9M2D", wrong_end)
    assert wrong_phone.status_code == unknown.status_code == misread.status_code == 422
    pages = {without_token_and_input(answer.content.decode()) for answer in (wrong_phone, unknown, misread)}
    assert len(pages) == 1


def test_tracking_does_the_same_work_for_wrong_phone_and_unknown_reference(client, django_assert_num_queries) -> None:
    declaration = make_declaration()
    for reference in (declaration.reference_text, "0000-0000-0"):
        with django_assert_num_queries(1):
            track(client, reference, "0000")


def test_tracking_ends_guessing_at_one_reference(client, settings) -> None:
    declaration = make_declaration()
    settings.RATE_LIMITS = {**settings.RATE_LIMITS, "track-reference": "3/hour"}
    throttle._limit.cache_clear()
    for _ in range(5):
        assert track(client, declaration.reference_text, declaration.phone[-4:]).status_code == 200
    for _ in range(3):
        track(client, declaration.reference_text, "0000")
    answer = track(client, declaration.reference_text, declaration.phone[-4:])
    owner = track(Client(REMOTE_ADDR="203.0.113.9"), declaration.reference_text, declaration.phone[-4:])
    throttle._limit.cache_clear()
    assert answer.status_code == 422
    # A stranger stops himself, not the owner.
    assert owner.status_code == 200


def test_guessing_from_many_addresses_ends_too(client, settings) -> None:
    declaration = make_declaration()
    settings.RATE_LIMITS = {**settings.RATE_LIMITS, "track-anywhere": "3/hour"}
    throttle._limit.cache_clear()
    for number in range(3):
        track(Client(REMOTE_ADDR=f"203.0.113.{number}"), declaration.reference_text, "0000")
    answer = track(client, declaration.reference_text, declaration.phone[-4:])
    throttle._limit.cache_clear()
    assert answer.status_code == 422


def test_begun_correction_ends_with_its_dossier(client) -> None:
    declaration = make_declaration("returned")
    key = key_of(client, declaration)
    client.post("/tra-cuu/sua/", {"key": key})
    assert declaration.full_name in client.get("/dang-ky/to-khai/").text
    client.post("/tra-cuu/rut/", {"key": key})
    page = client.get("/dang-ky/to-khai/").text
    assert declaration.full_name not in page and declaration.reason not in page
    assert 'src="/dang-ky/to-khai/anh/' not in page


@pytest.mark.parametrize(("reference", "phone_end"), [("", ""), ("7K3Q-9M2D-X", "12"), ("", "1234"), ("\x00", "١٢٣٤")])
def test_tracking_says_what_is_missing(client, reference: str, phone_end: str) -> None:
    answer = track(client, reference, phone_end)
    assert answer.status_code == 422
    assert "error-summary" in answer.content.decode()


def key_of(client: Client, declaration: Declaration) -> str:
    """The key of the declaration's forms in this browser, which has opened the dossier."""
    open_in(client, declaration)
    page = track(client, declaration.reference_text, declaration.phone[-4:]).content.decode()
    found = re.search(r'name="key" value="([^"]+)"', page)
    assert found
    return found[1]


def test_returned_declaration_is_corrected_and_submitted_again(client) -> None:
    returned = make_declaration("returned")
    address = client.post("/tra-cuu/sua/", {"key": key_of(client, returned)}).url
    assert address.startswith("/dang-ky/to-khai/?to-khai=")
    page = client.get(address).content.decode()
    assert returned.reason in page
    assert page.count('src="/dang-ky/to-khai/anh/') == 3
    draft = re.search(r'name="draft" value="([^"]+)"', page)
    data = {
        "draft": draft[1],
        "paper_kind": returned.paper_kind,
        "full_name": returned.full_name,
        "bhxh_number": returned.bhxh_number,
        "paper_number": returned.paper_number,
        "address": "45 đường Mẫu, Phường 7, Quận 3",
        "phone": returned.phone,
        "agency": "07911",
        "consent": "on",
    }
    answer = client.post("/dang-ky/to-khai/", data)
    assert answer.url == f"/dang-ky/ho-so/{returned.token}/"
    returned.refresh_from_db()
    assert (returned.status, returned.version, returned.address) == ("submitted", 2, data["address"])


def test_correction_opened_twice_goes_on_with_the_same_draft(client) -> None:
    returned = make_declaration("returned")
    key = key_of(client, returned)
    client.post("/tra-cuu/sua/", {"key": key})
    client.post("/tra-cuu/sua/", {"key": key})
    assert returned.corrections.count() == 1


def test_citizen_withdraws_before_a_decision(client) -> None:
    declaration = make_declaration()
    answer = client.post("/tra-cuu/rut/", {"key": key_of(client, declaration)}, follow=True)
    declaration.refresh_from_db()
    assert declaration.status == "withdrawn"
    assert "status--withdrawn" in answer.text
    assert "to-khai.pdf" not in answer.text


@pytest.mark.parametrize("path", ["sua", "rut"])
def test_correction_and_withdrawal_need_more_than_what_stands_on_the_paper(client, path: str) -> None:
    declaration = make_declaration("returned")
    page = track(client, declaration.reference_text, declaration.phone[-4:]).text
    assert "/tra-cuu/sua/" not in page and "/tra-cuu/rut/" not in page
    key = re.search(r'name="key" value="([^"]+)"', page)[1]
    answer = client.post(f"/tra-cuu/{path}/", {"key": key}, follow=True)
    assert answer.redirect_chain == [("/tra-cuu/", 302)]
    assert "notice--error" in answer.text
    declaration.refresh_from_db()
    assert declaration.status == "returned"
    assert not declaration.corrections.exists()
    assert declaration.full_name not in client.get("/dang-ky/to-khai/").text


@pytest.mark.parametrize("path", ["sua", "rut"])
@pytest.mark.parametrize("key", ["", "1", "1:x:y"])
def test_correction_and_withdrawal_need_a_key_of_ours(client, path: str, key: str) -> None:
    declaration = make_declaration("returned")
    assert client.post(f"/tra-cuu/{path}/", {"key": key.replace("1", str(declaration.pk))}).status_code == 404
    declaration.refresh_from_db()
    assert declaration.status == "returned"


def test_withdrawal_that_comes_too_late_is_told(client) -> None:
    declaration = make_declaration()
    key = key_of(client, declaration)
    Declaration.objects.filter(pk=declaration.pk).update(status="received")
    answer = client.post("/tra-cuu/rut/", {"key": key}, follow=True)
    assert "notice--error" in answer.content.decode()
    declaration.refresh_from_db()
    assert declaration.status == "received"
