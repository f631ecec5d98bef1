"""The one-time passwords of messages: who makes them and how they are kept until they are handed over."""

from collections.abc import Callable
from typing import TYPE_CHECKING

from cryptography.fernet import Fernet, InvalidToken, MultiFernet
from django.conf import settings
from django.core.exceptions import ImproperlyConfigured

if TYPE_CHECKING:
    from notifications.models import Message

PLACEHOLDER = "{secret}"
# The longest one-time password, in characters, for which a text keeps room.
SECRET_LENGTH = 10

SecretMaker = Callable[["Message"], str]

# Filled by other apps' AppConfig.ready: message kind -> maker.
SECRET_MAKERS: dict[str, SecretMaker] = {}


class SecretUnavailable(Exception):
    """There is no secret for this message, now or later. Carries a short code only.

    `needs_person` is False when the message has simply become needless: it is then cancelled.
    """

    def __init__(self, code: str, *, needs_person: bool = True) -> None:
        super().__init__(code)
        self.code, self.needs_person = code, needs_person


def register_secret_maker(kind: str, maker: SecretMaker) -> None:
    """`maker` makes the secrets of messages of this kind; a later registration replaces an earlier one.

    It is called in the worker, once a message, inside the transaction that locks the message's row: what it
    writes (the account's password hash) is committed together with the encrypted secret, or not at all. It
    returns at most `SECRET_LENGTH` GSM-7 characters and raises SecretUnavailable when the message
    must not be sent any more (the account is gone or closed).
    """
    SECRET_MAKERS[kind] = maker


def make_secret(message: "Message") -> str:
    """A new secret from the maker registered for the message's kind. Raises SecretUnavailable."""
    maker = SECRET_MAKERS.get(message.kind)
    if maker is None:
        raise SecretUnavailable("no-secret-maker")
    return maker(message)


def encrypt(secret: str) -> str:
    """`secret` as a Fernet token under the newest of settings.CREDENTIAL_KEYS."""
    return _keys().encrypt(secret.encode()).decode()


def decrypt(token: str) -> str:
    """The secret in `token`, whichever key of settings.CREDENTIAL_KEYS it was made with.

    Raises SecretUnavailable when none of them opens it, for example after a key was removed too early.
    """
    try:
        return _keys().decrypt(token.encode()).decode()
    except InvalidToken:
        raise SecretUnavailable("key-lost") from None


def check_settings() -> None:
    """Raises ImproperlyConfigured, which names the variable, unless CREDENTIAL_KEYS are Fernet keys."""
    _keys()


def _keys() -> MultiFernet:
    try:
        return MultiFernet([Fernet(key) for key in settings.CREDENTIAL_KEYS])
    except ValueError:
        pass
    # Raised here and not above, so that no error report shows the frame that held the key.
    raise ImproperlyConfigured("CREDENTIAL_KEYS must be Fernet keys (32 bytes, URL-safe base 64), newest first.")
