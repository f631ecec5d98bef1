"""Where a message's one-time password comes from: the link between messages and accounts."""

from accounts import resets
from accounts.services import AccountClosed, PasswordChosen, issue_one_time_password
from notifications.models import Message
from notifications.secrets import SecretUnavailable

# Before the id of a password reset, in the related key of its message.
RESET_KEY = "reset:"


def make_credential(message: Message) -> str:
    """A fresh one-time password for the message's account.

    Raises SecretUnavailable when the account is gone or closed: the message then needs a person; or when the
    citizen has chosen a password meanwhile: then nothing is left to send.
    """
    if message.account_id is None:
        raise SecretUnavailable("no-account")
    try:
        return issue_one_time_password(message.account_id)
    except AccountClosed:
        raise SecretUnavailable("no-account") from None
    except PasswordChosen:
        raise SecretUnavailable("already-chosen", needs_person=False) from None


def check_credential(message: Message) -> None:
    """Raises SecretUnavailable when the citizen has chosen a password since this one was made: an SMS did arrive."""
    if message.account is not None and not message.account.must_change_password:
        raise SecretUnavailable("already-chosen", needs_person=False)


def make_reset_code(message: Message) -> str:
    """The code of the password reset that the message belongs to. Raises SecretUnavailable when that is over."""
    try:
        return resets.make_code(_reset_id(message))
    except resets.ResetOver:
        raise SecretUnavailable("reset-over", needs_person=False) from None


def check_reset_code(message: Message) -> None:
    """Raises SecretUnavailable when the reset has been used, replaced or has run out: its code would be refused."""
    if not resets.is_open(_reset_id(message)):
        raise SecretUnavailable("reset-over", needs_person=False)


def _reset_id(message: Message) -> int:
    return int(message.related_key.removeprefix(RESET_KEY))
