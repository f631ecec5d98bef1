import contextlib
import io
import random
import struct
import time
import zlib
from pathlib import Path
from unicodedata import normalize as unicode_normalize

import pytest

from registration.demo_images import draw_portrait, jpeg_bytes
from registration.images import ImageRefused, normalise
from registration.photo_formats import REFUSAL_TEXTS
from registration.uploads import MAX_UPLOAD_BYTES
from tests.registration.pictures import (
    chunk,
    corners,
    display_p3_like,
    encoded,
    refusal,
    run,
    secret_exif,
)


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


@pytest.mark.parametrize("name", ["BMP", "TIFF", "GIF", "JPEG2000", "ICO"])
def test_other_kinds_of_picture_are_told_apart(name):
    assert refusal(encoded(corners((240, 240)), name)).code == "other_picture"


@pytest.mark.parametrize("name", ["GIF", "WEBP", "PNG", "AVIF"])
def test_animation_is_refused(name):
    assert refusal(animation(name)).code == "animated"


def test_the_name_of_a_file_says_nothing():
    upload = io.BytesIO(NOT_PHOTOS["pdf"])
    upload.name = "photo.jpg"
    with pytest.raises(ImageRefused) as caught:
        normalise(upload, "portrait")
    assert caught.value.code == "pdf"


@pytest.mark.parametrize("name", ["JPEG", "PNG", "WEBP", "HEIF", "MPO", "AVIF"])
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
    vp8x = (
        b"RIFF"
        + struct.pack("<I", len(extended) + len(webp) - 8)
        + b"WEBP"
        + extended
        + encoded(corners(), "WEBP")[12:]
    )
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
    dice, taken, slowest = random.Random(7), 0, 0.0
    for turn in range(350):
        started = time.perf_counter()
        with contextlib.suppress(ImageRefused):
            run(mutated(files[turn % len(files)], dice))
            taken += 1
        slowest = max(slowest, time.perf_counter() - started)
    assert 50 < taken < 350
    assert slowest < 5
