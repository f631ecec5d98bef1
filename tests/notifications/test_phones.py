import pytest

from notifications.models import InboxMessage
from notifications.phones import national_digits, national_form, phone_matches


def test_national_form_is_the_one_people_know():
    assert national_form("+84912345678") == "0912 345 678"
    assert national_digits("+84912345678") == "0912345678"
    assert national_form("nothing") == "nothing"


@pytest.mark.django_db
@pytest.mark.parametrize(
    "typed",
    [
        "0912345678",
        "0912 345 678",
        "+84912345678",
        "84912345678",
        "345678",
        "0912",
        "0912–345–678",
        "０９１２３４５６７８",
        "３４５６７８",
    ],
)
def test_phone_matches_any_usual_form(typed):
    InboxMessage.objects.create(phone="+84912345678", text="a", request_id="a")
    InboxMessage.objects.create(phone="+84987111222", text="b", request_id="b")

    assert [found.text for found in InboxMessage.objects.filter(phone_matches(typed))] == ["a"]


@pytest.mark.django_db
def test_phone_matches_nothing_for_words():
    InboxMessage.objects.create(phone="+84912345678", text="a", request_id="a")

    assert not InboxMessage.objects.filter(phone_matches("abc")).exists()
