"""Where a message's one-time password or code comes from: the link between messages, accounts and dossiers."""

from functools import partial

from accounts import resets
from accounts.services import SET_ONE_TIME_PASSWORD, is_open, make_one_time_password
from notifications.models import Message
from notifications.secrets import NewSecret, RowUpdate, Secret, SecretUnavailable
from registration import access_codes

# Before the id of a password reset, in the related key of its message.
RESET_KEY = "reset:"


def make_credential(message: Message) -> NewSecret:
    """A fresh one-time password for the message's account.

    It is refused when the account is gone or closed: the message then needs a person; or when the citizen has chosen
    a password meanwhile: then nothing is left to send.
    """
    if message.account_id is None:
        raise SecretUnavailable("no-account")
    made = make_one_time_password(message.account_id)
    row = RowUpdate(SET_ONE_TIME_PASSWORD, made.params, partial(_why_no_credential, message.account_id))
    return NewSecret(Secret(made.value), row)


def _why_no_credential(account_id: int) -> SecretUnavailable:
    if is_open(account_id):
        return SecretUnavailable("already-chosen", needs_person=False)
    return SecretUnavailable("no-account")


def check_credential(message: Message) -> None:
    """Raises SecretUnavailable when the citizen has chosen a password since this one was made: an SMS did arrive."""
    if message.account is not None and not message.account.must_change_password:
        raise SecretUnavailable("already-chosen", needs_person=False)


def make_reset_code(message: Message) -> NewSecret:
    """The code of the password reset that the message belongs to; refused when that is over."""
    made = resets.make_code(_reset_id(message))
    return NewSecret(Secret(made.value), RowUpdate(resets.SET_CODE, made.params, _reset_is_over))


def _reset_is_over() -> SecretUnavailable:
    return SecretUnavailable("reset-over", needs_person=False)


def check_reset_code(message: Message) -> None:
    """Raises SecretUnavailable when the reset has been used, replaced or has run out: its code would be refused."""
    if not resets.is_open(_reset_id(message)):
        raise _reset_is_over()


def _reset_id(message: Message) -> int:
    return int(message.related_key.removeprefix(RESET_KEY))


def make_access_code(message: Message) -> NewSecret:
    """The code that opens a dossier; refused when that has ended, or has another phone by now."""
    made = access_codes.make_code(_access_code_id(message))
    return NewSecret(Secret(made.value), RowUpdate(access_codes.SET_CODE, made.params, _access_is_over))


def _access_is_over() -> SecretUnavailable:
    return SecretUnavailable("code-over", needs_person=False)


def check_access_code(message: Message) -> None:
    """Raises SecretUnavailable when the code has been used or would be refused: the SMS of an earlier try arrived,
    or the phone is not the declaration's any more."""
    if not access_codes.is_open(_access_code_id(message)):
        raise _access_is_over()


def _access_code_id(message: Message) -> int:
    return int(message.related_key.removeprefix(access_codes.MESSAGE_KEY))
