"""Variables that are right each for itself and wrong together."""

from collections.abc import Iterable
from pathlib import Path
from urllib.parse import urlsplit

from django.http.request import validate_host

from portal.environment import Environment


def note_contradictions(
    env: Environment,
    *,
    gateways: list[str],
    hosts: list[str],
    public_url: str,
    media: Path,
    public_folders: Iterable[Path],
) -> None:
    """Adds to the problems of `env`."""
    if "esms" in gateways:
        for name in ("ESMS_API_KEY", "ESMS_SECRET_KEY", "ESMS_BRANDNAME"):
            if not env.text(name):
                env.note(name, "is not set; the gateway esms needs it")
    _note_store(env)
    if not env.debug:
        _note_public_url(env, hosts, public_url)
    if any(media.resolve().is_relative_to(folder.resolve()) for folder in public_folders):
        env.note("MEDIA_ROOT", "lies in a folder that is open to everybody")


def _note_store(env: Environment) -> None:
    keys = ("S3_ACCESS_KEY", "S3_SECRET_KEY")
    given = [name for name in (*keys, "S3_ENDPOINT_URL", "S3_REGION", "S3_ENCRYPTION") if env.text(name)]
    if not env.text("S3_BUCKET"):
        for name in given:
            env.note(name, "is set, and S3_BUCKET is not")
        return
    if env.text("X_ACCEL_PREFIX"):
        env.note("X_ACCEL_PREFIX", "is for files on a disk, and S3_BUCKET is set")
    for name, other in (keys, keys[::-1]):
        if name not in given and other in given:
            env.note(name, f"is not set, and {other} is")


def _note_public_url(env: Environment, hosts: list[str], public_url: str) -> None:
    if not env.text("PUBLIC_URL") and hosts[0].startswith("."):
        env.note("PUBLIC_URL", "is not set, and the first of ALLOWED_HOSTS is no single name")
    elif not validate_host(urlsplit(public_url).hostname or "", hosts):
        env.note("PUBLIC_URL", "is at a host that ALLOWED_HOSTS does not name")
