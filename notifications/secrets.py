"""The one-time passwords of messages: who makes them and how they are kept until they are handed over."""

from collections.abc import Callable, Sequence
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any

from cryptography.fernet import Fernet, InvalidToken, MultiFernet
from django.conf import settings
from django.core.exceptions import ImproperlyConfigured
from django.db import OperationalError

from notifications.faults import place_of
from notifications.segments import is_gsm7

if TYPE_CHECKING:
    from notifications.models import Message

PLACEHOLDER = "{secret}"
# The longest one-time password, in characters, for which a text keeps room.
SECRET_LENGTH = 10


@dataclass(frozen=True)
class Secret:
    """A one-time password or code on its way. It shows in no repr: error reporters print the values of every frame."""

    value: str = field(repr=False)


class SecretUnavailable(Exception):
    """There is no secret for this message, now or later. Carries a short code only.

    `needs_person` is False when the message has simply become needless: it is then cancelled.
    """

    def __init__(self, code: str, *, needs_person: bool = True) -> None:
        super().__init__(code)
        self.code, self.needs_person = code, needs_person


@dataclass(frozen=True)
class RowUpdate:
    """One row of another app that must know of a secret before it is sent: the account that takes the password.

    `sql` is an UPDATE that finds at most one row, by its id; it ends in its WHERE, to which another condition may be
    added, and does no harm when it is run twice. `params` are what its %s stand for. `refusal` says why it changed
    nothing.
    """

    sql: str
    params: Sequence[Any] = field(repr=False)
    refusal: Callable[[], SecretUnavailable]


@dataclass(frozen=True)
class NewSecret:
    """A secret that is not in force until `row` is written, if it needs that."""

    secret: Secret
    row: RowUpdate | None = None


SecretMaker = Callable[["Message"], NewSecret]
SecretCheck = Callable[["Message"], None]

# Filled by other apps' AppConfig.ready: message kind -> maker, and who says whether its secret is still of use.
SECRET_MAKERS: dict[str, SecretMaker] = {}
SECRET_CHECKS: dict[str, SecretCheck] = {}


def register_secret_maker(kind: str, maker: SecretMaker, check: SecretCheck | None = None) -> None:
    """`maker` makes the secrets of messages of this kind; a later registration replaces an earlier one.

    It is called in the worker that has taken the message, outside any transaction, and writes nothing: its row (the
    account's password hash) is changed together with the encrypted secret, or not at all, and only while the message
    is still this worker's. The secret has at most `SECRET_LENGTH` GSM-7 characters. It raises SecretUnavailable when
    the message must not be sent any more (the account is gone).

    `check` is called before each later try and raises SecretUnavailable when the secret made before is of no use any
    more: the SMS of an earlier try has arrived and the citizen has chosen a password. That the account is still open
    is asked without it too.
    """
    SECRET_MAKERS[kind] = maker
    SECRET_CHECKS.pop(kind, None)
    if check is not None:
        SECRET_CHECKS[kind] = check


def make_secret(message: "Message") -> NewSecret:
    """A new secret from the maker registered for the message's kind.

    Raises SecretUnavailable; ValueError for what does not fit into the text; for any other error of the maker
    OperationalError (the database's) or RuntimeError, which say where it came from and hold none of its frames.
    """
    maker = SECRET_MAKERS.get(message.kind)
    if maker is None:
        raise SecretUnavailable("no-secret-maker")
    new = _made(maker, message)
    if not is_gsm7(new.secret.value) or not 0 < len(new.secret.value) <= SECRET_LENGTH:
        raise ValueError("a secret maker returns at most SECRET_LENGTH GSM-7 characters")
    return new


def kept_secret(message: "Message") -> Secret:
    """The secret that an earlier try made. Raises SecretUnavailable when it is lost or of no use any more."""
    if message.account is not None and not message.account.is_active:
        raise SecretUnavailable("no-account")
    if message.kind in SECRET_CHECKS:
        SECRET_CHECKS[message.kind](message)
    return decrypt(message.secret_encrypted)


def _made(maker: SecretMaker, message: "Message") -> NewSecret:
    try:
        return maker(message)
    except SecretUnavailable:
        raise
    except Exception as problem:
        kind, place = OperationalError if isinstance(problem, OperationalError) else RuntimeError, place_of(problem)
    # Raised here and not above, so that no error report shows the frames that held the secret.
    raise kind(f"the secret maker of {message.kind} failed: {place}")


def encrypt(secret: Secret) -> str:
    """`secret` as a Fernet token under the newest of settings.CREDENTIAL_KEYS."""
    return _keys().encrypt(secret.value.encode()).decode()


def decrypt(token: str) -> Secret:
    """The secret in `token`, whichever key of settings.CREDENTIAL_KEYS it was made with.

    Raises SecretUnavailable when none of them opens it, for example after a key was removed too early.
    """
    try:
        return Secret(_keys().decrypt(token.encode()).decode())
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
