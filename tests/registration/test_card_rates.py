"""How many drawn cards are read, and that nothing but a card's own words is ever filled in."""

import io
import random
from datetime import date, timedelta
from functools import cache

import pytest
import segno
import zxingcpp
from PIL import Image, ImageEnhance, ImageFilter

from registration.card_qr import CardData, parse_card, read_card
from registration.demo_images import cccd_qr_payload, draw_id_card, health_qr_payload, jpeg_bytes
from registration.images import normalise
from registration.validators import province_codes
from tests.registration.test_images import HOW_HELD

CARDS = 100
TODAY = date(2026, 1, 1)
FAMILY = ("Nguyễn", "Trần", "Lê", "Phạm", "Huỳnh", "Đặng", "Ngô", "H'", "Y", "Tôn Nữ")
GIVEN = ("Văn Mẫu", "Thị Thử", "Hoàng Ví Dụ", "Quốc Đặt Tên", "Ngọc Bích Thủy Tiên Mẫu", "Ẩn")
PLACES = ("Phường 5, Quận 3, TP. Hồ Chí Minh", "Thôn Mẫu, Xã Thử, Huyện Ví Dụ, Hà Giang", "Tổ 9, Đắk Lắk", "Cà Mau")


def person(dice: random.Random) -> dict:
    """Somebody invented whose number, sex and birth agree."""
    born = date(1930, 1, 1) + timedelta(days=dice.randrange(90 * 365))
    is_male = dice.random() < 0.5
    mark = 2 * ((born.year - 1900) // 100) + (0 if is_male else 1)
    place = dice.choice(sorted(province_codes()))
    return {
        "number": f"{place}{mark}{born.year % 100:02d}{dice.randrange(10**6):06d}",
        "name": f"{dice.choice(FAMILY)} {dice.choice(GIVEN)}",
        "birth_date": born,
        "is_male": is_male,
        "address": f"{dice.randrange(1, 999)}/{dice.randrange(1, 99)} {dice.choice(PLACES)}",
        "issued_on": max(born, TODAY - timedelta(days=dice.randrange(1500))),
        "old_number": f"{dice.randrange(10**9):09d}" if dice.random() < 0.4 else "",
    }


def card_of(someone: dict) -> CardData:
    return CardData(
        number=someone["number"],
        old_number=someone["old_number"],
        full_name=someone["name"],
        birth_date=someone["birth_date"],
        sex="male" if someone["is_male"] else "female",
        address=someone["address"],
        issued_on=someone["issued_on"],
    )


@cache
def blank(side: str, seed: int) -> Image.Image:
    """A card without a code, in grey, which is all that is read: drawing one takes longer than all the reading."""
    return draw_id_card(side, name="Nguyễn Thị Mẫu", number="079190000123", seed=seed).convert("L")


def with_code(image: Image.Image, text: str | bytes, place: tuple[int, int], size: int = 330) -> Image.Image:
    file = io.BytesIO()
    options = {} if isinstance(text, bytes) else {"encoding": "utf-8"}
    segno.make(text, error="m", micro=False, **options).save(file, kind="png", scale=4, light="#f6f6f6")
    image = image.copy()
    image.paste(Image.open(file).convert("L").resize((size, size), Image.Resampling.LANCZOS), place)
    return image


def photographed(image: Image.Image, dice: random.Random) -> Image.Image:
    """By a hand, in a room: 1,600 px wide, from nearer or further off, tilted, softened, too dark or too bright."""
    share = dice.uniform(0.3, 0.8)
    card = image.resize((round(1600 * share), round(1010 * share)), Image.Resampling.BILINEAR)
    card = card.rotate(dice.uniform(-9, 9), Image.Resampling.BILINEAR, expand=True, fillcolor=122)
    card = ImageEnhance.Brightness(card).enhance(dice.uniform(0.5, 1.25))
    card = ImageEnhance.Contrast(card).enhance(dice.uniform(0.4, 1.1))
    card = card.filter(ImageFilter.GaussianBlur(dice.choice((0, 0.8, 1.1, 1.5))))
    photo = Image.new("L", (1600, 1200), 122)
    photo.paste(card, ((1600 - card.width) // 2, (1200 - card.height) // 2))
    return photo


def is_readable(image: Image.Image) -> bool:
    return bool(zxingcpp.read_barcodes(image.convert("L"), formats=zxingcpp.BarcodeFormat.QRCode))


def stored_after_being_held(image: Image.Image, orientation: int) -> Image.Image:
    """What the portal keeps when the phone was held so and only its EXIF tells."""
    held = image.transpose(HOW_HELD[orientation])
    file = io.BytesIO(jpeg_bytes(held, exif_orientation=orientation, quality=85))
    return Image.open(io.BytesIO(normalise(file, "id_front").content))


def test_cards_that_can_be_read_upright_are_read_in_every_orientation_and_never_wrongly() -> None:
    dice = random.Random(2021)
    readable, read = 0, 0
    for turn in range(CARDS):
        someone = person(dice)
        # The chip card of 2021 has its code on the front, that of 2024 on the back.
        side, place = dice.choice((("front", (1215, 60)), ("back", (1215, 560))))
        drawn = with_code(blank(side, turn % 4), cccd_qr_payload(**someone), place)
        photo = photographed(drawn, dice)
        if not is_readable(photo):
            assert read_card(photo) in (None, card_of(someone))
            continue
        readable += 1
        ways = [photo, *(photo.transpose(HOW_HELD[way]) for way in (3, 6, 8))]
        if turn % 2:
            ways.append(stored_after_being_held(photo, dice.choice((3, 6, 8))))
        found = [read_card(way) for way in ways]
        assert {card for card in found if card} <= {card_of(someone)}
        read += all(found)
    assert readable >= 0.6 * CARDS
    assert read >= 0.95 * readable


SOMEONE = person(random.Random(7))
FIELDS = cccd_qr_payload(**SOMEONE).split("|")
HEALTH = health_qr_payload(
    number="DN4797912345678",
    name="Lê Văn Mẫu",
    birth_date=date(1961, 12, 30),
    is_male=True,
    valid_from=date(2024, 1, 1),
)
OTHER_CODES = {
    "link": "https://example.com/?so=079190000123|a|b|c|d|e|f",
    "visiting card": "BEGIN:VCARD\nVERSION:3.0\nFN:Nguyễn Thị Mẫu\nTEL:0912345678\nEND:VCARD",
    "network": "WIFI:T:WPA;S:Nha;P:matkhau;;",
    "bank transfer": "00020101021138570010A00000072701270006970436011312345678901230208QRIBFTTA53037045802VN6304ABCD",
    "another country's": "<PrintLetterBarcodeData uid='999941057058' name='A B' gender='M' yob='1990'/>",
    "another country's with bars": "S1234567|A|TAN AH KOW|03041990|M|BLK 12|20052021",
    "number alone": SOMEONE["number"],
    "name cut": "|".join(FIELDS)[:25],
    "first field cut off": "|".join(FIELDS[1:]),
    "name and number swapped": "|".join([FIELDS[2], FIELDS[1], FIELDS[0], *FIELDS[3:]]),
    "name and sex swapped": "|".join([*FIELDS[:2], FIELDS[4], FIELDS[3], FIELDS[2], *FIELDS[5:]]),
    "name and address swapped": "|".join([*FIELDS[:2], FIELDS[5], *FIELDS[3:5], FIELDS[2], FIELDS[6]]),
    "numbers swapped": "|".join([FIELDS[1] or "023456789", FIELDS[0], *FIELDS[2:]]),
    "other bars": ";".join(FIELDS),
    "a letter doubled": "|".join(["0" + FIELDS[0], *FIELDS[1:]]),
    "health card cut": HEALTH[:30] + "$",
    "health card without its end": HEALTH[:-2],
}


@pytest.mark.parametrize(
    "payload",
    [
        "|".join(FIELDS)[:-3],  # date of issue cut off
        "|".join(FIELDS[:6]),  # last field cut off
        "|".join([*FIELDS[:3], FIELDS[6], *FIELDS[4:6], FIELDS[3]]),  # dates swapped
    ],
)
def test_what_is_odd_is_left_out_and_the_rest_is_read(payload: str) -> None:
    card = parse_card(payload.encode())
    assert isinstance(card, CardData)
    assert (card.number, card.full_name, card.address) == (FIELDS[0], FIELDS[2], FIELDS[5])
    assert card.issued_on is None


@pytest.mark.parametrize("what", OTHER_CODES)
def test_any_other_code_fills_in_nothing(what: str) -> None:
    image = with_code(blank("front", 0), OTHER_CODES[what], (1180, 40), 400)
    assert is_readable(image)
    assert read_card(image) is None


def test_a_field_that_changed_is_never_believed_in_part() -> None:
    """Fields swapped or cut: what still passes says of the person only what was printed."""
    dice, genuine = random.Random(5), 0
    for _ in range(1500):
        first = cccd_qr_payload(**person(dice)).split("|")
        mixed = list(first)
        if dice.random() < 0.5:
            a, b = dice.sample(range(7), 2)
            mixed[a], mixed[b] = mixed[b], mixed[a]
        else:
            at = dice.randrange(7)
            mixed[at] = mixed[at][: dice.randrange(len(mixed[at]) + 1)]
        card = parse_card("|".join(mixed).encode())
        if card is not None:
            genuine += 1
            assert isinstance(card, CardData)
            # A shortened name or address cannot be told; what has a shape is as printed, or the code is refused.
            assert card.number == first[0]
            assert card.birth_date is None or f"{card.birth_date:%d%m%Y}" == first[3]
            assert card.issued_on is None or f"{card.issued_on:%d%m%Y}" == first[6]
            assert card.sex is None or card.sex == {"Nam": "male", "Nữ": "female"}[first[4]]
            assert card.old_number in {first[1], ""}
            assert first[2].startswith(card.full_name)
            assert first[5].startswith(card.address)
    assert 0 < genuine < 1500


@pytest.mark.parametrize("turn", range(6))
def test_two_cards_in_one_photo_fill_in_nothing(turn: int) -> None:
    dice = random.Random(turn)
    image = with_code(blank("front", 0), cccd_qr_payload(**person(dice)), (1215, 60))
    other = HEALTH if turn % 2 else cccd_qr_payload(**person(dice))
    both = with_code(image, other, (60, 40), 330)
    assert len(zxingcpp.read_barcodes(both.convert("L"), formats=zxingcpp.BarcodeFormat.QRCode)) == 2
    assert read_card(both) is None
