"""Writes the `.env` of a developer's machine. Standard library only: the environment is not there yet."""

import base64
import os
import secrets
from pathlib import Path


def _credential_key() -> str:
    """A Fernet key: 32 random bytes in URL-safe base 64 (https://github.com/fernet/spec)."""
    return base64.urlsafe_b64encode(os.urandom(32)).decode()


def _content() -> str:
    return f"""\
# Written by the first `make run`, for this machine only; it is never committed. Change what you like:
# later starts keep it, and a variable of the real environment wins over a line here.

# Development: plain error pages, HTTP without TLS, the test inbox instead of a paid SMS gateway.
DEBUG=1

# Signs sessions and form tokens. A new value signs everyone out.
SECRET_KEY={secrets.token_urlsafe(50)}

# Encrypts one-time passwords until they are sent: Fernet keys, newest first, separated by commas.
CREDENTIAL_KEYS={_credential_key()}

# The password of the demo staff (canbo.q3, canbo.hcm, admin).
DEMO_PASSWORD={secrets.token_urlsafe(9)}
"""


def write_dotenv(path: Path) -> bool:
    """Write `path` (mode 0600) with fresh secrets unless it exists; True when it was written.

    Raises OSError when the folder cannot be written to.
    """
    try:
        # O_EXCL: two first starts at once must not end with half of each file.
        descriptor = os.open(path, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600)
    except FileExistsError:
        return False
    with os.fdopen(descriptor, "w", encoding="utf-8") as file:
        os.fchmod(file.fileno(), 0o600)
        file.write(_content())
    return True
