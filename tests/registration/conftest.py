"""What several tests of the registration need."""

import pytest

from registration import fonts, pdf_engine


def forget_fonts():
    """The process chooses its font files anew."""
    for known in (fonts.faces, fonts.letters, pdf_engine._fonts, pdf_engine._style):
        known.cache_clear()


@pytest.fixture
def fresh_fonts():
    """For a test that changes which fonts there are, before it does and after it has."""
    forget_fonts()
    yield
    forget_fonts()


@pytest.fixture
def no_fonts(tmp_path, monkeypatch, fresh_fonts):
    """A machine on which nobody has installed a font."""
    monkeypatch.setenv(fonts.FOLDERS_VARIABLE, str(tmp_path))
