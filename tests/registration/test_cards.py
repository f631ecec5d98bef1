"""The card's QR code beside what was typed: fills what is empty, names what differs, invents nothing."""

from datetime import date

import pytest

from registration import cards
from registration.demo_images import cccd_qr_payload, draw_id_card, draw_portrait, health_qr_payload, jpeg_bytes
from tests.registration.factories import NAME

CARD = {
    "kind": "cccd",
    "fields": {
        "full_name": "Nguyễn Thị Mẫu",
        "paper_number": "079190000123",
        "old_number": "023456789",
        "address": "Quận 3",
    },
}
HEALTH = {"kind": "health", "fields": {"bhxh_number": "7912345678", "full_name": "NGUYỄN THỊ MẪU"}}


def cccd_payload() -> str:
    return cccd_qr_payload(
        number="079190000123",
        name=NAME,
        birth_date=date(1990, 3, 4),
        is_male=False,
        address="Phường 5, Quận 3, TP. Hồ Chí Minh",
        issued_on=date(2022, 5, 6),
    )


def test_card_fills_empty_fields_only() -> None:
    said = cards.read_fields([CARD, None, HEALTH])
    filled = cards.fillings(said, {"full_name": "Nguyễn Thị Khác", "paper_kind": "cccd"})
    assert filled == {"paper_number": "079190000123", "bhxh_number": "7912345678", "address": "Quận 3"}


def test_card_number_is_not_put_into_another_papers_number() -> None:
    assert "paper_number" not in cards.fillings(CARD["fields"], {"paper_kind": "passport"})


@pytest.mark.parametrize(
    ("answers", "fields"),
    [
        ({"full_name": "NGUYỄN THỊ MẪU", "paper_kind": "cccd", "paper_number": "079190000123"}, []),
        ({"full_name": "NGUYỄN THỊ MẦU"}, ["full_name"]),
        ({"full_name": "Nguyen Thi Mau"}, ["full_name"]),
        ({"full_name": "Nguyễn Thị Mận"}, ["full_name"]),
        ({"paper_kind": "cccd", "paper_number": "079190000124"}, ["paper_number"]),
        ({"paper_kind": "cmnd", "paper_number": "023456789"}, []),
        ({"paper_kind": "cmnd", "paper_number": "023456780"}, ["paper_number"]),
        ({"paper_kind": "passport", "paper_number": "C1234567"}, []),
        ({"address": "Hà Nội"}, []),
        ({}, []),
    ],
)
def test_mismatch_is_named_where_card_and_answers_disagree(answers: dict[str, str], fields: list[str]) -> None:
    assert [found.field for found in cards.mismatches(CARD["fields"], answers)] == fields


def test_card_is_read_from_the_stored_photo_of_either_side_but_not_from_a_portrait() -> None:
    payload = cccd_payload()
    photo = jpeg_bytes(draw_id_card("front", name=NAME, number="079190000123", qr=payload))
    read = cards.card_of("id_front", photo)
    assert read is not None
    assert (read["kind"], read["fields"]["full_name"]) == ("cccd", NAME)
    assert cards.card_of("id_back", photo) == read
    assert cards.card_of("portrait", photo) is None
    assert cards.card_of("id_front", jpeg_bytes(draw_portrait(1))) is None


def test_health_card_gives_the_bhxh_number() -> None:
    born, valid = date(1990, 3, 4), date(2026, 1, 1)
    payload = health_qr_payload(number="7912345678", name=NAME, birth_date=born, is_male=False, valid_from=valid)
    photo = jpeg_bytes(draw_id_card("front", name=NAME, number="079190000123", qr=payload))
    read = cards.card_of("id_front", photo)
    assert read is not None
    assert read["fields"]["bhxh_number"] == "7912345678"
