"""What the SMS say: one unaccented segment each, the officer's reason in it, and never a link."""

import re

import pytest
from django.utils import timezone
from hypothesis import given
from hypothesis import strategies as st

from accounts.codes import clean_code, clean_digits
from accounts.resets import open_reset
from notifications.enums import MessageKind
from notifications.models import Message
from notifications.secrets import PLACEHOLDER, SECRET_LENGTH
from notifications.segments import is_gsm7, segment_count
from registration.checks import check_messages
from registration.models import Declaration
from registration.services import return_declaration, send_reset_code
from registration.services.texts import message_text, shorten_reason
from tests.registration.factories import make_declaration, make_officer

LINK = re.compile(r"\w\.[a-z]|://|//", re.IGNORECASE)


@pytest.mark.django_db
@pytest.mark.parametrize("status", ["returned", "rejected"])
def test_message_carries_the_reason(status):
    declaration = make_declaration(status)
    message = Message.objects.get(related_key=declaration.message_key, kind=status)
    assert "Anh mat truoc bi mo." in message.body
    assert declaration.reference_text in message.body


@pytest.mark.django_db
@pytest.mark.parametrize(
    ("reason", "shown"),
    [
        (
            "Ảnh mặt trước của giấy tờ bị mờ,\nkhông đọc được số. Đề nghị ông/bà chụp lại.",
            "doc duoc so. Xem",
        ),
        (
            "Ảnh mặt trước của giấy tờ bị mờ, đề nghị ông/bà chụp lại ở nơi đủ sáng và rõ nét",
            "chup lai o noi... Xem",
        ),
    ],
)
def test_long_reason_is_cut_after_a_sentence_or_between_words(reason, shown):
    officer, declaration = make_officer(), make_declaration()
    declaration = return_declaration(declaration.pk, officer=officer, revision=1, reason=reason)
    text = message_text(declaration, MessageKind.RETURNED)
    assert len(text) <= 160
    assert "Anh mat truoc cua giay to bi mo, " in text
    assert shown in text


def test_one_long_word_is_cut_too():
    assert shorten_reason("a" * 100, 20) == "a" * 17 + "..."


@given(st.text(max_size=300), st.integers(4, 120))
def test_any_reason_becomes_short_plain_text_without_links(reason, room):
    text = shorten_reason(reason, room)
    assert len(text) <= room
    assert is_gsm7(text)
    assert segment_count(text) <= 1
    assert not set("{}[]~^|\\<>&'\"") & set(text)
    assert not LINK.search(text.removesuffix("..."))


@pytest.mark.parametrize("reason", ["xem https://vi.du.vn/a?b=1", "www.vi-du.vn", "vi.du.vn", "http:////vi.du"])
def test_links_in_a_reason_are_taken_apart(reason):
    assert not LINK.search(shorten_reason(reason, 100))


@pytest.mark.parametrize("hotline", ["1900 9068 hoặc 028", "1900 9068, hoac goi so may cua co quan 028 1234 5678"])
def test_hotline_that_no_sms_can_carry_is_told_at_start(settings, hotline):
    assert check_messages() == []
    settings.HOTLINE = hotline
    assert [problem.id for problem in check_messages()] == ["registration.E002"]


@pytest.mark.parametrize("number", ["7900000001", "079190000123"])
def test_password_is_one_plain_segment_and_stands_apart_from_punctuation(number):
    declaration = Declaration(bhxh_number=number, reference="0" * 9, expires_at=timezone.now())
    text = message_text(declaration, MessageKind.CREDENTIAL)
    assert f"Ma so: {number}. Mat khau: {PLACEHOLDER} " in text
    sent = text.replace(PLACEHOLDER, "m" * SECRET_LENGTH)
    assert (is_gsm7(sent), segment_count(sent), sent.isascii()) == (True, 1, True)
    assert not LINK.search(sent)
    assert clean_code(sent) == "m" * SECRET_LENGTH


@pytest.mark.django_db
def test_reset_code_stands_apart_from_punctuation():
    reset = open_reset(make_declaration("approved").account, "here")
    send_reset_code(reset.pk)
    text = Message.objects.get(kind=MessageKind.RESET_CODE).body
    assert f"mat khau: {PLACEHOLDER} " in text
    sent = text.replace(PLACEHOLDER, "123456")
    assert (segment_count(sent), is_gsm7(sent), clean_digits(sent)) == (1, True, "123456")
