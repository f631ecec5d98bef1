"""The font files of the paper: the right ones whatever else is installed, and never a paper in another font."""

import io
import os
import shutil
import subprocess
import sys
import unicodedata
from pathlib import Path

import pytest
from fontTools import subset
from PIL import ImageChops
from pypdf import PdfReader

from registration import demo_images, fonts, services
from registration.models import Document
from tests.registration.conftest import forget_fonts
from tests.registration.factories import make_declaration
from tests.registration.paper import content_of, scanned

ROOT = Path(__file__).resolve().parents[2]
FACES = fonts.find_faces()
V1_LETTERS = [code for code in range(0x20, 0x250) if code not in (0x1A0, 0x1A1, 0x1AF, 0x1B0)]


def make_incomplete(folder: Path, family: str = fonts.FAMILY) -> None:
    """What Debian's fonts-liberation (version 1) is: the same names and styles, and few Vietnamese letters."""
    folder.mkdir(parents=True)
    for path in fonts.find_faces(family).values():
        options = subset.Options(name_IDs=["*"], notdef_outline=True)
        font = subset.load_font(str(path), options)
        chosen = subset.Subsetter(options)
        chosen.populate(unicodes=V1_LETTERS)
        chosen.subset(font)
        subset.save_font(font, str(folder / path.name), options)


def folders(*chosen: Path) -> str:
    return os.pathsep.join(map(str, chosen))


@pytest.fixture(scope="module")
def incomplete(tmp_path_factory):
    folder = tmp_path_factory.mktemp("fonts") / "truetype" / "liberation"
    make_incomplete(folder)
    return folder


def test_font_of_this_machine_is_complete():
    assert fonts.missing_faces() == []


def test_font_has_every_vietnamese_letter():
    vowels = "aăâeêioôơuưyAĂÂEÊIOÔƠUƯY"
    letters = "".join(vowel + mark for vowel in vowels for mark in "\u0300\u0301\u0303\u0309\u0323") + "đĐ"
    composed = unicodedata.normalize("NFC", letters)
    assert fonts.drawable(composed) == composed
    assert set(composed) <= fonts.VIETNAMESE
    assert len(fonts.VIETNAMESE - set("aeiouyAEIOUY")) == 134


@pytest.mark.parametrize("length", [0, 3, 12, 100, 2000, 100_000, -1])
def test_file_that_is_cut_is_not_used(length, tmp_path, monkeypatch):
    for path in FACES.values():
        (tmp_path / path.name).write_bytes(path.read_bytes()[:length])
    monkeypatch.setenv(fonts.FOLDERS_VARIABLE, str(tmp_path))
    assert fonts.missing_faces() == list(fonts.FACES)


def test_incomplete_font_of_the_same_name_is_passed_over(incomplete, monkeypatch):
    monkeypatch.setenv(fonts.FOLDERS_VARIABLE, folders(incomplete))
    assert fonts.missing_faces() == list(fonts.FACES)
    monkeypatch.setenv(fonts.FOLDERS_VARIABLE, folders(incomplete, FACES["Regular"].parent))
    assert fonts.find_faces() == FACES


@pytest.mark.django_db
def test_paper_is_the_same_beside_an_incomplete_font(incomplete, monkeypatch, tmp_path, fresh_fonts):
    """As fontconfig knows it, as the person who runs the program has it, and first in the folders that are searched."""
    declaration = make_declaration()
    alone = content_of(declaration)
    config = tmp_path / "fonts.conf"
    config.write_text(f"<fontconfig><dir>{incomplete}</dir><cachedir>{tmp_path / 'cache'}</cachedir></fontconfig>")
    shutil.copytree(incomplete, tmp_path / ".fonts")
    monkeypatch.setenv("FONTCONFIG_FILE", str(config))
    monkeypatch.setenv("HOME", str(tmp_path))
    monkeypatch.setenv(fonts.FOLDERS_VARIABLE, folders(incomplete, FACES["Regular"].parent))
    forget_fonts()
    beside = content_of(declaration)
    assert ImageChops.difference(scanned(alone, 100), scanned(beside, 100)).getbbox() is None
    assert beside == alone


def test_nothing_that_is_set_up_on_the_machine_changes_the_paper(tmp_path):
    """Another process, with a setting of fontconfig that replaces every family and an empty home, another language."""
    config = tmp_path / "fonts.conf"
    config.write_text(
        '<fontconfig><dir>/usr/share/fonts</dir><match target="pattern"><edit name="family" mode="assign" '
        'binding="strong"><string>DejaVu Sans</string></edit></match></fontconfig>'
    )
    program = (
        "import sys, datetime; from registration import pdf_engine as e; "
        'sys.stdout.buffer.write(e.make_pdf(\'<html lang="vi"><head><title>t</title></head><body><p>TỜ KHAI '
        "<b>GIAO DỊCH</b></p></body></html>', {}, b'{}', datetime.datetime(2026, 1, 1)))"
    )
    drawn = [
        subprocess.run([sys.executable, "-c", program], cwd=ROOT, env=dict(os.environ) | env, stdout=-1, check=True)
        for env in ({}, {"FONTCONFIG_FILE": str(config), "HOME": str(tmp_path), "LC_ALL": "C", "LANG": "C"})
    ]
    assert drawn[0].stdout == drawn[1].stdout
    (page,) = PdfReader(io.BytesIO(drawn[0].stdout)).pages
    names = {font.get_object()["/BaseFont"].split("+")[1] for font in page["/Resources"]["/Font"].values()}
    assert names == {"Liberation-Serif", "Liberation-Serif-Bold"}


@pytest.mark.django_db
def test_ready_says_that_the_font_is_missing(client, no_fonts):
    answer = client.get("/health/ready")
    assert answer.status_code == 503
    assert answer.json()["checks"]["fonts"] == "failed"


@pytest.mark.django_db
def test_ready_says_that_vietnamese_cannot_be_drawn(client, incomplete, monkeypatch):
    monkeypatch.setenv(fonts.FOLDERS_VARIABLE, str(incomplete))
    assert client.get("/health/ready").json()["checks"]["fonts"] == "failed"


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


@pytest.fixture
def fresh_cards():
    known = (demo_images._files, demo_images._font)
    for each in known:
        each.cache_clear()
    yield
    for each in known:
        each.cache_clear()


def test_drawn_cards_use_a_file_with_vietnamese_letters(incomplete, monkeypatch, tmp_path, fresh_cards):
    make_incomplete(tmp_path / "sans", "Liberation Sans")
    monkeypatch.setenv(fonts.FOLDERS_VARIABLE, folders(tmp_path / "sans", incomplete, FACES["Regular"].parent))
    for path in demo_images._files().values():
        assert set(map(ord, fonts.VIETNAMESE)) <= fonts.code_points(path)
