"""What `manage.py check --deploy` says of the server."""

import os
import shutil
from pathlib import Path

import pytest

from portal import checks

GROUP = 33  # www-data on Debian


def ids(found) -> list[str]:
    return [message.id for message in found]


@pytest.fixture
def media(tmp_path: Path, settings) -> Path:
    """A store of one file, as the documentation sets it up for nginx."""
    root = tmp_path / "media"
    (root / "photos").mkdir(parents=True)
    (root / "photos" / "a.jpg").write_bytes(b"x")
    settings.MEDIA_ROOT, settings.X_ACCEL_PREFIX = str(root), ""
    for path, mode in ((root, 0o700), (root / "photos", 0o700), (root / "photos" / "a.jpg", 0o600)):
        path.chmod(mode)
    return root


@pytest.fixture
def passable(monkeypatch):
    """pytest's own folders are closed to others."""
    monkeypatch.setattr(checks, "_mode", lambda path: path.stat().st_mode | (0o001 if "media" not in str(path) else 0))


def for_nginx(root: Path) -> None:
    for path in (root, *root.rglob("*")):
        os.chown(path, -1, GROUP)
        path.chmod(0o2750 if path.is_dir() else 0o640)


def test_closed_store_is_fine_without_nginx(media: Path) -> None:
    assert checks.check_media() == []


@pytest.mark.parametrize(("place", "mode"), [(".", 0o755), ("photos", 0o705), ("photos/a.jpg", 0o604)])
def test_what_everybody_can_read_is_told(media: Path, place: str, mode: int) -> None:
    (media / place).chmod(mode)
    assert ids(checks.check_media()) == ["portal.E001"]


def test_nginx_without_a_group_is_told_with_what_to_type(media: Path, settings, passable) -> None:
    settings.X_ACCEL_PREFIX = "/_private"
    found = checks.check_media()
    assert ids(found) == ["portal.E002"]
    assert str(media) in found[0].hint and "2750" in found[0].hint
    shutil.rmtree(media)
    assert ids(checks.check_media()) == ["portal.E002"]


@pytest.mark.skipif(os.geteuid() != 0, reason="only root gives files to other groups")
def test_store_set_up_for_nginx_is_fine_and_old_files_are_told(media: Path, settings, passable) -> None:
    settings.X_ACCEL_PREFIX = "/_private"
    for_nginx(media)
    assert checks.check_media() == []
    (media / "photos" / "a.jpg").chmod(0o600)
    assert ids(checks.check_media()) == ["portal.E002"]
    for_nginx(media)
    media.chmod(0o750)
    assert ids(checks.check_media()) == ["portal.E002"]


def test_closed_parent_is_told(media: Path, settings) -> None:
    settings.X_ACCEL_PREFIX = "/_private"
    media.parent.chmod(0o700)
    found = checks.check_media()
    assert ids(found) == ["portal.E003"]


def test_server_of_a_trial_is_warned(settings, monkeypatch) -> None:
    settings.HTTPS, settings.TRUSTED_PROXIES, settings.OFFICE_NAME = True, 1, "BHXH Thử"
    settings.PUBLIC_URL = "https://portal.example.vn"
    monkeypatch.setitem(settings.DATABASES["default"], "ENGINE", "django.db.backends.postgresql")
    assert checks.check_server() == []
    monkeypatch.setitem(settings.DATABASES["default"], "ENGINE", "django.db.backends.sqlite3")
    assert ids(checks.check_server()) == ["portal.W001"]
    settings.TRUSTED_PROXIES, settings.OFFICE_NAME, settings.PUBLIC_URL = 0, "", "https://localhost"
    assert ids(checks.check_server()) == ["portal.W001", "portal.W002", "portal.W003", "portal.W004"]
