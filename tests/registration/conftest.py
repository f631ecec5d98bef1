"""What several tests of the registration need."""

import pytest

from registration import fonts


@pytest.fixture
def no_fonts(tmp_path, monkeypatch):
    """Fontconfig as on a machine on which nobody has installed a font."""
    config = tmp_path / "fonts.conf"
    config.write_text(f"<fontconfig><dir>{tmp_path}</dir><cachedir>{tmp_path / 'cache'}</cachedir></fontconfig>")
    monkeypatch.setenv("FONTCONFIG_FILE", str(config))
    fonts.letters.cache_clear()
    yield
    fonts.letters.cache_clear()
