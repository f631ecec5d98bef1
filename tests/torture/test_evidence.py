"""The search finds a password in every form in which something may have kept it."""

import base64
import bz2
import gzip
import json
import zlib

import pytest

from tests.torture.evidence import CHUNK, Evidence

PASSWORD = "k7m3pq9xyz"
TEXT = f"BHXH: Ma so: 7900000001. Mat khau: {PASSWORD}. Hay doi mat khau.".encode()
CELERY = json.dumps(
    {"body": base64.b64encode(json.dumps([[], {"text": TEXT.decode()}, {}]).encode()).decode()}
).encode()
FORMS = {
    "plain": TEXT,
    "within a word": b"abc" + PASSWORD.encode() + b"def",
    "JSON escapes": "".join(f"\\u{ord(letter):04x}" for letter in TEXT.decode()).encode(),
    "base64": base64.b64encode(TEXT),
    "base64 for addresses, without padding": base64.urlsafe_b64encode(b"\xff\xfe" + TEXT).rstrip(b"="),
    "base64 behind letters": b"key" + base64.b64encode(TEXT),
    "a Celery message": CELERY,
    "a Celery message in one of Redis' unacknowledged": json.dumps([json.loads(CELERY), "", "celery"]).encode(),
    "zlib in base64, as Celery compresses": base64.b64encode(zlib.compress(TEXT)),
    "gzip in base64": base64.b64encode(gzip.compress(TEXT)),
    "bzip2 in base64": base64.b64encode(bz2.compress(TEXT)),
    "hexadecimal, as a dump writes bytes": b"'\\x" + TEXT.hex().encode() + b"'",
    "base64 twice": base64.b64encode(b"{" + base64.b64encode(TEXT) + b"}"),
}


@pytest.mark.parametrize("form", FORMS)
def test_find_sees_a_password_in_the_form_of(form):
    evidence = Evidence()
    evidence.add("road", b"\x00 before " + FORMS[form] + b" after\n")
    assert evidence.find([PASSWORD, "abcdefghjk"]) == {"road": {PASSWORD}}


def test_find_keeps_roads_apart():
    evidence = Evidence()
    evidence.add("one", TEXT)
    evidence.add("two", base64.b64encode(TEXT))
    evidence.add("three", TEXT.replace(PASSWORD.encode(), b"***"))
    assert set(evidence.find([PASSWORD])) == {"one", "two"}


def test_add_file_sees_what_lies_across_two_pieces(tmp_path):
    path = tmp_path / "long.log"
    path.write_bytes(b" " * (CHUNK - 5) + PASSWORD.encode() + b" " * 100)
    evidence = Evidence()
    evidence.add_file("road", path)
    assert evidence.find([PASSWORD]) == {"road": {PASSWORD}}
