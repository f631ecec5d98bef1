"""Limits look at the picture: not at the film behind it, the texts and profiles around it, or the name of its kind."""

import io
import os
import random
import struct
import zlib
from functools import cache

import pytest
from django.core.files.uploadedfile import SimpleUploadedFile
from PIL import Image, PngImagePlugin

from registration import cookies
from registration.demo_images import draw_portrait
from registration.images import normalise
from registration.models import make_token
from registration.photo_parts import jpeg_end, png_picture
from registration.uploads import MAX_UPLOAD_BYTES
from tests.registration.pictures import UPRIGHT, chunk, colours, corners, encoded, refusal, run, secret_exif, stored

FILM = random.Random(1).randbytes(7 * 1024 * 1024)
UPLOAD = "/dang-ky/to-khai/anh/"


@cache
def noisy(size=(800, 600), mode="RGB"):
    """A picture without flat parts, as a camera takes it."""
    noise = Image.frombytes("RGB", size, random.Random(2).randbytes(3 * size[0] * size[1]))
    return Image.blend(corners(size), noise, 0.1).convert(mode)


def jpeg(**options):
    return encoded(noisy(), "JPEG", **options)


def with_chunks(content, *chunks):
    """A PNG with these chunks behind its header."""
    return content[:33] + b"".join(chunks) + content[33:]


# -- What follows ------------------------------------------------------------------------------------------------
@pytest.mark.parametrize(
    "tail", [FILM, b"\xff\xda\xff\xd9" * 2000, bytes(4096), b"MotionPhoto_Data" + FILM[:99], jpeg()]
)
@pytest.mark.parametrize("make", [
    jpeg, lambda: jpeg(progressive=True), lambda: encoded(noisy(mode="CMYK"), "JPEG"),
    lambda: encoded(corners(), "PNG"),
    lambda: encoded(noisy(), "MPO", save_all=True, append_images=[noisy((400, 300))], exif=secret_exif()),
    lambda: encoded(noisy(), "WEBP"), lambda: encoded(noisy(), "HEIF"), lambda: encoded(noisy(), "AVIF"),
], ids=["jpeg", "progressive", "cmyk", "png", "mpo", "webp", "heif", "avif"])  # fmt: skip
def test_what_follows_a_picture_is_no_matter(make, tail):
    picture = make()
    assert colours(stored(picture + tail)) == UPRIGHT
    assert run(picture + tail).sha256 == run(picture).sha256


@pytest.mark.parametrize("missing", [1, 2])
@pytest.mark.parametrize(
    "options", [{}, {"progressive": True}, {"quality": 95, "subsampling": 0}, {"restart_marker_rows": 1}]
)
@pytest.mark.parametrize("mode", ["RGB", "L", "CMYK", "flat"])
def test_a_jpeg_without_its_end_mark_is_taken_when_all_its_pixels_are_there(mode, options, missing):
    picture = corners() if mode == "flat" else noisy(mode=mode)
    whole = encoded(picture, "JPEG", **options)
    assert run(whole[:-missing]).content == run(whole).content


@pytest.mark.parametrize("share", [0.3, 0.5, 0.8, 0.97])
@pytest.mark.parametrize("end", [b"", b"\xff\xd9", bytes(200_000), FILM], ids=["cut", "end mark", "zeros", "film"])
@pytest.mark.parametrize("mode", ["RGB", "L", "CMYK"])
def test_a_jpeg_of_which_pixels_are_missing_is_damaged(mode, end, share):
    content = encoded(noisy(mode=mode), "JPEG")
    assert refusal(content[: int(len(content) * share)] + end).code == "broken"


def test_a_picture_that_ends_in_one_colour_is_whole():
    sheet = noisy()
    sheet.paste("white", (0, 300, 800, 600))
    assert run(encoded(sheet, "JPEG")).width == 800
    assert run(encoded(Image.new("RGB", (600, 600), (128, 128, 128)), "JPEG")).width == 600


def test_ends_of_thumbnails_are_not_the_end_of_the_picture():
    segment = b"\xff\xe1" + struct.pack(">H", 1002) + b"\xff\xda\xff\xd9" * 250
    content = jpeg()
    content = content[:2] + segment * 60 + content[2:]
    assert jpeg_end(content + FILM) == len(content)
    assert run(content).width == 800
    assert refusal(content[: len(content) // 2]).code == "broken"


def test_a_jpeg_may_carry_megabytes_of_metadata():
    size = 65_000
    piece = b"\xff\xe1" + struct.pack(">H", size + 2) + b"http://ns.adobe.com/xmp/extension/\0".ljust(size, b"x")
    profile = [
        b"\xff\xe2" + struct.pack(">H", size + 16) + b"ICC_PROFILE\0" + bytes([n, 80]) + bytes(size)
        for n in range(1, 81)
    ]
    content = jpeg()
    assert run(content[:2] + piece * 60 + content[2:]).width == 800
    assert run(content[:2] + b"".join(profile) + content[2:]).width == 800


# -- What stands around it ---------------------------------------------------------------------------------------
BIG = random.Random(3).randbytes(1_500_000) + bytes(1_500_000)
AROUND = {
    "text": [chunk(b"tEXt", b"Comment\0" + b"x" * 2_000_000)],
    "packed text": [chunk(b"zTXt", b"Comment\0\0" + zlib.compress(BIG))],
    "text that unpacks": [chunk(b"zTXt", b"Comment\0\0" + zlib.compress(bytes(50_000_000)))],
    "international text": [chunk(b"iTXt", b"XML:com.adobe.xmp\0\1\0\0\0" + zlib.compress(BIG))],
    "many texts": [chunk(b"zTXt", b"k%d\0\0" % n + zlib.compress(bytes(900_000))) for n in range(200)],
    "profile": [chunk(b"iCCP", b"mine\0\0" + zlib.compress(BIG))],
    "profile that unpacks": [chunk(b"iCCP", b"mine\0\0" + zlib.compress(bytes(50_000_000)))],
    "broken profile": [chunk(b"iCCP", b"mine\0\0" + b"nothing")],
    "unknown": [chunk(b"caBX", os.urandom(3_000_000)), chunk(b"vpAg", b"x")],
    "damaged text": [chunk(b"tEXt", b"Comment\0text")[:-4] + b"\0\0\0\0", chunk(b"tEXt", b"")],
}


@pytest.mark.parametrize("name", AROUND)
@pytest.mark.parametrize("mode", ["RGB", "RGBA", "P", "L"])
def test_what_stands_around_a_png_is_no_matter(name, mode):
    content = encoded(corners((400, 300), mode), "PNG")
    assert run(with_chunks(content, *AROUND[name])).sha256 == run(content).sha256


@pytest.mark.parametrize("lost", [1, 2, 4, 12])
def test_a_png_without_its_end_is_taken_when_all_its_pixels_are_there(lost):
    content = encoded(noisy(), "PNG")
    assert run(content[:-lost]).sha256 == run(content).sha256
    assert refusal(content[:-3000]).code == "broken"


def test_what_turns_a_png_is_kept():
    exif = Image.Exif()
    exif[0x0112] = 6
    info = PngImagePlugin.PngInfo()
    for number in range(3):
        info.add_text("Comment", "x" * 100_000 + str(number), zip=number == 1)
    held = corners().transpose(Image.Transpose.ROTATE_90)
    content = encoded(held, "PNG", exif=exif.tobytes(), pnginfo=info)
    assert colours(stored(with_chunks(content, *AROUND["profile"]))) == UPRIGHT
    assert len(png_picture(content).content) <= len(content)


@pytest.mark.parametrize("flood", [chunk(b"tEXt", b""), chunk(b"IDAT", b"")], ids=["texts", "pixels"])
def test_a_flood_of_parts_is_refused_soon(flood):
    assert refusal(with_chunks(encoded(corners(), "PNG"), flood * 400_000)).code == "broken"
    content = jpeg()
    assert refusal(content[:2] + b"\xff\xfe\0\2" * 1_000_000 + content[2:]).code == "broken"


# -- Kinds by their brands ---------------------------------------------------------------------------------------
def with_brands(content, major, *others):
    size = int.from_bytes(content[:4], "big")
    head = b"ftyp" + major + bytes(4) + b"".join(others)
    old = size - 8
    # Positions inside the file count from its start: the box keeps its length.
    assert len(head) - 4 <= old
    return content[:4] + head.ljust(size - 4, b" ") + content[size:]


@pytest.mark.parametrize(("major", "other"), [(b"heic", b"mif1"), (b"mif1", b"heic"), (b"msf1", b"heic"),
                                              (b"heix", b"mif1"),
                                              (b"hevc", b"heic"), (b"MiHE", b"heic"), (b"mif1", b"miaf"),
                                              (b"mp42", b"heic"),
                                              (b"heim", b"heis"), (b"miaf", b"mif1")])  # fmt: skip
def test_heic_is_told_by_any_of_its_brands(major, other):
    assert run(with_brands(encoded(noisy(), "HEIF"), major, other)).width == 800


@pytest.mark.parametrize(
    ("major", "other"), [(b"avif", b"mif1"), (b"mif1", b"avif"), (b"miaf", b"avif"), (b"MA1B", b"avif")]
)
def test_avif_is_told_by_any_of_its_brands(major, other):
    assert run(with_brands(encoded(noisy(), "AVIF"), major, other)).width == 800


@pytest.mark.parametrize("major", [b"isom", b"mp42", b"qt  ", b"3gp4"])
def test_films_stay_films(major):
    assert refusal(struct.pack(">I", 20) + b"ftyp" + major + bytes(4) + b"iso2" + bytes(900)).code == "video"


# -- Refused alike at every size ---------------------------------------------------------------------------------
def sixty_megapixels():
    head = struct.pack(">IIBBBBB", 10_000, 6_000, 8, 2, 0, 0, 0)
    return (
        b"\x89PNG\r\n\x1a\n" + chunk(b"IHDR", head) + chunk(b"IDAT", zlib.compress(bytes(1000))) + chunk(b"IEND", b"")
    )


REFUSED = {
    "pdf": b"%PDF-1.7\n",
    "svg": b'<svg xmlns="http://www.w3.org/2000/svg">' + b" " * 5000 + b"</svg>",
    "document": b"PK\3\4",
    "video": struct.pack(">I", 20) + b"ftypisom\0\0\2\0isom",
    "other_picture": encoded(corners((3000, 2000)), "GIF"),
    "animated": encoded(corners((300, 300)), "PNG", save_all=True, append_images=[corners((300, 300)).rotate(90)]),
    "too_many_pixels": sixty_megapixels(),
    "too_small": encoded(corners((150, 150)), "JPEG"),
}


@pytest.mark.parametrize("code", REFUSED)
@pytest.mark.parametrize("size", [100_000, 5_000_000, 12_000_000])
def test_a_file_is_refused_alike_at_every_size(code, size):
    content = REFUSED[code] + b" " * (size - len(REFUSED[code]))
    assert refusal(content).code == code


@pytest.mark.django_db
@pytest.mark.parametrize("code", [*REFUSED, "too_large"])
def test_the_beginning_of_a_large_file_is_refused_like_the_whole(client, code):
    """The script sends no more than that, and how large the file is."""
    start = REFUSED.get(code) or jpeg()
    whole = SimpleUploadedFile("anh.jpg", start + b" " * (12_000_000 - len(start)), "image/jpeg")
    part = SimpleUploadedFile("anh.jpg", (start + b" " * 2**20)[: 2**20], "image/jpeg")
    fields = {"draft": cookies.sign_token(make_token()), "kind": "id_front"}
    by_form = client.post(UPLOAD, {**fields, "photo": whole})
    by_script = client.post(UPLOAD, {**fields, "photo": part, "size": "12000000"})
    assert by_form.status_code == by_script.status_code == 422
    assert by_form.json() == by_script.json() == {"error": str(refusal(start + bytes(12_000_000 - len(start))).message)}


@pytest.mark.django_db
@pytest.mark.parametrize("size", ["", "x", "-1", "9" * 5000, "١٢", "0", "1\0"])
def test_an_odd_size_beside_a_photo_is_no_matter(client, size):
    fields = {"draft": cookies.sign_token(make_token()), "kind": "id_front", "size": size}
    answer = client.post(UPLOAD, {**fields, "photo": SimpleUploadedFile("a.jpg", jpeg(), "image/jpeg")})
    assert answer.status_code == (422 if size.startswith("9") else 201)


def test_ten_megabytes_stay_the_limit_of_one_file():
    content = jpeg()
    assert run(content + FILM[: MAX_UPLOAD_BYTES - len(content)]).width == 800
    assert refusal(content + bytes(MAX_UPLOAD_BYTES)).code == "too_large"
    assert normalise(io.BytesIO(encoded(draw_portrait(1), "AVIF")), "portrait").width <= 900
