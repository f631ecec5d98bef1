import io
import struct
import zlib

import pytest
from PIL import Image, ImageCms, PngImagePlugin

from registration.demo_images import jpeg_bytes
from registration.enums import PhotoKind
from registration.images import normalise
from tests.registration.pictures import (
    UPRIGHT,
    chunk,
    colours,
    corners,
    display_p3_like,
    encoded,
    run,
    secret_exif,
    stored,
)

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
@pytest.mark.parametrize("name", ["JPEG", "PNG", "WEBP", "HEIF", "MPO", "AVIF"])
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
    assert colours(stored(encoded(held, "AVIF", exif=exif.tobytes()))) == UPRIGHT


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
@pytest.mark.parametrize("name", ["JPEG", "PNG", "WEBP", "HEIF", "MPO", "AVIF"])
def test_no_metadata_survives(name):
    options = {"exif": secret_exif(), "icc_profile": display_p3_like()}
    if name == "JPEG":
        iptc = b"Photoshop 3.0\x008BIM\x04\x04\0\0\0\0\0\x0d\x1c\x02\x78\0\x06SECRET\0"
        options |= {"comment": b"SECRET", "xmp": b"<x:xmpmeta>SECRET</x:xmpmeta>", "dpi": (72, 72)}
        options["extra"] = b"\xff\xed" + struct.pack(">H", len(iptc) + 2) + iptc
    if name in {"WEBP", "HEIF", "AVIF"}:
        options["xmp"] = b"<x:xmpmeta>SECRET</x:xmpmeta>"
    if name == "PNG":
        options["pnginfo"] = PngImagePlugin.PngInfo()
        options["pnginfo"].add_text("Comment", "SECRET")
        options["pnginfo"].add_itxt("XML:com.adobe.xmp", "<x:xmpmeta>SECRET</x:xmpmeta>")
    sent = encoded(corners(), name, **options)
    result = run(sent)
    marks = (
        b"SECRET",
        b"Exif",
        b"GPS",
        b"http://ns.adobe",
        b"xmp",
        b"ICC_PROFILE",
        b"Photoshop",
        b"8BIM",
        b"MPF",
    )
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
