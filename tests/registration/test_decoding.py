"""Photos within bounds: the address's, the process's, and the process of its own for large ones."""

import io
import struct
import threading
import time
import zlib

import pytest
from django.core.files.uploadedfile import SimpleUploadedFile

from registration import cookies, decoding, services, throttle
from registration.decoding import DecodingBudget, take_photo
from registration.images import normalise
from registration.photo_formats import ImageRefused
from registration.photo_headers import decoding_need
from tests.registration.mutations import LARGE, photo_file
from tests.registration.pictures import chunk, corners, encoded

PAGE = "/dang-ky/to-khai/"


def deep_png(side: int = 7000) -> bytes:
    """Of 16 bits a channel and one colour: small on the line, six bytes a pixel when decoded."""
    head = struct.pack(">IIBBBBB", side, side, 16, 2, 0, 0, 0)
    rows = zlib.compress((b"\0" + b"\x12\x34" * 3 * side) * side, 9)
    return b"\x89PNG\r\n\x1a\n" + chunk(b"IHDR", head) + chunk(b"IDAT", rows) + chunk(b"IEND", b"")


def test_deep_png_is_refused_by_its_header():
    content = deep_png()
    assert len(content) < 400_000
    started = time.process_time()
    with pytest.raises(ImageRefused) as refused:
        take_photo(io.BytesIO(content), "portrait")
    assert refused.value.code == "too_many_pixels"
    assert time.process_time() - started < 0.1


@pytest.mark.parametrize("kind", LARGE)
def test_what_phones_send_is_taken_and_the_same_wherever_it_is_decoded(kind):
    content = photo_file(kind)
    need = decoding_need(io.BytesIO(content), "id_front")
    assert need.pixels == 12_000_000
    assert (need.memory + decoding.WORK_BYTES > decoding.HERE_BYTES) == (kind != "jpeg-12")
    taken = take_photo(io.BytesIO(content), "id_front")
    assert taken == normalise(io.BytesIO(content), "id_front")


def test_fifty_megapixels_as_jpeg_are_decoded_small():
    picture = corners().resize((8160, 6120))
    content = encoded(picture, "JPEG", quality=60)
    assert decoding_need(io.BytesIO(content), "id_front").memory + decoding.WORK_BYTES <= decoding.HERE_BYTES
    assert take_photo(io.BytesIO(content), "id_front").width == 1600
    # Kept whole by the decoder: 50 million times 1.5 coefficients of two bytes.
    progressive = encoded(picture, "JPEG", quality=60, progressive=True)
    with pytest.raises(ImageRefused, match="too_many_pixels"):
        take_photo(io.BytesIO(progressive), "id_front")


def test_process_that_falls_has_met_a_broken_file(monkeypatch):
    monkeypatch.setattr(decoding, "HERE_BYTES", 0)
    content = photo_file("png-12")
    cut = content[: len(content) // 2]
    with pytest.raises(ImageRefused, match="broken"):
        take_photo(io.BytesIO(cut), "portrait")
    monkeypatch.setattr(decoding.sys, "executable", "/bin/false")
    with pytest.raises(ImageRefused, match="broken"):
        take_photo(io.BytesIO(content), "portrait")
    monkeypatch.setattr(decoding.sys, "executable", "/no/such/program")
    with pytest.raises(ImageRefused, match="busy"):
        take_photo(io.BytesIO(content), "portrait")


def test_budget_is_never_exceeded_and_waiting_ends():
    budget, now, most, refused = DecodingBudget(100), [0], [0], []
    lock = threading.Lock()

    def work():
        try:
            with budget.take(40, seconds=5):
                with lock:
                    now[0] += 40
                    most[0] = max(most[0], now[0])
                time.sleep(0.02)
                with lock:
                    now[0] -= 40
        except ImageRefused as refusal:
            refused.append(refusal.code)

    threads = [threading.Thread(target=work) for _ in range(12)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert (most[0], refused) == (80, [])
    with budget.take(10**9), pytest.raises(ImageRefused, match="busy"), budget.take(1, seconds=0.05):
        pass
    with budget.take(100, seconds=0.05):
        pass


@pytest.mark.django_db
def test_busy_is_told_as_passing_and_everything_is_kept(client, settings, monkeypatch):
    settings.RATE_LIMITS = {**settings.RATE_LIMITS, "pixels": "2/minute"}
    forget_limits()
    draft = services.open_draft("a" * 30)
    signed, content = cookies.sign_token(draft.token), encoded(corners().resize((1500, 1200)), "JPEG")

    def sent(path, **fields):
        return client.post(path, {"draft": signed, **fields})

    answers = [
        sent(f"{PAGE}anh/", kind="portrait", photo=SimpleUploadedFile("a.jpg", content)).status_code for _ in range(3)
    ]
    assert answers == [201, 201, 503]
    page = sent(PAGE, full_name="Nguyễn Thị Mẫu", id_front=SimpleUploadedFile("a.jpg", content))
    assert page.status_code == 422
    assert "Lúc này có nhiều ảnh" in page.text and 'value="Nguyễn Thị Mẫu"' in page.text
    forget_limits()


def forget_limits():
    throttle._limit.cache_clear()
