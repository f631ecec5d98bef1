"""The Vietnamese catalogue: complete, without remains, consistent with the sources, in the tone of the portal."""

import contextlib
import io
import re
import shutil
import unicodedata
from pathlib import Path

import django
import pytest
import unfold
from babel.messages.catalog import Catalog, Message
from babel.messages.pofile import read_po
from django.conf import settings
from django.core.management import call_command
from django.test import override_settings

ROOT = Path(settings.BASE_DIR)
CATALOGUE = ROOT / "locale/vi/LC_MESSAGES/django.po"
SCRIPTS = CATALOGUE.with_name("djangojs.po")
# Without it each plural would be collected with as many forms as English has.
HEADER = r"""msgid ""
msgstr ""
"Content-Type: text/plain; charset=UTF-8\n"
"Plural-Forms: nplurals=1; plural=0;\n"
"""

PLACEHOLDER = re.compile(r"%\([a-z_0-9]+\)[sdr]|%[sdr](?![a-z])|\{[a-z_0-9]*\}|%%|#|</?[a-z][^>]*>")
BAN = re.compile(r"\bbạn\b", re.IGNORECASE)
# "hoá, huỷ, xoá": the mark on the last vowel; this project writes "hóa, hủy, xóa" ("quý" is the same in both ways).
NEW_STYLE_MARK = re.compile(r"(?<!q)(?:o[àáảãạèéẻẽẹ]|u[ỳýỷỹỵ])\b", re.IGNORECASE)

# What people, documents and outside checks rely on, word for word.
FIXED = {
    "Register": "Đăng ký",
    "Individual": "Cá nhân",
    "Continue": "Tiếp",
    "Full name": "Họ và tên",
    "BHXH number": "Mã số BHXH",
    "Kind of identity paper": "Loại giấy tờ",
    "Citizen card (CCCD)": "CCCD",
    "Old identity card (CMND)": "CMND",
    "Passport": "Hộ chiếu",
    "Identity paper number": "Số giấy tờ",
    "Contact address": "Địa chỉ liên hệ",
    "Mobile phone": "Điện thoại di động",
    "Email": "Email",
    "Portrait photo": "Ảnh chân dung",
    "Photo of the front": "Ảnh mặt trước",
    "Photo of the back": "Ảnh mặt sau",
    "Receiving BHXH office": "Cơ quan BHXH tiếp nhận",
    "Receiving social-insurance office": "Cơ quan BHXH tiếp nhận",
    "SELECT": "CHỌN",
    "Choose": "Chọn",
    "Submit the declaration": "Ghi nhận",
    "Declaration": "Tờ khai",
    "Record the paper as received": "Đã nhận tờ khai giấy",
    "Approve": "Duyệt",
    "Return": "Trả lại",
    "Reject": "Từ chối",
    "Track a declaration": "Tra cứu hồ sơ",
    "Reference": "Mã hồ sơ",
    "Last 4 digits of the mobile phone": "4 số cuối của số điện thoại",
    "Look up": "Tra cứu",
    "Sign in": "Đăng nhập",
    "Password": "Mật khẩu",
    "New password": "Mật khẩu mới",
    "New password again": "Nhập lại mật khẩu mới",
    "Draft": "Bản nháp",
    "Waiting for the paper": "Chờ tờ khai giấy",
    "Paper received": "Đã nhận tờ khai giấy",
    "Approved": "Đã duyệt",
    "Account in use": "Đang sử dụng",
    "Returned for correction": "Trả lại để sửa",
    "Rejected": "Từ chối",
    "Withdrawn": "Đã rút",
    "Expired": "Hết hạn",
}


def _read(path: Path) -> Catalog:
    with path.open("rb") as file:
        return read_po(file, locale="vi", abort_invalid=True)


def _not_sources(folder: str, names: list[str]) -> set[str]:
    """What `make messages` does not read either, and what can hold no text to translate."""
    at_root = {"var", "tests", "locale", "docs", "static"} if Path(folder) == ROOT else set()
    return {
        name
        for name in names
        if name.startswith(".")
        or name in at_root | {"__pycache__", "migrations"}
        or (Path(folder, name).is_file() and not name.endswith((".py", ".html", ".txt")))
    }


@pytest.fixture(scope="module")
def catalogue() -> Catalog:
    return _read(CATALOGUE)


@pytest.fixture(scope="module", params=[CATALOGUE, SCRIPTS], ids=["pages", "scripts"])
def both(request) -> Catalog:
    return _read(request.param)


@pytest.fixture(scope="module")
def sources(tmp_path_factory) -> Catalog:
    """Every text of the sources, collected afresh from a copy of them."""
    if not shutil.which("xgettext"):
        pytest.skip("xgettext (Debian package gettext) is not installed")
    copy = tmp_path_factory.mktemp("catalogue") / "sources"
    shutil.copytree(ROOT, copy, ignore=_not_sources)
    collected = copy / "locale/vi/LC_MESSAGES/django.po"
    collected.parent.mkdir(parents=True)
    collected.write_text(HEADER)
    with contextlib.chdir(copy), override_settings(LOCALE_PATHS=[copy / "locale"]):
        call_command("makemessages", locale=["vi"], verbosity=0, stdout=io.StringIO())
    return _read(collected)


def _messages(catalogue: Catalog) -> list[Message]:
    """All but the header."""
    return [message for message in catalogue if message.id]


def _texts(value: str | tuple[str, ...] | list[str]) -> list[str]:
    return [value] if isinstance(value, str) else list(value)


def _translations(catalogue: Catalog) -> list[str]:
    return [text for message in _messages(catalogue) for text in _texts(message.string)]


def _placeholders(text: str) -> list[str]:
    return sorted(PLACEHOLDER.findall(text))


def test_catalogue_translates_every_text(catalogue, sources):
    def is_translated(wanted: Message) -> bool:
        found = catalogue.get(wanted.id, wanted.context)
        return found is not None and not found.fuzzy and all(_texts(found.string)) and found.id == wanted.id

    missing = [message.id for message in _messages(sources) if not is_translated(message)]
    assert missing == [], "run `make messages` and translate these in locale/vi"


def test_catalogue_holds_nothing_that_no_source_says(catalogue, sources):
    left_over = [m.id for m in _messages(catalogue) if sources.get(m.id, m.context) is None]
    assert left_over == []
    assert list(catalogue.obsolete) == []


def test_catalogue_is_composed_unicode(both):
    assert [text for text in _translations(both) if not unicodedata.is_normalized("NFC", text)] == []


def test_catalogue_keeps_placeholders_and_tags(both):
    # Vietnamese has one form for all numbers: it says what the English plural says.
    differing = [
        (message.id, text)
        for message in _messages(both)
        for text in _texts(message.string)
        if _placeholders(text) != _placeholders(_texts(message.id)[-1])
    ]
    assert differing == []


def test_catalogue_keeps_spaces_at_the_ends(both):
    def ends(text: str) -> tuple[str, str]:
        return text[: len(text) - len(text.lstrip())], text[len(text.rstrip()) :]

    assert [m.id for m in _messages(both) if ends(_texts(m.string)[0]) != ends(_texts(m.id)[0])] == []


def test_catalogue_calls_nobody_ban(both):
    assert [text for text in _translations(both) if BAN.search(text)] == []


def test_catalogue_has_one_spelling(both):
    assert [text for text in _translations(both) if NEW_STYLE_MARK.search(text)] == []


@pytest.mark.parametrize(("english", "vietnamese"), FIXED.items())
def test_catalogue_keeps_fixed_words(catalogue, english, vietnamese):
    message = catalogue.get(english)
    assert message is not None
    assert message.string == vietnamese


def test_catalogue_tells_a_late_officer_that_nothing_was_recorded(catalogue):
    told = [m.string for m in _messages(catalogue) if str(m.id).startswith("This dossier has changed since")]
    assert len(told) == 1
    assert "chưa được ghi nhận" in told[0]


def _library_texts() -> set[str]:
    """Every text to translate of Django, from its own English catalogues."""
    folders = Path(django.__file__).parent.glob("**/locale/en/LC_MESSAGES/django.po")
    return {text for path in folders for message in _messages(_read(path)) for text in _texts(message.id)}


def _theme_sources() -> str:
    """All of the admin's theme in one text, its strings joined and its template variables as in a catalogue."""
    files = [path for path in Path(unfold.__file__).parent.rglob("*") if path.suffix in (".py", ".html")]
    source = "\n".join(path.read_text() for path in files)
    source = re.sub(r"\{\{ ?(\w+)(?:\|[^}]*)? ?\}\}", r"%(\1)s", source)
    return re.sub(r"[\"']\s*\n\s*[\"']", "", source).replace('\\"', '"').replace("\\'", "'")


def test_library_texts_are_what_the_libraries_say_today(sources):
    theirs, theme = _library_texts(), _theme_sources()
    listed = [m for m in _messages(sources) if any(path.endswith("library_texts.py") for path, _ in m.locations)]
    strange = [text for m in listed for text in _texts(m.id)[:1] if text not in theirs and text not in theme]
    assert listed
    assert strange == [], "a library has changed these: look for the new text and change portal/library_texts.py"
