"""What `manage.py check --deploy` says of a server that would start and still not serve people well."""

import grp
import os
import pwd
import stat
from pathlib import Path
from typing import Any
from urllib.parse import urlsplit

from django.conf import settings
from django.core.checks import CheckMessage, Error, Warning, register

OTHERS = stat.S_IRWXO
GROUP_ENTERS = stat.S_IRGRP | stat.S_IXGRP
# As many files are looked at: a large store is not walked through.
SAMPLE = 200


@register(deploy=True)
def check_server(**_kwargs: Any) -> list[CheckMessage]:
    """portal.W001 to W004: SQLite, no proxy, no office, an address that only this machine reaches."""
    found: list[CheckMessage] = []
    if settings.DATABASES["default"]["ENGINE"] == "django.db.backends.sqlite3":
        hint = "Use PostgreSQL, unless web, worker and beat all run on this machine, for a trial."
        found.append(Warning("DATABASE_URL is an SQLite file: no second machine can share it.", hint, id="portal.W001"))
    if settings.HTTPS and not settings.TRUSTED_PROXIES:
        hint = "Set it to the number of your proxies: without it all clients share nginx's address and its limits."
        found.append(Warning("TRUSTED_PROXIES is 0.", hint, id="portal.W002"))
    if not settings.OFFICE_NAME:
        hint = "Name the office that runs the portal."
        found.append(Warning("OFFICE_NAME is blank: every page says Trial installation.", hint, id="portal.W003"))
    if urlsplit(settings.PUBLIC_URL).hostname in {"localhost", "127.0.0.1", "::1"}:
        hint = "It is printed on every declaration: set PUBLIC_URL."
        found.append(Warning("PUBLIC_URL leads to this machine only.", hint, id="portal.W004"))
    return found


@register(deploy=True)
def check_media(**_kwargs: Any) -> list[CheckMessage]:
    """portal.E001 to E003: who can read the photos of identity cards on the disk."""
    root = Path(settings.MEDIA_ROOT)
    if settings.STORAGES["private"]["BACKEND"] != "registration.disk.PrivateFolder":
        return []
    if not root.is_dir():
        return [_not_ready(f"{root} is not there yet.")] if settings.X_ACCEL_PREFIX else []
    return [*_open_to_others(root), *(_closed_to_nginx(root) if settings.X_ACCEL_PREFIX else [])]


def _open_to_others(root: Path) -> list[CheckMessage]:
    if not any(_mode(path) & OTHERS for path in (root, *_sample(root))):
        return []
    hint = f"Type: chmod -R o= {root}"
    return [Error(f"MEDIA_ROOT: everybody on this machine can read in {root}.", hint, id="portal.E001")]


def _closed_to_nginx(root: Path) -> list[CheckMessage]:
    """With X_ACCEL_PREFIX nginx opens the files itself, as another user: by the group of MEDIA_ROOT."""
    blocked = [folder for folder in root.resolve().parents if not _mode(folder) & (stat.S_IXOTH | stat.S_IXGRP)]
    if blocked:
        text = f"X_ACCEL_PREFIX: nginx cannot pass through {blocked[0]} to MEDIA_ROOT."
        return [Error(text, f"Type: chmod o+x {blocked[0]}, or move MEDIA_ROOT.", id="portal.E003")]
    group = root.stat().st_gid
    if _mode(root) & GROUP_ENTERS != GROUP_ENTERS or not _shared(group):
        return [_not_ready(f"nginx has no group by which it may read {root}.")]
    if not _mode(root) & stat.S_ISGID and group != os.getegid():
        return [_not_ready(f"new files do not take over the group of {root}.")]
    if any(not _readable(path, group) for path in _sample(root)):
        return [_not_ready(f"some files in {root} were stored before and are closed to nginx.")]
    return []


def _not_ready(text: str) -> CheckMessage:
    root = settings.MEDIA_ROOT
    hint = (
        f"With nginx's group (www-data on Debian), type: install -d -m 2750 -g www-data {root} && "
        f"chgrp -R www-data {root} && chmod -R u=rwX,g=rX,o= {root} && find {root} -type d -exec chmod g+s {{}} +"
    )
    return Error(f"X_ACCEL_PREFIX: {text}", hint, id="portal.E002")


def _shared(group: int) -> bool:
    """Whether somebody else than this program's own user is in the group."""
    members = {user.pw_name for user in pwd.getpwall() if user.pw_gid == group}
    try:
        members |= set(grp.getgrgid(group).gr_mem)
    except KeyError:
        return False
    return bool(members - {user.pw_name for user in pwd.getpwall() if user.pw_uid == os.geteuid()})


def _readable(path: Path, group: int) -> bool:
    needed = GROUP_ENTERS if path.is_dir() else stat.S_IRGRP
    return path.stat().st_gid == group and _mode(path) & needed == needed


def _mode(path: Path) -> int:
    return path.stat().st_mode


def _sample(root: Path) -> list[Path]:
    """The first files and folders below `root`."""
    found: list[Path] = []
    for folder, folders, files in os.walk(root):
        found += [Path(folder, name) for name in (*folders, *files)]
        if len(found) >= SAMPLE:
            break
    return [path for path in found[:SAMPLE] if path.exists()]
