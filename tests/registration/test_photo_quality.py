import pytest
from PIL import Image, ImageDraw, ImageEnhance, ImageFilter

from registration.demo_images import draw_id_card, draw_passport_page, draw_portrait, jpeg_bytes, photo_like
from registration.images import QUALITY_TEXTS
from tests.registration.pictures import run


def quality(image, kind="id_front"):
    return run(jpeg_bytes(image), kind).quality


def card(seed=4):
    return draw_id_card("front", name="Trần Thị Mẫu", number="079190000123", seed=seed)


@pytest.mark.parametrize("seed", range(3))
def test_sound_photos_bring_no_warning(seed):
    assert quality(draw_portrait(seed), "portrait") == ()
    for side in ("front", "back"):
        assert quality(draw_id_card(side, name="Trần Thị Mẫu", number="079190000123", seed=seed)) == ()
    assert quality(draw_passport_page(name="Trần Thị Mẫu", number="C1234567", seed=seed)) == ()


def test_photo_of_a_phone_brings_no_warning():
    assert quality(photo_like(card())) == ()
    assert quality(photo_like(draw_portrait(2)), "portrait") == ()


@pytest.mark.parametrize("seed", range(2))
def test_spoilt_photos_bring_the_right_warning(seed):
    for kind, image in (("portrait", draw_portrait(seed)), ("id_back", card(seed))):
        assert quality(ImageEnhance.Brightness(image).enhance(0.25), kind) == ("too_dark",)
        assert "too_bright" in quality(Image.blend(image, Image.new("RGB", image.size, "white"), 0.85), kind)
        assert quality(image.filter(ImageFilter.GaussianBlur(image.width / 640 * 4)), kind) == ("blurred",)


def test_glare_is_told_on_cards_only_and_not_for_a_scanners_white_lid():
    shiny = card()
    spot = Image.new("L", shiny.size)
    ImageDraw.Draw(spot).ellipse((700, 300, 1000, 520), fill=255)
    shiny.paste("white", mask=spot.filter(ImageFilter.GaussianBlur(20)))
    assert quality(shiny) == ("glare",)
    assert "glare" not in quality(shiny, "portrait")
    page = Image.new("RGB", (2200, 1600), "white")
    page.paste(card(), (300, 300))
    assert "glare" not in quality(page)


def test_few_pixels_are_told():
    assert quality(card().resize((640, 404))) == ("small",)
    assert quality(draw_portrait(1).resize((240, 320), Image.Resampling.LANCZOS), "portrait") == ("small",)


def test_every_warning_has_a_text():
    assert set(QUALITY_TEXTS) == {"too_dark", "too_bright", "blurred", "glare", "small"}
    assert all(str(text) for text in QUALITY_TEXTS.values())
