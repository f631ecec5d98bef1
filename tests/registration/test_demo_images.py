import io
from datetime import date

import pytest
from PIL import Image, ImageChops

from registration.demo_images import (
    cccd_qr_payload,
    draw_id_card,
    draw_passport_page,
    draw_portrait,
    health_qr_payload,
    jpeg_bytes,
    photo_like,
)


def test_portrait_follows_from_its_seed():
    assert draw_portrait(1).size == (900, 1200)
    assert ImageChops.difference(draw_portrait(1), draw_portrait(1)).getbbox() is None
    assert len({draw_portrait(seed).resize((60, 80)).tobytes() for seed in range(8)}) == 8


@pytest.mark.parametrize("kind", ["cccd", "cmnd", "passport"])
@pytest.mark.parametrize("side", ["front", "back"])
def test_card_of_every_kind_and_side_is_drawn(kind, side):
    card = draw_id_card(side, name="Nguyễn Thị Mẫu", number="079190000123", kind=kind, seed=2)
    assert (card.mode, card.size) == ("RGB", (1600, 1010))


def test_card_holds_a_very_long_name():
    card = draw_id_card("front", name="Nguyễn Hoàng Tôn Nữ Công Huyền " * 3, number="079190000123")
    assert card.size == (1600, 1010)


def test_cards_of_two_people_differ():
    cards = [draw_passport_page(name=name, number="C1234567") for name in ("Trần Mẫu", "Lê Mẫu")]
    assert ImageChops.difference(*cards).getbbox()


@pytest.mark.parametrize(("drawn", "shape"), [((1600, 1010), (4, 3)), ((900, 1200), (3, 4))])
def test_photo_is_as_large_as_a_phones(drawn, shape):
    photo = photo_like(Image.new("RGB", drawn), megapixels=12)
    assert abs(photo.width * photo.height - 12e6) < 0.1e6
    assert abs(photo.width / photo.height - shape[0] / shape[1]) < 0.01


def test_jpeg_carries_its_orientation():
    with Image.open(io.BytesIO(jpeg_bytes(draw_portrait(1), exif_orientation=6))) as image:
        assert image.getexif()[0x0112] == 6
        assert image.format == "JPEG"


def test_qr_texts_have_the_fields_of_the_cards():
    chip = cccd_qr_payload(
        number="079190000123",
        name="Trần Thị Mẫu",
        birth_date=date(1990, 4, 3),
        is_male=False,
        address="1 Đường Mẫu",
        issued_on=date(2021, 5, 20),
    )
    assert chip == "079190000123||Trần Thị Mẫu|03041990|Nữ|1 Đường Mẫu|20052021"
    health = health_qr_payload(
        number="7912345678",
        name="Mẫu",
        birth_date=date(1990, 4, 3),
        is_male=False,
        valid_from=date(2024, 1, 1),
    )
    assert health.startswith("7912345678|4de1baab75|03/04/1990|2|-|")
    assert health.endswith("|$")
