"""Drawn photos for the demo and for tests: people and cards that do not exist, and no emblem of any state.

Everything follows from `seed`: the same call draws the same picture.
"""

import random
import unicodedata
from datetime import date
from functools import cache
from io import BytesIO
from pathlib import Path

import segno
from PIL import Image, ImageDraw, ImageFilter, ImageFont

from registration import fonts

CARD_SIZE = (1600, 1010)
PORTRAIT_SIZE = (900, 1200)

_SKINS = ("#f3d3b5", "#eac09a", "#dba97f", "#c68d63", "#a9714b", "#8a5a3b")
_HAIRS = ("#17130f", "#2a1d15", "#3b2a20", "#4a4340", "#8d8a86")
_CLOTHES = ("#35608f", "#8b3a4a", "#3f6b57", "#5a4a78", "#2f3e50", "#b0793a", "#dfe5ea")
_WALLS = ("#dbe6ee", "#e9e4d8", "#d6e3da", "#e3dbe6", "#cfd9e4")
_CARDS = ("#cfe3ea", "#d9e6d2", "#eadfcd", "#d8dcec")
_INK = "#16324f"
_RED = "#a3262b"
# The printed declaration's family last: it is there wherever declarations can be printed.
_FAMILIES = ("Liberation Sans", fonts.FAMILY)
_TITLES = {
    "cccd": "THẺ CĂN CƯỚC CÔNG DÂN",
    "cmnd": "GIẤY CHỨNG MINH NHÂN DÂN",
    "passport": "HỘ CHIẾU",
}


def draw_portrait(seed: int) -> Image.Image:
    """A head and shoulders of 900x1200 pixels, friendly and of nobody."""
    dice = random.Random(seed)  # noqa: S311 (a drawing, not a secret)
    image = Image.new("RGB", PORTRAIT_SIZE, dice.choice(_WALLS))
    draw = ImageDraw.Draw(image)
    skin, hair, dress = dice.choice(_SKINS), dice.choice(_HAIRS), dice.choice(_CLOTHES)
    is_long = dice.random() < 0.5
    if is_long:
        draw.rounded_rectangle((235, 250, 665, 830), 200, fill=hair)
    _draw_body(draw, skin, dress)
    draw.ellipse((215, 470, 285, 600), fill=_shade(skin, 0.92))
    draw.ellipse((615, 470, 685, 600), fill=_shade(skin, 0.92))
    draw.ellipse((250, 270, 650, 790), fill=skin)
    _draw_hair(draw, hair, is_long, dice)
    _draw_face(draw, skin, hair, dice)
    return _grain(image, dice.randrange(2**31))


def draw_id_card(
    side: str, *, name: str, number: str, kind: str = "cccd", seed: int = 0, qr: str | None = None
) -> Image.Image:
    """The `front` or `back` of a card-like specimen of 1600x1010 pixels, marked MẪU.

    `kind` is a value of `PaperKind`; `qr` the text of a QR code to draw on this side (`cccd_qr_payload`
    makes one).
    """
    dice = random.Random(f"{seed}-{number}")  # noqa: S311
    image = Image.new("RGB", CARD_SIZE, dice.choice(_CARDS))
    draw = ImageDraw.Draw(image)
    _draw_waves(draw, dice)
    if side == "front":
        _draw_front(image, name, number, kind, seed)
    else:
        _draw_back(image, name, number, dice)
    if qr:
        _paste_qr(image, qr, (1215, 60) if side == "front" else (1215, 560))
    _mark_specimen(image)
    return _grain(image, dice.randrange(2**31))


def draw_passport_page(*, name: str, number: str, seed: int = 0) -> Image.Image:
    """The picture page of a passport-like specimen of 1600x1130 pixels, marked MẪU."""
    dice = random.Random(f"{seed}-{number}")  # noqa: S311
    image = Image.new("RGB", (1600, 1130), "#ece7da")
    draw = ImageDraw.Draw(image)
    _draw_waves(draw, dice)
    _draw_front(image, name, number, "passport", seed)
    line = _plain(name).replace(" ", "<")
    draw.text((70, 960), f"P<XXX{line}".ljust(36, "<")[:36], font=_font(50), fill="#222222")
    draw.text((70, 1035), f"{number}<0XXX".ljust(36, "<")[:36], font=_font(50), fill="#222222")
    _mark_specimen(image)
    return _grain(image, dice.randrange(2**31))


def cccd_qr_payload(
    *,
    number: str,
    name: str,
    birth_date: date,
    is_male: bool,
    address: str,
    issued_on: date,
    old_number: str = "",
) -> str:
    """The text in the QR code of a chip card: seven fields split by `|`, days as ddmmyyyy."""
    sex = "Nam" if is_male else "Nữ"
    return "|".join((number, old_number, name, f"{birth_date:%d%m%Y}", sex, address, f"{issued_on:%d%m%Y}"))


def health_qr_payload(*, number: str, name: str, birth_date: date, is_male: bool, valid_from: date) -> str:
    """The text in a health-insurance card's QR code: fields split by `|`, the name in hex, `$` at the end."""
    fields = [
        number, name.encode().hex(), f"{birth_date:%d/%m/%Y}", "1" if is_male else "2", "-", "79 - 000",
        f"{valid_from:%d/%m/%Y}", "-", f"{valid_from:%d/%m/%Y}", "-", "-", "-", "-", "-", "$",
    ]  # fmt: skip
    return "|".join(fields)


def photo_like(image: Image.Image, megapixels: float = 12) -> Image.Image:
    """The drawing as a phone would take it: 4:3 (3:4 when upright), so many megapixels, a card on a table."""
    is_upright = image.height > image.width
    long_side = round((megapixels * 1e6 * 4 / 3) ** 0.5)
    short_side = round(long_side * 3 / 4)
    size = (short_side, long_side) if is_upright else (long_side, short_side)
    share = 1.0 if is_upright else 0.92
    scale = min(size[0] * share / image.width, size[1] * share / image.height)
    large = image.resize((round(image.width * scale), round(image.height * scale)), Image.Resampling.BICUBIC)
    table = Image.new("RGB", size, "#8a7a68" if not is_upright else image.getpixel((5, 5)))
    table.paste(large, ((size[0] - large.width) // 2, (size[1] - large.height) // 2))
    return table


def jpeg_bytes(image: Image.Image, *, exif_orientation: int = 1, quality: int = 90) -> bytes:
    """The picture as a camera's JPEG file, with that EXIF orientation (1 to 8) and a maker's name in it."""
    exif = Image.Exif()
    exif[0x0112] = exif_orientation
    exif[0x010F] = "Drawn by the demo"
    file = BytesIO()
    image.save(file, "JPEG", quality=quality, exif=exif)
    return file.getvalue()


@cache
def _font(size: int, *, bold: bool = False) -> ImageFont.FreeTypeFont:
    """By file: Pillow takes the first of a name, with Vietnamese letters or without. Raises FontMissing."""
    return ImageFont.truetype(_files()["Bold" if bold else "Regular"], size)


@cache
def _files() -> dict[str, Path]:
    """The files of the first family that has every Vietnamese letter in both faces."""
    for family in _FAMILIES:
        found = fonts.find_faces(family, ("Regular", "Bold"))
        if len(found) == 2:
            return found
    raise fonts.FontMissing(fonts.FAMILY)


def _shade(colour: str, factor: float) -> tuple[int, int, int]:
    parts = (int(colour[at : at + 2], 16) for at in (1, 3, 5))
    red, green, blue = (min(255, round(part * factor)) for part in parts)
    return red, green, blue


def _plain(name: str) -> str:
    """Capitals without marks, as in the lines for machines."""
    letters = unicodedata.normalize("NFD", name.upper().replace("Đ", "D"))
    return "".join(c for c in letters if c == " " or "A" <= c <= "Z")


def _draw_body(draw: ImageDraw.ImageDraw, skin: str, dress: str) -> None:
    draw.rounded_rectangle((365, 690, 535, 960), 60, fill=_shade(skin, 0.86))
    draw.rounded_rectangle((70, 890, 830, 1400), 190, fill=dress)
    draw.polygon([(350, 885), (550, 885), (450, 1040)], fill=_shade(skin, 0.9))
    draw.line([(350, 885), (450, 1040), (550, 885)], fill=_shade(dress, 0.6), width=16)
    for button in (1090, 1160):
        draw.ellipse((440, button, 460, button + 20), fill=_shade(dress, 0.5))


def _draw_hair(draw: ImageDraw.ImageDraw, hair: str, is_long: bool, dice: random.Random) -> None:
    draw.pieslice((225, 190, 675, 700), 180, 360, fill=hair)
    parting = dice.choice((330, 450, 570))
    draw.polygon([(236, 440), (664, 440), (parting, 415)], fill=hair)
    if is_long:
        draw.rounded_rectangle((228, 430, 272, 800), 20, fill=hair)
        draw.rounded_rectangle((628, 430, 672, 800), 20, fill=hair)


def _draw_face(draw: ImageDraw.ImageDraw, skin: str, hair: str, dice: random.Random) -> None:
    line = _shade(skin, 0.62)
    for x in (350, 550):
        draw.ellipse((x - 42, 500, x + 42, 548), fill="#f4f2ee", outline=line, width=4)
        draw.ellipse((x - 20, 502, x + 20, 546), fill="#2b2018")
        draw.ellipse((x - 4, 510, x + 8, 522), fill="#f4f2ee")
        draw.arc((x - 58, 440, x + 58, 520), 205, 335, fill=hair, width=13)
    draw.line([(452, 530), (436, 620), (466, 624)], fill=line, width=6, joint="curve")
    smile = dice.randint(20, 40)
    draw.chord((375, 640 - smile, 525, 700), 15, 165, fill="#a8504a", outline=line, width=4)
    if dice.random() < 0.3:
        for x in (350, 550):
            draw.rounded_rectangle((x - 72, 482, x + 72, 570), 30, outline="#2c2c2c", width=9)
        draw.line([(422, 515), (478, 515)], fill="#2c2c2c", width=9)


def _draw_waves(draw: ImageDraw.ImageDraw, dice: random.Random) -> None:
    """Fine lines across the paper, as printers put under the text of anything official."""
    tint = dice.choice(("#b3cdd9", "#bfd3b5", "#d9c8ac", "#bcc4df"))
    for top in range(-200, 1200, 26):
        points = [(x, top + 40 * ((x // 80 + top // 26) % 2)) for x in range(0, 1681, 80)]
        draw.line(points, fill=tint, width=2, joint="curve")


def _draw_front(image: Image.Image, name: str, number: str, kind: str, seed: int) -> None:
    draw = ImageDraw.Draw(image)
    draw.text((480, 50), "MẪU MINH HỌA", font=_font(40, bold=True), fill=_INK)
    draw.text((480, 125), _TITLES[kind], font=_font(46, bold=True), fill=_RED)
    draw.text((480, 190), "Không có giá trị sử dụng", font=_font(34), fill=_INK)
    image.paste(_card_portrait(seed), (70, 330))
    lines = [
        ("Số / No.", number),
        ("Họ và tên / Full name", name.upper()),
        ("Giấy tờ / Paper", "Hình vẽ, không có thật"),
    ]
    for place, (label, value) in enumerate(lines):
        top = 380 + 160 * place
        draw.text((480, top), label, font=_font(34), fill=_INK)
        draw.text((480, top + 48), value, font=_fitting(value, 1050), fill="#111111")
    draw.text((70, 850), "Dùng để thử và giới thiệu phần mềm", font=_font(34), fill=_INK)


@cache
def _card_portrait(seed: int) -> Image.Image:
    return draw_portrait(seed).resize((360, 480), Image.Resampling.LANCZOS)


def _draw_back(image: Image.Image, name: str, number: str, dice: random.Random) -> None:
    draw = ImageDraw.Draw(image)
    draw.text((90, 70), "MẪU MINH HỌA - MẶT SAU", font=_font(44, bold=True), fill=_RED)
    draw.rounded_rectangle((90, 190, 330, 380), 26, fill="#d3b765", outline="#8e7432", width=5)
    for at in range(3):
        draw.line([(90, 235 + 48 * at), (330, 235 + 48 * at)], fill="#8e7432", width=5)
    for place in (400, 760):
        draw.rounded_rectangle((place, 190, place + 290, 500), 18, fill="#e6e2d6", outline=_INK, width=3)
        _draw_fingerprint(draw, place + 145, 345, dice)
    for place, line in enumerate((f"XXVNM{number}<<<", f"{_plain(name).replace(' ', '<')}<<")):
        draw.text((90, 720 + 90 * place), line.ljust(30, "<")[:30], font=_font(54), fill="#222222")


def _draw_fingerprint(draw: ImageDraw.ImageDraw, x: int, y: int, dice: random.Random) -> None:
    for ring in range(12, 130, 11):
        start = dice.randint(0, 360)
        box = (x - ring * 0.85, y - ring, x + ring * 0.85, y + ring)
        draw.arc(box, start, start + dice.randint(200, 330), fill="#5b5f73", width=4)


def _fitting(text: str, width: int) -> ImageFont.FreeTypeFont:
    """The largest of a few sizes in which the text fits this many pixels."""
    return next((font for font in map(_bold, (60, 50, 42, 34)) if font.getlength(text) <= width), _bold(26))


def _bold(size: int) -> ImageFont.FreeTypeFont:
    return _font(size, bold=True)


def _paste_qr(image: Image.Image, text: str, place: tuple[int, int]) -> None:
    """About 330 px wide, a fifth of the card, with its quiet zone."""
    code = segno.make(text, error="m", micro=False, encoding="utf-8")
    file = BytesIO()
    code.save(file, kind="png", scale=4, border=4, light="#f6f6f2", dark="#101418")
    with Image.open(file, formats=("PNG",)) as drawn:
        image.paste(drawn.convert("RGB").resize((330, 330), Image.Resampling.LANCZOS), place)


def _mark_specimen(image: Image.Image) -> None:
    """MẪU across the middle, faint enough to read what is under it."""
    image.paste(_RED, mask=_specimen_layer(image.size))


@cache
def _specimen_layer(size: tuple[int, int]) -> Image.Image:
    layer = Image.new("L", size)
    draw = ImageDraw.Draw(layer)
    draw.text((layer.width * 0.62, layer.height * 0.68), "MẪU", font=_bold(190), fill=80, anchor="mm")
    return layer.rotate(12, Image.Resampling.BICUBIC)


def _grain(image: Image.Image, seed: int) -> Image.Image:
    """A camera's fine noise, so that the drawing compresses and measures like a photo."""
    dice = random.Random(seed)  # noqa: S311
    tile = Image.frombytes("L", (256, 256), dice.randbytes(256 * 256)).filter(ImageFilter.GaussianBlur(0.6))
    noise = Image.new("L", image.size)
    for left in range(0, image.width, 256):
        for top in range(0, image.height, 256):
            noise.paste(tile, (left, top))
    return Image.blend(image, Image.merge("RGB", (noise, noise, noise)), 0.035)
