"""Where a message's one-time password comes from: the link between messages and accounts."""

from accounts import resets
from accounts.services import PasswordChosen, issue_one_time_password
from notifications.models import Message
from notifications.secrets import SecretUnavailable

# Before the id of a password reset, in the related key of its message.
RESET_KEY = "reset:"


def make_credential(message: Message) -> str:
    """A fresh one-time password for the message's account.

    Raises SecretUnavailable when the account is gone or closed: the message then needs a person; or when the
    citizen has chosen a password meanwhile: then nothing is left to send.
    """
    if message.account is None or not message.account.is_active:
        raise SecretUnavailable("no-account")
    try:
        return issue_one_time_password(message.account.pk)
    except PasswordChosen:
        raise SecretUnavailable("already-chosen", needs_person=False) from None


def check_credential(message: Message) -> None:
    """Raises SecretUnavailable when the citizen has chosen a password since this one was made: an SMS did arrive."""
    if message.account is not None and not message.account.must_change_password:
        raise SecretUnavailable("already-chosen", needs_person=False)


def make_reset_code(message: Message) -> str:
    """The code of the password reset that the message belongs to. Raises SecretUnavailable when that is over."""
    try:
        return resets.make_code(int(message.related_key.removeprefix(RESET_KEY)))
    except resets.ResetOver:
        raise SecretUnavailable("reset-over", needs_person=False) from None
