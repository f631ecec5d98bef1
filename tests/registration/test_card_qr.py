import io
import random
import unicodedata
from dataclasses import replace
from datetime import date

import pytest
import segno
from PIL import Image, ImageFilter

from registration.card_qr import CardData, HealthCardData, parse_card, read_card
from registration.demo_images import cccd_qr_payload, draw_id_card, health_qr_payload, photo_like
from registration.images import normalise

PERSON = {
    "number": "079190000123",
    "name": "Trần Thị Mẫu",
    "birth_date": date(1990, 4, 3),
    "is_male": False,
    "address": "12 Đường Mẫu, Phường 5, Quận 3, TP. Hồ Chí Minh",
    "issued_on": date(2021, 5, 20),
}
CARD = CardData(
    number="079190000123",
    old_number="",
    full_name="Trần Thị Mẫu",
    birth_date=date(1990, 4, 3),
    sex="female",
    address=PERSON["address"],
    issued_on=date(2021, 5, 20),
)
HEALTH = {
    "number": "GD4797912345678",
    "name": "Lê Văn Mẫu",
    "birth_date": date(1961, 12, 30),
    "is_male": True,
    "valid_from": date(2024, 1, 1),
}

HEALTH_CARD = HealthCardData(
    bhxh_number="7912345678",
    full_name="Lê Văn Mẫu",
    birth_date=date(1961, 12, 30),
    sex="male",
    address="",
    valid_from=date(2024, 1, 1),
)


def drawn(payload, side="front", seed=1):
    return draw_id_card(side, name="Trần Thị Mẫu", number="079190000123", seed=seed, qr=payload)


def chip(**changes):
    return cccd_qr_payload(**(PERSON | changes))


def fields(**changes):
    """The chip card's text with the fields at these places changed, as bytes."""
    parts = chip().split("|")
    for place, value in changes.items():
        parts[int(place.removeprefix("f"))] = value
    return "|".join(parts).encode()


@pytest.mark.parametrize("turn", [0, 90, 180, 270])
@pytest.mark.parametrize("side", ["front", "back"])
def test_card_is_read_on_both_sides_in_every_orientation(side, turn):
    assert read_card(drawn(chip(), side).rotate(turn, expand=True)) == CARD


@pytest.mark.parametrize("turn", [0, 90, 180, 270])
def test_health_card_is_read_in_every_orientation(turn):
    card = read_card(drawn(health_qr_payload(**HEALTH)).rotate(turn, expand=True))
    assert card == HEALTH_CARD


def test_card_is_read_from_the_stored_photo_of_a_phone():
    file = io.BytesIO()
    photo_like(drawn(chip())).save(file, "JPEG", quality=80)
    stored = normalise(file, "id_front").content
    assert read_card(Image.open(io.BytesIO(stored))) == CARD


def test_cards_readable_upright_are_read_turned_and_never_wrongly():
    """At least 95 of 100 in every orientation, tilted and softened as hands do."""
    dice, upright, turned = random.Random(5), 0, 0
    for seed in range(8):
        number = f"{dice.choice(('001', '079', '048'))}1{dice.randrange(20, 100)}{dice.randrange(10**6):06}"
        year = 1900 + int(number[4:6])
        payload = chip(number=number, birth_date=date(year, 1, 1 + seed))
        tilted = drawn(payload, seed=seed).rotate(dice.uniform(-8, 8), expand=True, fillcolor="#777777")
        photo = tilted.filter(ImageFilter.GaussianBlur(0.8))
        first = read_card(photo)
        if first is None:
            continue
        upright += 1
        cards = [read_card(photo.rotate(turn, expand=True)) for turn in (90, 180, 270)]
        assert all(card is None or card.number == number for card in (first, *cards))
        turned += all(cards)
    assert upright >= 4
    assert turned >= 0.95 * upright


@pytest.mark.parametrize("payload", ["https://example.com/|a|b|c|d|e|f", "2|99|0912345678|Tên|a|0|0|100000", "x"])
def test_code_of_anything_else_is_ignored(payload):
    assert read_card(drawn(payload)) is None


def test_photo_without_a_code_has_no_card():
    assert read_card(drawn(None)) is None


def test_codes_of_two_people_fill_in_nothing():
    image = drawn(chip())
    other = drawn(chip(number="079190000124"), "back").crop((1200, 540, 1600, 920))
    image.paste(other, (0, 0))
    assert read_card(image) is None


def test_the_same_code_twice_is_one_card():
    image = drawn(chip())
    image.paste(image.crop((1200, 40, 1560, 410)), (0, 0))
    assert read_card(image) == CARD


def test_newer_cards_with_more_fields_are_read():
    assert parse_card((chip() + "|Cha|Mẹ||").encode()) == CARD


def test_line_ends_and_decomposed_letters_are_put_right():
    payload = unicodedata.normalize("NFD", chip()) + "\r\n\0"
    assert parse_card(payload.encode()) == CARD


def test_old_number_is_read():
    assert parse_card(chip(old_number="023456789").encode()).old_number == "023456789"


@pytest.mark.parametrize(
    "payload",
    [
        fields(f0="07919000012"),  # a digit short
        fields(f0="C79190000123"),
        fields(f2=""),
        fields(f2="Trần Thị 5"),
        fields(f2="12 trứng gà @ 30k"),
        fields(f2="ខ្មែរ"),  # no declaration can show it
        fields().replace("ầ".encode(), b"\xff"),
        fields(f3="01012001", f4="", f6=""),  # nothing bears the number out
        fields(f1="x", f3="x", f4="x", f5="x", f6="x"),
        b"840912345678|12|TRAN THI MAU|giao nhanh|COD|150000",
        b"079190000123|TRAN THI MAU",
        fields() + b"|" + b"x" * 3000,
        b"",
    ],
)
def test_code_without_the_shape_of_number_and_name_is_ignored(payload):
    assert parse_card(payload) is None


@pytest.mark.parametrize(
    ("payload", "odd"),
    [
        (fields(f1="12345678"), {}),
        (fields(f3="31021990"), {"birth_date": None}),
        (fields(f3="1990"), {"birth_date": None}),
        (fields(f3="3/4/1990"), {"birth_date": date(1990, 4, 3)}),
        (fields(f3="03041991"), {"birth_date": None}),  # the number says 1990
        (fields(f4="Nam"), {"sex": None}),  # the number says a woman
        (fields(f4="nữ?"), {"sex": None}),
        (fields(f4=""), {"sex": None}),
        (fields(f4="NỮ"), {}),
        (fields(f5="x" * 301), {"address": ""}),
        (fields(f5="ខ្មែរ ខ្មែរ"), {"address": ""}),
        (fields(f5=""), {"address": ""}),
        (fields(f6="20051980"), {"issued_on": None}),  # issued before the birth
        (fields(f6="20052100"), {"issued_on": None}),  # not yet
        (fields(f6="không rõ"), {"issued_on": None}),
        (fields().rsplit(b"|", 1)[0], {"issued_on": None}),  # a field short
        (fields()[:-30] + b"\xff" + fields()[-29:], {"address": ""}),
        (fields(f0="079 190 000 123"), {}),
        (fields(f0="０79190000123"), {}),  # a full-width digit
        (fields(f0="165190000123"), {"number": "165190000123"}),  # no province of today's list
        (fields(f2="TRẦN THỊ MẪU"), {"full_name": "TRẦN THỊ MẪU"}),
        (fields(f2="H’Hen Mẫu"), {"full_name": "H'Hen Mẫu"}),
        (fields(f2="Tra\u0302\u0300n Thị Mẫu"), {}),
    ],
)
def test_odd_field_is_dropped_and_the_others_are_kept(payload, odd):
    assert parse_card(payload) == replace(CARD, **odd)


def health(**changes):
    parts = health_qr_payload(**HEALTH).split("|")
    for place, value in changes.items():
        parts[int(place.removeprefix("f"))] = value
    return "|".join(parts).encode()


@pytest.mark.parametrize(
    "payload",
    [
        health(f0="791234567"),
        health(f0="GD4797912345678x"),
        health(f1="zz"),
        health(f1="ff"),
        health(f1="Lê Văn Mẫu"),
        b"$",
        b"7912345678|$",
    ],
)
def test_health_code_without_the_shape_of_number_and_name_is_ignored(payload):
    assert parse_card(payload) is None


@pytest.mark.parametrize(
    ("payload", "odd"),
    [
        (health(f2="31/02/1961"), {"birth_date": None}),
        (health(f3="3"), {"sex": None}),
        (health(f4="12 Đường Mẫu"), {}),  # not in hex
        (health(f4="ff"), {}),
        (health(f6="mai"), {"valid_from": None}),
        (health(f0="GD7797912345678"), {}),  # a benefit level of before 2015
        (health(f0="7912345678"), {}),
        (health(f1="LÊ VĂN MẪU".encode().hex().upper()), {"full_name": "LÊ VĂN MẪU"}),
    ],
)
def test_odd_field_of_a_health_card_is_dropped_and_the_others_are_kept(payload, odd):
    assert parse_card(payload) == replace(HEALTH_CARD, **odd)


def test_health_card_with_what_is_unknown_left_out():
    card = parse_card(health(f0="7912345678", f2="1961", f3="-", f4="Đường Mẫu".encode().hex(), f6="-"))
    assert card == HealthCardData("7912345678", "Lê Văn Mẫu", None, None, "Đường Mẫu", None)


def test_random_bytes_are_never_a_card():
    dice = random.Random(3)
    genuine = chip().encode()
    for _ in range(500):
        data = bytearray(genuine)
        for _ in range(dice.randrange(1, 4)):
            data[dice.randrange(len(data))] = dice.randrange(256)
        card = parse_card(bytes(data))
        assert card is None or unicodedata.is_normalized("NFC", card.full_name)


def test_code_in_a_plain_picture_is_read():
    file = io.BytesIO()
    segno.make(chip(), micro=False, encoding="utf-8").save(file, kind="png", scale=6)
    assert read_card(Image.open(file)) == CARD
