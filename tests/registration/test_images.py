import io
import random
import struct
import time
import zlib
from pathlib import Path
from unicodedata import normalize as unicode_normalize

import pillow_heif
import pytest
from PIL import Image, ImageCms, ImageDraw, ImageEnhance, ImageFilter, PngImagePlugin

from registration.demo_images import draw_id_card, draw_passport_page, draw_portrait, jpeg_bytes, photo_like
from registration.enums import PhotoKind
from registration.images import QUALITY_TEXTS, ImageRefused, NormalisedImage, normalise
from registration.photo_formats import REFUSAL_TEXTS
from registration.uploads import MAX_UPLOAD_BYTES

COLOURS = {"red": (220, 30, 30), "green": (30, 180, 30), "blue": (30, 30, 220), "white": (240, 240, 240)}


def corners(size=(800, 600), mode="RGB"):
    """Red top left, green top right, blue bottom left, white bottom right."""
    image = Image.new("RGB", size)
    half = (size[0] // 2, size[1] // 2)
    for place, colour in zip(((0, 0), (half[0], 0), (0, half[1]), half), COLOURS.values(), strict=True):
        image.paste(colour, (*place, place[0] + half[0], place[1] + half[1]))
    return image if mode == "RGB" else image.convert(mode)


def encoded(image, name, **options):
    file = io.BytesIO()
    if name == "HEIF":
        pillow_heif.from_pillow(image).save(file, **options)
    else:
        image.save(file, name, **options)
    return file.getvalue()


def run(content, kind="id_front") -> NormalisedImage:
    return normalise(io.BytesIO(content), kind)


def stored(content, kind="id_front"):
    return Image.open(io.BytesIO(run(content, kind).content))


def refusal(content, kind="id_front"):
    with pytest.raises(ImageRefused) as caught:
        run(content, kind)
    return caught.value


def colours(image):
    """The names of the four corners' colours, from top left, row by row."""
    width, height = image.size
    spots = [(20, 20), (width - 20, 20), (20, height - 20), (width - 20, height - 20)]
    return [
        min(COLOURS, key=lambda name: sum(abs(a - b) for a, b in zip(COLOURS[name], image.getpixel(spot), strict=True)))
        for spot in spots
    ]


UPRIGHT = ["red", "green", "blue", "white"]
# How the sensor saw an upright picture that the camera marks with this EXIF orientation.
HOW_HELD = {
    2: Image.Transpose.FLIP_LEFT_RIGHT,
    3: Image.Transpose.ROTATE_180,
    4: Image.Transpose.FLIP_TOP_BOTTOM,
    5: Image.Transpose.TRANSPOSE,
    6: Image.Transpose.ROTATE_90,
    7: Image.Transpose.TRANSVERSE,
    8: Image.Transpose.ROTATE_270,
}


# -- What is taken ----------------------------------------------------------------------------------------------
@pytest.mark.parametrize("name", ["JPEG", "PNG", "WEBP", "HEIF", "MPO"])
def test_every_accepted_format_becomes_an_rgb_jpeg(name):
    extra = {"save_all": True, "append_images": [corners()]} if name == "MPO" else {}
    result = run(encoded(corners(), name, **extra))
    image = Image.open(io.BytesIO(result.content))
    assert (image.format, image.mode, image.size) == ("JPEG", "RGB", (800, 600))
    assert (result.width, result.height) == image.size
    assert colours(image) == UPRIGHT
    assert "progressive" not in image.info


@pytest.mark.parametrize("mode", ["L", "LA", "1", "P", "PA", "RGBA", "CMYK", "I;16"])
def test_every_colour_mode_is_taken(mode):
    if mode == "I;16":
        image = Image.new("I;16", (400, 300), 40000)
    elif mode == "CMYK":
        image = corners((400, 300), "CMYK")
    elif mode == "PA":
        image = corners((400, 300)).quantize(8)
        image.info["transparency"] = 255
    else:
        image = corners((400, 300), mode)
    result = stored(encoded(image, "JPEG" if mode == "CMYK" else "PNG"))
    assert (result.mode, result.size) == ("RGB", (400, 300))
    if mode == "I;16":
        assert abs(result.getpixel((200, 150))[0] - 40000 // 256) <= 2
    elif mode in {"RGBA", "CMYK", "P", "PA"}:
        assert colours(result) == UPRIGHT


def test_sixteen_bit_colour_png_keeps_its_colours():
    raw = b"".join(b"\0" + b"\xdc\xff\x1e\0\x1e\0" * 300 for _ in range(300))
    head = struct.pack(">IIBBBBB", 300, 300, 16, 2, 0, 0, 0)
    content = b"\x89PNG\r\n\x1a\n" + chunk(b"IHDR", head) + chunk(b"IDAT", zlib.compress(raw)) + chunk(b"IEND", b"")
    assert colours(stored(content))[0] == "red"


@pytest.mark.parametrize("name", ["PNG", "WEBP", "HEIF"])
def test_transparent_parts_become_white(name):
    image = corners((400, 300), "RGBA")
    image.paste((0, 0, 0, 0), (100, 100, 200, 200))
    result = stored(encoded(image, name))
    assert min(result.getpixel((150, 150))) > 235
    assert colours(result)[0] == "red"


def test_transparent_palette_becomes_white():
    image = corners((400, 300)).quantize(8)
    image.info["transparency"] = image.getpixel((10, 10))
    assert min(stored(encoded(image, "PNG")).getpixel((20, 20))) > 235


@pytest.mark.parametrize("orientation", range(1, 9))
def test_exif_orientation_is_applied(orientation):
    held = corners()
    if orientation in HOW_HELD:
        held = held.transpose(HOW_HELD[orientation])
    result = stored(jpeg_bytes(held, exif_orientation=orientation))
    assert result.size == (800, 600)
    assert colours(result) == UPRIGHT


def test_orientation_of_a_png_and_a_heic_is_applied():
    exif = Image.Exif()
    exif[0x0112] = 6
    held = corners().transpose(Image.Transpose.ROTATE_90)
    assert colours(stored(encoded(held, "PNG", exif=exif.tobytes()))) == UPRIGHT
    assert colours(stored(encoded(held, "HEIF", exif=exif.tobytes()))) == UPRIGHT


@pytest.mark.parametrize(
    ("kind", "size", "expected"),
    [
        ("id_front", (4000, 3000), (1600, 1200)),
        ("id_back", (3000, 4000), (1200, 1600)),
        ("portrait", (3000, 4000), (675, 900)),
        ("portrait", (600, 800), (600, 800)),
        (PhotoKind.ID_FRONT, (1601, 1000), (1600, 999)),
    ],
)
@pytest.mark.parametrize("name", ["JPEG", "PNG"])
def test_long_side_is_bounded_and_nothing_is_enlarged(kind, size, expected, name):
    result = stored(encoded(corners(size), name, **({"compress_level": 1} if name == "PNG" else {})), kind)
    assert result.size == expected
    assert colours(result) == UPRIGHT


def test_unknown_kind_is_a_programming_error():
    with pytest.raises(ValueError, match="selfie"):
        normalise(io.BytesIO(jpeg_bytes(corners())), "selfie")


def test_digest_and_bytes_are_stable():
    first, second = (run(jpeg_bytes(corners())) for _ in range(2))
    assert first == second
    assert len(first.sha256) == 64


# -- What is removed --------------------------------------------------------------------------------------------
def secret_exif():
    exif = Image.Exif()
    exif[0x010E] = "SECRET description"
    exif[0x010F] = "SECRET maker"
    exif.get_ifd(0x8825)[2] = (10.0, 46.0, 12.0)
    exif.get_ifd(0x8825)[29] = "SECRET day"
    return exif.tobytes()


def display_p3_like():
    return ImageCms.ImageCmsProfile(ImageCms.createProfile("sRGB")).tobytes()


@pytest.mark.parametrize("name", ["JPEG", "PNG", "WEBP", "HEIF", "MPO"])
def test_no_metadata_survives(name):
    options = {"exif": secret_exif(), "icc_profile": display_p3_like()}
    if name == "JPEG":
        iptc = b"Photoshop 3.0\x008BIM\x04\x04\0\0\0\0\0\x0d\x1c\x02\x78\0\x06SECRET\0"
        options |= {"comment": b"SECRET", "xmp": b"<x:xmpmeta>SECRET</x:xmpmeta>", "dpi": (72, 72)}
        options["extra"] = b"\xff\xed" + struct.pack(">H", len(iptc) + 2) + iptc
    if name in {"WEBP", "HEIF"}:
        options["xmp"] = b"<x:xmpmeta>SECRET</x:xmpmeta>"
    if name == "PNG":
        options["pnginfo"] = PngImagePlugin.PngInfo()
        options["pnginfo"].add_text("Comment", "SECRET")
        options["pnginfo"].add_itxt("XML:com.adobe.xmp", "<x:xmpmeta>SECRET</x:xmpmeta>")
    sent = encoded(corners(), name, **options)
    result = run(sent)
    marks = (b"SECRET", b"Exif", b"GPS", b"http://ns.adobe", b"xmp", b"ICC_PROFILE", b"Photoshop", b"8BIM", b"MPF")
    assert b"SECRET" in sent
    assert not [mark for mark in marks if mark in result.content]
    image = Image.open(io.BytesIO(result.content))
    assert not image.getexif()
    assert {marker for marker, _ in image.applist} <= {"APP0"}


def test_colours_are_converted_by_the_embedded_profile():
    swapped = ImageCms.ImageCmsProfile(ImageCms.createProfile("sRGB")).tobytes()
    # Red and green change places in the profile, and its name goes: a wide-gamut profile in the extreme.
    swapped = swapped.replace(b"rXYZ", b"____").replace(b"gXYZ", b"rXYZ").replace(b"____", b"gXYZ")
    swapped = swapped.replace("sRGB".encode("utf-16-be"), "mine".encode("utf-16-be")).replace(b"sRGB", b"mine")
    result = stored(encoded(corners(), "PNG", icc_profile=swapped))
    assert colours(result) == ["green", "red", "blue", "white"]


def test_broken_profile_does_not_spoil_a_good_picture():
    assert colours(stored(encoded(corners(), "PNG", icc_profile=b"no profile at all"))) == UPRIGHT


def test_broken_exif_does_not_spoil_a_good_picture():
    content = jpeg_bytes(corners()).replace(b"II*\0", b"II\xff\xff", 1).replace(b"MM\0*", b"MM\xff\xff", 1)
    assert colours(stored(content)) == UPRIGHT


# -- What is refused --------------------------------------------------------------------------------------------
def chunk(name, data):
    return struct.pack(">I", len(data)) + name + data + struct.pack(">I", zlib.crc32(name + data))


def mp4():
    return struct.pack(">I", 20) + b"ftypisom\0\0\2\0isom" + bytes(100)


def animation(name):
    frames = [corners((300, 300)), corners((300, 300)).rotate(90)]
    return encoded(frames[0], name, save_all=True, append_images=frames[1:], duration=100)


NOT_PHOTOS = {
    "pdf": b"%PDF-1.7\n1 0 obj << /Type /Catalog >> endobj",
    "svg": b'<?xml version="1.0"?>\n<!-- drawn --><svg xmlns="http://www.w3.org/2000/svg"></svg>',
    "html": b"\xef\xbb\xbf<!DOCTYPE html><html><head><title>Photo</title></head></html>",
    "text": "Ảnh của tôi ở đây, xin cảm ơn.".encode(),
    "document": b"PK\3\4\x14\0\6\0" + bytes(50),
    "video": mp4(),
    "other_picture": b"II*\0\x08\0\0\0" + bytes(50),
    "unknown": bytes(range(256)) * 4,
    "empty": b"",
}


@pytest.mark.parametrize("code", NOT_PHOTOS)
def test_anything_else_is_refused_with_its_own_text(code):
    error = refusal(NOT_PHOTOS[code])
    assert (error.code, str(error.message)) == (code, str(REFUSAL_TEXTS[code]))


def test_each_refusal_has_a_text_of_its_own():
    texts = [str(text) for text in REFUSAL_TEXTS.values()]
    assert len(set(texts)) == len(texts)
    assert all(unicode_normalize("NFC", text) == text and "{" not in text for text in texts)


@pytest.mark.parametrize("name", ["BMP", "TIFF", "GIF", "AVIF", "JPEG2000", "ICO"])
def test_other_kinds_of_picture_are_told_apart(name):
    assert refusal(encoded(corners((240, 240)), name)).code == "other_picture"


@pytest.mark.parametrize("name", ["GIF", "WEBP", "PNG"])
def test_animation_is_refused(name):
    assert refusal(animation(name)).code == "animated"


def test_the_name_of_a_file_says_nothing():
    upload = io.BytesIO(NOT_PHOTOS["pdf"])
    upload.name = "photo.jpg"
    with pytest.raises(ImageRefused) as caught:
        normalise(upload, "portrait")
    assert caught.value.code == "pdf"


@pytest.mark.parametrize("name", ["JPEG", "PNG", "WEBP", "HEIF", "MPO"])
@pytest.mark.parametrize("share", [0.1, 0.5, 0.9])
def test_truncated_file_is_refused(name, share):
    content = encoded(draw_portrait(1).resize((450, 600)), name)
    assert refusal(content[: int(len(content) * share)]).code == "broken"


def test_start_of_a_file_alone_is_broken_not_unknown():
    assert refusal(jpeg_bytes(corners())[:4]).code == "broken"
    assert refusal(b"\x89PNG\r\n\x1a\n").code == "broken"


def test_upload_over_the_limit_is_refused_even_when_it_was_cut():
    assert refusal(jpeg_bytes(corners()) + bytes(MAX_UPLOAD_BYTES)).code == "too_large"
    cut = io.BytesIO(jpeg_bytes(corners()))
    cut.size = MAX_UPLOAD_BYTES + 1
    with pytest.raises(ImageRefused, match="too_large"):
        normalise(cut, "portrait")


def test_upload_at_the_limit_is_taken():
    content = jpeg_bytes(corners())
    assert run(content + bytes(MAX_UPLOAD_BYTES - len(content))).width == 800


def test_too_small_and_too_narrow_are_refused():
    assert refusal(jpeg_bytes(corners((640, 199)))).code == "too_small"
    assert refusal(jpeg_bytes(corners((8000, 400)))).code == "too_narrow"


def bombs():
    png = b"\x89PNG\r\n\x1a\n" + chunk(b"IHDR", struct.pack(">IIBBBBB", 60000, 60000, 8, 2, 0, 0, 0))
    png += chunk(b"IDAT", zlib.compress(bytes(1_000_000))) + chunk(b"IEND", b"")
    medium = b"\x89PNG\r\n\x1a\n" + chunk(b"IHDR", struct.pack(">IIBBBBB", 10000, 6000, 8, 2, 0, 0, 0))
    medium += chunk(b"IDAT", zlib.compress(bytes(1_000_000))) + chunk(b"IEND", b"")
    jpeg = bytearray(jpeg_bytes(corners()))
    at = jpeg.index(b"\xff\xc0")
    jpeg[at + 5 : at + 9] = struct.pack(">HH", 65000, 65000)
    webp = bytearray(encoded(corners(), "WEBP"))
    webp[26:30] = struct.pack("<HH", 16383, 16383)
    extended = b"VP8X" + struct.pack("<I", 10) + bytes(4) + b"\x9f\x86\x01" * 2
    vp8x = b"RIFF" + struct.pack("<I", len(extended) + len(webp) - 8) + b"WEBP" + extended + encoded(corners(), "WEBP")[12:]
    return {"png": png, "medium png": medium, "jpeg": bytes(jpeg), "webp": bytes(webp), "extended webp": vp8x}


def peak_kb():
    lines = Path("/proc/self/status").read_text().splitlines()
    return next(int(line.split()[1]) for line in lines if line.startswith("VmHWM"))


def fresh_peak_kb():
    """The peak is forgotten first, so that only what follows counts."""
    Path("/proc/self/clear_refs").write_text("5")
    return peak_kb()


@pytest.mark.skipif(not Path("/proc/self/clear_refs").exists(), reason="peak memory is told by Linux only")
@pytest.mark.parametrize("name", bombs())
def test_bomb_costs_neither_memory_nor_time(name):
    content = bombs()[name]
    before, started = fresh_peak_kb(), time.perf_counter()
    error = refusal(content)
    assert error.code == "too_many_pixels"
    assert "million" in str(error.message) or "triệu" in str(error.message)
    assert time.perf_counter() - started < 0.5
    assert peak_kb() - before < 20_000


def test_heic_that_lies_about_its_size_is_refused():
    content = encoded(corners((1200, 900)), "HEIF")
    at = content.index(b"ispe") + 8
    small = content[:at] + struct.pack(">II", 300, 240) + content[at + 8 :]
    large = content[:at] + struct.pack(">II", 60000, 60000) + content[at + 8 :]
    assert refusal(small).code == "broken"
    assert refusal(large).code in {"too_many_pixels", "broken"}


def test_jpeg_of_endless_scans_is_refused():
    content = encoded(corners(), "JPEG", progressive=True)
    at = content.rindex(b"\xff\xda")
    assert refusal(content[:at] + content[at:-2] * 200 + b"\xff\xd9").code == "broken"


def mutated(content, dice):
    """Bytes changed, cut out, doubled or put in, mostly near the start where the headers are."""
    data = bytearray(content)
    for _ in range(dice.choice((1, 1, 2, 5, 20))):
        at = min(int(len(data) * dice.random() ** 3), max(0, len(data) - 1))
        how = dice.randrange(4)
        if how == 0:
            data[at : at + 1] = bytes([dice.randrange(256)])
        elif how == 1:
            del data[at : at + dice.randrange(1, 64)]
        elif how == 2:
            data[at:at] = data[at : at + dice.randrange(1, 64)]
        else:
            data[at : at + 4] = dice.choice((b"\xff\xff\xff\xff", b"\0\0\0\0", b"\x7f\xff\xff\xff", b"\0\0\0\1"))
    return bytes(data)


@pytest.mark.filterwarnings("ignore::UserWarning:PIL")
def test_mutated_files_are_taken_or_refused_and_nothing_else():
    picture = draw_portrait(3).resize((240, 320))
    options = {"exif": secret_exif(), "icc_profile": display_p3_like()}
    files = [encoded(picture, name, **options) for name in ("JPEG", "PNG", "WEBP", "HEIF", "MPO")]
    files.append(encoded(picture, "JPEG", progressive=True))
    files.append(encoded(picture.quantize(16), "PNG"))
    dice, refused, slowest = random.Random(7), 0, 0.0
    for turn in range(350):
        started = time.perf_counter()
        try:
            run(mutated(files[turn % len(files)], dice))
        except ImageRefused as error:
            refused += 1
            assert str(error.message)
        slowest = max(slowest, time.perf_counter() - started)
    assert 50 < refused < 350
    assert slowest < 5


# -- What is told about quality ---------------------------------------------------------------------------------
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
