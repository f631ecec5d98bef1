import gettext
import os

from scripts.catalogues import compile_catalogues

CATALOGUE = """\
msgid ""
msgstr ""
"Language: vi\\n"
"Content-Type: text/plain; charset=UTF-8\\n"
"Plural-Forms: nplurals=1; plural=0;\\n"

msgid "Register"
msgstr "Đăng ký"

#, fuzzy
msgid "Reject"
msgstr "Trả lại"

msgid "%(count)s day"
msgid_plural "%(count)s days"
msgstr[0] "%(count)s ngày"
"""


def _folder(tmp_path):
    folder = tmp_path / "vi" / "LC_MESSAGES"
    folder.mkdir(parents=True)
    (folder / "django.po").write_text(CATALOGUE, encoding="utf-8")
    return folder


def test_compile_catalogues_leaves_out_guesses(tmp_path):
    target = _folder(tmp_path) / "django.mo"
    assert compile_catalogues(tmp_path) == [target]
    texts = gettext.translation("django", tmp_path, ["vi"])
    assert texts.gettext("Register") == "Đăng ký"
    assert texts.gettext("Reject") == "Reject"
    assert texts.ngettext("%(count)s day", "%(count)s days", 2) == "%(count)s ngày"


def test_compile_catalogues_skips_what_is_newer_than_its_source(tmp_path):
    folder = _folder(tmp_path)
    compile_catalogues(tmp_path)
    assert compile_catalogues(tmp_path) == []
    later = (folder / "django.mo").stat().st_mtime + 10
    os.utime(folder / "django.po", (later, later))
    assert compile_catalogues(tmp_path) == [folder / "django.mo"]


def test_compile_catalogues_makes_nothing_without_a_source(tmp_path):
    assert compile_catalogues(tmp_path) == []
    assert list(tmp_path.iterdir()) == []
