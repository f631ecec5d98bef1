"""A machine without the font: told at start-up and to whoever watches, never by a paper in another font."""

import os
import subprocess
import sys
from pathlib import Path

import pytest

from registration import fonts, services
from registration.models import Document
from tests.registration.factories import make_declaration

ROOT = Path(__file__).resolve().parents[2]


def test_font_of_this_machine_is_complete():
    assert fonts.missing_faces() == []


def test_font_has_every_vietnamese_letter():
    vowels = "aăâeêioôơuưyAĂÂEÊIOÔƠUƯY"
    letters = "".join(vowel + mark for vowel in vowels for mark in "\u0300\u0301\u0303\u0309\u0323") + "đĐ"
    assert fonts.drawable(letters) == letters


@pytest.mark.django_db
def test_ready_says_that_the_font_is_missing(client, no_fonts):
    answer = client.get("/health/ready")
    assert answer.status_code == 503
    assert answer.json()["checks"]["fonts"] == "failed"


@pytest.mark.django_db
def test_no_document_is_made_in_another_font(no_fonts, caplog):
    declaration = make_declaration()
    assert services.offer_document(declaration) is None
    assert not Document.objects.exists()
    assert "FontMissing" in caplog.text


def test_start_up_names_the_font_and_how_to_get_it(no_fonts):
    answer = subprocess.run(
        [sys.executable, "manage.py", "check"], cwd=ROOT, env=dict(os.environ), capture_output=True, text=True,
        check=False,
    )  # fmt: skip
    assert answer.returncode != 0
    assert "Liberation Serif" in answer.stderr
    assert "apt-get install -y fonts-liberation2" in answer.stderr
