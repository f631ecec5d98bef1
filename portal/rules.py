"""What may stand in a variable of the environment. Each rule says what is wrong with a value, or nothing.

No rule repeats the value of a secret, or of an address that may hold one: what they say is printed and logged.
"""

import re
from collections.abc import Callable
from urllib.parse import SplitResult, urlsplit

from cryptography.fernet import Fernet
from limits import parse

Rule = Callable[[str], str | None]

DEVELOPMENT_SECRET_KEY = "development-only-secret-key-that-protects-nothing-at-all"  # noqa: S105
DEVELOPMENT_CREDENTIAL_KEY = "ZGV2ZWxvcG1lbnQtb25seS1rZXktMzItYnl0ZXMtISE="
SECRET_KEY_LENGTH = 50
TOKEN_LENGTH = 20
_HOST = re.compile(r"\.?[a-z0-9]([a-z0-9.-]*[a-z0-9])?|\[[0-9a-f:.]+\]", re.IGNORECASE)
_HOTLINE = re.compile(r"(?=.*[0-9])[0-9A-Za-z .+()/-]{1,20}")
_LOCATION = re.compile(r"(/[A-Za-z0-9_.-]+)+/?")
_NEW_KEY = "make one with `manage.py make_credential_key`"


def secret_key(value: str) -> str | None:
    """As long and as random as Django asks for (security.W009), and not one that everybody can read."""
    if value == DEVELOPMENT_SECRET_KEY or value.startswith("django-insecure-"):
        return "is the published one of development"
    if len(value) < SECRET_KEY_LENGTH or len(set(value)) < 5:
        return f"is too short or too plain: {SECRET_KEY_LENGTH} random characters or more"
    return None


def credential_key(value: str) -> str | None:
    try:
        Fernet(value)
    except ValueError:
        return f"has what is no Fernet key (32 bytes, URL-safe base 64): {_NEW_KEY}"
    return None


def own_credential_key(value: str) -> str | None:
    """Not the published one, nor one that somebody typed."""
    if value == DEVELOPMENT_CREDENTIAL_KEY:
        return f"has the published key of development: {_NEW_KEY}"
    return f"has a key that is not random: {_NEW_KEY}" if len(set(value)) < 10 else None


def token(value: str) -> str | None:
    if len(value) < TOKEN_LENGTH or not value.isascii() or any(sign.isspace() for sign in value):
        return f"must be {TOKEN_LENGTH} ASCII characters or more, without spaces"
    return None


def host(value: str) -> str | None:
    """One of ALLOWED_HOSTS: a name, without scheme, port and path."""
    if value == "*" or _HOST.fullmatch(value):
        return None
    return f"has {value!r}: host names only, without https://, port and path; .example.vn stands for all below it"


def no_wildcard(value: str) -> str | None:
    return "must name the hosts; * lets anybody choose the addresses that the portal prints" if value == "*" else None


def origin(value: str) -> str | None:
    """A web address without a path: scheme, host, perhaps a port."""
    parts = _split(value)
    if parts is None or parts.scheme not in {"http", "https"} or not parts.hostname:
        return "must be an address like https://portal.example.vn"
    if parts.path.strip("/") or parts.query or parts.fragment or "@" in parts.netloc:
        return "must be scheme and host alone, without path and user"
    return None


def https(value: str) -> str | None:
    return None if value.startswith("https://") else "must begin with https://"


def https_origin(value: str) -> str | None:
    return origin(value) or https(value)


def web_address(value: str) -> str | None:
    parts = _split(value)
    is_one = parts is not None and parts.scheme in {"http", "https"} and parts.hostname
    return None if is_one else "must be an address that begins with https://"


def https_or_this_machine(value: str) -> str | None:
    parts = _split(value)
    is_here = parts is not None and parts.hostname in {"127.0.0.1", "::1", "localhost"}
    return None if is_here else https(value)


def database_url(value: str) -> str | None:
    parts = _split(value)
    if parts is None:
        return "cannot be read; write signs like @ : / # in a password as %40 %3A %2F %23"
    if parts.scheme == "sqlite":
        return None if parts.path.strip("/") else "names no file: sqlite:////srv/portal/db.sqlite3"
    if parts.scheme not in {"postgres", "postgresql", "pgsql", "psql"}:
        return "must begin with postgres:// (or, on one machine, sqlite:///)"
    if parts.fragment:
        return "has a # that cuts it off; write %23"
    return None if parts.path.strip("/") else "names no database: postgres://user:password@host/name"


def redis_url(value: str) -> str | None:
    parts = _split(value)
    if parts is None or parts.scheme not in {"redis", "rediss"} or not parts.hostname:
        return "must be an address like redis://host:6379/0 or rediss://…"
    database = parts.path.strip("/")
    return None if not database or database.isdecimal() else "must end in the number of the database, as in …/0"


def rate(value: str) -> str | None:
    try:
        limit = parse(value)
    except ValueError:
        return f"is {value!r}, no rate: write a number and a time, as in 60/minute or 5/day"
    return None if limit.amount > 0 and limit.multiples > 0 else "must let at least one try through"


def sends(value: str) -> str | None:
    return "has inbox, which shows passwords on a page: only with DEBUG on" if value == "inbox" else None


def location(value: str) -> str | None:
    return None if _LOCATION.fullmatch(value) else "must be a path of nginx such as /_private"


def one_line(value: str) -> str | None:
    return None if value.isprintable() and len(value) <= 200 else "must be one line of 200 characters at most"


def hotline(value: str) -> str | None:
    """It stands in every SMS, in one segment without accents (registration.E002)."""
    return None if _HOTLINE.fullmatch(value) else "must be digits, spaces and plain letters, 20 characters at most"


def absolute(value: str) -> str | None:
    return None if value.startswith("/") else "must be a whole path, beginning with /"


def one_of(*values: str) -> Rule:
    return lambda value: None if value in values else f"must be one of {', '.join(values)}"


def _split(value: str) -> SplitResult | None:
    """The parts of an address; None where it is none, its port among them."""
    try:
        parts = urlsplit(value)
        return parts if parts.port != 0 and not any(sign.isspace() for sign in value) else None
    except ValueError:
        return None


def mail_server(value: str) -> str | None:
    """The server that takes the notices by e-mail; its password may stand in it."""
    parts = _split(value)
    if parts is None or parts.scheme not in {"smtp", "smtp+tls", "smtp+ssl"} or not parts.hostname:
        return "must be smtp+tls://user:password@host:587, smtp+ssl://… or smtp://host:25"
    return None


def email_address(value: str) -> str | None:
    return None if re.fullmatch(r"[^@\s<>]+@[^@\s<>]+", value) else "must be an e-mail address"
