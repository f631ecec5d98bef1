"""What the SMS say: one unaccented segment each, the officer's reason in it, and never a link."""

import re

import pytest
from hypothesis import given
from hypothesis import strategies as st

from notifications.enums import MessageKind
from notifications.models import Message
from notifications.segments import is_gsm7, segment_count
from registration.checks import check_messages
from registration.services import return_declaration
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
